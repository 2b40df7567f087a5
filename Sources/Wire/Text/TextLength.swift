/// The length of texts that people and other programs fill, counted in Unicode scalars as JSON Schema does: at most four bytes each. One
/// `Character` can be a letter with a million marks.
extension String {
    package func hasLength(in range: ClosedRange<Int>) -> Bool {
        // Most are far from it: counting bytes takes no time.
        guard utf8.count <= 4 * range.upperBound else { return false }
        return range.contains(unicodeScalars.count)
    }

    /// The beginning of at most this many scalars.
    package func beginning(length: Int) -> String {
        utf8.count <= length ? self : String(UnicodeScalarView(unicodeScalars.prefix(length)))
    }
}

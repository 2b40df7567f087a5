/// The part of a file that a Range field asks for (RFC 9110 §14.2).
package enum HTTPByteRange: Equatable, Sendable {
    /// The whole file: no Range field, or an unusable one, which is ignored.
    case whole
    /// These bytes.
    case part(Range<Int>)
    /// No byte of the file: 416.
    case unsatisfiable

    /// One range only. Several would need a multipart answer, which no boot client reads, so they get the whole file.
    package init(field: String?, fileByteCount: Int) {
        // Range units are case-insensitive (RFC 9110 §14.1).
        guard let field, field.prefix(6).lowercased() == "bytes=", !field.contains(",") else {
            self = .whole
            return
        }
        let bounds = field.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard bounds.count == 2 else {
            self = .whole
            return
        }
        switch (Self.number(bounds[0]), Self.number(bounds[1])) {
        case (let first?, let last?) where first <= last:
            self = first < fileByteCount ? .part(first..<min(last, fileByteCount - 1) + 1) : .unsatisfiable
        case (let first?, nil) where bounds[1].isEmpty:
            self = first < fileByteCount ? .part(first..<fileByteCount) : .unsatisfiable
        case (nil, let suffix?) where bounds[0].isEmpty:
            self =
                suffix == 0 || fileByteCount == 0
                ? .unsatisfiable : .part(max(0, fileByteCount - suffix)..<fileByteCount)
        default: self = .whole
        }
    }

    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        // A number that overflows is beyond the end of every file.
        return Int(text) ?? .max
    }
}

import Wire

/// The words of a search in a list, each of which has to be in a row.
///
/// Each row is compared with all words. Thousands of words that every row has would take the processor for minutes, so a search has a length,
/// and a word that comes again counts once.
package struct SearchWords: Sendable {
    /// The maximum length of a search in characters.
    package static let lengthLimit = Condition.lengthLimit

    /// In lower case, each once.
    package let words: [String]

    package var isEmpty: Bool { words.isEmpty }

    /// - Parameter text: words between spaces; empty: all rows fit.
    package init(_ text: String) throws(InvalidSetting) {
        guard text.hasLength(in: 0...Self.lengthLimit) else {
            throw InvalidSetting("a search has at most \(Self.lengthLimit) characters")
        }
        var known: Set<String> = []
        words = text.lowercased().split(whereSeparator: \.isWhitespace).map(String.init)
            .filter { known.insert($0).inserted }
    }

    /// - Parameter text: of a row, in lower case.
    package func areIn(_ text: String) -> Bool { words.allSatisfy { text.contains($0) } }
}

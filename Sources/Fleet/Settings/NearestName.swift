/// Suggests a known name for a misspelt one.
package enum NearestName {
    /// What an error says at its end of a name that is not there: `; did you mean ‘pc-1’?`, or nothing.
    package static func hint(_ word: String, among names: some Collection<String>) -> Sentence {
        of(word, among: names).map { "; did you mean ‘\($0)’?" } ?? ""
    }

    /// The name in `names` with the fewest keystrokes from `word`, or the only one that starts with it; nil when none is close. Capitals and
    /// small letters are the same.
    package static func of(_ word: String, among names: some Collection<String>) -> String? {
        // It is compared with each name, and may be as long as a request.
        guard word.utf8.count <= wordLength else { return nil }
        let word = word.lowercased()
        let begun = word.count > 2 ? names.filter { $0.lowercased().hasPrefix(word) } : []
        if begun.count == 1 { return begun.first }
        let limit = max(1, min(3, word.count / 3))
        return names.map { (keystrokes(from: word, to: $0.lowercased()), $0) }.filter { $0.0 <= limit }
            .min { $0 < $1 }?.1
    }

    /// Bytes of a word that may be a misspelt name.
    private static let wordLength = 256

    /// The number of letters to insert, delete, change, or swap with their neighbour (optimal string alignment).
    private static func keystrokes(from one: String, to other: String) -> Int {
        let (one, other) = (Array(one), Array(other))
        guard abs(one.count - other.count) <= 3 else { return .max }
        var rows = [Array(0...other.count)]
        for (row, letter) in one.enumerated() {
            var next = [row + 1]
            for (column, its) in other.enumerated() {
                var least = min(rows[row][column + 1], next[column]) + 1
                least = min(least, rows[row][column] + (letter == its ? 0 : 1))
                if row > 0, column > 0, letter == other[column - 1], one[row - 1] == its {
                    least = min(least, rows[row - 1][column - 1] + 1)
                }
                next.append(least)
            }
            rows.append(next)
        }
        return rows[one.count][other.count]
    }
}

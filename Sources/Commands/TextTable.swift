import Glibc
import Wire

/// Columns of text, as wide as their widest cell. At a terminal that is narrower, sentences are wrapped within their columns.
package struct TextTable {
    /// A column of at most this width is not made narrower: names and times stay whole.
    private static let leastWidth = 24

    private var rows: [[String]]

    package init(_ header: [String]) { rows = [header] }

    /// Text from nodes and images must not move the terminal's cursor or start a new row.
    package mutating func add(_ row: [String]) { rows.append(row.map { PlainText($0).description }) }

    package var text: String { text(within: Terminal.width) }

    /// - Parameter limit: how many columns a line may have; nil: any number, as for programs.
    func text(within limit: Int?) -> String {
        let full = rows[0].indices.map { column in rows.map { $0[column].columnCount }.max() ?? 0 }
        let widths = limit.flatMap { fitting(full, $0) } ?? full
        return rows.map { row in
            let cells = zip(row, widths).map { $0.lines(of: $1) }
            let height = cells.map(\.count).max() ?? 1
            return (0..<height).map { index in
                let parts = zip(cells, widths).map { lines, width in
                    (index < lines.count ? lines[index] : "").padded(to: width)
                }
                var line = parts.joined(separator: "  ")
                while line.last?.isWhitespace == true { line.removeLast() }
                return line + "\n"
            }.joined()
        }.joined()
    }

    /// The widths with which a line has at most `limit` columns; nil where words are too long for that, or nothing has to give way.
    private func fitting(_ full: [Int], _ limit: Int) -> [Int]? {
        let room = limit - 2 * (full.count - 1)
        // No word is cut: people copy names and commands.
        let least = full.indices.map { column in
            let words = rows.flatMap { $0[column].split(separator: " ").map { String($0).columnCount } }
            return min(full[column], max(Self.leastWidth, words.max() ?? 0))
        }
        guard full.reduce(0, +) > room, least.reduce(0, +) <= room else { return nil }
        var widths = full
        while widths.reduce(0, +) > room {
            let widest = widths.indices.filter { widths[$0] > least[$0] }.max { widths[$0] < widths[$1] }
            guard let widest else { return nil }
            widths[widest] -= 1
        }
        return widths
    }
}

/// Standard output, where it is one.
private enum Terminal {
    /// Columns; nil where programs read the output.
    static var width: Int? {
        guard isatty(STDOUT_FILENO) == 1 else { return nil }
        var size = winsize()
        guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }
}

/// Fields with their values, for people.
enum FieldList {
    private static let leastWidth = 14

    static func text(_ lines: [(String, String)]) -> String {
        let width = max(leastWidth, (lines.map(\.0.columnCount).max() ?? 0) + 1)
        return lines.map { field, value in "\(field.padded(to: width))\(PlainText(value))\n" }.joined()
    }
}

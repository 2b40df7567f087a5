import Wire

/// Columns of text, as wide as their widest cell.
package struct TextTable {
    private var rows: [[String]]

    package init(_ header: [String]) { rows = [header] }

    /// Text from nodes and images must not move the terminal's cursor or start a new row.
    package mutating func add(_ row: [String]) { rows.append(row.map { PlainText($0).description }) }

    package var text: String {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            var line = zip(row, widths).map { $0.padded(to: $1) }.joined(separator: "  ")
            while line.last?.isWhitespace == true { line.removeLast() }
            return line + "\n"
        }.joined()
    }
}

/// Fields with their values, for people.
enum FieldList {
    private static let leastWidth = 14

    static func text(_ lines: [(String, String)]) -> String {
        let width = max(leastWidth, (lines.map(\.0.count).max() ?? 0) + 1)
        return lines.map { field, value in "\(field.padded(to: width))\(PlainText(value))\n" }.joined()
    }
}

extension String {
    /// With spaces behind it, up to `width` characters as people count them: accents of their own and pictures of several parts are one.
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}

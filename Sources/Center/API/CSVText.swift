import Wire

/// Comma-separated values (RFC 4180) whose cells are plain text for every reader, whatever they contain.
struct CSVText {
    private(set) var text = ""

    init(header: [String]) { add(header) }

    mutating func add(_ row: [String]) { text += row.map(Self.cell).joined(separator: ",") + "\r\n" }

    /// Characters that start a formula in spreadsheets, including full-width ones of East Asian input (OWASP, "CSV Injection").
    private static let formulaMarks: Set<Unicode.Scalar> = [
        "=", "+", "-", "@", "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}",
    ]

    /// Scalar by scalar: a mark followed by a combining accent is another character in Swift, but the same mark to a spreadsheet.
    private static func cell(_ text: String) -> String {
        let plain = PlainText(text).description.unicodeScalars
        var cell = String.UnicodeScalarView()
        if let first = plain.first(where: { !$0.properties.isWhitespace }), formulaMarks.contains(first) {
            cell.append("'")
        }
        for scalar in plain {
            if scalar == "\"" { cell.append("\"") }
            cell.append(scalar)
        }
        guard plain.contains(where: { $0 == "," || $0 == "\"" || $0 == ";" }) else { return String(cell) }
        return "\"\(String(cell))\""
    }
}

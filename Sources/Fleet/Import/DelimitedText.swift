/// Why a file is not a table, or a row is unreadable.
package struct UnreadableTable: Error, Equatable, CustomStringConvertible {
    /// Counts from 1; nil: the file as a whole.
    package var line: Int?
    package var problem: String

    package var description: String { line.map { "line \($0): \(problem)" } ?? problem }

    /// Of a file that holds plain text, not a table.
    package var problemOfText: String { String(problem.prefix { $0 != ":" }) }
}

/// A table as saved by spreadsheets (RFC 4180, and the variants of Excel, LibreOffice and Numbers).
///
/// UTF-8 and UTF-16 with or without a byte order mark, Windows-1252; comma, semicolon, tab or bar as separator, according to the line
/// `sep=` or the first row; quotation marks; lines that end with LF, CR LF or CR.
package struct DelimitedText: Equatable, Sendable {
    package struct Row: Equatable, Sendable {
        /// Its first line, from 1: a cell in quotation marks may contain several lines.
        package var line: Int
        /// Without surrounding spaces.
        package var cells: [String]
    }

    /// Rows with contents, without those that start with `#`.
    package let rows: [Row]
    package let encoding: TextEncoding
    package let separator: Unicode.Scalar

    package init(_ bytes: [UInt8]) throws(UnreadableTable) {
        let (text, encoding) = try TextEncoding.text(of: bytes)
        if let problem = ForeignList.problem(text) { throw UnreadableTable(problem: problem) }
        var scalars = Array(text.unicodeScalars)[...]
        if scalars.first == "\u{FEFF}" { scalars.removeFirst() }
        // The end-of-file mark of DOS.
        if scalars.last == "\u{1A}" { scalars.removeLast() }
        self.encoding = encoding
        var line = 1
        let first = scalars.prefix { !$0.endsLine }
        if let declared = Self.declaredSeparator(first) {
            separator = declared
            scalars = scalars.dropFirst(first.count)
            Self.dropLineEnd(&scalars)
            line = 2
        } else {
            separator = Self.likelySeparator(scalars)
        }
        var reader = TableReader(rest: scalars, separator: separator, line: line)
        var rows: [Row] = []
        while rows.count <= FleetEdit.countLimit, let row = try reader.next() {
            if row.cells.contains(where: { !$0.isEmpty }), row.cells[0].first != "#" { rows.append(row) }
        }
        self.rows = rows
    }

    /// Excel's first line `sep=;`, in quotation marks or not.
    private static func declaredSeparator(_ line: ArraySlice<Unicode.Scalar>) -> Unicode.Scalar? {
        let bare = line.filter { $0 != "\"" }
        guard bare.count == 5, String(String.UnicodeScalarView(bare.prefix(4))).lowercased() == "sep=" else {
            return nil
        }
        return bare.last
    }

    /// The most frequent separator in the first row that has any: there may be a title above.
    private static func likelySeparator(_ scalars: ArraySlice<Unicode.Scalar>) -> Unicode.Scalar {
        let candidates: [Unicode.Scalar] = [",", ";", "\t", "|"]
        var counts: [Unicode.Scalar: Int] = [:]
        var isQuoted = false
        for scalar in scalars {
            if scalar == "\"" { isQuoted.toggle() }
            if scalar.endsLine, !isQuoted, !counts.isEmpty { break }
            if !isQuoted, candidates.contains(scalar) { counts[scalar, default: 0] += 1 }
        }
        var best = candidates[0]
        for candidate in candidates where counts[candidate, default: 0] > counts[best, default: 0] {
            best = candidate
        }
        return best
    }

    fileprivate static func dropLineEnd(_ scalars: inout ArraySlice<Unicode.Scalar>) {
        guard let end = scalars.popFirst() else { return }
        if end == "\r", scalars.first == "\n" { scalars.removeFirst() }
    }
}

/// Reads row after row.
private struct TableReader {
    var rest: ArraySlice<Unicode.Scalar>
    let separator: Unicode.Scalar
    var line: Int

    /// Nil at the end.
    mutating func next() throws(UnreadableTable) -> DelimitedText.Row? {
        guard !rest.isEmpty else { return nil }
        var row = DelimitedText.Row(line: line, cells: [])
        while true {
            row.cells.append(try cell())
            guard let end = rest.first else { return row }
            if end == separator {
                rest.removeFirst()
                continue
            }
            DelimitedText.dropLineEnd(&rest)
            line += 1
            return row
        }
    }

    /// Up to the separator or the end of the line, which are not consumed.
    private mutating func cell() throws(UnreadableTable) -> String {
        var cell = String.UnicodeScalarView()
        rest = rest.drop { $0.isBlank && $0 != separator }
        if rest.first == "\"" { cell = try quoted() }
        let tail = rest.prefix { $0 != separator && !$0.endsLine }
        cell.append(contentsOf: tail)
        rest = rest.dropFirst(tail.count)
        return Self.bare(cell)
    }

    /// The contents of quotation marks; two marks stand for one.
    private mutating func quoted() throws(UnreadableTable) -> String.UnicodeScalarView {
        let begin = line
        var cell = String.UnicodeScalarView()
        rest.removeFirst()
        while let scalar = rest.popFirst() {
            if scalar == "\"" {
                guard rest.first == "\"" else { return cell }
                rest.removeFirst()
            } else if scalar == "\n" || scalar == "\r" && rest.first != "\n" {
                line += 1
            }
            cell.append(scalar)
        }
        throw UnreadableTable(line: begin, problem: "a quotation mark is opened here and never closed")
    }

    /// Without surrounding spaces, `="…"`, and the apostrophe with which spreadsheets keep a text from becoming a number.
    private static func bare(_ cell: String.UnicodeScalarView) -> String {
        var bare = String.UnicodeScalarView(cell.lazy.filter { !$0.isMark })[...]
        while let first = bare.first, first.isBlank || first.endsLine { bare.removeFirst() }
        while let last = bare.last, last.isBlank || last.endsLine { bare.removeLast() }
        if bare.count > 3, bare.starts(with: "=\"".unicodeScalars), bare.last == "\"" {
            bare = bare.dropFirst(2).dropLast()
        }
        if bare.count > 1, bare.first == "'" {
            bare.removeFirst()
            // Programs that write texts as SQL or Python do have a second one.
            if bare.count > 1, bare.last == "'" { bare.removeLast() }
        }
        return String(bare)
    }
}

extension Unicode.Scalar {
    /// Also the ends of lines and paragraphs that only Unicode has.
    fileprivate var endsLine: Bool { ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"].contains(self) }

    /// White space within a line, zero-width characters, and control characters with which programs keep a text from becoming a number.
    fileprivate var isBlank: Bool {
        (properties.isWhitespace || properties.generalCategory == .control) && !endsLine || isMark
            || ("\u{200B}"..."\u{200D}").contains(self)
    }

    /// Invisible characters copied from web pages and dialogs: direction marks, soft hyphens and word joiners.
    fileprivate var isMark: Bool {
        properties.isBidiControl || ["\u{AD}", "\u{200B}", "\u{2060}", "\u{FEFF}"].contains(self)
    }
}

import ArgumentParser
import Testing

@testable import Commands

/// Tables that commands print.
@Suite struct TextTableTests {
    private static func lines(_ rows: [[String]]) -> [String] {
        var table = TextTable(rows[0])
        for row in rows.dropFirst() { table.add(row) }
        return table.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    @Test func `a table without rows is its header`() {
        #expect(Self.lines([["NAME", "STATE"]]) == ["NAME  STATE", ""])
    }

    @Test func `a first cell that is empty keeps its place`() {
        #expect(
            Self.lines([["A", "B", "C"], ["", "b", ""], ["", "", ""]]) == ["A  B  C", "   b", "", ""])
    }

    @Test(arguments: ["e\u{301}t\u{301}", "👩‍👩‍👧", "Ελένη", "a\u{0}b", "a\nb", "教室", "ＲＯＯＭ", "강의실", "🖥️"])
    func `columns line up, whatever a cell is made of`(text: String) {
        let lines = Self.lines([["A", "B"], [text, "|"], ["a longer cell", "|"], [text + text, "|"]])
        let columns = lines.dropFirst().dropLast().compactMap { line in
            line.firstIndex(of: "|").map { String(line[..<$0]).columnCount }
        }
        #expect(columns.count == 3 && Swift.Set(columns).count == 1, "\(lines)")
        // Nothing of it is lost.
        #expect(text.contains { $0.isNewline || $0 == "\0" } || lines[1].hasPrefix(text))
    }

    @Test(arguments: [
        ("pc-1", 4), ("", 0), ("e\u{301}te", 3), ("\u{301}", 0), ("教室", 4), ("ＲＯＯＭ", 8), ("強-1", 4),
        ("강의실", 6), ("ﾊﾝ", 2),
        ("👩‍👩‍👧", 2), ("🇵🇹", 2), ("🖥️", 2), ("a\u{200B}b", 2), ("Ελένη", 5), ("→ “x”", 5), ("é…", 2),
    ])
    func `a text has the columns that a terminal gives it`(text: String, columns: Int) {
        #expect(text.columnCount == columns)
        #expect(text.padded(to: 10).columnCount == 10)
    }

    @Test func `wide letters are wrapped by their columns`() {
        var table = TextTable(["NAME", "TEXT"])
        table.add(["pc-1", Array(repeating: "教室", count: 12).joined(separator: " ")])
        let lines = table.text(within: 40).split(separator: "\n").map(String.init)
        #expect(lines.count == 3 && lines.allSatisfy { $0.columnCount <= 40 }, "\(lines)")
    }

    @Test func `at a narrow terminal sentences are wrapped in their columns, and no word is cut`() {
        let command = "‘roost node explain build-1’ shows how that was chosen"
        var table = TextTable(["SINCE", "TROUBLE", "WHAT TO DO"])
        table.add(["-", "has nothing to boot next: the role nfs of this server is off", command])
        table.add(["2026-11-30 08:40:29Z", "short", "-"])
        let lines = table.text(within: 80).split(separator: "\n").map(String.init)
        #expect(lines.allSatisfy { $0.count <= 80 } && lines.count > 3, "\(lines)")
        #expect(lines.contains { $0.hasPrefix("2026-11-30 08:40:29Z  short") })
        let words = lines.dropFirst().joined(separator: " ").split(separator: " ")
        #expect(command.split(separator: " ").allSatisfy(words.contains))
        // Programs, and terminals that are wide enough, get a line for each row.
        #expect(table.text(within: nil) == table.text(within: 200))
        #expect(table.text(within: nil).split(separator: "\n").count == 3)
        // Where words alone are too long, nothing is gained.
        #expect(table.text(within: 40) == table.text(within: nil))
    }

    @Test func `fields stand under each other, and a value is one line`() {
        let text = FieldList.text([("name", "pc-1"), ("a field with a name", "x\u{1B}[2J\ny"), ("é", "")])
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines.count == 3 && lines[0].hasPrefix("name                pc-1"))
        #expect(!text.unicodeScalars.contains("\u{1B}"))
        #expect(FieldList.text([]).isEmpty)
    }

    @Test func `formats are known by their words`() throws {
        for format in OutputFormat.allCases {
            #expect(try OutputOptions.parse(["-o", format.rawValue]).output == format)
        }
        #expect(try OutputOptions.parse(["--json"]).json && OutputOptions.parse([]).output == .table)
        #expect(throws: (any Error).self) { try OutputOptions.parse(["-o", "xml"]) }
    }
}

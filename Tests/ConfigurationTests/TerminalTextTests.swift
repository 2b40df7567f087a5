import Center
import Fleet
import Testing
import Wire

@testable import RoostCommand

/// What commands print of what machines say.
@Suite struct TerminalTextTests {
    private static let hostile = [
        "\u{1B}]0;owned\u{7}", "\u{9B}2J", "a\r\nNODE  USER", "\u{202E}toor", "a\u{2028}b", "\u{0}\u{7F}",
    ]

    @Test(arguments: hostile) func `a row of a table is one line, whatever stands in it`(text: String) {
        var table = TextTable(["A", "B"])
        table.add([text, "end"])
        #expect(table.text.split(separator: "\n", omittingEmptySubsequences: false).count == 3)
        check(table.text)
    }

    @Test(arguments: hostile) func `tables of sessions and boots obey nothing`(text: String) throws {
        let session = NodeSession(
            id: text, user: text, kind: text, place: text, from: text, isActive: true, startedAt: 1)
        check(SessionTable.text([("pc-1", session)]))
        let mac = try #require(MACAddress("52:54:00:00:00:01"))
        let boot = BootTimeline(
            boot: "0", macAddress: mac,
            entries: [
                .init(stage: .dhcp, at: 0, detail: text), .init(stage: .failed, at: 1, detail: text),
            ])
        let shown = TimelineTable.text(boot)
        check(shown)
        #expect(shown.split(separator: "\n").count == 4)
    }

    private func check(_ text: String) {
        #expect(!text.unicodeScalars.contains { PlainText.isControl($0) && $0 != "\n" }, "\(text)")
    }
}

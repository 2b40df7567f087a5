import Fleet
import Foundation
import Testing
import Wire

@testable import Commands
@testable import RoostCommand

/// Command output that contains text from machines.
@Suite struct TerminalTextTests {
    private static let hostile = [
        "\u{1B}]0;owned\u{7}", "\u{9B}2J", "a\r\nNODE  USER", "\u{202E}toor", "a\u{2028}b", "\u{0}\u{7F}",
    ]

    @Test(arguments: hostile) func `a row of a table is one line, whatever it contains`(text: String) {
        var table = TextTable(["A", "B"])
        table.add([text, "end"])
        #expect(table.text.split(separator: "\n", omittingEmptySubsequences: false).count == 3)
        check(table.text)
    }

    @Test(arguments: hostile) func `tables of sessions and boots contain no control characters`(text: String)
        throws
    {
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

    @Test func `an event in the log is one line, however long`() throws {
        try checkEvent(String(repeating: "x\n", count: 40_000))
    }

    @Test(arguments: hostile)
    func `an event in the log is one line, whatever name a machine chose`(text: String) throws {
        try checkEvent(text)
    }

    private func checkEvent(_ text: String) throws {
        let what = "tftp: 10.77.0.5: \(text): file not found"
        let plain = ServerLog.line("warning", what, [("export", text)], as: .text, at: nil)
        #expect(plain.hasPrefix("warning: tftp: 10.77.0.5: "))
        let json = ServerLog.line("info", what, [("export", text)], as: .json, at: "now")
        for line in [plain, json] {
            check(line)
            #expect(line.utf8.count < 60_000 && line.unicodeScalars.count { $0 == "\n" } == 1)
            #expect(line.hasSuffix("\n"))
        }
        let object = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: String]
        #expect(text.hasPrefix(object?["export"] ?? "-") && object?["time"] == "now")
    }

    private func check(_ text: String) {
        #expect(!text.unicodeScalars.contains { PlainText.isControl($0) && $0 != "\n" }, "\(text)")
    }

    @Test func `a search without results says so, and an empty fleet says that no machine was seen`() {
        #expect(MachineTable.text([]) == "no machine has been seen yet\n")
        #expect(MachineTable.text([], of: ["state=held"]) == "no node matches\n")
        #expect(MachineTable.text([], of: ["redy", "state=redy"]).hasSuffix("; did you mean state=ready?\n"))
        #expect(MachineTable.text([], of: ["state=\"at kernel\""]) == "no node matches\n")
    }
}

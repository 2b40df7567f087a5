import API
import Foundation
import Testing

@testable import AgentWork

/// What an agent has to tell outlives it.
@Suite struct EventLogTests {
    private static func log(_ root: TemporaryRoot, at second: Int = 100) -> EventLog {
        EventLog(at: root.places.events, now: { second })
    }

    @Test func `events wait until they are acknowledged, in order and with their age`() throws {
        let root = try TemporaryRoot()
        let log = Self.log(root)
        log.note(.sessionBegan, user: "anna", id: "xrdp-10", "rdp :10")
        log.note(.ticketRefused, user: "bert", id: "t", "used")
        let later = Self.log(root, at: 130).pending()
        #expect(later.map(\.user) == ["anna", "bert"])
        #expect(later.map(\.age) == [30, 30])
        #expect(later.map(\.number) == [100_000, 100_001])
        log.acknowledge(100_000)
        #expect(log.pending().map(\.user) == ["bert"])
        log.acknowledge(100_001)
        #expect(log.pending().isEmpty)
        #expect(Self.log(root).pending().isEmpty)
    }

    @Test func `events that the disk does not take are told all the same`() throws {
        let root = try TemporaryRoot()
        let log = EventLog(at: root.places.events + "/none/events", now: { 100 })
        log.note(.sessionBegan, user: "anna", id: "1", "")
        log.note(.sessionEnded, user: "anna", id: "1", "")
        #expect(log.pending().map(\.kind) == [.sessionBegan, .sessionEnded])
        log.acknowledge(100_001)
        #expect(log.pending().isEmpty)
    }

    @Test func `numbers never come twice, also without the file`() throws {
        let root = try TemporaryRoot()
        let log = Self.log(root)
        for _ in 0..<3 { log.note(.failed, user: "", id: "", "") }
        let next = Self.log(root, at: 50)
        next.note(.failed, user: "", id: "", "")
        #expect(next.pending().map(\.number) == [100_000, 100_001, 100_002, 100_003])
        try FileManager.default.removeItem(atPath: root.places.events)
        let anew = Self.log(root, at: 101)
        anew.note(.failed, user: "", id: "", "")
        #expect(anew.pending().map(\.number) == [101_000])
    }

    @Test func `half a line of a crash is nothing, and what comes after it is whole`() throws {
        let root = try TemporaryRoot()
        Self.log(root).note(.accountMade, user: "anna", id: "", "")
        let whole = try #require(root.text("\(AgentPlaces.stateDirectory)/events"))
        for count in [1, whole.utf8.count / 2, whole.utf8.count - 1] {
            try root.write(whole + String(whole.prefix(count)), to: "\(AgentPlaces.stateDirectory)/events")
            let log = Self.log(root)
            log.note(.accountRemoved, user: "anna", id: "", "")
            // All but the last byte of a line is the whole line.
            #expect(Self.log(root).pending().map(\.kind).filter { $0 == .accountRemoved }.count == 1)
            #expect(Self.log(root).pending().first?.kind == .accountMade)
        }
    }

    @Test func `the newest are kept, and the file stays small`() throws {
        let root = try TemporaryRoot()
        let log = EventLog(at: root.places.events, limits: (10, 20), now: { 100 })
        for number in 0..<45 { log.note(.failed, user: "\(number)", id: "", "") }
        #expect(log.pending().map(\.user) == (35..<45).map(String.init))
        #expect(Self.log(root).pending().map(\.user).suffix(10) == log.pending().map(\.user)[...])
        let lines = try #require(root.text("\(AgentPlaces.stateDirectory)/events")).split(separator: "\n")
        #expect(lines.count <= 20)
    }

    @Test func `long texts are cut`() throws {
        let log = Self.log(try TemporaryRoot())
        log.note(.failed, user: String(repeating: "ä", count: 1_000), id: "", "\n\u{1b}[2J")
        #expect(try #require(log.pending().first).user.utf8.count <= 258)
        #expect(log.pending().first?.text == "\n\u{1b}[2J")
    }
}

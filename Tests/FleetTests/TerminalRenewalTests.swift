import Testing

@testable import Fleet

/// Which terminal servers are emptied for another version of their image.
@Suite struct TerminalRenewalTests {
    private typealias Member = TerminalRenewal.Member

    private static func names(_ texts: [String]) throws -> [TerminalName] {
        try texts.map { try TerminalName($0) }
    }

    private static func draining(_ members: [Member], in pools: [[String]]) throws -> [String] {
        TerminalRenewal(of: members, in: try pools.map { try names($0) }).draining.map(\.text)
    }

    private static func members(_ count: Int, due: Int) throws -> [Member] {
        try (1...count).map { Member(try TerminalName("ts\($0)"), isDue: $0 <= due) }
    }

    @Test func `a quarter of them drains at a time, and one of a few`() throws {
        let pool = (1...12).map { "ts\($0)" }
        #expect(try Self.draining(Self.members(12, due: 12), in: [pool]) == ["ts1", "ts10", "ts11"])
        #expect(try Self.draining(Self.members(12, due: 2), in: [pool]) == ["ts1"])
        #expect(try Self.draining(Self.members(12, due: 0), in: [pool]).isEmpty)
    }

    @Test func `the next one waits for those that drain`() throws {
        var members = try Self.members(4, due: 4)
        members[2].admission = .draining
        #expect(try Self.draining(members, in: [["ts1", "ts2", "ts3", "ts4"]]).isEmpty)
        // One that people drain for something else is not waited for.
        members[2].isDue = false
        #expect(try Self.draining(members, in: [["ts1", "ts2", "ts3", "ts4"]]) == ["ts1"])
    }

    @Test func `the last one of a pool that takes log-ins stays, until another is back`() throws {
        var members = try Self.members(2, due: 1)
        members[1].isHeard = false
        #expect(try Self.draining(members, in: [["ts1", "ts2"]]).isEmpty)
        members[1].isHeard = true
        #expect(try Self.draining(members, in: [["ts1", "ts2"]]) == ["ts1"])
        members[1].admission = .maintenance
        #expect(try Self.draining(members, in: [["ts1", "ts2"]]).isEmpty)
        // A pool of one server has to wait for it.
        #expect(try Self.draining([members[0]], in: [["ts1"]]) == ["ts1"])
    }

    @Test func `one whose agent is silent is left alone, and one in maintenance`() throws {
        var members = try Self.members(3, due: 2)
        members[0].isHeard = false
        members[1].admission = .maintenance
        #expect(try Self.draining(members, in: [["ts1", "ts2", "ts3"]]).isEmpty)
    }
}

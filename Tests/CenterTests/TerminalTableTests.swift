import API
import Fleet
import Testing

@testable import Center

/// What placement sees of terminal servers follows what is known of them and what the configuration says.
@Suite struct TerminalTableTests {
    private static func name(_ text: String) throws -> TerminalName { try TerminalName(text) }

    private static func snapshot(_ revision: Int, _ servers: TerminalServer...) -> FleetSnapshot {
        var contents = FleetSnapshot.Contents()
        for server in servers { contents.terminals.servers[server.name] = server }
        return FleetSnapshot(revision: revision, contents: contents)
    }

    private static func server(_ text: String, _ change: (inout TerminalServer) -> Void = { _ in }) throws
        -> TerminalServer
    {
        var server = TerminalServer(name: try name(text), address: "10.77.0.20")
        change(&server)
        return server
    }

    private static func seen(_ text: String, in table: TerminalTable) throws -> PlacementServer? {
        table.slot(of: try name(text)).map { table.servers[$0] }
    }

    @Test func `what becomes known of a server is seen at once`() throws {
        var table = TerminalTable()
        let a = try Self.name("a")
        table.follow(Self.snapshot(1, try Self.server("a") { $0.weight = 2 }, try Self.server("b")))
        #expect(table[a] == nil && table.all.isEmpty)
        table[a]?.placed.underwayCount = 5
        #expect(try Self.seen("a", in: table)?.underwayCount == 0, "nothing is known of it")
        #expect(table.change(a) { $0.placed.underwayCount = 5 } == nil)
        table.change(a, isNew: true) { $0.placed.underwayCount = 1 }
        table[a]?.placed.failureCount = 3
        var terminal = try #require(table[a])
        terminal.placed.reached(at: 7)
        table[a] = terminal
        let seen = try #require(try Self.seen("a", in: table))
        #expect(seen.underwayCount == 1 && seen.failureCount == 3 && seen.heardAt == 7 && seen.weight == 2)
        #expect(table.isHeard(a, at: 8) && !table.hasReported(a))
        #expect(try Self.seen("b", in: table)?.heardAt == nil)
        table[a] = nil
        #expect(try Self.seen("a", in: table)?.heardAt == nil && table.all.isEmpty)
    }

    @Test func `another configuration changes what it says, and nothing else`() throws {
        var table = TerminalTable()
        let (a, c) = (try Self.name("a"), try Self.name("c"))
        for name in [a, c] { table.change(name, isNew: true) { $0.placed.reached(at: 7) } }
        #expect(table.slot(of: a) == nil, "it is in no configuration")
        table.follow(Self.snapshot(1, try Self.server("a"), try Self.server("b")))
        #expect(try Self.seen("a", in: table)?.lacksCertificate == true)
        table.follow(
            Self.snapshot(
                2,
                try Self.server("a") { server in
                    (server.sessionLimit, server.admission, server.release) = (4, .draining, "7")
                    (server.ports, server.certificate) = ([.rdp: 3389, .ssh: 22], "ab")
                }))
        let seen = try #require(try Self.seen("a", in: table))
        #expect(seen.heardAt == 7 && seen.sessionLimit == 4 && seen.isDraining && seen.release == "7")
        #expect(seen.protocols == [.rdp, .ssh] && !seen.lacksCertificate)
        #expect(try Self.seen("b", in: table) == nil && table.slot(of: c) == nil)
        #expect(table[c]?.placed.heardAt == 7, "it is forgotten by others")
        table.follow(Self.snapshot(2))
        #expect(try Self.seen("a", in: table) != nil, "it is the same revision")
    }

    @Test func `opening hours are those of the moment`() throws {
        var table = TerminalTable()
        let hours = try #require(OpeningHours("mon-fri 08:00-18:00"))
        table.follow(Self.snapshot(1, try Self.server("a") { $0.hours = [hours] }, try Self.server("b")))
        for (minute, isOpen) in [(600, true), (1_200, false), (1_201, false), (700, true)] {
            table.follow(WeekMoment(day: 1, minute: minute))
            #expect(try Self.seen("a", in: table)?.isOpen == isOpen)
            // What becomes known of it opens nothing.
            table.change(try Self.name("a"), isNew: true) { $0.placed.reached(at: minute) }
            #expect(try Self.seen("a", in: table)?.isOpen == isOpen)
            #expect(try Self.seen("b", in: table)?.isOpen == true)
        }
    }

    @Test func `a person's own log-ins on their way count again afterwards`() throws {
        var table = TerminalTable()
        table.follow(Self.snapshot(1, try Self.server("a"), try Self.server("b")))
        let (a, b) = (try Self.name("a"), try Self.name("b"))
        for name in [a, b] { table.change(name, isNew: true) { $0.placed.underwayCount = 3 } }
        let slots = try [a, b, a].map { try #require(table.slot(of: $0)) }
        var counts: [Int] = []
        _ = table.withoutOne(to: slots) { servers in
            counts = slots.prefix(2).map { servers[$0].underwayCount }
            return Placement(
                LogIn(user: "ann"), levels: [Array(servers.indices)], of: servers, cost: .usual, now: 0)
        }
        #expect(counts == [1, 2])
        #expect(table.servers.map(\.underwayCount) == [3, 3])
    }
}

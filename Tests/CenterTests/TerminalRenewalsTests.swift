import API
import Fleet
import Testing

@testable import Center

/// Terminal servers that are nodes, while a roll-out has another version for them. How they restart once they are empty: ``LiveTerminalsTests``.
@Suite struct TerminalRenewalsTests {
    private static let (first, second) = ("ts-of-pc-1", "ts-of-desk-1")

    /// The first server is a node of the roll-out that is under way; the second one takes people meanwhile.
    private static func prepare(_ admission: TerminalServer.Admission, in fleet: LiveFleet) async throws {
        let name = try TerminalName(first)
        let pool = TerminalPool(
            name: try PoolName("pool-of-pc-1"), group: try GroupPath("/school"),
            levels: [TerminalPool.Level(servers: [name, try TerminalName(second)])])
        try await fleet.change(by: "test") { current in
            var server = try #require(current.contents.terminals.servers[name])
            (server.node, server.admission) = (try NodeName("pc-1"), admission)
            return [.terminal(name, server), .pool(pool.name, pool)]
        }
    }

    private static func server(_ name: String, in fleet: LiveFleet) throws -> TerminalServer {
        try #require(fleet.snapshot.contents.terminals.servers[TerminalName(name)])
    }

    @Test
    func `a server drains for a roll-out, and takes log-ins again when that is stopped before its turn`()
        async throws
    {
        let services = try await SmallFleet().services
        let fleet = services.fleet
        let renewals = TerminalRenewals(of: services.terminals)
        try await Self.prepare(.open, in: fleet)
        await renewals.look(at: Clock.steadyMillisecond)
        let drained = try Self.server(Self.first, in: fleet)
        #expect(drained.admission == .draining && drained.restartsWhenEmpty)
        #expect(try Self.server(Self.second, in: fleet).admission == .open)
        // Once.
        let revision = fleet.snapshot.revision
        await renewals.look(at: Clock.steadyMillisecond)
        #expect(fleet.snapshot.revision == revision)
        for rollout in fleet.snapshot.rollouts.values {
            _ = try await fleet.steer(rollout.id, by: "test") { $0.abort(because: "", at: 1) }
        }
        await renewals.look(at: Clock.steadyMillisecond)
        let open = try Self.server(Self.first, in: fleet)
        #expect(open.admission == .open && !open.restartsWhenEmpty)
    }

    @Test(arguments: [.maintenance, .draining] as [TerminalServer.Admission])
    func `what people have set stays through a roll-out`(admission: TerminalServer.Admission) async throws {
        let services = try await SmallFleet().services
        let fleet = services.fleet
        let renewals = TerminalRenewals(of: services.terminals)
        try await Self.prepare(admission, in: fleet)
        let revision = fleet.snapshot.revision
        await renewals.look(at: Clock.steadyMillisecond)
        for rollout in fleet.snapshot.rollouts.values {
            _ = try await fleet.steer(rollout.id, by: "test") { $0.abort(because: "", at: 1) }
        }
        await renewals.look(at: Clock.steadyMillisecond)
        let server = try Self.server(Self.first, in: fleet)
        #expect(server.admission == admission && !server.restartsWhenEmpty)
        #expect(fleet.snapshot.revision <= revision + 1, "the end of the roll-out alone")
    }

    @Test func `a server whose agent is silent, and the last one that takes log-ins, are left as they are`()
        async throws
    {
        let services = try await SmallFleet().services
        let fleet = services.fleet
        let renewals = TerminalRenewals(of: services.terminals)
        try await Self.prepare(.open, in: fleet)
        let revision = fleet.snapshot.revision
        // SmallFleet's reports are of an hour from now.
        await renewals.look(at: Clock.steadyMillisecond + 2 * 3_600_000)
        #expect(fleet.snapshot.revision == revision)
        var other = try Self.server(Self.second, in: fleet)
        other.admission = .maintenance
        let away = other
        try await fleet.change(by: "test") { _ in [.terminal(away.name, away)] }
        await renewals.look(at: Clock.steadyMillisecond)
        #expect(try Self.server(Self.first, in: fleet).admission == .open)
    }
}

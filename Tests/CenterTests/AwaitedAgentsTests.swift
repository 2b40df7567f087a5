import API
import Fleet
import Testing

@testable import Center

/// Agents that come back or do not, and sessions that are there and shown by no display.
@Suite struct AwaitedAgentsTests {
    private let directory: TemporaryDirectory
    private let services: CenterServices
    private let pool: TerminalPool
    private let (a, b): (TerminalName, TerminalName)
    private var terminals: LiveTerminals { services.terminals }

    init() async throws {
        directory = try TemporaryDirectory()
        services = try await .alone(in: directory)
        (a, b) = (try TerminalName("a"), try TerminalName("b"))
        pool = TerminalPool(name: try PoolName("room"), levels: [.init(servers: [a])])
        let edits = [
            FleetEdit.pool(pool.name, pool),
            .terminal(
                a,
                TerminalServer(
                    name: a, address: "10.77.0.20", certificate: String(repeating: "ab", count: 32))),
            .terminal(b, TerminalServer(name: b, address: "10.77.0.21")),
        ]
        try await services.fleet.change(by: "test") { _ in edits }
    }

    private func report(_ name: TerminalName, at time: Int) {
        _ = terminals.take(SmallFleet.report(users: []), from: name, at: time)
    }

    @Test func `a session that is shown nowhere is no arrival, and does not count against the server`() throws
    {
        report(a, at: 0)
        terminals.note(
            terminals.place(LogIn(user: "ann"), in: pool, at: 0), ticket: "t", of: "ann", at: nil,
            in: pool.name, time: 0)
        var left = SmallFleet.report(users: ["ann"])
        left.sessions[0].isConnected = false
        _ = terminals.take(left, from: a, at: 1_000)
        #expect(terminals.history().first?.outcome == .sent)
        _ = terminals.take(left, from: a, at: 61_000)
        #expect(terminals.history().first?.outcome == .lost)
        #expect(terminals.now(at: 61_000)[a]?.placed?.failureCount == 0)
    }

    @Test func `agents are awaited after the start, until they are back or their time is over`() throws {
        terminals.awaitAgents([a, b, try TerminalName("removed")], at: 0)
        #expect(terminals.awaitedAgents(at: 1) == [a, b])
        #expect(terminals.withoutAgent(at: 1).isEmpty, "they are not probed meanwhile")
        report(a, at: 2)
        #expect(terminals.awaitedAgents(at: 3) == [a, b], "it takes no orders yet")
        let orders = terminals.orders(for: a)
        #expect(terminals.awaitedAgents(at: 4) == [b])
        #expect(terminals.awaitedAgents(at: LiveTerminals.returnPatience).isEmpty)
        withExtendedLifetime(orders) {}
    }

    @Test func `a server whose agent is silent is not there for probes, until the agent is revoked`()
        async throws
    {
        report(a, at: 0)
        terminals.reached(a, at: 60_000)
        #expect(terminals.place(LogIn(user: "ann"), in: pool, at: 60_001).server == nil)
        let orders = terminals.orders(for: a)
        terminals.endAgent(of: a)
        // They end: else this waits for ever.
        for await _ in orders { Issue.record("a revoked agent gets an order") }
        terminals.reached(a, at: 60_002)
        #expect(terminals.place(LogIn(user: "ann"), in: pool, at: 60_003).server == "a")
    }

    @Test(.timeLimit(.minutes(10)))
    func `an agent that is started anew gets the order that it has not answered`() async throws {
        let (terminals, name) = (terminals, a)
        var former = terminals.orders(for: name).makeAsyncIterator()
        let waiting = Task { try await terminals.order(.end(session: "c1"), on: name) }
        let order = await former.next()
        var present = terminals.orders(for: name).makeAsyncIterator()
        let again = await present.next()
        #expect(again == order && order?.work == .end(session: "c1"))
        terminals.take(AgentResult(order: try #require(again).id), from: name)
        _ = try await waiting.value
    }
}

import API
import Fleet
import Synchronization
import Testing
import Wire

@testable import Center

/// Everyone can type everyone's name. Until a terminal server has let the person in, that changes nothing of what the person has.
@Suite struct UnprovenLogInTests {
    private static let guests: [String: SettingValue] = [
        "log-in": .text("automatic"), "log-in-account": .text("guest01..guest03"),
    ]

    /// Orders that do something to a session, an account or a ticket that is there.
    private func acts(_ bench: LogInBench) async throws -> [AgentOrder.Work] {
        // What was told to an agent before this has reached it when this is answered.
        for name in bench.fleet.snapshot.contents.terminals.servers.keys {
            _ = try await bench.terminals.order(.message(sessions: [], text: "last"), on: name)
        }
        return bench.state.withLock { state in
            state.orders.map(\.work).filter { work in
                switch work {
                case .prepare, .message: false
                default: true
                }
            }
        }
    }

    @Test(arguments: [SessionProtocol.rdp, .ssh, .x2go], TerminalPool.SecondLogIn.allCases)
    func `a name and a wrong password do nothing to that person's session`(
        kind: SessionProtocol, policy: TerminalPool.SecondLogIn
    ) async throws {
        let bench = try await LogInBench { pool in
            (pool.secondLogIn, pool.protocols) = (policy, [kind])
        }
        let shows = [kind.rawValue]
        guard case .ready(let first) = try await bench.logIn("ann", at: 1, shows: shows).outcome else {
            Issue.record("no session")
            return
        }
        let server = first.address == "10.77.0.20" ? "ts1" : "ts2"
        try bench.begin("ann", on: server, kind: kind)
        let answer = try await bench.logIn("ann", at: 2, takesOver: true, shows: shows)
        #expect(try await acts(bench).isEmpty)
        guard policy == .takeOver || policy == .ask else { return }
        guard case .ready(let ticket) = answer.outcome else {
            Issue.record("\(answer.outcome)")
            return
        }
        #expect(ticket.address == first.address && ticket.credential.isEmpty)
        // A session of SSH ends once its agent has seen the person.
        #expect(bench.prepared().last?.endsSessions == (kind == .ssh ? ["c1"] : []))
        #expect(bench.prepared().last?.from == "10.77.0.102")
    }

    @Test func `an agent of a former release is told to end no session, and is a trouble`() async throws {
        let bench = try await LogInBench(servers: ["ts1"]) { $0.protocols = [.ssh] }
        let name = try TerminalName("ts1")
        #expect(bench.terminals.troubles(at: bench.time).isEmpty)
        bench.state.withLock { $0.abilities = nil }
        try bench.begin("ann", on: "ts1", kind: .ssh)
        _ = try await bench.logIn("ann", at: 1, shows: ["ssh"])
        _ = try await bench.logIn("ann", at: 2, shows: ["ssh"])
        #expect(bench.prepared().count == 2 && bench.prepared().allSatisfy { $0.endsSessions.isEmpty })
        #expect(bench.terminals.troubles(at: bench.time) == [.oldAgent(name, version: "test")])
        bench.state.withLock { $0.abilities = AgentAbility.all }
        try bench.reportAll()
        #expect(bench.terminals.troubles(at: bench.time).isEmpty)
    }

    @Test(arguments: TerminalPool.SecondLogIn.allCases)
    func `an agent knows whether a person has one session`(policy: TerminalPool.SecondLogIn) async throws {
        let bench = try await LogInBench(servers: ["ts1"]) { $0.secondLogIn = policy }
        _ = try await bench.logIn("ann", at: 1)
        #expect(bench.prepared().map(\.isOnly) == [policy == .allow ? nil : true])
    }

    @Test func `typing the name of another place's guest gives no one that guest's session`() async throws {
        let bench = try await LogInBench(settings: Self.guests)
        let guest = try await bench.ticket(at: 1)
        #expect(guest.user == "guest01")
        try bench.begin("guest01", on: guest.address == "10.77.0.20" ? "ts1" : "ts2")
        _ = try await bench.logIn("guest01", at: 2)
        // A node has the account again that it had, and not the one whose name was typed there.
        #expect(try await bench.ticket(at: 2).user == "guest02")
        #expect(try await bench.ticket(at: 1).user == "guest01")
    }

    @Test func `a typed name calls back no ticket of another place`() async throws {
        let bench = try await LogInBench(settings: [
            "log-in": .text("automatic"), "log-in-account": .text("lab1"),
        ])
        let first = try await bench.ticket(at: 1)
        _ = try await bench.logIn("lab1", at: 2)
        #expect(try await acts(bench).isEmpty)
        // The node's own next log-in does.
        _ = try await bench.ticket(at: 1)
        #expect(try await acts(bench).contains(.forget(ticket: first.id)))
    }

    @Test func `typed names use up no accounts of a row`() async throws {
        let bench = try await LogInBench(settings: Self.guests)
        for name in ["guest01", "guest02", "guest03"] { _ = try await bench.logIn(name, at: 2) }
        #expect(try await bench.ticket(at: 1).user == "guest01")
    }

    @Test(arguments: TerminalPool.SecondLogIn.allCases)
    func `a person whose name was typed elsewhere is let in and asked nothing`(
        policy: TerminalPool.SecondLogIn
    ) async throws {
        let bench = try await LogInBench(servers: ["ts1"]) { $0.secondLogIn = policy }
        _ = try await bench.logIn("ann", at: 2)
        guard case .ready(let ticket) = try await bench.logIn("ann", at: 1).outcome else {
            Issue.record("\(policy): no session")
            return
        }
        #expect(!ticket.isReconnection)
    }

    @Test(arguments: [("ts2", SessionProtocol.rdp), ("ts1", .x2go)])
    func `a name that was typed in another pool, or for another kind of session, keeps no one out`(
        server: String, kind: SessionProtocol
    ) async throws {
        let bench = try await LogInBench {
            $0.levels = [TerminalPool.Level(servers: [try TerminalName("ts1")])]
        }
        let other = TerminalPool(
            name: try PoolName("other"), levels: [TerminalPool.Level(servers: [try TerminalName(server)])],
            protocols: [kind])
        try await bench.fleet.change(by: "test") { _ in [.pool(other.name, other)] }
        let typed = try await bench.logIn("ann", at: 2, pool: "other", shows: [kind.rawValue])
        guard case .ready = typed.outcome else {
            Issue.record("\(typed.outcome)")
            return
        }
        #expect(try await bench.ticket("ann", at: 1).kind == "rdp")
    }

    @Test func `a typed name takes no one away from the server that has their session`() async throws {
        let bench = try await LogInBench { $0.secondLogIn = .allow }
        let first = try await bench.ticket("ann", at: 1)
        let server = first.address == "10.77.0.20" ? "ts1" : "ts2"
        try bench.begin("ann", on: server)
        #expect(try await bench.ticket("ann", at: 2).address != first.address)
        bench.pass(61_000)
        bench.state.withLock { state in
            for name in state.sessions.keys {
                for index in state.sessions[name, default: []].indices {
                    state.sessions[name]?[index].isConnected = false
                }
            }
        }
        try bench.reportAll()
        let again = try await bench.ticket("ann", at: 1)
        #expect(again.address == first.address && again.isReconnection)
    }

    @Test func `limits of a session are those of its own log-in's pool`() async throws {
        let bench = try await LogInBench()
        func issue(_ ticket: String, _ pool: String, _ machine: Int, _ address: String, at time: Int) throws {
            let issued = LogIns.Issued(
                ticket: ticket, user: "ann", machine: try #require(LogInBench.machine(machine)),
                address: try #require(IPv4Address(address)), server: try TerminalName("ts1"), kind: .rdp,
                pool: try PoolName(pool), at: time, isTyped: true)
            bench.logIns.state.withLock { $0.issue(issued) }
        }
        try issue("one", "school", 1, "10.77.0.101", at: 1_000)
        try issue("two", "strict", 2, "10.77.0.102", at: 50_000)
        func pool(from: String, age: Int) throws -> PoolName? {
            let session = AgentSession(
                id: "c1", user: "ann", kind: .rdp, display: ":10", age: age, idle: nil, isConnected: true,
                from: from)
            let server = try TerminalName("ts1")
            return bench.logIns.state.withLock { $0.origin(of: session, on: server, at: 60_000)?.pool }
        }
        #expect(try pool(from: "10.77.0.101", age: 57) == PoolName("school"))
        #expect(try pool(from: "10.77.0.102", age: 8) == PoolName("strict"))
        // xrdp's older versions tell no address.
        #expect(try pool(from: "", age: 57) == PoolName("school"))
        #expect(try pool(from: "", age: 8) == PoolName("strict"))
        #expect(try pool(from: "", age: 59_000) == nil)
    }

    @Test func `one person who types what no account has turns no one away`() async throws {
        let bench = try await LogInBench(servers: ["ts1"])
        for number in 0..<5 { _ = try await bench.ticket("pupil\(number)", at: 2) }
        bench.pass(61_000)
        try bench.reportAll()
        let name = try TerminalName("ts1")
        #expect(bench.terminals.now(at: bench.time)[name]?.placed?.failureCount == 2)
        // At another node as well it is the server's fault.
        _ = try await bench.ticket("ann", at: 1)
        bench.pass(61_000)
        try bench.reportAll()
        #expect(bench.terminals.now(at: bench.time)[name]?.state == .failing)
    }

    @Test func `what is told before a proof says nothing of the person's account and sessions`() throws {
        let server = try TerminalName("ts1")
        let sentences = Set(
            [
                LogInRefusal.closedAccount("ann"), .hasSession(server), .sessionInOtherPool(server),
                .sessionOfOtherKind(server, .vnc),
            ].map(\.words.filled))
        #expect(sentences.count == 1)
        #expect(LogInRefusal.consent.values.isEmpty)
    }
}

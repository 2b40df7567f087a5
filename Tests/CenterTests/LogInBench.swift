import API
import Fleet
import Foundation
import StoreSQLite
import Synchronization
import Testing
import Wire

@testable import Center

/// A center with two terminal servers whose agents answer orders, and three nodes.
final class LogInBench: Sendable {
    /// What an agent does with an order.
    enum Manner: Sendable {
        case carriesOut
        /// It is ended before it answers.
        case dies
        case refuses(String)
        /// As its directory tells; nil: it is too old to look.
        case knows(isMember: Bool?)
    }

    struct State: Sendable {
        var manners: [TerminalName: Manner] = [:]
        var orders: [(server: TerminalName, work: AgentOrder.Work)] = []
        var sessions: [TerminalName: [AgentSession]] = [:]
        var time = 1_000_000
        /// What ports answer; open otherwise.
        var knocks: [String: PortKnock.Answer] = [:]
        var eventNumber = 0
        /// What is open on each server; empty: they do not say it.
        var ports: [SessionProtocol: Int] = [:]
        /// Nil: their agents are older than the first of them.
        var abilities: Set<AgentAbility>? = AgentAbility.all
    }

    static let machines = ["52:54:00:00:09:01", "52:54:00:00:09:02", "52:54:00:00:09:03"]
    static let certificate = String(repeating: "ab", count: 32)

    let fleet: LiveFleet
    let terminals: LiveTerminals
    let logIns: LogIns
    let state = Mutex(State())
    private let directory: TemporaryDirectory
    private let agents: [Task<Void, Never>]

    /// - Parameters:
    ///   - settings: of the site.
    ///   - furtherNodeCount: beside the three, from ``machine(_:)`` on.
    ///   - change: of the pool.
    init(
        settings: [String: SettingValue] = [:], servers: [String] = ["ts1", "ts2"], furtherNodeCount: Int = 0,
        pool change: (inout TerminalPool) throws -> Void = { _ in }
    ) async throws {
        directory = try TemporaryDirectory()
        fleet = try await LiveFleet(
            store: try SQLiteStore(path: "\(directory.path)/store"), trust: ImageTrust(keys: [])
        ) { _ in }
        let names = try servers.map { try TerminalName($0) }
        var pool = TerminalPool(
            name: try PoolName("school"), levels: [TerminalPool.Level(servers: names)],
            protocols: [.rdp, .ssh])
        try change(&pool)
        let nodes = try (1...Self.machines.count + furtherNodeCount).map { place in
            Node(
                name: try NodeName("pc-\(place)"), group: .site,
                macAddresses: [try #require(Self.machine(place))])
        }
        var site = NodeGroup(path: .site)
        site.settings = settings.merging(["pool": .text("school")]) { own, _ in own }
        let edits: [FleetEdit] =
            [.group(.site, site)]
            + names.enumerated().map { index, name in
                .terminal(
                    name,
                    TerminalServer(
                        name: name, address: "10.77.0.\(20 + index)",
                        ports: [.rdp: 3_389, .ssh: 22, .x2go: 22]))
            } + [.pool(pool.name, pool)] + nodes.map { .node($0.name, $0) }
        try await fleet.change(by: "test") { _ in edits }
        terminals = LiveTerminals(fleet: fleet)
        let box = Box()
        logIns = LogIns(
            fleet: fleet, terminals: terminals,
            knock: { address, _ in box.bench?.state.withLock { $0.knocks[address] } ?? .open },
            now: { box.bench?.time ?? 0 }, wall: { 1_800_000_000 })
        let live = terminals
        let streams = names.map { ($0, live.orders(for: $0)) }
        agents = streams.map { name, orders in
            Task {
                for await order in orders {
                    guard let answer = box.bench?.answer(order, on: name) else { continue }
                    live.take(answer, from: name)
                }
            }
        }
        box.set(self)
        for name in names { report(name) }
    }

    deinit { for agent in agents { agent.cancel() } }

    /// Breaks the circle between a bench and what asks it.
    private final class Box: Sendable {
        private let held = Mutex<Weak>(Weak())
        private struct Weak: Sendable { weak var bench: LogInBench? }
        var bench: LogInBench? { held.withLock { $0.bench } }
        func set(_ bench: LogInBench) { held.withLock { $0.bench = bench } }
    }

    /// The card of a node, by its place: 1 and on.
    static func machine(_ place: Int) -> MACAddress? {
        place <= machines.count
            ? MACAddress(machines[place - 1]) : MACAddress(rawValue: 0x5254_0009_0000 | UInt64(place))
    }

    var time: Int { state.withLock { $0.time } }
    func pass(_ milliseconds: Int) { state.withLock { $0.time += milliseconds } }

    private func answer(_ order: AgentOrder, on name: TerminalName) -> AgentResult? {
        let manner = state.withLock { state in
            state.orders.append((name, order.work))
            return state.manners[name] ?? .carriesOut
        }
        switch manner {
        case .dies: return nil
        case .refuses(let problem): return AgentResult(order: order.id, problem: problem)
        case .knows(false): return AgentResult(order: order.id, problem: "not in it", lacksGroup: true)
        case .carriesOut, .knows:
            var ready = AgentResult.Ready(
                certificate: Self.certificate, hostKeys: [], accountMilliseconds: 12)
            if case .knows(true) = manner { ready.isMember = true }
            return AgentResult(order: order.id, ready: ready)
        }
    }
    func behave(_ name: String, _ manner: Manner) throws {
        let name = try TerminalName(name)
        state.withLock { $0.manners[name] = manner }
    }

    /// The log-ins that were prepared on a server.
    func prepared(_ name: String? = nil) -> [AgentLogIn] {
        state.withLock { state in
            state.orders.compactMap { order in
                guard name == nil || order.server.text == name, case .prepare(let logIn) = order.work else {
                    return nil
                }
                return logIn
            }
        }
    }

    // MARK: Reports

    func report(_ name: TerminalName, events: [AgentEvent] = []) {
        let (sessions, ports, time) = state.withLock { ($0.sessions[name] ?? [], $0.ports, $0.time) }
        let abilities = state.withLock { $0.abilities?.map(\.rawValue) }
        var report = SmallFleet.report(users: [])
        report.sessions = sessions
        report.events = events
        report.ports = ports
        report.abilities = abilities
        _ = terminals.take(report, from: name, at: time)
    }

    func reportAll() throws {
        for name in fleet.snapshot.contents.terminals.servers.keys { report(name) }
    }

    /// A session begins, as its server tells.
    func begin(
        _ user: String, on name: String, kind: SessionProtocol = .rdp, connected: Bool = true,
        from: String = "10.77.0.101"
    ) throws {
        let name = try TerminalName(name)
        state.withLock { state in
            let id = "c\(state.sessions.values.joined().count + 1)"
            state.sessions[name, default: []].append(
                AgentSession(
                    id: id, user: user, kind: kind, display: ":10", age: 5, idle: 0, isConnected: connected,
                    from: from))
        }
        report(name)
    }

    func tell(_ kind: AgentEvent.Kind, ticket: String, on name: String) throws {
        let number = state.withLock { state in
            state.eventNumber += 1
            return state.eventNumber
        }
        report(
            try TerminalName(name),
            events: [AgentEvent(number: number, age: 0, kind: kind, user: "guest", id: ticket, text: "again")]
        )
    }

    // MARK: Log-ins

    /// - Parameter place: of the node: 1 and on.
    func logIn(
        _ user: String = "", at place: Int = 1, password: Bool? = nil, id: String? = nil,
        takesOver: Bool = false, pool: String = "", key: String = "", shows: [String] = ["rdp", "ssh"]
    ) async throws -> LogInAnswer {
        let request = LogInRequest(
            id: id ?? UUID().uuidString, user: user, pool: pool, protocols: shows, publicKey: key,
            hasPassword: password ?? !user.isEmpty, takesOver: takesOver)
        let machine = try #require(Self.machine(place))
        let address = IPv4Address(rawValue: 0x0A4D_0000 | UInt32(100 + place))
        return await logIns.logIn(
            request, by: fleet.snapshot.node(at: machine), machine: machine, at: address)
    }

    /// The ticket of a log-in that has to succeed.
    func ticket(_ user: String = "", at place: Int = 1, takesOver: Bool = false) async throws -> SessionTicket
    {
        let answer = try await logIn(user, at: place, takesOver: takesOver)
        guard case .ready(let ticket) = answer.outcome else {
            Issue.record("\(answer.outcome)")
            throw Problem(500, "No ticket", "the log-in got no ticket")
        }
        return ticket
    }

    func refusal(_ user: String = "", at place: Int = 1, password: Bool? = nil) async throws -> String? {
        guard case .refused(let text) = try await logIn(user, at: place, password: password).outcome else {
            return nil
        }
        return text
    }
}

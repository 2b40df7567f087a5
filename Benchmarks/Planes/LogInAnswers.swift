import API
import Center
import Fleet
import Foundation
import Linux
import StoreSQLite
import Synchronization
import Wire

/// Measures log-ins on terminal servers: `roost-planes log-ins`.
///
/// The control center's own code and store, with agents in the same process that carry out each order at once and report every five
/// seconds: what is measured is what the center adds to a log-in.
final class LogInAnswers: Sendable {
    private static let (serverCount, nodeCount) = (100, 6_000)
    private static let (perSecond, seconds, placementCount) = (500, 10, 100_000)
    /// Sessions of a server; the oldest end.
    private static let sessionLimit = 20
    private static let certificate = String(repeating: "ab", count: 32)

    private let terminals: LiveTerminals
    private let logIns: LogIns
    private let fleet: LiveFleet
    private let pool: TerminalPool
    private let names: [TerminalName]
    private let users: Mutex<[TerminalName: [String]]>

    static func run() async throws {
        let directory = NSTemporaryDirectory() + "/roost-log-ins-\(getpid())"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let bench = try await LogInAnswers(in: directory)
        let (rate, coreRate) = bench.placementsPerSecond()
        let waits = try await bench.answers()
        func milliseconds(_ share: Double) -> Double {
            (waits[Int(Double(waits.count - 1) * share)] / .milliseconds(1) * 1_000).rounded() / 1_000
        }
        print(
            "{\"placementsPerSecond\": \(Int(rate)), \"placementsPerCoreSecond\": \(Int(coreRate)), \"servers\": \(serverCount), \"logIns\": \(waits.count), \"logInsPerSecond\": \(perSecond), \"medianMilliseconds\": \(milliseconds(0.5)), \"p99Milliseconds\": \(milliseconds(0.99)), \"worstMilliseconds\": \(milliseconds(1))}"
        )
    }

    private init(in directory: String) async throws {
        names = try (0..<Self.serverCount).map { try TerminalName("ts-\($0)") }
        users = Mutex(
            Dictionary(
                uniqueKeysWithValues: names.map { name in
                    (name, (0..<Self.sessionLimit).map { "old-\(name)-\($0)" })
                }))
        fleet = try await LiveFleet(
            store: try SQLiteStore(path: "\(directory)/store"), trust: try ImageTrust(keys: [])
        ) { _ in }
        pool = TerminalPool(name: try PoolName("room"), levels: [.init(tags: ["room"])])
        var site = NodeGroup(path: .site)
        site.settings = [
            "pool": .text("room"), "log-in": .text("automatic"),
            "log-in-account": .text("pc-(.*) → guest-\\1"),
        ]
        let nodes = try (0..<Self.nodeCount).map {
            Node(name: try NodeName("pc-\($0)"), group: .site, macAddresses: [Self.card($0)])
        }
        let edits: [FleetEdit] =
            [.group(.site, site), .pool(pool.name, pool)] + nodes.map { .node($0.name, $0) }
            + names.map { .terminal($0, TerminalServer(name: $0, address: "10.77.0.1", tags: ["room"])) }
        try await fleet.change(by: "bench") { _ in edits }
        terminals = LiveTerminals(fleet: fleet)
        logIns = LogIns(fleet: fleet, terminals: terminals) { text, _ in text }
        for name in names { report(name) }
    }

    private static func card(_ number: Int) -> MACAddress {
        MACAddress(rawValue: 0x0200_0000_0000 | UInt64(number))
    }

    // MARK: Agents

    private func report(_ name: TerminalName) {
        let users = users.withLock { $0[name] ?? [] }
        let idle = 1 << 30
        _ = terminals.take(
            AgentReport(
                version: "bench", bootID: "1",
                load: TerminalLoad(
                    processorCount: 8, loadAverage: Double(users.count) * 0.1, memoryByteCount: 16 << 30,
                    usedMemoryByteCount: idle + users.count * 300_000_000, idleMemoryByteCount: idle,
                    sessionCount: users.count),
                sessions: users.map { user in
                    AgentSession(
                        id: user, user: user, kind: .rdp, display: ":10", age: 60, idle: 0, isConnected: true,
                        from: "10.77.0.7")
                }, certificate: Self.certificate),
            from: name, at: SystemClock.boot)
    }

    private func serve(_ name: TerminalName, _ orders: AsyncStream<AgentOrder>) async {
        for await order in orders {
            if case .prepare(let logIn) = order.work {
                users.withLock { users in
                    users[name, default: []].append(logIn.user)
                    if users[name, default: []].count > Self.sessionLimit { users[name]?.removeFirst() }
                }
            }
            terminals.take(
                AgentResult(
                    order: order.id,
                    ready: AgentResult.Ready(
                        certificate: Self.certificate, hostKeys: [], accountMilliseconds: 0)), from: name)
        }
    }

    // MARK: Measurements

    /// Each is noted, as a log-in's is. On one thread; the second is by its processor time, which other programs on this host change less.
    private func placementsPerSecond() -> (Double, perCore: Double) {
        var time = SystemClock.boot
        let used = Self.threadSeconds
        let took = ContinuousClock().measure {
            for number in 0..<Self.placementCount {
                if number.isMultiple(of: 1_000) { time = SystemClock.boot }
                let user = "person-\(number % 20_000)"
                let placement = terminals.place(LogIn(user: user), in: pool, at: time)
                let ticket = "ticket-\(number)"
                terminals.note(placement, ticket: ticket, of: user, at: nil, in: pool.name, time: time)
                // It does not stay on its way, as none does for long.
                if let server = placement.server, let name = try? TerminalName(server) {
                    terminals.noteEnd(of: ticket, on: name, problem: nil, at: time)
                }
            }
        }
        let count = Double(Self.placementCount)
        return (count / (took / .seconds(1)), count / (Self.threadSeconds - used))
    }

    /// Processor time of this thread.
    private static var threadSeconds: Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// How long each log-in waited for its answer, in order; they come in a steady row.
    private func answers() async throws -> [Duration] {
        let clock = ContinuousClock()
        let agents = names.map { name in
            let orders = terminals.orders(for: name)
            return Task { await self.serve(name, orders) }
        }
        let reports = Task {
            while !Task.isCancelled {
                for name in names {
                    report(name)
                    try await Task.sleep(for: .milliseconds(5_000 / Self.serverCount))
                }
            }
        }
        defer {
            reports.cancel()
            for agent in agents { agent.cancel() }
        }
        let (count, begin) = (Self.perSecond * Self.seconds, clock.now)
        let waits = try await withThrowingTaskGroup(of: Duration.self) { group in
            for number in 0..<count {
                let due = begin + .milliseconds(1_000 * number / Self.perSecond)
                if due > clock.now { try await Task.sleep(until: due, clock: clock) }
                group.addTask {
                    // By the time that it was due: what waits for its turn waits, too.
                    try await self.logIn(number)
                    return clock.now - due
                }
            }
            return try await group.reduce(into: [Duration]()) { $0.append($1) }
        }
        return waits.sorted()
    }

    private struct Refused: Error { var outcome: LogInAnswer.Outcome }

    private func logIn(_ number: Int) async throws {
        let request = LogInRequest(
            id: "request-\(number)", user: "", pool: "", protocols: ["rdp"], publicKey: "",
            hasPassword: false,
            takesOver: false)
        let machine = Self.card(number % Self.nodeCount)
        let answer = await logIns.logIn(
            request, by: fleet.snapshot.node(at: machine), machine: machine, at: .loopback)
        guard case .ready = answer.outcome else { throw Refused(outcome: answer.outcome) }
    }
}

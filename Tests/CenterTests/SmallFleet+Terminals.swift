import API
import Fleet
import Testing

@testable import Center

extension SmallFleet {
    /// A terminal server and its pool.
    static func terminals(of place: Place) throws -> [FleetEdit] {
        let (group, tag) = (try GroupPath(place.rawValue), "of-\(place.node)")
        let server = TerminalServer(
            name: try TerminalName("ts-of-\(place.node)"), group: group, address: "10.77.0.20", tags: [tag])
        let pool = TerminalPool(
            name: try PoolName("pool-of-\(place.node)"), group: group,
            levels: [TerminalPool.Level(tags: [tag])])
        return [.terminal(server.name, server), .pool(pool.name, pool)]
    }

    /// The server has one session, and a log-in was placed there.
    static func placeLogIn(of place: Place, in services: CenterServices) throws {
        let name = try PoolName("pool-of-\(place.node)")
        let pool = try #require(services.fleet.snapshot.contents.terminals.pools[name])
        let (terminals, now) = (services.terminals, try hear(of: place, in: services))
        let placement = terminals.place(LogIn(user: "guest of \(place.node)"), in: pool, at: now)
        terminals.note(
            placement, ticket: "ticket of \(place.node)", of: "guest of \(place.node)",
            at: try NodeName(place.node), in: pool.name, time: now)
    }

    /// The report of a place's terminal server, as if it were heard for as long as tests run.
    ///
    /// - Returns: its time.
    @discardableResult
    static func hear(of place: Place, in services: CenterServices) throws -> Int {
        let now = Clock.steadyMillisecond + 3_600_000
        let name = try TerminalName("ts-of-\(place.node)")
        _ = services.terminals.take(report(users: ["user of \(place.node)"]), from: name, at: now)
        return now
    }

    /// What an agent reports, with a session for each user, which costs what is usual.
    static func report(users: [String], boot: String = "1", troubles: [String] = []) -> AgentReport {
        let idle = 1 << 30
        return AgentReport(
            version: "test", bootID: boot,
            load: TerminalLoad(
                processorCount: 8, loadAverage: Double(users.count) * 0.1, memoryByteCount: 16 << 30,
                usedMemoryByteCount: idle + users.count * 300_000_000, idleMemoryByteCount: idle,
                sessionCount: users.count),
            sessions: users.enumerated().map { index, user in
                AgentSession(
                    id: "\(index)", user: user, kind: .rdp, display: ":\(10 + index)", age: 60, idle: nil,
                    isConnected: true, from: "10.77.0.7")
            }, ports: [.rdp: 3_389, .ssh: 22, .x2go: 22], troubles: troubles)
    }
}

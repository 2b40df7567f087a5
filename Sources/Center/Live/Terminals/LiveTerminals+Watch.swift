import API
package import Fleet
import NetworkErrors
import Synchronization

extension LiveTerminals {
    /// Milliseconds for which a log-in without a server is a trouble.
    private static let troubleTime = 600_000
    /// Milliseconds after which a server with sessions that is not heard is a trouble.
    fileprivate static let silenceTime = 30_000
    /// Of one server.
    fileprivate static let reportedLimit = 3

    /// What is wrong now: of each pool once, then of the servers in the order of their names.
    ///
    /// - Parameters:
    ///   - time: milliseconds, by a clock that is never set.
    ///   - moment: for opening hours.
    package func troubles(at time: Int, on moment: WeekMoment = LiveTerminals.moment) -> [TerminalTrouble] {
        let snapshot = fleet.snapshot
        let records = snapshot.contents.terminals
        return state.withLock { state in
            let unserved = state.unservedPools(in: snapshot, at: time, on: moment)
            var lacks: [PoolName: (count: Int, why: String)] = [:]
            for entry in state.history.newest {
                if time - entry.time > Self.troubleTime { break }
                guard entry.entry.outcome == .noServer, records.pools[entry.entry.pool] != nil,
                    unserved[entry.entry.pool] == nil
                else {
                    continue
                }
                lacks[entry.entry.pool, default: (0, entry.entry.text)].count += 1
            }
            var troubles = unserved.sorted { $0.key < $1.key }.map(\.value)
            troubles += lacks.sorted { $0.key < $1.key }.map {
                TerminalTrouble.noServer($0.key, count: $0.value.count, why: $0.value.why)
            }
            for record in records.servers.values.sorted(by: { $0.name < $1.name })
            where record.admission != .maintenance {
                guard let terminal = state.terminals[record.name] else { continue }
                troubles += terminal.troubles(of: record, at: time) { second(of: $0) }
            }
            return troubles
        }
    }

    // MARK: What the server does by itself

    /// Restarts empty servers that are to be restarted, and forgets those that are gone: when sessions or the configuration change, and
    /// every five seconds.
    package func run(_ log: @escaping @Sendable (String) -> Void = { _ in }) async throws {
        var pause = EventPause([.session, .configuration], in: fleet.events, longest: .seconds(5))
        while true {
            try await pause.wait()
            await watch(at: Clock.steadyMillisecond, log)
        }
    }

    /// - Parameter time: milliseconds, by a clock that is never set.
    func watch(at time: Int, _ log: @escaping @Sendable (String) -> Void = { _ in }) async {
        let records = fleet.snapshot.contents.terminals.servers
        let (empty, back, gone) = state.withLock { state in
            if state.watchedSince == nil { state.watchedSince = time }
            let gone = state.keep(records)
            var (empty, back): ([TerminalName], [TerminalName]) = ([], [])
            for record in records.values where record.admission == .draining && record.restartsWhenEmpty {
                guard let terminal = state.terminals[record.name], let report = terminal.report,
                    time - terminal.reportedAt <= Placement.silence
                else { continue }
                if let boot = terminal.restartedIn {
                    if report.bootID != boot { back.append(record.name) }
                } else if report.sessions.isEmpty, terminal.underway.isEmpty {
                    empty.append(record.name)
                    state.terminals[record.name]?.restartedIn = report.bootID
                }
            }
            return (empty.sorted(), back.sorted(), gone)
        }
        for listener in gone { listener.finish() }
        await withTaskGroup(of: Void.self) { group in
            for name in empty { group.addTask { await self.restart(name, log) } }
        }
        for name in back { await open(name, log) }
    }

    /// Told once. What does not reach its agent, or is refused, is told again; where only the answer is missing, it may be on its way.
    private func restart(_ name: TerminalName, _ log: @Sendable (String) -> Void) async {
        do {
            _ = try await order(.restart, on: name)
        } catch AgentOrderProblem.noAnswer {
        } catch AgentOrderProblem.gone {
        } catch {
            log("terminal server \(name) is empty, and is not restarted: \(ErrorText.of(error))")
            state.withLock { $0.terminals[name]?.restartedIn = nil }
        }
    }

    /// It is back: it takes log-ins again.
    private func open(_ name: TerminalName, _ log: @Sendable (String) -> Void) async {
        do {
            try await fleet.change(
                by: "restart when empty", what: "terminal server \(name) is back, and takes log-ins again"
            ) { current in
                guard var server = current.contents.terminals.servers[name], server.admission == .draining,
                    server.restartsWhenEmpty
                else { return [] }
                (server.admission, server.restartsWhenEmpty) = (.open, false)
                return [.terminal(name, server)]
            }
            state.withLock { $0.terminals[name]?.restartedIn = nil }
        } catch { log("terminal server \(name) is back, and stays closed: \(ErrorText.of(error))") }
    }

    // MARK: For people

    /// What a server is now, with its sessions.
    struct Now: Sendable {
        var state: TerminalState
        /// Seconds since it was heard; nil: never.
        var heard: Int?
        /// When that was: seconds since 1970.
        var heardAt: Int?
        /// When its machine started, as its agent says: seconds since 1970.
        var startedAt: Int? {
            heardAt.flatMap { heardAt in report?.uptime.map { max(0, heardAt - $0) } }
        }
        var isConnected: Bool
        var report: AgentReport?
        var placed: PlacementServer?
        /// Of a silent server, those that it had; nil: it was never heard.
        var sessionCount: Int? { heardAt == nil ? nil : placed?.sessionCount }
        /// How much of its room it would use with one more session.
        var use: Double?
    }

    /// - Parameter time: milliseconds, by a clock that is never set.
    func now(at time: Int) -> [TerminalName: Now] {
        let records = fleet.snapshot.contents.terminals.servers
        return state.withLock { [self] state in
            var cost = SessionCost(of: records.keys.compactMap { state.terminals[$0]?.placed })
            // What a server has is compared within its pools, not within the whole site.
            (cost.mostProcessors, cost.mostMemory) = (.infinity, .infinity)
            return records.mapValues { record in
                var placed = state.terminals[record.name]?.placed
                placed?.weight = record.weight
                placed?.sessionLimit = record.sessionLimit
                return Now(
                    state: Self.state(of: record, placed, at: time),
                    heard: placed?.heardAt.map { max(0, time - $0) / 1_000 },
                    heardAt: placed?.heardAt.map { second(of: $0) },
                    isConnected: state.listeners[record.name] != nil,
                    report: state.terminals[record.name]?.report, placed: placed,
                    use: placed.flatMap { $0.heardAt == nil ? nil : $0.use(cost: cost).share })
            }
        }
    }

    fileprivate static func state(of record: TerminalServer, _ placed: PlacementServer?, at time: Int)
        -> TerminalState
    {
        if record.admission == .maintenance { return .maintenance }
        guard let placed, placed.heardAt != nil else { return .neverHeard }
        if !placed.isHeard(at: time) { return .silent }
        if record.admission == .draining { return .draining }
        return placed.failureCount >= Placement.failureLimit ? .failing : .up
    }
}

extension LiveTerminals.State {
    /// Pools that are open, and have no server that takes log-ins. When the server has just started, servers have not been heard yet.
    fileprivate mutating func unservedPools(in snapshot: FleetSnapshot, at time: Int, on moment: WeekMoment)
        -> [PoolName: TerminalTrouble]
    {
        guard let watchedSince, time - watchedSince > LiveTerminals.silenceTime else { return [:] }
        var unserved: [PoolName: TerminalTrouble] = [:]
        for pool in snapshot.contents.terminals.pools.values where pool.hours.areOpen(at: moment) {
            let servers = known(pool, in: snapshot).records
            let states = servers.map { LiveTerminals.state(of: $0, terminals[$0.name]?.placed, at: time) }
            if states.contains(.up) { continue }
            unserved[pool.name] = .unserved(
                pool.name, servers.map(\.name), otherCount: 0,
                wasHeard: states.contains { $0 != .neverHeard })
        }
        return unserved
    }
}

extension LiveTerminals.Terminal {
    /// - Parameter second: since 1970, of a moment by the clock that is never set.
    fileprivate func troubles(of record: TerminalServer, at time: Int, second: (Int) -> Int)
        -> [TerminalTrouble]
    {
        let name = record.name
        guard let heardAt = placed.heardAt else { return [] }
        if time - heardAt > LiveTerminals.silenceTime {
            let count = report?.sessions.count ?? 0
            return count == 0
                ? [] : [.silent(name, sessionCount: count, since: second(heardAt))]
        }
        var troubles: [TerminalTrouble] = []
        if placed.isDistrusted { troubles.append(.otherCertificate(name)) }
        if LiveTerminals.lacksCertificate(record, isReported: report != nil),
            !placed.silentProtocols.contains(.rdp)
        {
            troubles.append(.unknownCertificate(name))
        }
        if placed.failureCount >= Placement.failureLimit {
            troubles.append(.failing(name, count: placed.failureCount))
        }
        if let report, report.isOld { troubles.append(.oldAgent(name, version: report.version)) }
        return troubles
            + (report?.troubles ?? []).prefix(LiveTerminals.reportedLimit).map { .reported(name, $0) }
    }
}

package import API
package import Fleet
import Linux
import Synchronization

/// What terminal servers are now: what their agents tell, who is on their way to them, and what their agents are to do.
///
/// Only in memory. After a restart of the server the agents tell it again within seconds, and log-ins on their way are seen when they
/// arrive.
package final class LiveTerminals: Sendable {
    /// One terminal server, as placement and people see it.
    struct Terminal: Sendable {
        var placed: PlacementServer
        /// The last report, and when it came: milliseconds by ``Clock/steadyMillisecond``.
        var report: AgentReport?
        var reportedAt = 0
        /// Those who have a session there, as it says.
        var users: Set<String> = []
        /// Number of the last event that was taken.
        var acknowledged = 0
        /// Log-ins sent there that have not shown up: their ticket, user and time.
        var underway: [(ticket: String, user: String, at: Int)] = []
        /// Tickets of those whose session has begun, which no report has shown yet.
        var opened: Set<String> = []
        /// The boot in which it was told to restart because it was empty.
        var restartedIn: String?
    }

    struct State {
        var terminals: [TerminalName: Terminal] = [:]
        /// Orders that wait for their result, with the server that has them.
        var waiting: [String: (server: TerminalName, result: CheckedContinuation<AgentResult, any Error>)] =
            [:]
        /// Where the orders of each agent go while it listens.
        var listeners: [TerminalName: AsyncStream<AgentOrder>.Continuation] = [:]
        /// The servers that say that they have a session of a user.
        var places: [String: [TerminalName]] = [:]
        var former = FormerServers()
        var history = PlacementHistory()
        /// What is looked up for each pool, of one revision.
        var pools: (revision: Int, known: [PoolName: KnownPool]) = (-1, [:])
    }

    /// The servers of a pool, by level, and what a session costs there.
    struct KnownPool: Sendable {
        var pool: TerminalPool
        var records: [TerminalServer]
        var levels: [[Int]]
        var cost = SessionCost.usual
        var costAt: Int?
    }

    let fleet: LiveFleet
    let state = Mutex(State())
    /// Gets what happened on a server, once.
    let listener = Mutex<(@Sendable ([AgentEvent], TerminalName) -> Void)?>(nil)
    let awaited = Mutex(AwaitedAgents())

    package init(fleet: LiveFleet) { self.fleet = fleet }
}

/// An order that came to no end.
package enum AgentOrderProblem: Error, Sendable, Equatable {
    /// Its agent does not listen.
    case notConnected(TerminalName)
    case noAnswer(TerminalName, seconds: Int)
    /// What the agent says.
    case refused(TerminalName, String)
}

extension LiveTerminals {
    /// Milliseconds that a log-in may take until its session shows up in reports.
    static let patience = 60_000

    /// Takes a report. One from a server that is not in the configuration is forgotten.
    ///
    /// - Parameter time: milliseconds, by a clock that is never set.
    /// - Returns: the number of the last event that was taken.
    package func take(_ report: AgentReport, from name: TerminalName, at time: Int) -> Int {
        guard let record = fleet.snapshot.contents.terminals.servers[name] else {
            state.withLock { $0.forget(name) }?.finish()
            return 0
        }
        let report = report.bounded
        let known = state.withLock { $0.terminals[name]?.acknowledged ?? 0 }
        let news = report.events.filter { $0.number > known }
        if !news.isEmpty, let listener = listener.withLock(\.self) { listener(news, name) }
        let (acknowledged, isNews) = state.withLock { state in
            var terminal = state.terminals[name] ?? Terminal(placed: PlacementServer(name: name.text))
            var load = report.load
            load.sessionCount = report.sessions.count
            let isNews = terminal.reportedAt == 0 || terminal.report?.sessions.count != load.sessionCount
            terminal.placed.heard(load, at: time)
            terminal.placed.release = report.release
            terminal.placed.silentProtocols = report.closed(of: record.ports)
            let users = Set(report.sessions.map(\.user))
            state.move(from: terminal.users, to: users, on: name)
            terminal.users = users
            (terminal.report, terminal.reportedAt) = (report, time)
            terminal.acknowledged = max(terminal.acknowledged, report.events.map(\.number).max() ?? 0)
            for ticket in terminal.ended(by: news, at: time) {
                state.history.settle(ticket, .arrived, at: time)
            }
            let shown = Set(report.sessions.lazy.filter(\.isConnected).map(\.user))
            for logIn in terminal.settle(shown, at: time) {
                state.history.settle(logIn.ticket, logIn.isLost ? .lost : .arrived, at: time)
            }
            state.terminals[name] = terminal
            return (terminal.acknowledged, isNews)
        }
        if isNews {
            // Without names: events go to web hooks, and so to other machines.
            fleet.events.publish(
                ServerEvent(
                    kind: .session, group: record.group,
                    text: "\(counted(report.sessions.count, "session")) on terminal server \(name)"))
        }
        return acknowledged
    }

    // MARK: Placement

    /// The present moment of the week where the server is.
    package static var moment: WeekMoment {
        let (day, minute) = LocalTime.week(second: Clock.second)
        return WeekMoment(day: day, minute: minute)
    }

    /// Chooses a server of a pool for a log-in. Nothing is noted: see ``note(_:ticket:of:at:in:time:)``.
    ///
    /// Where the user has a session, and where the last one was, is found out if the log-in does not say it; where the pool allows several
    /// sessions, none is continued.
    ///
    /// - Parameters:
    ///   - time: milliseconds, by a clock that is never set.
    ///   - moment: for opening hours. Those of the pool itself are not looked at: see ``TerminalPool/refusal(of:in:at:on:)``.
    package func place(
        _ logIn: LogIn, in pool: TerminalPool, at time: Int, on moment: WeekMoment = LiveTerminals.moment
    ) -> Placement {
        let snapshot = fleet.snapshot
        return state.withLock { state in
            let known = state.known(pool, in: snapshot, at: time)
            var servers: [PlacementServer] = []
            servers.reserveCapacity(known.records.count)
            for record in known.records {
                servers.append(Self.placed(record, state.terminals[record.name], on: moment))
            }
            var wanted = logIn
            wanted.protocols.formIntersection(pool.protocols.set)
            wanted.release = logIn.release ?? pool.release
            if !logIn.user.isEmpty {
                wanted.former = logIn.former ?? state.former[logIn.user]?.text
                if logIn.existing == nil, pool.secondLogIn != .allow {
                    wanted.existing = state.place(of: logIn.user, at: time)?.text
                }
            }
            return Placement(
                wanted, levels: known.levels, of: servers, cost: known.cost, now: time,
                terms: PlacementTerms(of: pool))
        }
    }

    private static func placed(_ record: TerminalServer, _ terminal: Terminal?, on moment: WeekMoment)
        -> PlacementServer
    {
        var server = terminal?.placed ?? PlacementServer(name: record.name.text)
        server.weight = record.weight
        server.sessionLimit = record.sessionLimit
        server.protocols = record.ports.keys.set
        server.release = record.release ?? server.release
        server.isDraining = record.admission != .open
        server.isOpen = record.hours.isEmpty || record.hours.areOpen(at: moment)
        return server
    }

    /// A log-in is on its way to a server.
    package func note(_ ticket: String, user: String, on name: TerminalName, at time: Int) {
        guard fleet.snapshot.contents.terminals.servers[name] != nil else { return }
        state.withLock { $0.note(ticket, user: user, on: name, at: time) }
    }

    /// Remembers a placement, and that the log-in is on its way if there is a server for it.
    ///
    /// - Parameter ticket: names the log-in; empty where none was made.
    package func note(
        _ placement: Placement, ticket: String, of user: String, at node: NodeName?, in pool: PoolName,
        time: Int
    ) {
        let server = placement.server.flatMap { try? TerminalName($0) }
        var reasons: [String: Int] = [:]
        for verdict in placement.verdicts { reasons[verdict.reason.code, default: 0] += 1 }
        let entry = PlacementEntry(
            at: Clock.second, user: user, node: node, pool: pool, server: server,
            isReconnection: placement.isReconnection, level: placement.level, reasons: reasons,
            outcome: server == nil ? .noServer : .sent, text: server == nil ? placement.lack : "")
        state.withLock { state in
            state.history.add(PlacementHistory.Entry(entry: entry, ticket: ticket, time: time))
            if let server { state.note(ticket, user: user, on: server, at: time) }
            // Its session is there, and may end before a report shows it.
            if let server, placement.isReconnection { state.terminals[server]?.opened.insert(ticket) }
        }
    }

    /// Remembers a log-in for which no server was looked for.
    package func noteRefusal(
        of user: String, at node: NodeName?, in pool: PoolName, because text: String, time: Int
    ) {
        let entry = PlacementEntry(
            at: Clock.second, user: user, node: node, pool: pool, outcome: .refused, text: text)
        state.withLock { $0.history.add(PlacementHistory.Entry(entry: entry, ticket: "", time: time)) }
    }

    /// A log-in does not come: it is no longer on its way.
    ///
    /// - Parameter problem: what the server could not do, which counts against it; nil: the log-in was given up.
    package func noteEnd(of ticket: String, on name: TerminalName, problem: String?, at time: Int) {
        state.withLock { state in
            guard var terminal = state.terminals[name] else { return }
            terminal.underway.removeAll { $0.ticket == ticket }
            terminal.placed.underwayCount = terminal.underway.count
            if let problem {
                terminal.placed.failureCount += 1
                terminal.placed.failedAt = time
                state.history.settle(ticket, .failed, at: time, text: problem)
            } else {
                state.history.settle(ticket, .lost, at: time, text: "given up: it was asked for anew")
            }
            state.terminals[name] = terminal
        }
    }

    /// Where a user has sessions, as the servers say.
    package func sessions(of user: String) -> [(server: TerminalName, session: AgentSession)] {
        state.withLock { state in
            (state.places[user] ?? []).flatMap { name in
                (state.terminals[name]?.report?.sessions ?? []).filter { $0.user == user }.map { (name, $0) }
            }
        }
    }

    /// The last placements, the newest first.
    package func history(limit: Int = PlacementHistory.limit) -> [PlacementEntry] {
        state.withLock { state in state.history.newest.prefix(limit).map(\.entry) }
    }

    // MARK: Orders

    /// The orders for an agent from now on. A later call for the same agent ends the former one.
    package func orders(for name: TerminalName) -> AsyncStream<AgentOrder> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: AgentOrder.self, bufferingPolicy: .bufferingOldest(1_000))
        let former = state.withLock { $0.listeners.updateValue(continuation, forKey: name) }
        former?.finish()
        return stream
    }

    /// Has an agent do something, and waits for its result.
    package func order(_ work: AgentOrder.Work, on name: TerminalName, seconds: Int = 10) async throws
        -> AgentResult
    {
        let id = Secrets.make()
        let result = try await withCheckedThrowingContinuation { continuation in
            let listener = state.withLock { state in
                let listener = state.listeners[name]
                if listener != nil { state.waiting[id] = (name, continuation) }
                return listener
            }
            guard let listener else {
                return continuation.resume(throwing: AgentOrderProblem.notConnected(name))
            }
            if case .enqueued = listener.yield(AgentOrder(id: id, work: work)) {
                Task {
                    try? await Task.sleep(for: .seconds(seconds))
                    self.fail(id, AgentOrderProblem.noAnswer(name, seconds: seconds))
                }
            } else {
                fail(id, AgentOrderProblem.notConnected(name))
            }
        }
        guard result.problem.isEmpty else { throw AgentOrderProblem.refused(name, result.problem) }
        return result
    }

    /// An agent tells how an order ended.
    package func take(_ result: AgentResult) {
        state.withLock { $0.waiting.removeValue(forKey: result.order) }?.result.resume(returning: result)
    }

    private func fail(_ id: String, _ problem: AgentOrderProblem) {
        state.withLock { $0.waiting.removeValue(forKey: id) }?.result.resume(throwing: problem)
    }
}

// MARK: What is looked up

extension LiveTerminals.State {
    /// The servers of a pool in the present configuration.
    fileprivate mutating func known(_ pool: TerminalPool, in snapshot: FleetSnapshot, at time: Int)
        -> LiveTerminals.KnownPool
    {
        if pools.revision != snapshot.revision { pools = (snapshot.revision, [:]) }
        var known: LiveTerminals.KnownPool
        if let found = pools.known[pool.name], found.pool == pool {
            known = found
        } else {
            known = LiveTerminals.KnownPool(pool: pool, records: [], levels: [])
            let all = snapshot.contents.terminals
            for level in pool.servers(of: all) {
                let records = level.compactMap { all.servers[$0] }
                known.levels.append(Array(known.records.count..<known.records.count + records.count))
                known.records += records
            }
        }
        // What a session costs changes slowly.
        if known.costAt.map({ time < $0 || time - $0 >= 1_000 }) ?? true {
            known.cost = SessionCost(of: known.records.compactMap { terminals[$0.name]?.placed.load })
            known.costAt = time
        }
        pools.known[pool.name] = known
        return known
    }

    /// Where a user's session is.
    ///
    /// A server that claims a session of a person who was sent elsewhere, and whose server there is heard, is not believed: a hostile one
    /// would have their next log-in.
    fileprivate func place(of user: String, at time: Int) -> TerminalName? {
        guard let claims = places[user], !claims.isEmpty else { return nil }
        guard let last = former[user] else { return claims[0] }
        if claims.contains(last) { return last }
        return terminals[last]?.placed.isHeard(at: time) == true ? nil : claims[0]
    }

    fileprivate mutating func move(from old: Set<String>, to new: Set<String>, on name: TerminalName) {
        if old == new { return }
        for user in old where !new.contains(user) {
            places[user]?.removeAll { $0 == name }
            if places[user]?.isEmpty == true { places[user] = nil }
        }
        for user in new where !old.contains(user) {
            places[user, default: []].append(name)
            places[user]?.sort()
        }
    }

    fileprivate mutating func note(_ ticket: String, user: String, on name: TerminalName, at time: Int) {
        var terminal =
            terminals[name] ?? LiveTerminals.Terminal(placed: PlacementServer(name: name.text))
        terminal.underway.append((ticket, user, time))
        terminal.placed.underwayCount = terminal.underway.count
        terminals[name] = terminal
        if !user.isEmpty { former.note(user, on: name) }
    }

    /// A server is no longer in the configuration.
    ///
    /// - Returns: where its orders went: to be finished without the lock.
    mutating func forget(_ name: TerminalName) -> AsyncStream<AgentOrder>.Continuation? {
        if let terminal = terminals.removeValue(forKey: name) {
            move(from: terminal.users, to: [], on: name)
            for logIn in terminal.underway { history.settle(logIn.ticket, .lost, at: logIn.at) }
        }
        return listeners.removeValue(forKey: name)
    }

    /// Forgets servers that are no longer in the configuration.
    ///
    /// - Returns: where their orders went.
    mutating func keep(_ records: [TerminalName: TerminalServer]) -> [AsyncStream<AgentOrder>.Continuation] {
        let gone = Set(terminals.keys).union(listeners.keys).filter { records[$0] == nil }
        if gone.isEmpty { return [] }
        former.keep(Set(records.keys))
        return gone.compactMap { forget($0) }
    }
}

package import API
package import Fleet
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
        /// Number of the last event that was taken.
        var acknowledged = 0
        /// Log-ins sent there that have not shown up: their ticket, user and time.
        var underway: [(ticket: String, user: String, at: Int)] = []
    }

    struct State {
        var terminals: [TerminalName: Terminal] = [:]
        /// Orders that wait for their result.
        var waiting: [String: CheckedContinuation<AgentResult, any Error>] = [:]
        /// Where the orders of each agent go while it listens.
        var listeners: [TerminalName: AsyncStream<AgentOrder>.Continuation] = [:]
    }

    private let fleet: LiveFleet
    let state = Mutex(State())

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

    /// Takes a report.
    ///
    /// - Parameter time: milliseconds, by a clock that is never set.
    /// - Returns: the number of the last event that was taken.
    package func take(_ report: AgentReport, from name: TerminalName, at time: Int) -> Int {
        state.withLock { state in
            var terminal = state.terminals[name] ?? Terminal(placed: PlacementServer(name: name.text))
            var load = report.load
            load.sessionCount = report.sessions.count
            terminal.placed.heard(load, at: time)
            terminal.placed.release = report.release
            let users = Set(report.sessions.map(\.user))
            let arrived = terminal.underway.filter { users.contains($0.user) }
            let lost = terminal.underway.filter { !users.contains($0.user) && time - $0.at > Self.patience }
            terminal.underway.removeAll { one in
                arrived.contains { $0.ticket == one.ticket } || lost.contains { $0.ticket == one.ticket }
            }
            if !arrived.isEmpty { terminal.placed.failureCount = 0 }
            if !lost.isEmpty {
                terminal.placed.failureCount += lost.count
                terminal.placed.failedAt = time
            }
            terminal.placed.underwayCount = terminal.underway.count
            (terminal.report, terminal.reportedAt) = (report, time)
            terminal.acknowledged = max(terminal.acknowledged, report.events.map(\.number).max() ?? 0)
            state.terminals[name] = terminal
            return terminal.acknowledged
        }
    }

    /// Chooses a server of a pool for a log-in. Nothing is noted: see ``note(_:user:on:at:)``.
    package func place(_ logIn: LogIn, in pool: TerminalPool, at time: Int) -> Placement {
        let records = fleet.snapshot.contents.terminals
        let levels = pool.servers(of: records)
        return state.withLock { state in
            var servers: [PlacementServer] = []
            var places: [[Int]] = []
            for level in levels {
                var members: [Int] = []
                for name in level {
                    guard let record = records.servers[name] else { continue }
                    members.append(servers.count)
                    servers.append(Self.placed(record, state.terminals[name]))
                }
                places.append(members)
            }
            return Placement(
                logIn, levels: places, of: servers, cost: SessionCost(of: servers.compactMap(\.load)),
                now: time, terms: PlacementTerms(of: pool))
        }
    }

    private static func placed(_ record: TerminalServer, _ terminal: Terminal?) -> PlacementServer {
        var server = terminal?.placed ?? PlacementServer(name: record.name.text)
        server.weight = record.weight
        server.sessionLimit = record.sessionLimit
        server.protocols = record.ports.keys.reduce(into: []) { $0.formUnion($1.set) }
        server.release = record.release ?? server.release
        server.isDraining = record.admission != .open
        return server
    }

    /// A log-in is on its way to a server.
    package func note(_ ticket: String, user: String, on name: TerminalName, at time: Int) {
        state.withLock { state in
            guard var terminal = state.terminals[name] else { return }
            terminal.underway.append((ticket, user, time))
            terminal.placed.underwayCount = terminal.underway.count
            state.terminals[name] = terminal
        }
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
                if listener != nil { state.waiting[id] = continuation }
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
        state.withLock { $0.waiting.removeValue(forKey: result.order) }?.resume(returning: result)
    }

    private func fail(_ id: String, _ problem: AgentOrderProblem) {
        state.withLock { $0.waiting.removeValue(forKey: id) }?.resume(throwing: problem)
    }
}

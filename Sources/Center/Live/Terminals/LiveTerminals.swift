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
        /// When each session was left by its display, by its identifier; those that were left before they were first reported are not here.
        var left: [String: Int] = [:]
        /// Number of the last event that was taken.
        var acknowledged = 0
        /// Log-ins sent there that have not shown up.
        var underway: [Coming] = []
        /// How many names were typed at each node that never got a session, since one did.
        var mistyping: [NodeName: Int] = [:]
        /// Tickets of those whose session has begun, which no report has shown yet.
        var opened: Set<String> = []
        /// The boot in which it was told to restart because it was empty.
        var restartedIn: String?
    }

    /// A log-in that was sent to a server, and has not shown up.
    struct Coming: Sendable, Equatable {
        var ticket: String
        var user: String
        /// Milliseconds.
        var at: Int
        /// The name was typed at a node: nothing has shown yet that it is that person.
        var isTyped = false
        var node: NodeName?
    }

    struct State {
        var terminals = TerminalTable()
        /// Orders that wait for their result.
        var waiting: [String: WaitingOrder] = [:]
        /// Where the orders of each agent go while it listens.
        var listeners: [TerminalName: OrderListener] = [:]
        var nextListener = 1
        /// The servers that say that they have a session of a user.
        var places: [String: [TerminalName]] = [:]
        /// The servers that log-ins of a user are on their way to, once for each log-in.
        var coming: [String: [TerminalName]] = [:]
        var former = FormerServers()
        var history = PlacementHistory()
        /// What is looked up for each pool, of the revision that the table of servers is of.
        var pools: [PoolName: KnownPool] = [:]
        /// When servers were looked at first, in milliseconds; nil: they were not yet.
        var watchedSince: Int?
    }

    struct WaitingOrder {
        /// Only its own agent can answer it.
        var server: TerminalName
        var order: AgentOrder
        var continuation: CheckedContinuation<AgentResult, any Error>
    }

    struct OrderListener {
        /// Increases by one: an agent that listens again has another one.
        var number: Int
        var orders: AsyncStream<AgentOrder>.Continuation
    }

    /// The servers of a pool, and what a session costs there.
    struct KnownPool: Sendable {
        var pool: TerminalPool
        /// In the order of levels.
        var records: [TerminalServer] = []
        /// Slots in the table of servers, by level.
        var levels: [[Int]] = []
        var cost = SessionCost.usual
        var costAt: Int?
    }

    let fleet: LiveFleet
    let state = Mutex(State())
    /// Gets what happened on a server, once.
    let listener = Mutex<(@Sendable ([AgentEvent], TerminalName) -> Void)?>(nil)
    let awaited = Mutex(AwaitedAgents())
    let times = Mutex(SteadyTimes())

    package init(fleet: LiveFleet) { self.fleet = fleet }
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
            terminal.placed.silentProtocols = report.silentProtocols(of: record)
            let users = Set(report.sessions.map(\.user))
            state.move(from: terminal.users, to: users, on: name)
            terminal.users = users
            terminal.noteLeft(report.sessions, at: time)
            (terminal.report, terminal.reportedAt) = (report, time)
            terminal.acknowledged = max(terminal.acknowledged, report.events.map(\.number).max() ?? 0)
            for logIn in terminal.ended(by: news, at: time) {
                state.endsComing(logIn.user, to: name)
                state.former.note(logIn.user, on: name)
                state.history.settle(logIn.ticket, .arrived, at: time)
            }
            let shown = Set(report.sessions.lazy.filter(\.isConnected).map(\.user))
            for logIn in terminal.settle(shown, at: time) {
                state.endsComing(logIn.user, to: name)
                if !logIn.isLost { state.former.note(logIn.user, on: name) }
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
}

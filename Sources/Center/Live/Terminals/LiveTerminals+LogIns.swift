import API
import Fleet
import Synchronization

extension LiveTerminals {
    /// The servers of the configuration.
    private var records: Set<TerminalName> { Set(fleet.snapshot.contents.terminals.servers.keys) }

    /// A session on a server that is heard, or a log-in that is on its way there.
    struct Whereabout: Sendable {
        var server: TerminalName
        /// Nil: it is on its way.
        var session: AgentSession?
        /// Of the log-in on its way; empty otherwise.
        var ticket: String
    }

    /// Where a person is, in the order of servers: those that are not heard any more are left out, because what is there cannot be reached.
    ///
    /// While the server that the person was sent to last is heard, only its word counts: another one that claims a session of theirs would
    /// get them at their next log-in, with the password that they type.
    ///
    /// - Parameter time: milliseconds, by a clock that is never set.
    func whereabouts(of user: String, at time: Int) -> [Whereabout] {
        let known = records
        return state.withLock { state in
            let last = state.former[user].flatMap {
                state.terminals[$0]?.isHeard(at: time) == true ? $0 : nil
            }
            return state.terminals.sorted { $0.key < $1.key }.flatMap { name, terminal -> [Whereabout] in
                guard known.contains(name), terminal.isHeard(at: time) else { return [] }
                let isBelieved = last == nil || last == name
                let sessions = isBelieved ? (terminal.report?.sessions ?? []).filter { $0.user == user } : []
                let coming = terminal.underway.filter { $0.user == user && time - $0.at <= Self.patience }
                return sessions.map { Whereabout(server: name, session: $0, ticket: "") }
                    + coming.map { Whereabout(server: name, session: nil, ticket: $0.ticket) }
            }
        }
    }

    /// Accounts with a session on a server that is heard, or on their way to one.
    func usersWithSessions(at time: Int) -> Set<String> {
        let known = records
        return state.withLock { state in
            var users: Set<String> = []
            for (name, terminal) in state.terminals where known.contains(name) && terminal.isHeard(at: time) {
                users.formUnion((terminal.report?.sessions ?? []).map(\.user))
                users.formUnion(terminal.underway.filter { time - $0.at <= Self.patience }.map(\.user))
            }
            return users
        }
    }

    /// The sessions that servers reported last, with how many seconds ago.
    func reportedSessions(at time: Int) -> [(server: TerminalName, session: AgentSession, age: Int)] {
        let known = records
        return state.withLock { state in
            state.terminals.sorted { $0.key < $1.key }.flatMap { name, terminal in
                known.contains(name)
                    ? (terminal.report?.sessions ?? []).map {
                        (name, $0, max(0, time - terminal.reportedAt) / 1_000)
                    } : []
            }
        }
    }

    /// The servers that are heard, with a report.
    func reporting(at time: Int) -> Set<TerminalName> {
        state.withLock { state in
            Set(state.terminals.filter { $0.value.report != nil && $0.value.isHeard(at: time) }.keys)
        }
    }

    /// Whether an agent takes orders now.
    func isListening(_ name: TerminalName) -> Bool { state.withLock { $0.listeners[name] != nil } }

    /// Whether a server ever had an agent: without one it has neither tickets nor accounts of ours.
    func hasAgent(_ name: TerminalName) -> Bool {
        state.withLock { $0.terminals[name]?.report != nil || $0.listeners[name] != nil }
    }

    /// How long nothing was heard of a server, in milliseconds.
    func silence(of name: TerminalName, at time: Int) -> Int {
        state.withLock { state in
            guard let placed = state.terminals[name]?.placed, !placed.isGone else { return Int.max }
            return placed.heardAt.map { max(0, time - $0) } ?? Int.max
        }
    }

    /// Neither a server's agent nor its ports answer: it counts as gone until it is heard again. Orders that wait for it have failed.
    func noteGone(_ name: TerminalName) {
        let lost = state.withLock { state in
            state.terminals[name]?.placed.missed()
            let lost = state.waiting.filter { $0.value.server == name }
            for id in lost.keys { state.waiting[id] = nil }
            return lost.values.map(\.result)
        }
        for result in lost { result.resume(throwing: AgentOrderProblem.notConnected(name)) }
    }

    /// The protocols that a server should have, and that nothing takes there now.
    func closed(on name: TerminalName) -> SessionProtocols {
        state.withLock { $0.terminals[name]?.placed.silentProtocols ?? [] }
    }

    /// Nothing takes connections for a protocol on a server, until its next report says more.
    func noteClosed(_ kind: SessionProtocol, on name: TerminalName) {
        state.withLock { $0.terminals[name]?.placed.silentProtocols.formUnion(kind.set) }
    }

    /// The certificate that a server reported last.
    func certificate(of name: TerminalName) -> String? {
        state.withLock { $0.terminals[name]?.report?.certificate }
    }

    /// Has an agent do something, without waiting for the result; nothing where it does not listen.
    func tell(_ work: AgentOrder.Work, to name: TerminalName) {
        let listener = state.withLock { $0.listeners[name] }
        _ = listener?.yield(AgentOrder(id: Secrets.make(), work: work))
    }
}

extension LiveTerminals.Terminal {
    func isHeard(at time: Int) -> Bool { placed.isHeard(at: time) }
}

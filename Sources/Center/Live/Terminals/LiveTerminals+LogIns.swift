import API
import Fleet
import Synchronization

extension LiveTerminals {
    /// The servers of the configuration.
    private var records: [TerminalName: TerminalServer] { fleet.snapshot.contents.terminals.servers }

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
                state.terminals.isHeard($0, at: time) ? $0 : nil
            }
            let names = Set(state.places[user] ?? []).union(state.coming[user] ?? [])
            return names.sorted().flatMap { name -> [Whereabout] in
                guard known[name] != nil, let terminal = state.terminals[name], terminal.isHeard(at: time)
                else { return [] }
                let isBelieved = last == nil || last == name
                let sessions = isBelieved ? (terminal.report?.sessions ?? []).filter { $0.user == user } : []
                let coming = terminal.underway.filter { $0.user == user && time - $0.at <= Self.patience }
                return sessions.map { Whereabout(server: name, session: $0, ticket: "") }
                    + coming.map { Whereabout(server: name, session: nil, ticket: $0.ticket) }
            }
        }
    }

    /// Whether an account has a session on a server that is heard, or is on its way to one. That its name was typed somewhere does not count.
    func isBusy(_ user: String, at time: Int) -> Bool {
        let known = records
        return state.withLock { state in
            func heard(_ name: TerminalName) -> LiveTerminals.Terminal? {
                guard known[name] != nil, let terminal = state.terminals[name], terminal.isHeard(at: time)
                else { return nil }
                return terminal
            }
            return (state.places[user] ?? []).contains { heard($0) != nil }
                || (state.coming[user] ?? []).contains { name in
                    heard(name)?.underway.contains {
                        $0.user == user && !$0.isTyped && time - $0.at <= Self.patience
                    }
                        ?? false
                }
        }
    }

    /// The sessions that servers reported last, with how many seconds ago.
    func reportedSessions(at time: Int) -> [(server: TerminalName, session: AgentSession, age: Int)] {
        lastReports(at: time).flatMap { one in
            let age = max(0, time - one.reportedAt) / 1_000
            return one.sessions.map { (one.server, $0, age) }
        }
    }

    /// What a server reported last of its sessions.
    struct LastReport: Sendable {
        var server: TerminalName
        var sessions: [AgentSession]
        /// When sessions were left by their displays, by identifier. This and the next are milliseconds, by a clock that is never set.
        var left: [String: Int]
        var reportedAt: Int
        /// Whether the server is heard.
        var isHeard: Bool
    }

    /// The last reports of the servers in the configuration, in the order of their names. No session is copied.
    ///
    /// - Parameter only: one server; nil: all.
    func lastReports(of only: TerminalName? = nil, at time: Int) -> [LastReport] {
        let known = records
        return state.withLock { state in
            func last(_ name: TerminalName, _ terminal: Terminal) -> LastReport? {
                guard known[name] != nil, let report = terminal.report else { return nil }
                return LastReport(
                    server: name, sessions: report.sessions, left: terminal.left,
                    reportedAt: terminal.reportedAt, isHeard: terminal.isHeard(at: time))
            }
            if let only { return state.terminals[only].flatMap { last(only, $0) }.map { [$0] } ?? [] }
            return state.terminals.all.compactMap { last($0.key, $0.value) }
                .sorted { $0.server < $1.server }
        }
    }

    /// The tickets of log-ins on their way.
    func comingTickets() -> [(server: TerminalName, ticket: String)] {
        state.withLock { state in
            state.terminals.all.flatMap { name, terminal in terminal.underway.map { (name, $0.ticket) } }
        }
    }

    /// The servers that are heard, with a report.
    func reporting(at time: Int) -> Set<TerminalName> {
        state.withLock { state in
            Set(
                state.terminals.all.filter { $0.value.report != nil && $0.value.isHeard(at: time) }
                    .map(\.key))
        }
    }

    /// Whether an agent takes orders now.
    func isListening(_ name: TerminalName) -> Bool { state.withLock { $0.listeners[name] != nil } }

    /// Whether a server ever had an agent: without one it has neither tickets nor accounts of ours.
    func hasAgent(_ name: TerminalName) -> Bool {
        state.withLock { $0.terminals.hasReported(name) || $0.listeners[name] != nil }
    }

    /// Whether a server's agent has told that it can that.
    func can(_ ability: AgentAbility, _ name: TerminalName) -> Bool {
        state.withLock { $0.terminals[name]?.report?.has(ability) ?? false }
    }

    /// The servers of a pool in the order of levels, each with whether it ever had an agent.
    func members(of pool: TerminalPool) -> (records: [TerminalServer], isAttended: [Bool]) {
        let snapshot = fleet.snapshot
        return state.withLock { state in
            let known = state.known(pool, in: snapshot)
            let isAttended = zip(known.levels.joined(), known.records).map { slot, record in
                state.terminals.hasReported(slot) || state.listeners[record.name] != nil
            }
            return (known.records, isAttended)
        }
    }

    /// The protocols of a server by which no session is shown: those that do not answer, as its agent or a probe says, and RDP without a
    /// certificate that is known.
    func unusableProtocols(of record: TerminalServer) -> SessionProtocols {
        state.withLock { state in
            let terminal = state.terminals[record.name]
            return (terminal?.placed.silentProtocols ?? []).union(
                Self.lacksCertificate(record, isReported: terminal?.report != nil) ? .rdp : [])
        }
    }

    /// An agent tells its server's certificate; another server's is pinned when it is first seen.
    static func lacksCertificate(_ record: TerminalServer, isReported: Bool) -> Bool {
        record.certificate == nil && record.ports[.rdp] != nil && !isReported
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
        failOrders(of: name) { state in
            state.terminals[name]?.placed.missed()
            return true
        }
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
        let listener = state.withLock { $0.listeners[name]?.orders }
        _ = listener?.yield(AgentOrder(id: Secrets.make(), work: work))
    }
}

extension LiveTerminals.Terminal {
    func isHeard(at time: Int) -> Bool { placed.isHeard(at: time) }
}

import API
import Fleet
import Synchronization
import Wire

/// What people and administrators are told.
extension LogIns {
    /// Log-ins that failed and are remembered, and for how many milliseconds they count as troubles.
    private static let (failureLimit, failureTime) = (500, 15 * 60_000)
    /// Milliseconds between two alarms of one ticket.
    private static let alarmPause = 60_000

    /// A log-in that got no session because something is wrong with servers or their configuration.
    struct Failure: Sendable {
        var node: NodeName
        var group: GroupPath
        var pool: PoolName?
        var words: PlacementWords
        /// By ``LogIns/now``.
        var at: Int

        /// In English.
        var reason: String { words.filled }
    }

    func sentence(_ refusal: LogInRefusal, for node: Node?, user: String) -> String {
        filled(refusal.words, for: node)
    }

    func filled(_ sentence: PlacementWords, for node: Node?) -> String {
        let locale = node.flatMap { fleet.snapshot.settings(of: $0)[Settings.locale] ?? nil }?.settingText
        var text = translate(sentence.text, locale)
        for (index, value) in sentence.values.enumerated() {
            text = text.replacing("%\(index + 1)", with: value)
        }
        return text
    }

    func consent(for session: OwnSession, of entry: Entry) -> String {
        filled(LogInRefusal.consent, for: fleet.snapshot.node(at: entry.way.machine))
    }

    /// A log-in got no session.
    func note(_ refusal: LogInRefusal, of way: Way, by node: Node?) {
        guard let node else { return }
        fleet.events.publish(
            ServerEvent(
                kind: .session, node: node.name, group: node.group, machine: way.machine,
                text: "log-in refused: \(refusal.reason)"))
        if let pool = way.pool {
            switch refusal {
            // It is in the history with its verdicts.
            case .noServer, .failed: break
            default:
                terminals.noteRefusal(
                    of: way.user, at: node.name, in: pool, because: refusal.reasonInPool, time: now())
            }
        }
        guard refusal.isTrouble else { return }
        let failure = Failure(
            node: node.name, group: node.group, pool: way.pool, words: refusal.reasonWords, at: now())
        state.withLock { state in
            // One line for each node and reason.
            state.failures.removeAll { $0.node == failure.node && $0.words == failure.words }
            state.failures.append(failure)
            if state.failures.count > Self.failureLimit { state.failures.removeFirst() }
        }
    }

    /// Log-ins that failed lately, for each node the last one.
    func failures() -> [Failure] {
        let time = now()
        let all = state.withLock { state in
            state.failures.removeAll { time - $0.at > Self.failureTime }
            return state.failures
        }
        return Dictionary(all.map { ($0.node, $0) }) { $1 }.values.sorted { $0.node < $1.node }
    }

    /// Where a session is shown: the node whose log-in it was, the node with the client's address, or that address.
    func place(of session: AgentSession, on server: TerminalName) -> String {
        seat(of: session, on: server)?.node.name.text ?? session.from
    }

    /// The node whose log-in it was, with its address; nil: the log-in is not known, or no node's.
    func seat(of session: AgentSession, on server: TerminalName) -> (node: Node, address: IPv4Address)? {
        guard let issued = state.withLock({ $0.shown(session, on: server) }) else { return nil }
        return fleet.snapshot.node(at: issued.machine).map { ($0, issued.address) }
    }

    /// Those who logged in at one of these machines, as far as it is remembered.
    func users(at machines: Set<MACAddress>) -> Set<String> {
        state.withLock { state in
            Set(state.issued.values.lazy.filter { machines.contains($0.machine) }.map(\.user))
        }
    }

    // MARK: What agents tell

    /// Takes what happened on a terminal server. A server is believed only about tickets that were given out for itself.
    func note(_ events: [AgentEvent], on server: TerminalName) {
        let time = now()
        for event in events where event.kind == .swept {
            let group = fleet.snapshot.contents.terminals.servers[server]?.group ?? .site
            fleet.events.publish(
                ServerEvent(
                    kind: .session, group: group,
                    text: "terminal server \(server) cleared away what was left of a session"))
        }
        for event in events where event.kind == .ticketRefused {
            let issued: Issued? = state.withLock { state in
                guard let ticket = state.issued[event.id], ticket.server == server,
                    ticket.alarmedAt.map({ time - $0 >= Self.alarmPause }) ?? true
                else { return nil }
                state.noteAlarm(of: event.id, at: time)
                return ticket
            }
            guard let issued else { continue }
            fleet.notePassing(
                NodeAlarm(
                    at: wall(), address: issued.address, holder: issued.machine, property: .logInTicket),
                of: issued.machine)
        }
    }
}

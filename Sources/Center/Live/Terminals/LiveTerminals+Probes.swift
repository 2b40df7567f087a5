package import Fleet
import Synchronization

/// What probes tell of terminal servers, where no agent does.
extension LiveTerminals {
    /// Milliseconds without a report after which a server is probed.
    static let agentSilence = 30_000
    /// Milliseconds for which a server that was reached counts as there: two probes may be lost.
    static let probePatience = 100_000

    /// Servers whose agents have not reported lately, or that have none.
    ///
    /// - Parameter time: milliseconds, by a clock that is never set.
    func withoutAgent(at time: Int) -> [TerminalServer] {
        let records = fleet.snapshot.contents.terminals.servers
        let awaited = awaitedAgents(at: time)
        return state.withLock { state in
            records.values.filter { record in
                if awaited.contains(record.name) { return false }
                guard let terminal = state.terminals[record.name], terminal.report != nil else { return true }
                return time - terminal.reportedAt > Self.agentSilence
            }
        }
    }

    /// A probe reached a server, and knows no more.
    package func reached(_ name: TerminalName, at time: Int) {
        reached(name, with: nil, missing: [], at: time)
    }

    /// A probe reached a server.
    ///
    /// - Parameters:
    ///   - load: as its exporter tells it; nil: not known.
    ///   - missing: protocols that do not answer.
    func reached(
        _ name: TerminalName, with load: TerminalLoad?, missing: SessionProtocols, at time: Int
    ) {
        guard fleet.snapshot.contents.terminals.servers[name] != nil else { return }
        state.withLock { state in
            var terminal = state.terminals[name] ?? Terminal(placed: PlacementServer(name: name.text))
            // Without its agent, which has reported, it can prepare no log-in: it would be the emptiest, and fail them all.
            if terminal.report != nil { return }
            if let load { terminal.placed.heard(load, at: time) } else { terminal.placed.reached(at: time) }
            terminal.placed.patience = Self.probePatience
            terminal.placed.silentProtocols = missing
            state.terminals[name] = terminal
        }
    }

    /// Log-ins that went to a server more than a minute ago: nothing will tell whether they arrived. They are no longer on their way.
    func takePlaced(on name: TerminalName, at time: Int) -> [Coming] {
        state.withLock { state in
            guard var terminal = state.terminals[name] else { return [] }
            let old = terminal.underway.filter { time - $0.at > Self.patience }
            guard !old.isEmpty else { return [] }
            for logIn in old { state.endsComing(logIn.user, to: name) }
            terminal.underway.removeAll { time - $0.at > Self.patience }
            terminal.placed.underwayCount = terminal.underway.count
            // They were prepared, and without an agent no report says more.
            if terminal.report == nil { terminal.placed.failureCount = 0 }
            state.terminals[name] = terminal
            return old
        }
    }

    /// What is known of a server's sessions beside its reports, and whether its certificate is the one that is pinned.
    func note(sessionCount: Int, isDistrusted: Bool, on name: TerminalName) {
        state.withLock { state in
            state.terminals[name]?.placed.seenSessionCount = sessionCount
            state.terminals[name]?.placed.isDistrusted = isDistrusted
        }
    }

    /// A server's agent is not let in any more: from now on it is one without.
    func endAgent(of name: TerminalName) { state.withLock { $0.forget(name) }?.finish() }

    /// An agent reports again: what probes found no longer counts.
    func forgetProbes(of name: TerminalName) {
        state.withLock { state in
            guard var terminal = state.terminals[name] else { return }
            terminal.placed.patience = Placement.silence
            (terminal.placed.isDistrusted, terminal.placed.seenSessionCount) = (false, 0)
            state.terminals[name] = terminal
        }
    }
}

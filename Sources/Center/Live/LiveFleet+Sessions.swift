import API
package import Fleet
import Synchronization
package import Wire

/// Who is logged in where. Kept only in memory: after a restart of the server the nodes are asked again.
extension LiveFleet {
    /// Machines whose sessions are held.
    private static let sessionLimit = 100_000

    /// A machine reported its sessions.
    package func note(_ told: [NodeSessions.TellsSession], of machine: MACAddress, in boot: String) {
        let now = NodeSessions(told, boot: boot, at: Clock.second)
        let isNews = state.withLock { state in
            let before = state.sessions[machine]
            if now.sessions.isEmpty {
                state.sessions[machine] = nil
            } else if before != nil || state.sessions.count < Self.sessionLimit {
                state.sessions[machine] = now
            }
            return before?.boot != boot || before?.sessions.map(\.id) != now.sessions.map(\.id)
                || before?.sessions.map(\.isActive) != now.sessions.map(\.isActive)
        }
        guard isNews else { return }
        let node = snapshot.node(at: machine)
        // Without names: events go to web hooks, and so to other machines.
        events.publish(
            ServerEvent(
                kind: .session, node: node?.name, group: node?.group, machine: machine,
                text: "\(now.sessions.count) sessions"))
    }

    /// Each machine's last report.
    var sessions: [MACAddress: NodeSessions] { state.withLock { $0.sessions } }
}

extension LiveFacts {
    /// The users logged in at a machine, if it is still in the boot that reported them.
    func sessions(at machine: MACAddress) -> [NodeSession] {
        guard let told = sessions[machine], let boot = boots[machine], told.boot == boot.boot,
            boot.entries.last?.stage != .off, told.isFresh(at: now)
        else { return [] }
        // It was told in this boot, so it began in it. A node whose clock was set since says that it is older.
        let start = min(boot.startedAt / 1_000, told.toldAt)
        return told.sessions.map { session in
            var session = session
            session.startedAt = max(session.startedAt, start)
            return session
        }
    }

    /// How many users were logged in at a machine when it was last heard of, if that was in its present boot.
    func lastSessions(at machine: MACAddress) -> Int {
        guard let told = sessions[machine], told.boot == boots[machine]?.boot else { return 0 }
        return told.sessions.count
    }

    func sessions(of node: Node, in snapshot: FleetSnapshot) -> [NodeSession] {
        if sessions.isEmpty { return [] }
        return snapshot.cards(of: node).flatMap { sessions(at: $0) }
    }
}

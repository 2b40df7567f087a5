import API
package import Fleet
import Synchronization
package import Wire

/// Alarms about nodes: another machine asked for something that belongs to them. Kept in memory until dismissed; those because of a TPM are
/// kept in the store, too.
extension LiveFleet {
    /// Nodes with an alarm.
    private static let alarmLimit = 10_000

    /// Another machine was refused something that belongs to this one. Alarms are for nodes: an unknown machine has no page.
    package func note(_ alarm: NodeAlarm, of machine: MACAddress) async throws {
        guard alarm.property.isOfTPM else { return notePassing(alarm, of: machine) }
        guard let node = snapshot.node(at: machine) else { return }
        publish(alarm, of: node, machine)
        try await noteRefusedTPM(alarm, of: machine)
    }

    /// The same for an alarm that no store has: nothing is waited for.
    func notePassing(_ alarm: NodeAlarm, of machine: MACAddress) {
        guard let node = snapshot.node(at: machine) else { return }
        state.withLock { state in
            let count = state.alarms[machine]?.count ?? 0
            guard count > 0 || state.alarms.count < Self.alarmLimit else { return }
            // What any message on the wire can raise hides nothing that only a fetch of what is the node's can.
            if alarm.property != .machine || state.alarms[machine].map({ $0.property == .machine }) ?? true {
                state.alarms[machine] = alarm
            }
            state.alarms[machine]?.count = count + 1
        }
        publish(alarm, of: node, machine)
    }

    private func publish(_ alarm: NodeAlarm, of node: Node, _ machine: MACAddress) {
        events.publish(
            ServerEvent(
                kind: .alarm, node: node.name, group: node.group, machine: machine, text: alarm.summary))
    }

    /// The last alarm of a node.
    func alarm(of node: Node) -> NodeAlarm? {
        state.withLock { state in
            state.snapshot.cards(of: node).compactMap { state.alarms[$0] }.max { $0.at < $1.at }
        }
    }

    /// Clears the alarms of a node.
    func dismissAlarm(of node: Node) async throws {
        try await forgetRefusedTPM(of: node)
        state.withLock { state in
            for machine in state.snapshot.cards(of: node) { state.alarms[machine] = nil }
        }
    }
}

import API
package import Fleet
import Synchronization
import Wire

/// The TPMs that nodes are bound to, and those that were refused.
extension LiveFleet {
    /// Machines whose refusal is kept.
    private static let refusalLimit = 10_000

    /// Nodes have shown a TPM for the first time. The configuration's revision stays: no plan is outdated.
    package func bind(_ tpms: [BoundTPM]) async throws {
        let bound = try await store.bind(tpms)
        let next = state.withLock { state in
            state.snapshot = state.snapshot.observing { observations in
                for tpm in bound { observations.tpms[tpm.node] = tpm }
            }
            return state.snapshot
        }
        // Those who wait for it ask again, also where it was bound before.
        distribute()
        for tpm in bound {
            events.publish(
                ServerEvent(
                    kind: .hardware, node: tpm.node, group: next.nodes[tpm.node]?.group,
                    text: "\(tpm.node) is bound to its TPM \(tpm.tpm.short)"))
        }
    }

    /// A machine with a node's card was refused because of its TPM. It stays until people accept that TPM, or dismiss the alarm.
    func noteRefusedTPM(_ alarm: NodeAlarm, of machine: MACAddress) {
        state.withLock { state in
            let count = state.refusedTPMs[machine]?.count ?? 0
            guard count > 0 || state.refusedTPMs.count < Self.refusalLimit else { return }
            state.refusedTPMs[machine] = alarm
            state.refusedTPMs[machine]?.count = count + 1
        }
    }

    /// The last refusal because of a TPM.
    func refusedTPM(of node: Node) -> NodeAlarm? {
        state.withLock { state in
            state.snapshot.cards(of: node).compactMap { state.refusedTPMs[$0] }.max { $0.at < $1.at }
        }
    }

    func forgetRefusedTPM(of node: Node) {
        state.withLock { state in
            for machine in state.snapshot.cards(of: node) { state.refusedTPMs[machine] = nil }
        }
    }

    /// All of them, by card.
    var refusedTPMs: [MACAddress: NodeAlarm] { state.withLock { $0.refusedTPMs } }
}

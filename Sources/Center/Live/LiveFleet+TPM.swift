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
    func noteRefusedTPM(_ alarm: NodeAlarm, of machine: MACAddress) async throws {
        let kept = state.withLock { state -> NodeAlarm? in
            let count = state.refusedTPMs[machine]?.count ?? 0
            guard count > 0 || state.refusedTPMs.count < Self.refusalLimit else { return nil }
            var alarm = alarm
            alarm.count = count + 1
            state.refusedTPMs[machine] = alarm
            return alarm
        }
        if let kept { try await store.save(refusals: [machine: kept]) }
    }

    /// A configuration went out. Where a TPM decides that, the right one was shown, and that it was missing before is over. That another
    /// one was shown stays for people to see.
    func noteDelivered(to machine: MACAddress) async throws {
        let snapshot = snapshot
        guard let node = snapshot.node(at: machine), snapshot.settings(of: node)[Settings.tpm] != .ignore
        else { return }
        let isOver = state.withLock { state in
            guard let property = state.refusedTPMs[machine]?.property, property != .otherTPM else {
                return false
            }
            state.refusedTPMs[machine] = nil
            return true
        }
        if isOver { try await store.save(refusals: [machine: nil]) }
    }

    /// The last refusal because of a TPM.
    func refusedTPM(of node: Node) -> NodeAlarm? {
        state.withLock { state in
            state.snapshot.cards(of: node).compactMap { state.refusedTPMs[$0] }.max { $0.at < $1.at }
        }
    }

    func forgetRefusedTPM(of node: Node) async throws {
        let known = state.withLock { state in
            let known = state.snapshot.cards(of: node).filter { state.refusedTPMs[$0] != nil }
            for machine in known { state.refusedTPMs[machine] = nil }
            return known
        }
        try await store.save(refusals: Dictionary(known.map { ($0, nil) }) { first, _ in first })
    }

    /// All of them, by card.
    var refusedTPMs: [MACAddress: NodeAlarm] { state.withLock { $0.refusedTPMs } }
}

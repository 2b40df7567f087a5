import API
import Fleet
import Synchronization
package import Wire

/// Which cards nodes were seen with.
extension LiveFleet {
    /// Records which machines cards are in; nil: in one that is not a node. Reports that arrive together make one snapshot and one
    /// transaction.
    package func note(_ seen: [(card: MACAddress, machine: MachineUUID?)]) async throws {
        let noted = state.withLock {
            state -> (changes: [LearnedCards.Change], refused: [MACAddress], next: FleetSnapshot)? in
            let snapshot = state.snapshot
            let before = snapshot.observations.cards
            var (cards, changes) = (before, [LearnedCards.Change]())
            for (card, machine) in seen where snapshot.node(withRecordOf: card) == nil {
                if let machine, machine.isMeaningful, snapshot.node(at: nil, uuid: machine) != nil {
                    // A card that merely states this machine's UUID does not displace one that has booted further.
                    changes += cards.note(card, in: machine) { other in
                        state.boots[other]?.entries.contains { $0.stage != .dhcp } == true
                    }
                } else {
                    changes += cards.forget(card)
                }
            }
            guard !changes.isEmpty else { return nil }
            let moved = changes.map(\.card).filter { card in
                before.machine(of: card).map { $0 != cards.machine(of: card) } == true
            }
            let refused = moved.filter { state.refusedTPMs[$0] != nil }
            for card in moved { (state.alarms[card], state.refusedTPMs[card]) = (nil, nil) }
            state.snapshot = snapshot.observing { observations in
                observations.cards = cards
                observations.forgetMachines(of: moved)
            }
            return (changes, refused, state.snapshot)
        }
        guard let (changes, refused, next) = noted else { return }
        distribute()
        try await store.save(changes)
        try await store.save(refusals: Dictionary(refused.map { ($0, nil) }) { first, _ in first })
        for change in changes {
            guard let node = next.node(at: change.card) else { continue }
            events.publish(
                ServerEvent(
                    kind: .hardware, node: node.name, group: node.group, machine: change.card,
                    text: "\(change.card) was seen with the UUID of \(node.name)"))
        }
    }
}

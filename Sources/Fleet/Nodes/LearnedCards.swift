package import Wire

/// Network cards that no record names, with the machine that each was last seen in: option 97 of DHCP tells both.
///
/// By them a node that is known by its UUID is found where a card alone is named: in leases, scripts, reports, exports. A card belongs to
/// the machine that it was last seen in. That is knowledge like hardware, and no part of the configuration.
package struct LearnedCards: Equatable, Sendable {
    /// What has become known of a card: the machine that it is in, as the newest of its cards; nil: none that is a node.
    package struct Change: Equatable, Sendable {
        package var card: MACAddress
        package var machine: MachineUUID?

        package init(card: MACAddress, machine: MachineUUID?) {
            self.card = card
            self.machine = machine
        }
    }

    /// Cards of one machine, and in all. When a machine has more, one of its own goes.
    package static let (machineLimit, limit) = (16, 65_536)

    private var machineOfCard: PartitionedDictionary<MACAddress, MachineUUID> = [:]
    /// The newest first.
    private var cardsOfMachine: PartitionedDictionary<MachineUUID, [MACAddress]> = [:]

    package init() {}

    package var isEmpty: Bool { machineOfCard.isEmpty }

    /// The machine that the card was last seen in.
    package func machine(of card: MACAddress) -> MachineUUID? { machineOfCard[card] }

    /// The cards that were last seen in a machine, the newest first.
    package func cards(of machine: MachineUUID) -> [MACAddress] { cardsOfMachine[machine] ?? [] }

    /// A card is in a machine, whose newest card it is.
    ///
    /// - Parameter isSpared: whether a card goes only when all others of its machine are spared, too.
    /// - Returns: what has changed; nothing when that was known.
    package mutating func note(
        _ card: MACAddress, in machine: MachineUUID, sparing isSpared: (MACAddress) -> Bool = { _ in false }
    ) -> [Change] {
        guard cardsOfMachine[machine]?.first != card else { return [] }
        _ = forget(card)
        var cards = cards(of: machine)
        var changes = [Change(card: card, machine: machine)]
        if cards.count >= Self.machineLimit || machineOfCard.count >= Self.limit {
            // Another machine's cards stay: nothing that one neighbour says takes them away.
            guard let oldest = cards.last(where: { !isSpared($0) }) ?? cards.last else { return [] }
            changes += forget(oldest)
            cards.removeAll { $0 == oldest }
        }
        machineOfCard[card] = machine
        cardsOfMachine[machine] = [card] + cards
        return changes
    }

    /// A card is in no machine that is a node.
    package mutating func forget(_ card: MACAddress) -> [Change] {
        guard let machine = machineOfCard.removeValue(forKey: card) else { return [] }
        let rest = cards(of: machine).filter { $0 != card }
        cardsOfMachine[machine] = rest.isEmpty ? nil : rest
        return [Change(card: card, machine: nil)]
    }

    /// Forgets those that `isKept` does not hold for.
    mutating func keep(where isKept: (MACAddress, MachineUUID) -> Bool) {
        for (card, machine) in machineOfCard where !isKept(card, machine) { _ = forget(card) }
    }
}

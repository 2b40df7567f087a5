package import Wire

/// Network cards that no record names, with the machine in which each was last seen: option 97 of DHCP states both.
///
/// They find a node known by its UUID where only a card is named: in leases, scripts, reports, exports. A card belongs to the machine in
/// which it was last seen. This is an observation like hardware, not configuration.
package struct LearnedCards: Equatable, Sendable {
    /// A new observation of a card: its machine, as that machine's newest card; nil: no machine that is a node.
    package struct Change: Equatable, Sendable {
        package var card: MACAddress
        package var machine: MachineUUID?

        package init(card: MACAddress, machine: MachineUUID?) {
            self.card = card
            self.machine = machine
        }
    }

    /// Cards per machine, and in all. Beyond the limit of a machine, one of its own is forgotten.
    package static let (machineLimit, limit) = (16, 65_536)

    private var machineOfCard: PartitionedDictionary<MACAddress, MachineUUID> = [:]
    /// Newest first.
    private var cardsOfMachine: PartitionedDictionary<MachineUUID, [MACAddress]> = [:]

    package init() {}

    package var isEmpty: Bool { machineOfCard.isEmpty }

    /// The machine in which the card was last seen.
    package func machine(of card: MACAddress) -> MachineUUID? { machineOfCard[card] }

    /// The cards last seen in a machine, newest first.
    package func cards(of machine: MachineUUID) -> [MACAddress] { cardsOfMachine[machine] ?? [] }

    /// A card was seen in a machine, as its newest card.
    ///
    /// - Parameter isSpared: whether a card is forgotten only when all others of its machine are spared, too.
    /// - Returns: the changes; empty when it was known.
    package mutating func note(
        _ card: MACAddress, in machine: MachineUUID, sparing isSpared: (MACAddress) -> Bool = { _ in false }
    ) -> [Change] {
        guard cardsOfMachine[machine]?.first != card else { return [] }
        _ = forget(card)
        var cards = cards(of: machine)
        var changes = [Change(card: card, machine: machine)]
        if cards.count >= Self.machineLimit || machineOfCard.count >= Self.limit {
            // Other machines keep their cards: no claim by a neighbour removes them.
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

    /// Forgets the cards for which `isKept` is false.
    mutating func keep(where isKept: (MACAddress, MachineUUID) -> Bool) {
        for (card, machine) in machineOfCard where !isKept(card, machine) { _ = forget(card) }
    }
}

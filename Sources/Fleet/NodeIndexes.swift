import Wire

/// What is looked up of nodes while machines boot.
struct NodeIndexes: Sendable {
    /// Changed nodes up to which entries are exchanged; with more, everything is made anew.
    private static let exchangeLimit = 256

    /// Every node in natural order.
    private(set) var order: [NodeName]
    private(set) var nameOfCard: [MACAddress: NodeName] = [:]
    private(set) var nameOfMachine: [MachineUUID: NodeName] = [:]
    private(set) var addresses: Set<IPv4Address> = []
    /// Whether two nodes have a card, a UUID or a fixed address in common.
    private(set) var hasConflict = false

    /// - Parameter order: the nodes in order, if known.
    init(of nodes: [NodeName: Node], order: [NodeName]? = nil) {
        self.order =
            order
            ?? nodes.values.map { ($0.name.countingKey, $0.name) }
            .sorted { $0.0.lexicographicallyPrecedes($1.0) }.map(\.1)
        nameOfCard.reserveCapacity(nodes.count)
        for node in nodes.values { add(node) }
    }

    /// The same after nodes were added, replaced or removed.
    ///
    /// - Parameter changed: no other node differs in `before` and `after`.
    func following(
        _ changed: Set<NodeName>, from before: [NodeName: Node], to after: [NodeName: Node]
    ) -> NodeIndexes {
        if changed.isEmpty { return self }
        let gone = changed.filter { before[$0] != nil && after[$0] == nil }
        let new = changed.filter { before[$0] == nil && after[$0] != nil }
        // Of two nodes with the same card only one has the entry: it cannot be exchanged.
        guard changed.count <= Self.exchangeLimit, !hasConflict else {
            return NodeIndexes(of: after, order: gone.isEmpty && new.isEmpty ? order : nil)
        }
        var next = self
        for node in changed.compactMap({ before[$0] }) { next.remove(node) }
        for node in changed.compactMap({ after[$0] }) { next.add(node) }
        if !gone.isEmpty { next.order.removeAll { gone.contains($0) } }
        for name in new { next.insert(name) }
        return next
    }

    private mutating func add(_ node: Node) {
        for card in node.macAddresses {
            if let other = nameOfCard.updateValue(node.name, forKey: card), other != node.name {
                hasConflict = true
            }
        }
        if let uuid = node.uuid, nameOfMachine.updateValue(node.name, forKey: uuid) != nil {
            hasConflict = true
        }
        if let address = node.address, !addresses.insert(address).inserted { hasConflict = true }
    }

    private mutating func remove(_ node: Node) {
        for card in node.macAddresses { nameOfCard[card] = nil }
        if let uuid = node.uuid { nameOfMachine[uuid] = nil }
        if let address = node.address { addresses.remove(address) }
    }

    private mutating func insert(_ name: NodeName) {
        let key = name.countingKey
        var (low, high) = (0, order.count)
        while low < high {
            let middle = (low + high) / 2
            if order[middle].countingKey.lexicographicallyPrecedes(key) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        order.insert(name, at: low)
    }
}

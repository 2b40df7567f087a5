import Fleet

/// Read permissions for the present and the past.
extension Acts {
    /// Throws unless the caller may read the node both as it was in `snapshot` and as it is now: in the past it may have been in another
    /// group, or in none.
    ///
    /// - Parameter text: the name or address that was asked for.
    func requireReading(_ node: Node, named text: String, in snapshot: FleetSnapshot) throws {
        try require(.read)
        guard groups(of: node, in: snapshot).allSatisfy({ may(.read, in: $0) }) else {
            return try caller.requireNames(.read, "node", text)
        }
    }

    /// The same for lists.
    func sees(_ node: Node, in snapshot: FleetSnapshot) -> Bool {
        at == nil ? caller.sees(node.group) : groups(of: node, in: snapshot).allSatisfy { caller.sees($0) }
    }

    /// Whether the caller may read what a machine has told as a node: its log, what its steps printed, and who is logged in. A machine in no
    /// group may have been a node of another group.
    func seesTold(_ node: Node, in snapshot: FleetSnapshot) -> Bool {
        snapshot.nodes[node.name] != nil || may(.read, in: .site)
    }

    /// The same as in ``sees(_:in:)`` for lists of other records.
    func sees<Record: FleetRecord>(_ record: Record, at key: Record.Key) -> Bool {
        guard caller.sees(record.place) else { return false }
        guard at != nil, let now = Record.record(at: key, in: fleet.snapshot.contents) else { return true }
        return caller.sees(now.place)
    }

    /// The node's group in `snapshot` and its present one, found by its name and by its cards.
    private func groups(of node: Node, in snapshot: FleetSnapshot) -> [GroupPath] {
        let now = fleet.snapshot
        let same =
            [snapshot.nodes[node.name], now.nodes[node.name]]
            + snapshot.cards(of: node).map { now.node(at: $0) }
        return same.compactMap { $0?.group }
    }
}

/// The name that a node's SSH host key is made from, where that is not its own: a renamed node keeps its key.
package struct HostKeyName: Equatable, Sendable, Codable {
    package var node: NodeName
    /// In use by no other node.
    package var origin: NodeName

    package init(node: NodeName, origin: NodeName) {
        self.node = node
        self.origin = origin
    }
}

extension FleetEdit {
    /// - Parameter name: nil: its key is made from its own name.
    package static func hostKeyName(_ node: NodeName, _ name: HostKeyName?) -> Self { Self(node, name) }
}

extension HostKeyName: NodeOwnedRecord {
    package static let kind = "host-key-name"

    package static var table: WritableKeyPath<FleetSnapshot.Contents, [NodeName: Self]> { \.hostKeyNames }

    package static func missing(_ key: NodeName) -> Sentence {
        "the SSH host key of \(key) has no other name"
    }

    package static func summary(of change: RecordChange<HostKeyName>, in snapshot: FleetSnapshot) -> String {
        guard let after = change.after else { return "SSH host key of \(change.key) made from its own name" }
        return "SSH host key of \(change.key) made from the name \(after.origin)"
    }
}

extension FleetSnapshot {
    /// The name that a node's SSH host key is made from.
    package func hostKeyName(of node: NodeName) -> NodeName { contents.hostKeyNames[node]?.origin ?? node }

    /// What edits of nodes make of their SSH host keys: renamed nodes keep theirs, new ones get none that another node has or had, and nothing
    /// stays of nodes that go. Undo gives a node that it brings back its key.
    func hostKeyNames(after renames: [NodeRename], in edits: [FleetEdit]) -> [FleetEdit] {
        let (before, former) = (contents.hostKeyNames, contents.formerHostKeys)
        guard !renames.isEmpty || !before.isEmpty || !former.isEmpty else { return [] }
        let changes = edits.compactMap { $0.of(Node.self) }
        let stay = Set(changes.filter { $0.after != nil }.map(\.key))
        var after = before
        for change in changes where change.after == nil && !stay.contains(change.key) {
            after[change.key] = nil
        }
        for rename in renames {
            let origin = hostKeyName(of: rename.from)
            after[rename.to] = origin == rename.to ? nil : HostKeyName(node: rename.to, origin: origin)
        }
        var taken = Set(after.values.map(\.origin))
        let renamed = Set(renames.map(\.to))
        let restored = Set(changes.filter(\.isOld).map(\.key))
        for name in stay.subtracting(renamed).sorted()
        where nodes[name] == nil
            && (taken.contains(name) || former.contains(name) && !restored.contains(name))
        {
            let origin = name.firstFree {
                !taken.contains($0) && !former.contains($0) && nodes[$0] == nil
            }
            after[name] = HostKeyName(node: name, origin: origin)
            taken.insert(origin)
        }
        let named = Set(edits.compactMap { $0.of(HostKeyName.self)?.key })
        return Set(before.keys).union(after.keys).subtracting(named).sorted()
            .filter { before[$0] != after[$0] }.map { .hostKeyName($0, after[$0]) }
    }

    /// The names that host keys were made from, of nodes that edits take away or give another key.
    func formerHostKeys(after edits: [FleetEdit]) -> Set<NodeName> {
        let nodes = edits.lazy.compactMap { $0.of(Node.self) }.filter { $0.after == nil }.map(\.key)
        let others = edits.lazy.compactMap { $0.of(HostKeyName.self) }
            .compactMap { change in
                self.contents.hostKeyNames[change.key].flatMap { $0 == change.after ? nil : $0 }
            }
        return contents.formerHostKeys.union(HostKeyName.former(removed: nodes, replaced: others))
    }
}

extension HostKeyName {
    /// The names that host keys were made from which no new node's is made from any more.
    ///
    /// - Parameters:
    ///   - nodes: that went, or got another name.
    ///   - names: of host keys, that others have taken the place of, or nothing.
    package static func former(
        removed nodes: some Sequence<NodeName>, replaced names: some Sequence<HostKeyName>
    ) -> Set<NodeName> {
        Set(nodes).union(names.map(\.origin))
    }
}

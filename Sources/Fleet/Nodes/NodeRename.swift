import Wire

/// A node that one change takes away and adds again under another name: the same machine, by a card or its UUID.
package struct NodeRename: Equatable, Sendable {
    package var from: NodeName
    package var to: NodeName
}

extension FleetSnapshot {
    /// The renames among edits of this configuration.
    package func renames(by edits: [FleetEdit]) -> [NodeRename] {
        let changes = edits.compactMap { $0.of(Node.self) }
        let kept = Set(changes.filter { $0.after != nil }.map(\.key))
        let gone = changes.filter { $0.after == nil && !kept.contains($0.key) }
            .compactMap { nodes[$0.key] }
        guard !gone.isEmpty, !kept.isEmpty else { return [] }
        var former: [String: NodeName] = [:]
        for node in gone { for mark in node.marks { former[mark] = node.name } }
        var (renames, taken): ([NodeRename], Set<NodeName>) = ([], [])
        for change in changes where nodes[change.key] == nil {
            guard let from = change.after?.marks.lazy.compactMap({ former[$0] }).first,
                taken.insert(from).inserted
            else { continue }
            renames.append(NodeRename(from: from, to: change.key))
        }
        return renames
    }

    /// What goes with renamed nodes to their new names: the TPMs that they are bound to, and secrets and schedules that are for one of
    /// them alone.
    func followers(of renames: [NodeRename], in edits: [FleetEdit]) -> [FleetEdit] {
        let tpms = Set(edits.compactMap { $0.of(BoundTPM.self)?.key })
        let secrets = Set(edits.compactMap { $0.of(Secret.self)?.key })
        let schedules = Set(edits.compactMap { $0.of(Schedule.self)?.key })
        return renames.flatMap { rename in
            var moved: [FleetEdit] = []
            if var tpm = tpm(of: rename.from), !tpms.contains(rename.to) {
                tpm.node = rename.to
                moved.append(.tpm(rename.to, tpm))
            }
            let own = contents.secrets.values.filter { $0.node == rename.from && !secrets.contains($0.name) }
            for var secret in own.sorted(by: { $0.name < $1.name }) {
                secret.node = rename.to
                moved.append(.secret(secret.name, secret))
            }
            for var schedule in contents.schedules.values.sorted(by: { $0.name < $1.name }) {
                guard let act = schedule.act.following(rename), !schedules.contains(schedule.name) else {
                    continue
                }
                schedule.act = act
                moved.append(.schedule(schedule.name, schedule))
            }
            return moved
        }
    }

    /// Throws where a volume would stay behind: its files are kept under the name of its node.
    func requireNoVolumes(of renames: [NodeRename]) throws {
        for rename in renames where volume(of: rename.from) != nil {
            throw StoreError.conflict(
                "node \(rename.from) has a volume, which is kept under its name: the node keeps its name as long as it has one (roost volume rm \(rename.from))"
            )
        }
    }
}

extension Node {
    /// What identifies its machine.
    fileprivate var marks: [String] {
        macAddresses.map(\.description) + (uuid.map { [$0.description] } ?? [])
    }
}

import Wire

/// A node that one change takes away and adds again under another name: the same machine, by a card or its UUID.
package struct NodeRename: Equatable, Sendable {
    package var from: NodeName
    package var to: NodeName
}

extension FleetSnapshot {
    /// The renames among edits of this configuration.
    package func renames(by edits: [FleetEdit]) -> [NodeRename] {
        // Most changes remove nothing, and some have a whole fleet in them.
        guard edits.contains(where: \.isRemoval) else { return [] }
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

    /// What goes with renamed nodes to their new names: their volumes, TPMs and SSH host keys, their places in roll-outs, and all records
    /// that name one of them.
    func followers(of renames: [NodeRename], in edits: [FleetEdit]) -> [FleetEdit] {
        let hostKeys = hostKeyNames(after: renames, in: edits)
        guard !renames.isEmpty else { return hostKeys }
        let renamed = self.edits(following: RecordMoves(renames), besides: edits)
        let tpms = Set(edits.compactMap { $0.of(BoundTPM.self)?.key })
        let volumes = Set(edits.compactMap { $0.of(Volume.self)?.key })
        let rollouts = Set(edits.compactMap { $0.of(Rollout.self)?.key })
        var moved = renames.flatMap { rename in
            var moved: [FleetEdit] = []
            if var tpm = tpm(of: rename.from), !tpms.contains(rename.to) {
                tpm.node = rename.to
                moved.append(.tpm(rename.to, tpm))
            }
            if let volume = volume(of: rename.from), !volumes.contains(rename.from) {
                moved.append(.volume(rename.from, nil))
                moved.append(.volume(rename.to, volume.renamed(to: rename.to)))
            }
            return moved
        }
        for (id, rollout) in self.rollouts.sorted(by: { $0.key < $1.key }) where !rollouts.contains(id) {
            if let renamed = rollout.renamed(renames) { moved.append(.rollout(renamed)) }
        }
        return moved + renamed + hostKeys
    }

    /// What a plan says of renames: what goes with the nodes, and what does not.
    ///
    /// - Parameter after: the configuration with them.
    func notes(of renames: [NodeRename], to after: FleetSnapshot) -> [String] {
        let lines = renames.prefix(Self.noteLimit).flatMap { rename -> [String] in
            var lines = [
                "node \(rename.from) becomes \(rename.to), with its volume, TPM, secrets, SSH host key, schedules, roll-outs, terminal server and history; its host name changes at its next start"
            ]
            lines += leavings(of: rename, to: after)
            return lines
        }
        let rest = renames.count - Self.noteLimit
        return rest > 0 ? lines + ["and \(rest) more nodes get other names"] : lines
    }

    /// What names a node, or fits it by its name, and does not go along with its new one: rules, and schedules with a condition.
    ///
    /// - Parameter after: the configuration with the rename.
    func leavings(of rename: NodeRename, to after: FleetSnapshot) -> [String] {
        guard let old = nodes[rename.from], let new = after.nodes[rename.to] else { return [] }
        let (was, willBe) = (Set(fittingRules(of: old)), Set(after.fittingRules(of: new)))
        var lines = was.subtracting(willBe).sorted().map {
            "rule \($0) fits \(rename.from), and not \(rename.to)"
        }
        lines += willBe.subtracting(was).sorted().map {
            "rule \($0) fits \(rename.to), and did not fit \(rename.from)"
        }
        let (factsBefore, factsAfter) = (facts(of: old), after.facts(of: new))
        for schedule in after.contents.schedules.values.sorted(by: { $0.name < $1.name }) {
            guard let condition = schedule.act.condition else { continue }
            // Of nodes elsewhere, a schedule of a group means none.
            let (was, willBe) = (
                schedule.group.contains(old.group) && condition.holds(for: factsBefore),
                schedule.group.contains(new.group) && condition.holds(for: factsAfter)
            )
            switch (was, willBe) {
            case (true, false):
                lines.append("schedule \(schedule.name) is for \(rename.from), and not for \(rename.to)")
            case (false, true):
                lines.append("schedule \(schedule.name) is for \(rename.to), and was not for \(rename.from)")
            default: break
            }
        }
        return lines
    }

    /// The same of all renames among edits, for people who have not looked at a plan.
    package func leavings(of edits: [FleetEdit], to after: FleetSnapshot) -> [String] {
        renames(by: edits).prefix(Self.noteLimit).flatMap { leavings(of: $0, to: after) }
    }

    /// Renames of one plan that are told one by one.
    private static let noteLimit = 20

    /// Throws where a volume that is left at the new name, by a node that is gone, would be replaced.
    func requireNoVolumes(at renames: [NodeRename]) throws {
        for rename in renames where volume(of: rename.from) != nil && volume(of: rename.to) != nil {
            throw StoreError.conflict(
                "there is a volume of a node \(rename.to) that is gone: remove it first (roost volume rm \(rename.to))"
            )
        }
    }
}

extension Node {
    /// Whether both name a card of the same machine, or its UUID.
    package func isSameMachine(as other: Node) -> Bool { !Set(marks).isDisjoint(with: other.marks) }

    /// What identifies its machine.
    fileprivate var marks: [String] {
        macAddresses.map(\.description) + (uuid.map { [$0.description] } ?? [])
    }
}

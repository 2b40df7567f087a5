import API
import Fleet

/// Acts on groups, and views of them.
extension Acts {
    func groups() async throws -> [NodeGroup] {
        try require(.read)
        return try await configuration().groups.values.filter { caller.sees($0.path) }
            .sorted { $0.path < $1.path }
    }

    /// Adds a new group.
    ///
    /// - Returns: the revision.
    func add(_ group: NodeGroup) async throws -> Int {
        // Before anything else: the error must not reveal which groups exist.
        try require(.configure, in: group.path)
        return try await change { current in
            guard current.groups[group.path] == nil else {
                throw StoreError.conflict(NodeGroup.existing(group.path))
            }
            return [.group(group.path, group)]
        }.revision
    }

    func removeGroup(_ path: GroupPath) async throws {
        try require(.configure, in: path)
        try NodeGroup.requireRemovable(path)
        _ = try await change { _ in [.group(path, nil)] }
    }

    /// The groups that this caller may put nodes into.
    func groupPaths(_ permission: Permission = .enrol) -> [GroupPath] {
        Set(fleet.snapshot.groups.keys).union([.site]).filter { may(permission, in: $0) }.inNaturalOrder()
    }

    /// The settings in a group, with what it inherits, before those of images, rules and nodes.
    func settings(of path: GroupPath) async throws -> EffectiveSettings {
        // Before anything else: the error must not reveal which groups exist.
        try require(.read, in: path)
        let snapshot = try await configuration()
        guard path == .site || snapshot.groups[path] != nil else {
            throw StoreError.notFound(snapshot.contents.missing(.group(path)) { caller.sees($0) })
        }
        return snapshot.settings(of: path)
    }

    // MARK: The tree

    /// A group with its place in the tree.
    struct GroupDetails: Sendable {
        var path: GroupPath
        /// The groups that the caller may see, and the site, in order.
        var tree: [(path: GroupPath, nodeCount: Int)]
        /// Nodes in each of them and below whose boots failed, and those whose boots got stuck; nothing is known of the past.
        var failed: [GroupPath: Int] = [:]
        var stuck: [GroupPath: Int] = [:]
        var nodeCount: Int
        var mayConfigure: Bool
        /// Its own settings, without secrets, and the effective ones; nil for callers who may not read them.
        var settings: (own: [String: SettingValue], effective: EffectiveSettings)?
    }

    private func failedNodes(in snapshot: FleetSnapshot) -> (
        failed: [GroupPath: Int], stuck: [GroupPath: Int]
    ) {
        let (usual, now) = (fleet.stageTimes(), Clock.millisecond)
        var (failed, stuck): (Set<NodeName>, Set<NodeName>) = ([], [])
        for boot in fleet.boots.values {
            guard let node = snapshot.node(at: boot.macAddress)?.name else { continue }
            // Whether others are heard does not matter for these two states.
            switch MachineState(boot, heard: HeardMachines(), now: now, usual: usual) {
            case .failed: failed.insert(node)
            case .stuck: stuck.insert(node)
            default: break
            }
        }
        func counts(_ nodes: Set<NodeName>) -> [GroupPath: Int] {
            var counts: [GroupPath: Int] = [:]
            for group in nodes.compactMap({ snapshot.nodes[$0]?.group }) where caller.sees(group) {
                for ancestor in group.lineage { counts[ancestor, default: 0] += 1 }
            }
            return counts
        }
        return (counts(failed), counts(stuck.subtracting(failed)))
    }

    /// - Parameter isTree: the site's own entry is shown, without its settings, to all callers with access to a part of it.
    func group(_ path: GroupPath, isTree: Bool) async throws -> GroupDetails {
        try require(.read)
        // Before anything else: the error must not reveal which groups exist.
        if !isTree || path != .site { try require(.read, in: path) }
        let snapshot = try await configuration()
        guard path == .site || snapshot.groups[path] != nil else {
            throw StoreError.notFound(snapshot.contents.missing(.group(path)) { caller.sees($0) })
        }
        var own: [GroupPath: Int] = [:]
        for node in snapshot.nodes.values { own[node.group, default: 0] += 1 }
        var counts: [GroupPath: Int] = [:]
        for (group, count) in own {
            for ancestor in group.lineage { counts[ancestor, default: 0] += count }
        }
        let paths = Set(snapshot.groups.keys).union([.site]).filter { caller.sees($0) || $0 == .site }
        let trouble = isTree && at == nil ? failedNodes(in: snapshot) : (failed: [:], stuck: [:])
        return GroupDetails(
            path: path, tree: paths.inNaturalOrder().map { ($0, counts[$0] ?? 0) },
            failed: trouble.failed, stuck: trouble.stuck,
            nodeCount: counts[path] ?? 0,
            mayConfigure: may(.configure, in: path) && at == nil,
            settings: may(.read, in: path)
                ? (
                    RecordSettings.redacted(snapshot.groups[path]?.settings ?? [:]),
                    snapshot.settings(of: path)
                ) : nil)
    }
}

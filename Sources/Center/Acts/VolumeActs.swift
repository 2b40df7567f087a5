import API
import Fleet

/// The nodes' disks: usage, reset, snapshots.
extension Acts {
    /// Ordered by node name, without snapshots.
    func volumes() async throws -> [VolumeAnswer] {
        try require(.read)
        let snapshot = fleet.snapshot
        let open = await services.volumes.open()
        var answers: [VolumeAnswer] = []
        for volume in snapshot.volumes.values.sorted(by: { $0.node < $1.node })
        where caller.sees(place(of: volume.node, in: snapshot)) {
            answers.append(try await services.volumes.answer(volume, open: open, hasSnapshots: false))
        }
        return answers
    }

    /// The same, with the snapshots of volumes that the caller may change; nil for others.
    func volumesWithSnapshots() async throws -> [(volume: VolumeAnswer, snapshots: [SnapshotAnswer]?)] {
        var all: [(VolumeAnswer, [SnapshotAnswer]?)] = []
        for volume in try await volumes() {
            let mayChange = may(.configure, in: place(of: volume.node, in: fleet.snapshot))
            all.append((volume, mayChange ? try await self.volume(of: volume.node).snapshots ?? [] : nil))
        }
        return all
    }

    func volume(of name: NodeName) async throws -> VolumeAnswer {
        try require(.read)
        let snapshot = fleet.snapshot
        guard let volume = snapshot.volume(of: name), caller.sees(place(of: name, in: snapshot)) else {
            throw StoreError.notFound("node \(name) has no volume")
        }
        return try await services.volumes.answer(volume, open: services.volumes.open(), hasSnapshots: true)
    }

    func resetVolume(of name: NodeName, keepingSnapshots hasSnapshots: Bool) async throws {
        try requireVolume(of: name)
        try await services.volumes.reset(name, keepingSnapshots: hasSnapshots, by: caller.name)
    }

    func removeVolume(of name: NodeName) async throws {
        try requireVolume(of: name)
        try await services.volumes.remove(name, by: caller.name)
    }

    func takeSnapshot(of name: NodeName, named copy: String) async throws {
        try requireVolume(of: name)
        try await services.volumes.takeSnapshot(of: name, named: copy)
    }

    func restore(_ copy: String, to name: NodeName) async throws {
        try requireVolume(of: name)
        try await services.volumes.restore(copy, to: name, by: caller.name)
    }

    func removeSnapshot(of name: NodeName, named copy: String) async throws {
        try requireVolume(of: name)
        try await services.volumes.removeSnapshot(of: name, named: copy)
    }

    private func requireVolume(of name: NodeName) throws {
        guard may(.configure, in: place(of: name, in: fleet.snapshot)) else {
            return try caller.requireNames(.configure, "volume of node", name.text)
        }
    }

    /// Volumes of removed nodes belong to the whole site.
    private func place(of name: NodeName, in snapshot: FleetSnapshot) -> GroupPath {
        snapshot.nodes[name]?.group ?? .site
    }
}

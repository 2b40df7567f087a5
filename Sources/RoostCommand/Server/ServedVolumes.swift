import API
import Center
import Fleet
import Images
import Wire

/// The files of volumes: disks in the server's own directory, trees through the privileged worker.
struct ServedVolumes: VolumeFiles {
    let disks: VolumeStore
    /// Nil: there are no trees.
    let nfs: NFSWorkerConnection?
    let policy: CurrentPolicy

    private func order(_ order: NFSOrder) throws {
        guard let nfs else { throw StoreError.conflict("the server's role nfs is off") }
        try nfs.order(order)
    }

    func make(_ volume: Volume) throws {
        volume.kind == .disk ? try disks.make(volume) : try order(.make(volume))
    }

    func export(_ volumes: [Volume]) throws {
        guard nfs != nil else { return }
        let clients = volumes.compactMap { volume in volume.client.map { (volume.place, $0) } }
        try order(
            .export(
                networks: policy.value.networks.subnets.map(\.network),
                clients: Dictionary(clients) { first, _ in first }))
    }

    func grow(_ volume: Volume) throws { try disks.grow(volume) }

    func removeOthers(than volume: Volume) throws {
        volume.kind == .disk ? try disks.removeOthers(than: volume) : try order(.removeOthers(volume))
    }

    func remove(_ volume: Volume) throws {
        volume.kind == .disk ? try disks.remove(volume.place) : try order(.remove(volume.place))
    }

    func usedByteCount(of volume: Volume) -> Int? { disks.usedByteCount(volume) }

    func snapshots(of place: NodeName) throws -> [SnapshotAnswer] {
        try disks.snapshots(of: place).map {
            SnapshotAnswer(name: $0.name, takenAt: $0.takenAt, usedByteCount: $0.usedByteCount)
        }
    }

    func takeSnapshot(of volume: Volume, _ name: String) throws {
        try disks.takeSnapshot(of: volume, name)
    }

    func restore(_ snapshot: String, as volume: Volume) throws -> Volume {
        try disks.restore(snapshot, as: volume)
    }

    func removeSnapshot(of place: NodeName, _ name: String) throws {
        try disks.removeSnapshot(of: place, name)
    }
}

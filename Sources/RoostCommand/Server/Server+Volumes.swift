import API
import Center
import Fleet
import Foundation
import Glibc
import HTTPClient
import Images
import Logging
import Sealing
import StoreSQLite
import Wire

extension Server {
    /// Deletes files that a server before this one would have deleted, had it not been ended in between.
    static func clearLeftovers(
        of snapshot: FleetSnapshot, removed: [ImageName: Swift.Set<Digest>], _ images: ImageStore,
        _ volumes: VolumeStore
    ) {
        do {
            try images.remove(removed)
            for volume in snapshot.contents.volumes.values where volume.kind == .disk {
                try volumes.removeLeftovers(of: volume)
            }
        } catch {
            ServerLog.logger.warning("files that nothing needs are left: \(ErrorText.of(error))")
        }
    }

    static func makeNFS(_ settings: ServerSettings) throws -> NFSWorkerConnection? {
        guard settings.roles.contains(.nfs) else { return nil }
        guard let server = settings.nfs.server ?? .installed else {
            throw InvalidSetting(
                "role nfs: there is no NFS server (apt install nfs-kernel-server, or nfs-ganesha-vfs)")
        }
        guard geteuid() == 0 else {
            throw InvalidSetting("role nfs: only root can make the nodes' trees and say what is exported")
        }
        // The path is a word of the nodes' kernels and of the server's configuration.
        guard
            settings.stateDirectory.utf8.allSatisfy({
                $0 > 0x20 && $0 < 0x7F && ![0x22, 0x2C, 0x3A].contains($0)
            })
        else {
            throw InvalidSetting(
                "role nfs: state-directory ‘\(settings.stateDirectory)’ may have no spaces, quotes, commas or colons"
            )
        }
        return try NFSWorkerConnection(settings, server)
    }

    static func makeVolumes(
        _ settings: ServerSettings, nfs: NFSWorkerConnection?, policy: CurrentPolicy, fleet: LiveFleet,
        planes: DataPlanes, secrets: NodeSecrets
    ) -> Volumes {
        let store = VolumeStore(directory: settings.volumeDirectory, secrets: secrets)
        let trees: @Sendable (NFSOrder) throws -> Void = { order in
            guard let nfs else { throw StoreError.conflict("the server's role nfs is off") }
            try nfs.order(order)
        }
        let files = VolumeFiles(
            make: { $0.kind == .disk ? try store.make($0) : try trees(.make($0)) },
            export: { volumes in
                guard nfs != nil else { return }
                let clients = volumes.compactMap { volume in volume.client.map { (volume.node, $0) } }
                try trees(
                    .export(
                        networks: policy.value.networks.subnets.map(\.network),
                        clients: Dictionary(clients) { first, _ in first }))
            }, grow: { try store.grow($0) },
            removeOthers: {
                $0.kind == .disk ? try store.removeOthers(than: $0) : try trees(.removeOthers($0))
            },
            remove: { $0.kind == .disk ? try store.remove($0.node) : try trees(.remove($0.node)) },
            usedByteCount: { store.usedByteCount($0) },
            snapshots: { node in
                try store.snapshots(of: node).map {
                    SnapshotAnswer(name: $0.name, takenAt: $0.takenAt, usedByteCount: $0.usedByteCount)
                }
            },
            takeSnapshot: { try store.takeSnapshot(of: $0, $1) }, restore: { try store.restore($0, as: $1) },
            removeSnapshot: { try store.removeSnapshot(of: $0, $1) })
        return Volumes(
            fleet: fleet, files: files, openVolumes: { await planes.openVolumes() },
            logger: ServerLog.logger)
    }
}

import API
import Center
import Fleet
import Foundation
import Glibc
import Images
import Logging
import NetworkErrors
import Sealing
import StoreSQLite
import Wire

extension Server {
    /// Deletes files that an earlier server would have deleted, had it not been interrupted.
    static func clearLeftovers(
        of snapshot: FleetSnapshot, removed: [ImageName: Swift.Set<Digest>], _ images: ImageStore,
        _ volumes: VolumeStore
    ) {
        do {
            try images.remove(removed)
            for volume in snapshot.volumes.values where volume.kind == .disk {
                try volumes.removeLeftovers(of: volume)
            }
        } catch {
            ServerLog.logger.warning(
                "cannot remove files that are no longer needed: \(ErrorText.of(error))")
        }
    }

    static func makeNFS(_ settings: ServerSettings) throws -> NFSWorkerConnection? {
        guard settings.roles.contains(.nfs) else { return nil }
        return try NFSWorkerConnection(settings, try nfsServer(settings))
    }

    /// The NFS server that exports the trees; throws where it cannot.
    ///
    /// - Parameter installed: the one that this host has.
    static func nfsServer(
        _ settings: ServerSettings, installed: NFSServer? = .installed, isRoot: Bool = geteuid() == 0
    ) throws -> NFSServer {
        guard let server = settings.nfs.server ?? installed else {
            throw InvalidSetting(
                "role nfs: there is no NFS server (apt install nfs-kernel-server, or nfs-ganesha-vfs)")
        }
        guard isRoot else {
            throw InvalidSetting("role nfs: only root can create the nodes' trees and export them")
        }
        // The path becomes a word of the nodes' kernels and of the server's configuration.
        guard
            settings.stateDirectory.utf8.allSatisfy({
                $0 > 0x20 && $0 < 0x7F && ![0x22, 0x2C, 0x3A].contains($0)
            })
        else {
            throw InvalidSetting(
                "role nfs: state-directory ‘\(settings.stateDirectory)’ must not contain spaces, quotes, commas or colons"
            )
        }
        return server
    }
}

package import Fleet
import Glibc
import Linux
import Synchronization
import Wire

/// The connections to volumes; their threads and the loop share it.
final class NBDVolumeSessions: Sendable {
    private let sessions = Mutex<[NBDVolumeSession]>([])

    func add(_ session: NBDVolumeSession) { sessions.withLock { $0.append(session) } }

    func remove(_ session: NBDVolumeSession) { sessions.withLock { $0.removeAll { $0 === session } } }

    /// Ends what other boots of the node have open.
    ///
    /// - Returns: whether there was any; it is gone soon.
    func endOthers(of node: NodeName, than boot: String) -> Bool {
        sessions.withLock { sessions in
            let others = sessions.filter { $0.volume.node == node && $0.boot != boot }
            for other in others { other.end() }
            return !others.isEmpty
        }
    }

    /// How many each node has.
    var counts: [NodeName: Int] {
        sessions.withLock { $0.reduce(into: [:]) { $0[$1.volume.node, default: 0] += 1 } }
    }
}

extension NBDService {
    /// Connections of one node to its volume: twice what the setting `nbd-connections` allows.
    private static let volumeConnectionLimit = 32

    /// The volume's export for the machine that it belongs to, inside its own boot; nil for everybody else.
    func export(of name: VolumeExportName, named text: String, for peer: IPv4Address?) -> NBDExport? {
        guard let volume = context.volume(name, for: peer) else {
            log("nbd: \(peer.map(\.description) ?? "somebody") may not open the volume of \(name.node)")
            return nil
        }
        // Whoever held it before is gone: the machine has started again. Its last words must be written first.
        guard !volumeSessions.endOthers(of: name.node, than: name.boot) else { return nil }
        guard volumeSessions.counts[name.node] ?? 0 < Self.volumeConnectionLimit else { return nil }
        return NBDExport(
            name: text, byteCount: UInt64(volume.byteCount),
            flags: [
                .hasFlags, .sendFlush, .sendForceUnitAccess, .sendTrim, .sendWriteZeroes, .canMultiConnect,
            ],
            description: "volume of \(name.node)")
    }

    func startVolume(
        _ name: VolumeExportName, socket: consuming FileDescriptor, leftover: [UInt8],
        usesStructuredReplies: Bool
    ) {
        do {
            guard let volume = context.snapshot.contents.volumes[name.node] else { return }
            let path = "\(context.settings.volumeDirectory)/\(volume.path)"
            let session = NBDVolumeSession(
                volume, boot: name.boot, socket: socket,
                file: try FileDescriptor(opening: path, flags: O_RDWR),
                usesStructuredReplies: usesStructuredReplies)
            volumeSessions.add(session)
            let (sessions, log) = (volumeSessions, log)
            try NamedThread.start("roost-volume") {
                do throws(SystemError) {
                    try session.run(leftover)
                } catch {
                    if error.number != ECONNRESET { log("nbd: volume of \(session.volume.node): \(error)") }
                }
                sessions.remove(session)
            }
        } catch {
            log("nbd: volume of \(name.node): \(error)")
        }
    }

    /// The nodes whose volumes are open, and how many connections each has.
    package var openVolumes: [NodeName: Int] { volumeSessions.counts }
}

package import Fleet
import Glibc
import Linux
import Synchronization
import Wire

/// What a node may write to: its volume or its swap.
struct NodeDisk: Sendable {
    var name: VolumeExportName
    /// The file.
    var path: String
    var byteCount: Int

    /// The open file. Swap is created anew for each boot, and that of earlier boots is deleted.
    func open() throws(SystemError) -> FileDescriptor {
        guard name.kind == .swap else { return try FileDescriptor(opening: path, flags: O_RDWR) }
        let directory = String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex))
        _ = unsafe mkdir(directory, 0o755)
        let file = try FileDescriptor(opening: path, flags: O_RDWR | O_CREAT)
        guard ftruncate(file.number, off_t(byteCount)) == 0 else {
            throw SystemError("create the swap of \(name.node)")
        }
        let own = path.suffix(from: path.index(path.startIndex, offsetBy: directory.count + 1))
        for other in DirectoryListing.names(in: directory) where other.hasSuffix(".swap") && other != own {
            unsafe unlink("\(directory)/\(other)")
        }
        return file
    }
}

/// The connections to volumes; their threads and the loop share it.
final class NBDVolumeSessions: Sendable {
    private let sessions = Mutex<[NBDVolumeSession]>([])
    /// Slots of ended sessions, for the loop to release.
    private let ended = Mutex<[PeerLimits.Place]>([])

    func add(_ session: NBDVolumeSession) { sessions.withLock { $0.append(session) } }

    func remove(_ session: NBDVolumeSession, places: [PeerLimits.Place]) {
        sessions.withLock { $0.removeAll { $0 === session } }
        giveBack(places)
    }

    func giveBack(_ places: [PeerLimits.Place]) { ended.withLock { $0 += places } }

    func takeEnded() -> [PeerLimits.Place] {
        ended.withLock { places in
            defer { places = [] }
            return places
        }
    }

    /// Ends the connections of the node's other boots.
    ///
    /// - Returns: whether there were any; they end soon.
    func endOthers(than name: VolumeExportName) -> Bool {
        sessions.withLock { sessions in
            let others = sessions.filter { $0.disk.name.node == name.node && $0.disk.name.boot != name.boot }
            for other in others { other.end() }
            return !others.isEmpty
        }
    }

    /// The number of connections per node.
    func counts(_ kind: VolumeExportName.Kind) -> [NodeName: Int] {
        sessions.withLock { sessions in
            sessions.reduce(into: [:]) { counts, session in
                if session.disk.name.kind == kind { counts[session.disk.name.node, default: 0] += 1 }
            }
        }
    }
}

extension NBDService {
    /// Connections of one node to its volume: twice what the setting `nbd-connections` allows.
    private static let volumeConnectionLimit = 32

    /// The volume's export for the machine that owns it, during its own boot; nil for all others.
    func export(
        of name: VolumeExportName, named text: String, for peer: IPv4Address, on interface: UInt32?
    ) -> NBDExport? {
        guard let disk = context.disk(name, for: peer, on: interface) else {
            say(peer, "\(peer) may not open the \(name.kind) of \(name.node)")
            return nil
        }
        // The previous holder is gone: the machine restarted. Its last writes must be written first.
        guard !volumeSessions.endOthers(than: name) else { return nil }
        guard volumeSessions.counts(name.kind)[name.node] ?? 0 < Self.volumeConnectionLimit else {
            return nil
        }
        return NBDExport(
            name: text, byteCount: UInt64(clamping: disk.byteCount),
            flags: .disk,
            description: "\(name.kind) of \(name.node)")
    }

    func startVolume(
        _ volume: NBDExportView.OpenVolume, for peer: IPv4Address, socket: consuming FileDescriptor,
        leftover: [UInt8], usesStructuredReplies: Bool, places: [PeerLimits.Place]
    ) {
        let name = volume.disk.name
        do {
            guard let file = volume.takeFile() else { return volumeSessions.giveBack(places) }
            let session = NBDVolumeSession(
                volume.disk, socket: socket, file: file, usesStructuredReplies: usesStructuredReplies)
            volumeSessions.add(session)
            let (sessions, log) = (volumeSessions, log)
            do throws(SystemError) {
                try NamedThread.start("roost-volume") {
                    do throws(SystemError) {
                        try session.run(leftover)
                    } catch {
                        if error.number != ECONNRESET { log("nbd: \(name.kind) of \(name.node): \(error)") }
                    }
                    sessions.remove(session, places: places)
                }
            } catch {
                sessions.remove(session, places: [])
                throw error
            }
        } catch {
            volumeSessions.giveBack(places)
            // A node whose volume is missing asks again and again.
            context.limits.say(.nbd, .address(peer), "\(name.kind) of \(name.node): \(error)")
        }
    }

    /// The nodes whose volumes are open, and the number of their connections.
    package var openVolumes: [NodeName: Int] { volumeSessions.counts(.volume) }
}

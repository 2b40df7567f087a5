package import Fleet
import Glibc
package import Linux
package import Wire

/// The NBD server: accepts connections and gives each its version's file.
package final class NBDService {
    private var acceptor: Acceptor?
    unowned let loop: EventLoop
    let context: BootContext
    let log: @Sendable (String) -> Void
    /// Reused by every connection: nothing in it outlives one call.
    let input = NBDInput()
    /// Reused as well.
    let replies = NBDReplies()
    /// Replies to lone requests: they are sent when all requests of a batch of events have been read. Clients then wake after the reading
    /// instead of in the middle of it, which saves a context switch for most requests (measured: `Benchmarks/README.md`).
    let postponed = NBDPostponedReplies()
    /// Nil: uses `sendfile`.
    var pipe = try? MappedPipe()
    private var connections: [Int32: NBDConnection] = [:]
    /// Connections with a deadline: they have not chosen an export yet, or are ending.
    private var passing: Set<Int32> = []
    /// Connections to volumes, each with a thread of its own.
    let volumeSessions = NBDVolumeSessions()

    package init(
        listener: consuming FileDescriptor, loop: EventLoop, context: BootContext,
        log: @escaping @Sendable (String) -> Void
    ) throws(SystemError) {
        self.loop = loop
        self.context = context
        self.log = log
        loop.afterEvents { [unowned self] in postponed.send() }
        loop.every(milliseconds: 1_000) { [unowned self] in
            releaseVolumes()
            closeSilent()
        }
        acceptor = try Acceptor(listener, loop: loop, log: { log("nbd: \($0)") }) { [unowned self] in
            take($0)
        }
    }

    /// Serves a client that connected.
    ///
    /// - Returns: nil when its peer has too many connections.
    @discardableResult
    package func take(_ socket: consuming FileDescriptor) -> (any EventHandler)? {
        let (peer, interface) = (Socket.peer(socket) ?? .any, Socket.interface(socket))
        releaseVolumes()
        guard let place = takePlace(for: peer, on: interface) else { return nil }
        let number = socket.number
        let connection = NBDConnection(
            socket: socket, peer: peer, interface: interface, place: place, service: self, loop: loop)
        connections[number] = connection
        passing.insert(number)
        connection.start()
        return connection
    }

    /// A slot for a connection, or for the file of one to a volume.
    func takePlace(for peer: IPv4Address, on interface: UInt32?) -> PeerLimits.Place? {
        context.limits.takeConnection(
            .nbd, for: peer, isStranger: context.machine(at: peer, on: interface) == nil)
    }

    /// Slots of connections to volumes whose threads have ended.
    private func releaseVolumes() {
        for place in volumeSessions.takeEnded() { context.limits.release(place) }
    }

    /// Ends connections that were opened but stay silent, and those that do not end by themselves.
    private func closeSilent() {
        let now = EventLoop.now()
        for number in passing {
            guard let connection = connections[number], connection.deadline < now else { continue }
            if !connection.isEnding {
                let limit = context.limits.maxima.nbdHandshake
                context.limits.refuse(
                    PeerLimit(.nbd, .silentConnections, most: limit / 1_000), .address(connection.peer))
            }
            connection.close(nil)
        }
    }

    /// Called when a connection has its export.
    func chosen(_ number: Int32) { passing.remove(number) }

    /// Called when a connection waits for its client to end.
    func ending(_ number: Int32) { passing.insert(number) }

    /// - Parameter keepsPlace: whether its slot now belongs to a volume.
    func ended(_ number: Int32, keepsPlace: Bool) {
        passing.remove(number)
        guard let connection = connections.removeValue(forKey: number), !keepsPlace else { return }
        context.limits.release(connection.place)
    }

    /// Logs a line caused by a client.
    func say(_ peer: IPv4Address, _ line: @autoclosure () -> String) {
        context.limits.say(.nbd, .address(peer), line())
    }

    /// Digests with open connections, and the number of connections to each.
    package var openVersions: [Digest: Int] {
        var counts: [Digest: Int] = [:]
        for connection in connections.values {
            if let digest = connection.digest { counts[digest, default: 0] += 1 }
        }
        return counts
    }

    /// Activity of each client with an open export.
    package var activity: [IPv4Address: RootActivity] {
        var activity: [IPv4Address: RootActivity] = [:]
        let now = EventLoop.now()
        for connection in connections.values where connection.digest != nil {
            let peer = connection.peer
            let idle = now - connection.lastReadAt
            var one = activity[peer] ?? RootActivity(connections: 0, idleMilliseconds: idle)
            one.connections += 1
            one.idleMilliseconds = min(one.idleMilliseconds, idle)
            activity[peer] = one
        }
        return activity
    }

    /// The version that a name means now. The connection keeps it, whatever the name means later.
    func version(named name: String) -> ImageVersion? {
        if name.isEmpty {
            guard let only = context.snapshot.images.values.first, context.snapshot.images.count == 1 else {
                return nil
            }
            return only.version(.channel(.stable)).flatMap { $0.isTrusted ? $0 : nil }
        }
        let version = ImageReference(name).flatMap { context.snapshot.version($0) }
        return version?.isTrusted == true ? version : nil
    }

    func open(_ version: ImageVersion) throws(SystemError) -> ServedFile {
        try context.open(context.path(of: version, "root.squashfs"))
    }
}

extension NBDExportFlags {
    /// Flags of images, which are read-only.
    static let image: Self = [
        .hasFlags, .readOnly, .sendFlush, .sendDontFragment, .canMultiConnect, .sendCache,
    ]
    /// Flags of a node's own disk.
    static let disk: Self = [
        .hasFlags, .sendFlush, .sendForceUnitAccess, .sendTrim, .sendWriteZeroes, .canMultiConnect,
    ]
}

extension NBDService {
    func export(of version: ImageVersion, named name: String) -> NBDExport? {
        guard let file = version.manifest.file("root.squashfs") else { return nil }
        return NBDExport(
            name: name, byteCount: UInt64(clamping: file.byteCount),
            flags: .image,
            description: "\(version.image)@\(version.number) \(version.digest.short)")
    }

    var exportNames: [String] {
        context.snapshot.images.values.sorted { $0.name < $1.name }.flatMap { image in
            image.channels.keys.map { "\(image.name)@\($0)" }.sorted()
                + image.versions.map { "\(image.name)@\($0.number)" }
        }
    }
}

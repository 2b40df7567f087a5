import Fleet
import Foundation
import Glibc
import Linux
import Sealing
import Services
import Wire

/// The services' environment, without a network: a configuration with nodes, an image, a volume and swap, and their files.
final class Ground {
    static let node = MACAddress(rawValue: 0x5254_0000_0001)
    static let waiting = MACAddress(rawValue: 0x5254_0000_0002)
    static let server = IPv4Address(rawValue: 0x0A4D_0001)
    static let digest = String(repeating: "a", count: 64)
    static let archive = String(repeating: "f", count: 64)
    /// Bytes of the root and of the volume.
    static let byteCount = 1 << 20

    /// In memory, where possible.
    private static let base = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : "/tmp"

    let directory: String
    let loop: EventLoop
    let context: BootContext
    /// The machine at the other end of the next connection.
    private(set) var machine: MACAddress? = Ground.node
    private let snapshot: FleetSnapshot

    init() throws {
        directory = "\(Self.base)/roost-fuzz-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        loop = try EventLoop()
        snapshot = try Self.snapshot()
        try Self.lay(in: directory)
        let policy = BootPolicy(
            server: Self.server, loaders: ["undionly.kpxe", "ipxe.efi"],
            nodeArchives: ["amd64": try Self.nodeArchive()],
            centerURL: "https://roost", netconsolePort: 6_666)
        context = try BootContext(
            loop: loop,
            settings: BootContext.Settings(
                policy: policy, imageStore: "\(directory)/images", volumeDirectory: "\(directory)/volumes",
                nodeArchiveDirectory: "\(directory)/node",
                loaders: ["undionly.kpxe": "\(directory)/loader", "ipxe.efi": "\(directory)/loader"],
                key: ServerKey(), secrets: NodeSecrets()),
            snapshot: snapshot, tracker: BootTracker(), send: { _ in })
        // The limits per peer are not the subject here.
        let much = PeerRates(perSecond: 1 << 30, burst: 1 << 30)
        context.limits.maxima.httpRequests = much
        context.limits.maxima.tftpRequests = much
        context.limits.maxima.dhcpMessages = much
        context.limits.maxima.dhcpStrangerMessages = much
        context.limits.maxima.dhcpStrangersMessages = much
        context.limits.maxima.logMessages = much
        context.limits.maxima.logBytes = much
        context.limits.maxima.reports = much
        context.limits.maxima.logIns = much
        context.center = .open { [unowned context] question in
            context.take(
                LogInAnswer(id: question.request.id, outcome: .refused(question.request.user)),
                for: question.machine)
        }
        context.addresses = OneHolder(ground: self)
    }

    /// Every address is the machine's that speaks.
    private struct OneHolder: AddressBook {
        unowned let ground: Ground

        func holder(of address: IPv4Address) -> (MACAddress, ClientAddress)? {
            guard let machine = ground.machine, let network = IPv4Network("10.77.0.0/24") else { return nil }
            return (machine, ClientAddress(address: address, network: network, leaseSeconds: .max))
        }
        func givesAddresses(like address: IPv4Address) -> Bool { false }
        func interface(serving address: IPv4Address) -> String? { nil }
        func move(with jump: ClockJump) {}
    }

    /// Removes all files; the program ends without asking each ground for its own.
    static func clearAway() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []
        where name.hasPrefix("roost-fuzz-\(getpid())-") {
            try? FileManager.default.removeItem(atPath: "\(base)/\(name)")
        }
    }

    /// Forgets everything, so that a session can be repeated.
    func clear() {
        context.tracker = BootTracker()
        context.swap(snapshot)
    }

    /// The other end is a machine, in a boot at some stage.
    func enter(_ noise: inout Noise) {
        machine = noise.one(of: [Self.node, Self.node, Self.node, Self.waiting, nil])
        guard let machine, !noise.once(in: 8) else { return }
        context.note(.dhcp, of: machine, detail: noise.text())
        if noise.once(in: 2) { context.note(.script, of: machine, detail: "") }
    }

    /// The boot of the machine at the other end; mostly the right one.
    func boot(_ noise: inout Noise) -> String {
        noise.once(in: 6)
            ? noise.text() : machine.flatMap { context.tracker.currentBoot(of: $0) } ?? "0123456789abcdef"
    }

    // MARK: What there is

    private static func nodeArchive() throws -> NodeArchive {
        guard let digest = Digest(archive) else { throw CocoaError(.coderInvalidValue) }
        return NodeArchive(digest: digest, byteCount: 1)
    }

    private static func snapshot() throws -> FleetSnapshot {
        guard let digest = Digest(digest) else { throw CocoaError(.coderInvalidValue) }
        let (image, name, stable) = (try ImageName("debian"), try NodeName("pc-1"), ChannelName.stable)
        let manifest = ImageManifest(
            image: image, architecture: "amd64", kernelRelease: "6.1", system: "Debian",
            files: ["kernel", "modules.cpio", "root.squashfs"].map {
                .init(name: $0, byteCount: byteCount, sha256: digest)
            }, packages: [], origin: "fuzz")
        let version = ImageVersion(
            image: image, number: 1, digest: digest, publishedAt: 0, manifest: manifest)
        var contents = FleetSnapshot.Contents()
        contents.images[image] = ImageCatalogue(name: image, versions: [version], channels: [stable: 1])
        contents.groups[.site] = NodeGroup(
            path: .site,
            settings: [
                "enrolment": .text("quarantine"), "registration-pin": .text("1234"),
                "swap": .list(["server:64M"]),
            ])
        contents.nodes[name] = Node(
            name: name, macAddresses: [node],
            settings: ["persistent-directories": .list(["/var"]), "volume-size": .text("64M")])
        contents.volumes[name] = Volume(
            node: name, image: image, version: 1, digest: digest, byteCount: byteCount, createdAt: 0,
            generation: 1)
        return FleetSnapshot(revision: 1, contents: contents)
    }

    private static func lay(in directory: String) throws {
        let files = [
            "images/debian/\(digest)/kernel", "images/debian/\(digest)/modules.cpio",
            "images/debian/\(digest)/root.squashfs", "volumes/pc-1/1.ext4", "node/\(archive).cpio", "loader",
        ]
        for file in files {
            let url = URL(fileURLWithPath: "\(directory)/\(file)")
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(repeating: 0x0A, count: file == "loader" ? 20_000 : byteCount).write(to: url)
        }
    }
}

/// A client's end of a connection to a service, in one process and without a network.
final class ClientEnd {
    private let client: FileDescriptor
    private var handler: (any EventHandler)?
    /// Bytes received, which are not examined.
    private var scratch = [UInt8](repeating: 0, count: 1 << 16)

    /// - Parameter serve: takes the other end.
    init(_ serve: (consuming FileDescriptor) -> (any EventHandler)?) throws {
        let ends = try Self.pair(SOCK_STREAM)
        client = FileDescriptor(owning: ends.0)
        handler = serve(FileDescriptor(owning: ends.1))
    }

    /// Two sockets that reach each other and nothing else.
    static func pair(_ type: __socket_type) throws -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(type.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw SystemError("make a pair of sockets")
        }
        return (ends[0], ends[1])
    }

    /// Sends `bytes` and has them handled, piece by piece when the socket is full.
    func say(_ bytes: [UInt8]) {
        var start = 0
        var rounds = 0
        repeat {
            rounds += 1
            let sent = unsafe bytes.withUnsafeBytes { buffer in
                unsafe send(
                    client.number, buffer.baseAddress.map { unsafe $0 + start }, buffer.count - start,
                    Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
            }
            if sent < 0, errno != EAGAIN { return }
            start += max(0, sent)
            handler?.ready(.readable)
            hear()
        } while start < bytes.count && rounds < 1_000
    }

    /// Reads what was received, and lets the service send the rest of it.
    ///
    /// - Returns: whether the other end has ended.
    @discardableResult
    private func hear() -> Bool {
        while true {
            let count = unsafe recv(client.number, &scratch, scratch.count, Int32(MSG_DONTWAIT))
            guard count > 0 else { return count == 0 }
            if count == scratch.count || count > 4_096 { handler?.ready(.writable) }
        }
    }

    /// Ends our side, and waits until the other end has closed: a service may have given it to a thread.
    func end() {
        _ = shutdown(client.number, Int32(SHUT_WR))
        // As much as a socket holds is read in pieces.
        for _ in 0..<40 {
            handler?.ready([.readable, .failed])
            if hear() { break }
            handler?.ready(.writable)
        }
        handler?.ready(.readable)
        // The service has the connection, or it is closed.
        weak let rest = handler
        handler = nil
        var waiting = pollfd(fd: client.number, events: Int16(POLLIN), revents: 0)
        for _ in 0..<1_000 {
            guard unsafe poll(&waiting, 1, 5_000) == 1 else {
                preconditionFailure("a connection is not closed")
            }
            if unsafe recv(client.number, &scratch, scratch.count, Int32(MSG_DONTWAIT)) <= 0 { return }
            rest?.ready(.writable)
        }
        preconditionFailure("a connection has no end")
    }
}

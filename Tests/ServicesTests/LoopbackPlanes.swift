import Fleet
import Foundation
import Glibc
import Linux
import Sealing
import Synchronization
import Testing
import Wire

@testable import Services

/// The real services on a real loop and its own thread. Each address of 127.0.0.0/8 is a peer.
final class LoopbackPlanes: Sendable {
    struct Ports { var (nbd, http, tftp): (UInt16, UInt16, UInt16) = (0, 0, 0) }

    /// The log lines; the loop's thread adds to them.
    final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        func add(_ line: String) { lines.withLock { $0.append(line) } }
        var all: [String] { lines.withLock { $0 } }
        func has(_ text: String) -> Bool { all.contains { $0.contains(text) } }
    }

    /// Only the loop's thread opens it.
    private final class Home: @unchecked Sendable {
        // Sendable: only the loop's thread reads and writes it.
        var services: [AnyObject] = []
    }

    private final class Found: Sendable {
        let ports = Mutex(Ports())
    }

    /// Digest of the only image, `debian`.
    static let digest = String(repeating: "a", count: 64)

    let lines = Lines()
    let ports: Ports
    private let mailbox: EventLoop.Mailbox
    private let directory: String

    /// - Parameters:
    ///   - transfers: limit of TFTP transfers for all peers together.
    ///   - files: served over TFTP and HTTP, in addition to `hosts`.
    ///   - image: the root of `debian`; nil: there is no image.
    init(
        allowances: PeerAllowances = PeerAllowances(), transfers: Int = 4_096, files: [String: [UInt8]] = [:],
        image: [UInt8]? = nil, tftp tftpSettings: TFTPService.Settings = TFTPService.Settings(),
        _ adjust: @escaping @Sendable (inout PeerLimits.Maxima) -> Void = { _ in }
    ) throws {
        let (lines, home, found) = (lines, Home(), Found())
        let directory = NSTemporaryDirectory() + "roost-planes-\(UUID().uuidString)"
        self.directory = directory
        let loaders = try Self.lay(files, in: directory)
        let snapshot = try Self.snapshot(image, in: directory)
        mailbox = try EventLoop.start(name: "test-loop") { loop in
            var maxima = PeerLimits.Maxima()
            adjust(&maxima)
            var budget = DescriptorBudget(limit: 65_536)
            budget.tftp = transfers
            let limits = PeerLimits(maxima: maxima, allowances: allowances, budget: budget) { lines.add($0) }
            let context = try BootContext(
                loop: loop,
                settings: BootContext.Settings(
                    policy: BootPolicy(server: .loopback, loaders: [], nodeArchives: [:]),
                    imageStore: directory, volumeDirectory: "", nodeArchiveDirectory: "", loaders: loaders,
                    key: ServerKey(), secrets: NodeSecrets()),
                snapshot: snapshot, tracker: BootTracker(), limits: limits, send: { _ in })
            var ports = Ports()
            let nbd = try Socket.listening(.any, port: 0)
            ports.nbd = try Socket.localPort(nbd)
            let http = try Socket.listening(.any, port: 0)
            ports.http = try Socket.localPort(http)
            let tftp = try Socket.datagram(.any, port: 0)
            ports.tftp = try Socket.localPort(tftp)
            home.services = [
                try NBDService(listener: nbd, loop: loop, context: context) { lines.add($0) },
                try HTTPService(listener: http, loop: loop, context: context) { lines.add($0) },
                try TFTPService(socket: tftp, loop: loop, context: context, settings: tftpSettings),
            ]
            found.ports.withLock { $0 = ports }
        }
        ports = found.ports.withLock { $0 }
    }

    deinit {
        mailbox.submit { $0.stop() }
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Makes the next reads wait for the disk, if the files are on one.
    func forgetCachedFiles() {
        for path in FileManager.default.enumerator(atPath: directory)?.compactMap({ $0 as? String }) ?? [] {
            guard let file = try? FileDescriptor(opening: "\(directory)/\(path)") else { continue }
            _ = fsync(file.number)
            _ = posix_fadvise(file.number, 0, 0, POSIX_FADV_DONTNEED)
        }
    }

    /// Puts another file in the place of one, as a package manager does.
    func exchange(_ name: String, with bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: "\(directory)/\(name)"), options: .atomic)
    }

    /// - Returns: name → path.
    private static func lay(_ files: [String: [UInt8]], in directory: String) throws -> [String: String] {
        var loaders = ["hosts": "/etc/passwd"]
        for (name, bytes) in files {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            loaders[name] = "\(directory)/\(name)"
            try Data(bytes).write(to: URL(fileURLWithPath: "\(directory)/\(name)"))
        }
        return loaders
    }

    /// Takes away the root of `debian`, as one who removes a version does.
    func loseImage() throws {
        try FileManager.default.removeItem(atPath: "\(directory)/debian/\(Self.digest)/root.squashfs")
    }

    private static func snapshot(_ root: [UInt8]?, in directory: String) throws -> FleetSnapshot {
        guard let root else { return .empty }
        let (image, digest) = (try ImageName("debian"), try #require(Digest(digest)))
        let version = "\(directory)/debian/\(digest)"
        try FileManager.default.createDirectory(atPath: version, withIntermediateDirectories: true)
        for name in ["kernel", "root.squashfs"] {
            try Data(root).write(to: URL(fileURLWithPath: "\(version)/\(name)"))
        }
        let manifest = ImageManifest(
            image: image, architecture: "amd64", kernelRelease: "6.1", system: "Debian",
            files: ["kernel", "root.squashfs"].map { .init(name: $0, byteCount: root.count, sha256: digest) },
            packages: [], origin: "test")
        var contents = FleetSnapshot.Contents()
        contents.images[image] = ImageCatalogue(
            name: image,
            versions: [
                ImageVersion(image: image, number: 1, digest: digest, publishedAt: 0, manifest: manifest)
            ], channels: [.stable: 1])
        return FleetSnapshot(revision: 1, contents: contents)
    }
}

/// A client with its own address; it waits for an answer for at most half a minute.
final class LoopbackClient {
    let socket: FileDescriptor
    private let destination: sockaddr_in

    init(_ kind: __socket_type, at address: String, to port: UInt16) throws {
        socket = FileDescriptor(owning: Glibc.socket(AF_INET, Int32(kind.rawValue), 0))
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        unsafe setsockopt(
            socket.number, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        destination = Self.name("127.0.0.1", port)
        let number = socket.number
        let isBound = unsafe Self.with(Self.name(address, 0)) { unsafe Glibc.bind(number, $0, $1) == 0 }
        try #require(isBound)
        // TFTP answers come from other ports.
        guard kind == SOCK_STREAM else { return }
        let isOpen = unsafe Self.with(destination) { unsafe Glibc.connect(number, $0, $1) == 0 }
        try #require(isOpen)
    }

    private static func name(_ address: String, _ port: UInt16) -> sockaddr_in {
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        name.sin_addr.s_addr = (IPv4Address(address)?.rawValue ?? 0).bigEndian
        return name
    }

    private static func with<T>(_ name: sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) -> T) -> T {
        var name = name
        return unsafe withUnsafePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    /// - Parameter port: the server's; nil: the one that it listens on.
    func say(_ bytes: [UInt8], to port: UInt16? = nil) {
        let number = socket.number
        var name = destination
        if let port { name.sin_port = port.bigEndian }
        // A connected socket sends to its peer, whatever address is given.
        _ = unsafe Self.with(name) { unsafe sendto(number, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, $1) }
    }

    func say(_ text: String) { say(Array(text.utf8)) }

    /// The next bytes; empty: the other side has closed, or is silent.
    func hear() -> [UInt8] { hearFrom().bytes }

    /// The next datagram, and its source port.
    func hearFrom() -> (bytes: [UInt8], port: UInt16) {
        var bytes = [UInt8](repeating: 0, count: 70_000)
        var name = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let number = socket.number
        let count = unsafe withUnsafeMutablePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe recvfrom(number, &bytes, bytes.count, 0, $0, &size)
            }
        }
        return (Array(bytes.prefix(max(0, count))), UInt16(bigEndian: name.sin_port))
    }

    /// Exactly this many bytes, or fewer if the other side ends first.
    func hear(_ count: Int) -> [UInt8] {
        // The kernel waits for data even when asked for none.
        guard count > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: count)
        let got = unsafe recv(socket.number, &bytes, count, Int32(MSG_WAITALL))
        return Array(bytes.prefix(max(0, got)))
    }

    /// Whether the other side ended its stream rather than resetting it.
    func hearsEnd() -> Bool {
        var byte: UInt8 = 0
        return unsafe recv(socket.number, &byte, 1, 0) == 0
    }

    /// Everything up to the end; nil: the other side reset the connection.
    func hearAll() -> [UInt8]? {
        var all: [UInt8] = []
        var bytes = [UInt8](repeating: 0, count: 70_000)
        while true {
            let count = unsafe recv(socket.number, &bytes, bytes.count, 0)
            if count <= 0 { return count == 0 ? all : nil }
            all += bytes.prefix(count)
        }
    }
}

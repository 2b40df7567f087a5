import Fleet
import Foundation
import Glibc
import Linux
import Synchronization
import Testing
import Wire

@testable import Services

/// Byte-level clients against the NBD server: they can read the last reply.
@Suite struct NBDServiceTests {
    private static let root = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 11 &+ $0 / 4_096) }

    private static func number(_ bytes: some Collection<UInt8>) -> Int {
        bytes.reduce(0) { $0 << 8 | Int($1) }
    }

    /// A client that has sent its flags.
    private static func client(of planes: LoopbackPlanes, flags: UInt32 = 3) throws -> LoopbackClient {
        let client = try LoopbackClient(SOCK_STREAM, at: "127.0.0.2", to: planes.ports.nbd)
        #expect(client.hear(18) == NBDNegotiation.greeting)
        var words: [UInt8] = []
        words.write(flags)
        client.say(words)
        return client
    }

    private static func option(_ number: UInt32, _ data: [UInt8] = []) -> [UInt8] {
        var words: [UInt8] = []
        words.write(NBDProtocol.optionMagic)
        words.write(number)
        words.write(UInt32(data.count))
        return words + data
    }

    private static func request(
        _ command: NBDCommand, offset: UInt64 = 0, byteCount: Int = 0, flags: UInt16 = 0, cookie: UInt64 = 7
    ) -> [UInt8] {
        var words: [UInt8] = []
        NBDRequest(command, cookie: cookie, offset: offset, byteCount: UInt32(byteCount), flags: flags)
            .write(to: &words)
        return words
    }

    /// The error of the next simple reply; -1 for anything else.
    private static func error(by client: LoopbackClient) -> Int {
        let reply = client.hear(16)
        return reply.count == 16 && reply[..<4].elementsEqual([0x67, 0x44, 0x66, 0x98])
            ? number(reply[4..<8]) : -1
    }

    /// A client that has chosen the export by its name.
    private static func chosen(of planes: LoopbackPlanes, flags: UInt32 = 3) throws -> LoopbackClient {
        let client = try client(of: planes, flags: flags)
        client.say(option(1, Array("debian".utf8)))
        let export = client.hear(flags & 2 == 0 ? 134 : 10)
        #expect(number(export.prefix(8)) == root.count)
        #expect(export.dropFirst(10).allSatisfy { $0 == 0 })
        return client
    }

    @Test(arguments: [0, 1, 2, 3] as [UInt32])
    func `a minimal client reads the export`(flags: UInt32) throws {
        let planes = try LoopbackPlanes(image: Self.root)
        let client = try Self.chosen(of: planes, flags: flags)
        client.say(Self.request(.read, offset: 1_000, byteCount: 50_000))
        #expect(Self.error(by: client) == 0)
        #expect(client.hear(50_000) == Array(Self.root[1_000..<51_000]))
    }

    @Test func `a write is refused, its data skipped in whatever pieces it arrives, and reading continues`()
        throws
    {
        let planes = try LoopbackPlanes(image: Self.root)
        let client = try Self.chosen(of: planes)
        // Data that looks like a request.
        let data = Self.request(.disconnect) + [UInt8](repeating: 0x25, count: 40_000)
        for cut in [0, 28, 30, 56, 20_000] {
            let words = Self.request(.write, byteCount: data.count) + data
            client.say(Array(words[..<cut]))
            client.say(Array(words[cut...]) + Self.request(.read, offset: 512, byteCount: 512))
            #expect(Self.error(by: client) == Int(NBDError.notPermitted.rawValue))
            #expect(Self.error(by: client) == 0)
            #expect(client.hear(512) == Array(Self.root[512..<1_024]))
        }
        client.say(Self.request(.write) + Self.request(.trim, byteCount: 512) + Self.request(.writeZeroes))
        for _ in 0..<3 { #expect(Self.error(by: client) == Int(NBDError.notPermitted.rawValue)) }
    }

    @Test func `a write that is too large gives a readable error, and then the end`() throws {
        let planes = try LoopbackPlanes(image: Self.root)
        let client = try Self.chosen(of: planes)
        client.say(Self.request(.write, byteCount: 1 << 30) + [UInt8](repeating: 9, count: 1 << 20))
        #expect(Self.error(by: client) == Int(NBDError.invalid.rawValue))
        #expect(client.hearsEnd())
    }

    @Test func `replies before a mistake, or before the end, can still be read`() throws {
        let planes = try LoopbackPlanes(image: Self.root)
        let mistaken = try Self.chosen(of: planes)
        mistaken.say(Self.request(.read, byteCount: 512) + [UInt8](repeating: 1, count: 500_000))
        #expect(Self.error(by: mistaken) == 0)
        #expect(mistaken.hear(512) == Array(Self.root[..<512]))
        #expect(mistaken.hearsEnd())
        // More replies than a socket holds.
        let ending = try Self.chosen(of: planes)
        for _ in 0..<60 { ending.say(Self.request(.read, byteCount: Self.root.count)) }
        ending.say(Self.request(.disconnect))
        for _ in 0..<60 {
            #expect(Self.error(by: ending) == 0)
            #expect(ending.hear(Self.root.count) == Self.root)
        }
        #expect(ending.hearsEnd())
    }

    @Test func `a read that waits for the disk is answered, and so are all requests after it`() throws {
        let planes = try LoopbackPlanes(image: Self.root)
        for _ in 0..<3 {
            planes.forgetCachedFiles()
            let client = try Self.chosen(of: planes)
            let refused = Self.request(.write, byteCount: 100) + [UInt8](repeating: 0x25, count: 100)
            // Across the border between two pieces.
            let range = 250_000..<290_000
            client.say(
                Self.request(.flush) + Self.request(.read, offset: 250_000, byteCount: range.count) + refused
                    + Self.request(.read, byteCount: 16) + Self.request(.disconnect))
            #expect(Self.error(by: client) == 0)
            #expect(Self.error(by: client) == 0)
            #expect(client.hear(range.count) == Array(Self.root[range]))
            #expect(Self.error(by: client) == Int(NBDError.notPermitted.rawValue))
            #expect(Self.error(by: client) == 0)
            #expect(client.hear(16) == Array(Self.root[..<16]))
            #expect(client.hearsEnd())
        }
    }

    @Test func `the answer to ABORT can be read, whatever the client sends after it`() throws {
        let planes = try LoopbackPlanes(image: Self.root)
        let client = try Self.client(of: planes)
        client.say(Self.option(2) + [UInt8](repeating: 1, count: 300_000))
        #expect(client.hear(20).suffix(8) == [0, 0, 0, 1, 0, 0, 0, 0])
        #expect(client.hearsEnd())
        // No export can be named: the connection just ends.
        let other = try Self.client(of: planes)
        other.say(Self.option(1, Array("nothing".utf8)) + [UInt8](repeating: 1, count: 300_000))
        #expect(other.hearsEnd())
    }

    @Test func `a version whose file is gone is an error that the client can read, and it may ask further`()
        throws
    {
        let planes = try LoopbackPlanes(image: Self.root)
        try planes.loseImage()
        let client = try Self.client(of: planes)
        var data: [UInt8] = []
        data.write(6 as UInt32)
        data += Array("debian".utf8) + [0, 0]
        client.say(Self.option(7, data))
        let head = client.hear(20)
        #expect(head[8..<16].elementsEqual([0, 0, 0, 7, 0x80, 0, 0, 6]))
        let text = client.hear(Self.number(head.suffix(4)))
        #expect(String(decoding: text, as: UTF8.self) == "export ‘debian’ cannot be served now")
        client.say(Self.option(2))
        #expect(client.hear(20).suffix(8) == [0, 0, 0, 1, 0, 0, 0, 0])
        #expect(planes.lines.has("root.squashfs"))
    }

    @Test func `a flag that was not offered is an error of its request`() throws {
        let planes = try LoopbackPlanes(image: Self.root)
        let client = try Self.chosen(of: planes)
        for (command, flags) in [
            (NBDCommand.read, NBDRequest.forceUnitAccess), (.read, NBDRequest.doNotFragment), (.read, 1 << 8),
            (.flush, 1), (.cache, 1), (.blockStatus, 8), (NBDCommand(rawValue: 99), 0),
        ] {
            client.say(Self.request(command, byteCount: 512, flags: flags))
            #expect(Self.error(by: client) == Int(NBDError.invalid.rawValue), "\(command) \(flags)")
        }
        client.say(Self.request(.read, byteCount: 4))
        #expect(Self.error(by: client) == 0)
        #expect(client.hear(4) == Array(Self.root[..<4]))
    }

    @Test func `a client that does not end its side is disconnected`() throws {
        let planes = try LoopbackPlanes(image: Self.root) { $0.nbdConnections = 1 }
        let client = try Self.client(of: planes)
        client.say(Self.option(2))
        #expect(client.hear(20).count == 20 && client.hearsEnd())
        // Its slot is free again: the server does not wait for its end forever.
        let isFree = try (0..<100).contains { _ in
            usleep(100_000)
            return try !LoopbackClient(SOCK_STREAM, at: "127.0.0.2", to: planes.ports.nbd).hear().isEmpty
        }
        #expect(isFree)
    }

    /// A volume of a mebibyte, and the other end of its connection.
    private static func withVolume(
        isStructured: Bool = false, _ body: (NBDVolumeSession, borrowing FileDescriptor) throws -> Void
    ) throws {
        var ends: [Int32] = [0, 0]
        let isPair = unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0
        try #require(isPair)
        let client = FileDescriptor(owning: ends[0])
        let (path, size) = ("\(NSTemporaryDirectory())roost-volume-\(UUID().uuidString)", 1 << 20)
        let file = try FileDescriptor(opening: path, flags: O_RDWR | O_CREAT)
        defer { unsafe unlink(path) }
        try #require(ftruncate(file.number, off_t(size)) == 0)
        let name = VolumeExportName(.volume, of: try NodeName("pc-1"), boot: "0123456789abcdef")
        let session = NBDVolumeSession(
            NodeDisk(name: name, path: path, byteCount: size), socket: FileDescriptor(owning: ends[1]),
            file: file, usesStructuredReplies: isStructured)
        try body(session, client)
    }

    /// Serves on a thread of its own, while `body` is the client.
    ///
    /// - Returns: whether the session ended without an error.
    private static func run(_ session: NBDVolumeSession, _ words: [UInt8], beside body: () throws -> Void)
        throws -> Bool
    {
        final class Outcome: Sendable {
            let isDone = Mutex(false)
            let end = DispatchSemaphore(value: 0)
        }
        let outcome = Outcome()
        try NamedThread.start("volume") {
            if (try? session.run(words)) != nil { outcome.isDone.withLock { $0 = true } }
            outcome.end.signal()
        }
        try body()
        outcome.end.wait()
        return outcome.isDone.withLock(\.self)
    }

    @Test func `a volume stores data within its size, and nothing beyond its end`() throws {
        let size = 1 << 20
        try Self.withVolume { session, client in
            var words = Self.request(.write, offset: 4_096, byteCount: 3) + [1, 2, 3]
            words += Self.request(.write, offset: UInt64(size - 1), byteCount: 2) + [4, 5]
            words += Self.request(.read, offset: 4_096, byteCount: 3)
            words += Self.request(.read, offset: UInt64(size), byteCount: 1)
            words += Self.request(.writeZeroes, offset: UInt64(size), byteCount: 1)
            try session.run(words + Self.request(.disconnect))
            let replies = try client.readExactly(83)
            #expect(replies[48..<51].elementsEqual([1, 2, 3]))
            let errors = [0, 16, 32, 51, 67].map { Self.number(replies[($0 + 4)..<($0 + 8)]) }
            #expect(errors == [0, 28, 0, 22, 22])
        }
    }

    @Test func `structured replies of a volume are those of an image`() throws {
        try Self.withVolume(isStructured: true) { session, client in
            var words = Self.request(.write, offset: 4_096, byteCount: 3, flags: 1) + [1, 2, 3]
            words += Self.request(.read, offset: 4_096, byteCount: 3)
            words += Self.request(.trim, offset: 4_096, byteCount: 4_096)
            words += Self.request(.read, offset: 4_096, byteCount: 3)
            words += Self.request(.cache, byteCount: 1)
            try session.run(words + Self.request(.disconnect))
            let replies = try client.readExactly(20 + 31 + 20 + 31 + 26)
            let types = [0, 20, 51, 71, 102].map { Self.number(replies[($0 + 6)..<($0 + 8)]) }
            #expect(types == [0, 1, 0, 1, 1 << 15 | 1])
            #expect(replies[48..<51].elementsEqual([1, 2, 3]))
            #expect(replies[99..<102].elementsEqual([0, 0, 0]))
        }
    }

    /// Of a long request only a piece is in memory: a client may say 32 MiB on each of its connections, and send or take them slowly.
    @Test(arguments: [false, true])
    func `long requests to a volume are served in pieces`(isStructured: Bool) throws {
        let size = 1 << 20
        let data = (0..<size).map { UInt8(truncatingIfNeeded: $0 / 251) }
        try Self.withVolume(isStructured: isStructured) { session, client in
            try session.run(
                Self.request(.write, byteCount: size) + data + Self.request(.disconnect))
            #expect(try client.readExactly(isStructured ? 20 : 16).count == (isStructured ? 20 : 16))
            let file = try FileDescriptor(opening: session.disk.path, flags: O_RDONLY)
            #expect(try file.read(size, at: 0) == data)
        }
        // The connection ends in the middle of a write: what came in whole pieces is there.
        try Self.withVolume(isStructured: isStructured) { session, client in
            _ = shutdown(client.number, Int32(SHUT_WR))
            #expect(throws: SystemError.self) {
                try session.run(Self.request(.write, byteCount: size) + data.prefix(600_000))
            }
            let file = try FileDescriptor(opening: session.disk.path, flags: O_RDONLY)
            #expect(try file.read(512 << 10, at: 0).elementsEqual(data.prefix(512 << 10)))
            #expect(try file.read(512 << 10, at: 512 << 10).allSatisfy { $0 == 0 })
        }
    }

    @Test func `a long read of a volume comes whole, and ends the connection where the disk fails`() throws {
        let size = 1 << 20
        let data = (0..<size).map { UInt8(truncatingIfNeeded: $0 / 251) }
        try Self.withVolume { session, client in
            let file = try FileDescriptor(opening: session.disk.path, flags: O_RDWR)
            try file.write(data, at: 0, as: .volume)
            let isDone = try Self.run(
                session, Self.request(.read, byteCount: size) + Self.request(.disconnect)
            ) {
                let reply = try client.readExactly(16 + size)
                #expect(reply.dropFirst(16).elementsEqual(data))
            }
            #expect(isDone)
        }
        try Self.withVolume { session, client in
            let file = try FileDescriptor(opening: session.disk.path, flags: O_RDWR)
            try #require(ftruncate(file.number, 300_000) == 0)
            let isDone = try Self.run(
                session, Self.request(.read, byteCount: size) + Self.request(.disconnect)
            ) {
                // No error could stand behind the header.
                let reply = try client.readExactly(16 + (256 << 10))
                #expect(Self.number(reply[4..<8]) == 0)
            }
            #expect(!isDone)
        }
    }

    @Test func `a volume's client can read the reply to its mistake, whatever it sends after it`() throws {
        try Self.withVolume { session, client in
            try client.write(
                Self.request(.read, byteCount: 4)
                    + Self.request(.write, byteCount: 1 << 30) + [UInt8](repeating: 9, count: 50_000))
            _ = shutdown(client.number, Int32(SHUT_WR))
            #expect(throws: SystemError.self) { try session.run([]) }
            let replies = try client.readExactly(36)
            #expect(Self.number(replies[24..<28]) == Int(NBDError.invalid.rawValue))
            #expect(try client.read(atMost: 1).isEmpty)
        }
    }
}

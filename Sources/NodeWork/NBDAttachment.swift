import Glibc
import Linux
import Wire

/// Turns an export into the kernel's `/dev/nbd0`, over netlink (linux/nbd-netlink.h).
package struct NBDAttachment {
    /// Seconds that reads wait for a lost server before they fail: a week. Then the node carries on.
    private static let deadSeconds: UInt64 = 7 * 24 * 3600
    /// Seconds after which an unanswered request is resent over another connection.
    private static let requestSeconds: UInt64 = 30
    private static let connectSeconds = 10

    private enum Command {
        static let connect: UInt8 = 1
        static let reconfigure: UInt8 = 3
        static let linkDead: UInt8 = 4
    }

    private enum Key {
        static let index: UInt16 = 1
        static let byteCount: UInt16 = 2
        static let blockByteCount: UInt16 = 3
        static let timeout: UInt16 = 4
        static let serverFlags: UInt16 = 5
        static let sockets: UInt16 = 7
        static let deadTimeout: UInt16 = 8
    }

    /// Seconds to keep asking for a refused export: after a restart the connections of the previous boot must end first.
    private static let refusalSeconds: UInt32 = 10

    let endpoint: Endpoint
    let export: String
    /// The number in `/dev/nbd…`.
    let device: UInt32

    package init(endpoint: Endpoint, export: String, device: UInt32) {
        (self.endpoint, self.export, self.device) = (endpoint, export, device)
    }

    /// The largest block size that divides the export: the kernel would cut off a partial block.
    package static func blockByteCount(ofExport byteCount: UInt64) -> UInt64 {
        [4096, 1024, 512].first { byteCount.isMultiple(of: $0) } ?? 512
    }

    package func attach(connectionCount: Int) throws {
        // The kernel keeps the sockets itself: ours may close when the command has returned.
        var sockets: [Box] = []
        var export = NBDClientNegotiation.Export(byteCount: 0, flags: [])
        for _ in 0..<connectionCount {
            let socket = try persistently(&export)
            sockets.append(Box(socket: socket))
            if !export.flags.contains(.canMultiConnect) { break }
        }
        var netlink = try GenericNetlink(family: "nbd")
        try netlink.command(
            Command.connect,
            [
                .number32(Key.index, device), .number64(Key.byteCount, export.byteCount),
                .number64(Key.blockByteCount, Self.blockByteCount(ofExport: export.byteCount)),
                .number64(Key.timeout, Self.requestSeconds),
                .number64(Key.serverFlags, UInt64(export.flags.rawValue)),
                .number64(Key.deadTimeout, Self.deadSeconds),
                Self.list(sockets.map { $0.socket.number }),
            ], "attach \(self.export) of \(endpoint.address):\(endpoint.port)")
    }

    /// Waits until the kernel loses a connection.
    func waitForDeadConnection(_ netlink: borrowing GenericNetlink) throws {
        while true {
            let announcement = try netlink.nextAnnouncement()
            if announcement.command == Command.linkDead, announcement.number32(Key.index) == device { return }
        }
    }

    /// Replaces a dead connection in the kernel with a new one.
    func replaceConnection() throws {
        var export = NBDClientNegotiation.Export(byteCount: 0, flags: [])
        let socket = try connected(&export)
        var netlink = try GenericNetlink(family: "nbd")
        try netlink.command(
            Command.reconfigure, [.number32(Key.index, device), Self.list([socket.number])],
            "replace a connection of \(self.export)")
    }

    private final class Box {
        let socket: FileDescriptor
        init(socket: consuming FileDescriptor) { self.socket = socket }
    }

    private static func list(_ sockets: [Int32]) -> GenericNetlink.Attribute {
        .nested(Key.sockets, sockets.map { .nested(1, [.number32(1, UInt32($0))]) })
    }

    /// A connection, retried while the server refuses the export or is away.
    private func persistently(_ export: inout NBDClientNegotiation.Export) throws -> FileDescriptor {
        var refusals: UInt32 = 0
        let patience = ServerPatience(from: SystemClock.boot)
        while true {
            do {
                return try connected(&export)
            } catch is UsageError where refusals < Self.refusalSeconds {
                refusals += 1
                sleep(1)
            } catch let error as SystemError {
                guard let pause = patience.pause(after: BrokenConnection(error), now: SystemClock.boot) else {
                    throw error
                }
                usleep(useconds_t(pause * 1_000))
            }
        }
    }

    /// A connection after its handshake.
    private func connected(_ export: inout NBDClientNegotiation.Export) throws -> FileDescriptor {
        let socket = try Socket.connected(
            to: endpoint.address, port: endpoint.port, timeoutSeconds: Self.connectSeconds)
        let greeting = try socket.readExactly(NBDClientNegotiation.greetingByteCount)
        try Socket.send(
            try NBDClientNegotiation.answer(greeting: greeting, exportName: self.export), over: socket)
        while true {
            let headerBytes = try socket.readExactly(NBDClientNegotiation.ReplyHeader.byteCount)
            var wire = headerBytes.span
            let header = try NBDClientNegotiation.ReplyHeader(parsing: &wire)
            let data = try socket.readExactly(Int(header.dataByteCount))
            if header.reply.isError {
                throw UsageError(
                    text: "the server refuses ‘\(self.export)’: \(String(decoding: data, as: UTF8.self))")
            }
            if header.reply == .acknowledged { break }
            if let found = try NBDClientNegotiation.export(in: data) { export = found }
        }
        // The kernel waits as long as it takes.
        try Socket.clearTimeouts(socket)
        return socket
    }
}

import CLinux
import Fleet
import Glibc
import Linux
import Wire

/// One connection to a node's writable volume, on its own thread: a slow disk delays no other connection.
///
/// A volume has a single reader and writer. What matters here is that no acknowledged write is lost: a flush, or a write with FUA, is
/// answered once the data is on the disk.
final class NBDVolumeSession: Sendable {
    /// Bytes read at a time when skipping data.
    private static let inputByteLimit = 64 * 1024
    /// Bytes of a request that are in memory at a time: twice the kernel's longest one. A client chooses the length, and how slowly it sends
    /// or takes the data.
    private static let pieceByteLimit = 256 * 1024
    /// Milliseconds that a client has to end after the server did.
    private static let endMilliseconds = 2_000

    let disk: NodeDisk
    private let socket: FileDescriptor
    private let file: FileDescriptor
    private let usesStructuredReplies: Bool

    init(
        _ disk: NodeDisk, socket: consuming FileDescriptor, file: consuming FileDescriptor,
        usesStructuredReplies: Bool
    ) {
        self.disk = disk
        self.socket = socket
        self.file = file
        self.usesStructuredReplies = usesStructuredReplies
    }

    /// Ends the connection from another thread.
    func end() { _ = shutdown(socket.number, Int32(SHUT_RDWR)) }

    /// Serves one client's requests in order.
    private struct Conversation {
        var reader: Reader
        var transmission: NBDTransmission
        let replies = NBDReplies()
    }

    /// Serves until the client leaves or breaks the protocol.
    ///
    /// - Parameter leftover: bytes received after the handshake.
    func run(_ leftover: [UInt8]) throws(SystemError) {
        let flags = fcntl(socket.number, F_GETFL)
        _ = fcntl(socket.number, F_SETFL, flags & ~O_NONBLOCK)
        var conversation = Conversation(
            reader: Reader(leftover: leftover),
            transmission: NBDTransmission(
                exportByteCount: disk.byteCount, flags: .disk, usesStructuredReplies: usesStructuredReplies))
        while true {
            let wanted = min(conversation.transmission.wantedByteCount, Self.inputByteLimit)
            let bytes = try conversation.reader.read(wanted, from: socket)
            var input = bytes.span
            var step = conversation.transmission.next(&input)
            // Everything before the request that ends the session is answered first.
            if case .refuse(let request, let error) = step {
                try reply(request, error, in: &conversation)
                step = conversation.transmission.next(&input)
            }
            if case .ended(let ending) = step { return try finish(ending) }
            try take(step, in: &conversation)
        }
    }

    private func finish(_ ending: NBDTransmission.Ending) throws(SystemError) {
        guard let mistake = ending.mistake else { return }
        hearOut()
        throw SystemError("serve a volume: \(mistake)", number: EPROTO)
    }

    /// The client can read the last reply: closing with unread data would destroy it.
    private func hearOut() {
        Socket.finish(socket)
        let deadline = EventLoop.now() + Self.endMilliseconds
        while Socket.discard(socket), case let left = deadline - EventLoop.now(), left > 0 {
            var event = pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0)
            _ = unsafe poll(&event, 1, Int32(left))
        }
    }

    private func take(_ step: NBDTransmission.Step, in conversation: inout Conversation) throws(SystemError) {
        switch step {
        case .read(let request, let range): try read(request, range, in: &conversation)
        case .write(let request, let range):
            try write(request, range, in: &conversation)
        case .clear(let request, let range):
            try finish(request, in: &conversation) { () throws(SystemError) in
                try clear(range, keepsRoom: request.keepsRoom)
            }
        case .flush(let request):
            try finish(request, in: &conversation) { () throws(SystemError) in
                try file.synchronise(at: .volume)
            }
        case .prefetch(let request, _): try reply(request, .none, in: &conversation)
        case .refuse(let request, let error): try reply(request, error, in: &conversation)
        case .needsMore, .ended: return
        }
    }

    /// Data that comes after a piece that could not be written is skipped by the transmission.
    private func write(
        _ request: NBDRequest, _ range: Range<Int>, in conversation: inout Conversation
    ) throws(SystemError) {
        var failure: SystemError?
        var rest = range
        while !rest.isEmpty, failure == nil {
            let piece = rest.prefix(Self.pieceByteLimit)
            let data = try conversation.reader.read(piece.count, from: socket)
            conversation.transmission.tookData(data.count)
            do throws(SystemError) {
                try file.write(data, at: piece.lowerBound, as: .volume)
            } catch { failure = error }
            rest = rest.dropFirst(piece.count)
        }
        try finish(request, in: &conversation) { () throws(SystemError) in
            if let failure { throw failure }
        }
    }

    private func read(
        _ request: NBDRequest, _ range: Range<Int>, in conversation: inout Conversation
    ) throws(SystemError) {
        let replies = conversation.replies
        var rest = range
        while !rest.isEmpty {
            let piece = rest.prefix(Self.pieceByteLimit)
            let data: [UInt8]
            do throws(SystemError) {
                data = try file.read(piece.count, at: piece.lowerBound)
            } catch {
                // Behind a header there is no place for an error: the connection ends (doc/proto.md, "Simple reply message").
                guard piece.lowerBound == range.lowerBound else { throw error }
                return try reply(request, .inputOutput, in: &conversation)
            }
            if piece.lowerBound == range.lowerBound {
                replies.add(request, dataByteCount: range.count, of: &conversation.transmission)
            }
            try unsafe data.span.bytes.withUnsafeBytes { bytes throws(SystemError) in
                unsafe replies.add(data: bytes)
                try replies.sendAll(to: socket)
            }
            rest = rest.dropFirst(piece.count)
        }
    }

    /// Makes a range read as zeros; a hole returns the room to the server's disk.
    private func clear(_ range: Range<Int>, keepsRoom: Bool) throws(SystemError) {
        guard !range.isEmpty else { return }
        do {
            return try file.clear(
                range.count, at: range.lowerBound, keepsRoom: keepsRoom, as: .volumeHole)
        } catch  where error.number == EOPNOTSUPP {}
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        var (offset, left) = (range.lowerBound, range.count)
        while left > 0 {
            let part = min(left, zeros.count)
            try file.write(
                part == zeros.count ? zeros : Array(zeros.prefix(part)), at: offset, as: .volume)
            offset += part
            left -= part
        }
    }

    /// Performs the request, makes it durable if asked to, and answers.
    private func finish(
        _ request: NBDRequest, in conversation: inout Conversation, _ body: () throws(SystemError) -> Void
    ) throws(SystemError) {
        do throws(SystemError) {
            try body()
            if request.forcesUnitAccess { try file.synchronise(at: .volume) }
        } catch {
            return try reply(
                request, error.number == ENOSPC ? .noSpace : .inputOutput, in: &conversation)
        }
        try reply(request, .none, in: &conversation)
    }

    /// A reply without data.
    private func reply(
        _ request: NBDRequest, _ error: NBDError, in conversation: inout Conversation
    ) throws(SystemError) {
        conversation.replies.add(request, error, of: &conversation.transmission)
        try conversation.replies.sendAll(to: socket)
    }

    /// Reads whole messages, beginning with the bytes received after the handshake.
    private struct Reader {
        var leftover: [UInt8]

        mutating func read(_ count: Int, from socket: borrowing FileDescriptor) throws(SystemError) -> [UInt8]
        {
            guard leftover.isEmpty else {
                let part = Array(leftover.prefix(count))
                leftover.removeFirst(part.count)
                return part.count == count ? part : part + (try socket.readExactly(count - part.count))
            }
            return try socket.readExactly(count)
        }
    }
}

import CLinux
import Fleet
import Glibc
import Linux
import Wire

/// One connection to a node's writable volume, on a thread of its own: a disk that takes its time stops nobody else.
///
/// A volume has one reader and writer, so what counts here is that nothing acknowledged is lost: a flush, or a write with FUA, is
/// answered when the data are on the disk.
final class NBDVolumeSession: Sendable {
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

    /// Serves until the client goes or breaks the protocol.
    ///
    /// - Parameter leftover: what was received beyond the handshake.
    func run(_ leftover: [UInt8]) throws(SystemError) {
        let flags = fcntl(socket.number, F_GETFL)
        _ = fcntl(socket.number, F_SETFL, flags & ~O_NONBLOCK)
        var reader = Reader(leftover: leftover)
        while true {
            let header = try reader.read(NBDProtocol.requestByteCount, from: socket)
            var wire = header.span
            guard let request = try? NBDRequest(parsing: &wire) else {
                throw SystemError("serve a volume: request without its magic", number: EPROTO)
            }
            guard try serve(request, &reader) else { return }
        }
    }

    /// - Returns: whether the client wants more.
    private func serve(_ request: NBDRequest, _ reader: inout Reader) throws(SystemError) -> Bool {
        let range = request.range(inExportOf: disk.byteCount)
        let allowed = NBDRequest.forceUnitAccess | (request.command == .writeZeroes ? NBDRequest.noHole : 0)
        let isAllowed = request.flags & ~allowed == 0
        guard isAllowed || request.command == .write || request.command == .disconnect else {
            try reply(request, .invalid)
            return true
        }
        switch request.command {
        case .read:
            guard let range, !range.isEmpty, range.count <= NBDProtocol.readByteLimit else {
                try reply(request, .invalid)
                return true
            }
            var data: [UInt8] = []
            do {
                data = try file.read(range.count, at: range.lowerBound)
            } catch {
                try reply(request, .inputOutput)
                return true
            }
            try send(header(request, .none, dataByteCount: data.count) + data)
        case .write:
            guard request.byteCount <= UInt32(NBDProtocol.readByteLimit) else {
                throw SystemError("serve a volume: a write of \(request.byteCount) bytes", number: EPROTO)
            }
            // It follows the request in any case: to be refused it has to be read.
            let data = try reader.read(Int(request.byteCount), from: socket)
            guard let range, isAllowed else {
                try reply(request, range == nil ? .noSpace : .invalid)
                return true
            }
            try finish(request) { () throws(SystemError) in
                try file.write(data, at: range.lowerBound, as: .volume)
            }
        case .trim, .writeZeroes:
            guard let range else {
                try reply(request, .invalid)
                return true
            }
            let keepsRoom = request.command == .writeZeroes && request.flags & NBDRequest.noHole != 0
            try finish(request) { () throws(SystemError) in try clear(range, keepsRoom: keepsRoom) }
        case .flush:
            try finish(request) { () throws(SystemError) in try file.synchronise(at: .volume) }
        case .disconnect: return false
        default: try reply(request, .invalid)
        }
        return true
    }

    /// Makes a range read as zeros; a hole gives the server's disk its room back.
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

    /// Does what was asked for, makes it durable where that was asked for, too, and answers.
    private func finish(_ request: NBDRequest, _ body: () throws(SystemError) -> Void) throws(SystemError) {
        do throws(SystemError) {
            try body()
            if request.flags & NBDRequest.forceUnitAccess != 0 { try file.synchronise(at: .volume) }
        } catch {
            return try reply(request, error.number == ENOSPC ? .noSpace : .inputOutput)
        }
        try reply(request, .none)
    }

    private func reply(_ request: NBDRequest, _ error: NBDError) throws(SystemError) {
        try send(header(request, error, dataByteCount: 0))
    }

    /// The header of a reply: 16 bytes, or a structured one.
    private func header(_ request: NBDRequest, _ error: NBDError, dataByteCount: Int) -> [UInt8] {
        var wire: [UInt8] = []
        guard usesStructuredReplies else {
            wire.write(NBDProtocol.simpleReplyMagic)
            wire.write(error.rawValue)
            wire.write(request.cookie)
            return wire
        }
        wire.write(NBDProtocol.structuredReplyMagic)
        wire.write(UInt16(1))  // DONE
        if error != .none {
            wire.write(UInt16(1 << 15 | 1))  // ERROR
            wire.write(request.cookie)
            wire.write(UInt32(6))
            wire.write(error.rawValue)
            wire.write(UInt16(0))
        } else if dataByteCount > 0 {
            wire.write(UInt16(1))  // OFFSET_DATA
            wire.write(request.cookie)
            wire.write(UInt32(8 + dataByteCount))
            wire.write(request.offset)
        } else {
            wire.write(UInt16(0))  // NONE
            wire.write(request.cookie)
            wire.write(UInt32(0))
        }
        return wire
    }

    private func send(_ bytes: [UInt8]) throws(SystemError) {
        var start = 0
        while start < bytes.count {
            let sent = unsafe bytes.withUnsafeBytes { buffer in
                retrying {
                    unsafe Glibc.send(
                        socket.number, buffer.baseAddress?.advanced(by: start), buffer.count - start,
                        Int32(MSG_NOSIGNAL))
                }
            }
            guard sent > 0 else { throw SystemError("answer the reader of a volume") }
            start += sent
        }
    }

    /// Reads whole messages, the bytes behind the handshake first.
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

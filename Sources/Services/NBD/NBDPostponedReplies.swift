import CLinux
import Glibc
import Wire

/// Replies of one loop's connections that wait for the end of the loop's batch of events.
@safe final class NBDPostponedReplies {
    /// As many as a batch of events can have connections.
    private static let limit = 256

    @safe private struct Reply {
        /// Kept alive, along with the mapping that `data` points into.
        let connection: NBDConnection
        let headerByteCount: Int
        let data: iovec
    }

    /// Reply headers, `NBDTransmission.replyHeaderByteLimit` bytes apart.
    private let headers: UnsafeMutableRawPointer
    private var replies: [Reply] = []

    init() {
        unsafe headers = .allocate(
            byteCount: Self.limit * NBDTransmission.replyHeaderByteLimit, alignment: 16)
        replies.reserveCapacity(Self.limit)
    }

    deinit { unsafe headers.deallocate() }

    var hasRoom: Bool { replies.count < Self.limit }

    /// Adds a reply if there is room; `header` is copied.
    func add(_ connection: NBDConnection, header: iovec, data: iovec) {
        guard hasRoom, let bytes = unsafe header.iov_base else { return }
        unsafe memcpy(headers + replies.count * NBDTransmission.replyHeaderByteLimit, bytes, header.iov_len)
        unsafe replies.append(Reply(connection: connection, headerByteCount: header.iov_len, data: data))
    }

    func send() {
        guard !replies.isEmpty else { return }
        for (index, reply) in replies.enumerated() {
            let header = unsafe iovec(
                iov_base: headers + index * NBDTransmission.replyHeaderByteLimit,
                iov_len: reply.headerByteCount)
            unsafe reply.connection.sendPostponed(header: header, data: reply.data)
        }
        replies.removeAll(keepingCapacity: true)
    }
}

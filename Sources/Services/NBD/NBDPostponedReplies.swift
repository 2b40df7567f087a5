import CLinux
import Glibc

/// Replies of one loop's connections that wait for the end of the loop's batch of events.
@safe final class NBDPostponedReplies {
    /// As many as a batch of events can have connections.
    private static let limit = 256

    @safe private struct Reply {
        /// Kept alive, and with it the mapping that `data` points into.
        let connection: NBDConnection
        let headerByteCount: Int
        let data: iovec
    }

    /// The header of each reply, `NBDScratch.headerByteLimit` apart.
    private let headers: UnsafeMutableRawPointer
    private var replies: [Reply] = []

    init() {
        unsafe headers = .allocate(byteCount: Self.limit * NBDScratch.headerByteLimit, alignment: 16)
        replies.reserveCapacity(Self.limit)
    }

    deinit { unsafe headers.deallocate() }

    /// Takes a reply, of which `header` is copied; false when there is no room for more.
    func add(_ connection: NBDConnection, header: iovec, data: iovec) -> Bool {
        guard replies.count < Self.limit, let bytes = unsafe header.iov_base else { return false }
        unsafe memcpy(headers + replies.count * NBDScratch.headerByteLimit, bytes, header.iov_len)
        unsafe replies.append(Reply(connection: connection, headerByteCount: header.iov_len, data: data))
        return true
    }

    func send() {
        guard !replies.isEmpty else { return }
        for (index, reply) in replies.enumerated() {
            let header = unsafe iovec(
                iov_base: headers + index * NBDScratch.headerByteLimit, iov_len: reply.headerByteCount)
            unsafe reply.connection.sendPostponed(header: header, data: reply.data)
        }
        replies.removeAll(keepingCapacity: true)
    }
}

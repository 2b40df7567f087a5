import CLinux
import Glibc
import Linux
import Wire

/// Outgoing replies of images and volumes: headers stored here and data stored elsewhere, which are sent together.
@safe final class NBDReplies {
    /// Replies per `sendmsg`, each a header and its data.
    static let limit = 60

    /// Reply headers, `NBDTransmission.replyHeaderByteLimit` bytes apart.
    private let headers: UnsafeMutableRawPointer
    /// What to send, in order.
    private let slices: UnsafeMutablePointer<iovec>
    private(set) var count = 0
    private var sliceCount = 0

    init() {
        unsafe headers = .allocate(
            byteCount: Self.limit * NBDTransmission.replyHeaderByteLimit, alignment: 16)
        unsafe slices = .allocate(capacity: Self.limit * 2)
    }

    deinit {
        unsafe headers.deallocate()
        unsafe slices.deallocate()
    }

    var isFull: Bool { count == Self.limit }

    /// Adds a reply's header; its data follow, by ``add(data:)`` or otherwise.
    func add(
        _ request: NBDRequest, _ error: NBDError = .none, dataByteCount: Int = 0,
        of transmission: inout NBDTransmission
    ) {
        let start = unsafe headers + count * NBDTransmission.replyHeaderByteLimit
        var bytes = unsafe MutableRawSpan(
            _unsafeStart: start, byteCount: NBDTransmission.replyHeaderByteLimit)
        let byteCount = transmission.reply(to: request, error, dataByteCount: dataByteCount, into: &bytes)
        unsafe add(iovec(iov_base: start, iov_len: byteCount))
        count += 1
    }

    /// Adds the data of the last reply. They must stay in place until they are sent.
    func add(data: UnsafeRawBufferPointer) {
        unsafe add(iovec(iov_base: UnsafeMutableRawPointer(mutating: data.baseAddress), iov_len: data.count))
    }

    private func add(_ slice: iovec) {
        unsafe slices[sliceCount] = slice
        sliceCount += 1
    }

    /// Removes the only reply, a header and its data; nil if there are others, or if it has no data.
    func takeLone() -> (header: iovec, data: iovec)? {
        guard count == 1, sliceCount == 2 else { return nil }
        clear()
        return unsafe (slices[0], slices[1])
    }

    /// Puts back what ``takeLone()`` removed.
    func put(header: iovec, data: iovec) {
        unsafe add(header)
        unsafe add(data)
        count = 1
    }

    func clear() { (count, sliceCount) = (0, 0) }

    // MARK: Sending

    /// Sends once what the socket takes.
    ///
    /// - Parameter flags: of `sendmsg`.
    /// - Returns: false when it failed; `errno` says how.
    func send(to socket: borrowing FileDescriptor, flags: Int) -> Bool {
        guard sliceCount > 0 else { return true }
        var message = unsafe msghdr()
        unsafe message.msg_iov = slices
        unsafe message.msg_iovlen = sliceCount
        let sent = retrying { unsafe sendmsg(socket.number, &message, Int32(MSG_NOSIGNAL | flags)) }
        guard sent >= 0 else { return false }
        drop(sent)
        return true
    }

    /// Sends everything, however long the client takes.
    func sendAll(to socket: borrowing FileDescriptor) throws(SystemError) {
        defer { clear() }
        while sliceCount > 0 {
            guard send(to: socket, flags: 0) else { throw SystemError("answer the reader of a volume") }
        }
    }

    /// Copies what is not sent yet, and removes it from here.
    func takeUnsent(_ body: ([UInt8]) -> Void) {
        for index in 0..<sliceCount {
            let slice = unsafe slices[index]
            body(unsafe [UInt8](UnsafeRawBufferPointer(start: slice.iov_base, count: slice.iov_len)))
        }
        clear()
    }

    /// Removes this many bytes from the front.
    private func drop(_ byteCount: Int) {
        var (left, first) = (byteCount, 0)
        while first < sliceCount, unsafe left >= slices[first].iov_len {
            unsafe left -= slices[first].iov_len
            first += 1
        }
        guard first < sliceCount else { return sliceCount = 0 }
        unsafe slices[first].iov_base += left
        unsafe slices[first].iov_len -= left
        for index in first..<sliceCount where first > 0 { unsafe slices[index - first] = slices[index] }
        sliceCount -= first
    }
}

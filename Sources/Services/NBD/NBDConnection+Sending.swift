import CLinux
import Fleet
import Glibc
import Linux
import Wire

/// Outgoing replies: what the socket does not take is kept, and nothing more is read from the client meanwhile.
extension NBDConnection {
    /// Postpones a lone reply, a header and its data, to the end of the loop's batch. A client with several requests in flight, or an only
    /// client, gets its replies at once.
    func postponeLoneReply() -> Bool {
        guard loop.readyCount > 1, pending.isEmpty, !isClosed, !isCorked, !isFetching,
            service.postponed.hasRoom,
            let reply = unsafe service.replies.takeLone()
        else { return false }
        unsafe service.postponed.add(self, header: reply.header, data: reply.data)
        return true
    }

    /// Sends a reply that was postponed.
    func sendPostponed(header: iovec, data: iovec) {
        guard !isClosed else { return }
        unsafe service.replies.put(header: header, data: data)
        flushReplies()
    }

    /// Sends the replies that are ready; `more` means that a file follows the last of them.
    func flushReplies(more: Bool = false) {
        let replies = service.replies
        guard !isClosed else { return replies.clear() }
        if pending.isEmpty, !replies.send(to: socket, flags: MSG_DONTWAIT | (more ? MSG_MORE : 0)),
            errno != EAGAIN
        {
            replies.clear()
            return close(Self.isGone(errno) ? nil : SystemError("send").description)
        }
        replies.takeUnsent { keep(.bytes($0)) }
    }

    /// Between large replies only full packets are sent: without this, each would end with a small one.
    func cork(_ isOn: Bool) {
        guard isCorked != isOn, !isClosed else { return }
        isCorked = isOn
        try? socket.setOption(Int32(IPPROTO_TCP), TCP_CORK, isOn ? 1 : 0, "hold back partial packets")
    }

    func sendFile(offset: Int, byteCount: Int) {
        guard pending.isEmpty, let file else { return keep(.file(offset: offset, byteCount: byteCount)) }
        let sent = sendPages(of: file.mapped, offset: offset, byteCount: byteCount)
        hasRoom = sent == byteCount
        if sent < 0, errno != EAGAIN {
            return close(Self.isGone(errno) ? nil : SystemError("send a file").description)
        }
        let done = max(0, sent)
        // A short write means a full socket: return to the loop instead of trying again, which costs a fifth.
        if done < byteCount { keep(.file(offset: offset + done, byteCount: byteCount - done)) }
    }

    private func sendPages(of file: MappedFile, offset: Int, byteCount: Int) -> Int {
        if hasRoom, let pipe = service.pipe, let start = unsafe file.start {
            let sent = unsafe pipe.send(start + offset, byteCount: byteCount, to: socket)
            if sent >= 0 || ![EPERM, ENOSYS].contains(errno) { return sent }
            // A container forbids it.
            service.pipe = nil
        }
        var position = off_t(offset)
        return retrying { unsafe sendfile(socket.number, file.descriptor.number, &position, byteCount) }
    }

    func sendOrKeep(_ bytes: [UInt8]) {
        guard !bytes.isEmpty, !isClosed else { return }
        guard pending.isEmpty else { return keep(.bytes(bytes)) }
        let sent = retrying {
            unsafe send(socket.number, bytes, bytes.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
        }
        if sent < 0, errno != EAGAIN {
            return close(Self.isGone(errno) ? nil : SystemError("send").description)
        }
        if max(0, sent) < bytes.count { keep(.bytes(Array(bytes[max(0, sent)...]))) }
    }

    private func keep(_ rest: Pending) {
        if pending.isEmpty, !isFetching { loop.change(socket, to: .writable) }
        pending.append(rest)
    }

    func flushPending() {
        var remaining = pending
        pending = []
        while !remaining.isEmpty {
            let next = remaining.removeFirst()
            switch next {
            case .bytes(let bytes): sendOrKeep(bytes)
            case .file(let offset, let byteCount): sendFile(offset: offset, byteCount: byteCount)
            }
            if isClosed { return }
            if !pending.isEmpty {
                pending += remaining
                return
            }
        }
    }

    /// The client went away, which is normal.
    static func isGone(_ number: Int32) -> Bool {
        number == ECONNRESET || number == EPIPE || number == ETIMEDOUT
    }
}

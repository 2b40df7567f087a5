import CLinux
import Fleet
import Glibc
import Linux
import Wire

/// Answers on their way out: what the socket does not take is kept, and nothing more is read from the client meanwhile.
extension NBDConnection {
    /// Leaves the only reply that the scratch holds, a header and its data, to the end of the loop's batch. Whoever has
    /// several requests in flight, or is alone, gets its replies at once.
    func postponeLoneReply() -> Bool {
        let scratch = service.scratch
        guard loop.readyCount > 1, scratch.replyCount == 1, scratch.sliceCount == 2, pending.isEmpty,
            !isClosed, !isCorked,
            unsafe service.postponed.add(self, header: scratch.slices[0], data: scratch.slices[1])
        else { return false }
        (scratch.replyCount, scratch.sliceCount, scratch.headerByteCount) = (0, 0, 0)
        return true
    }

    /// Sends a reply that was postponed.
    func sendPostponed(header: iovec, data: iovec) {
        guard !isClosed else { return }
        let scratch = service.scratch
        unsafe scratch.slices[0] = header
        unsafe scratch.slices[1] = data
        scratch.sliceCount = 2
        flushReplies()
    }

    /// Sends what the scratch holds; `more` says that a file follows its last header.
    func flushReplies(more: Bool = false) {
        let scratch = service.scratch
        if more {
            // The last header has no slice yet: it goes out with the ones before it.
            let last = unsafe scratch.headers + (scratch.headerByteCount - NBDScratch.headerByteLimit)
            unsafe scratch.slices[scratch.sliceCount] = iovec(
                iov_base: last, iov_len: usesStructuredReplies ? 28 : 16)
            scratch.sliceCount += 1
        }
        defer { (scratch.replyCount, scratch.sliceCount, scratch.headerByteCount) = (0, 0, 0) }
        guard scratch.sliceCount > 0, !isClosed else { return }
        var sent = 0
        if pending.isEmpty {
            var message = unsafe msghdr()
            unsafe message.msg_iov = scratch.slices
            unsafe message.msg_iovlen = scratch.sliceCount
            let flags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT | (more ? MSG_MORE : 0))
            sent = retrying { unsafe sendmsg(socket.number, &message, flags) }
            if sent < 0 {
                guard errno == EAGAIN else {
                    return close(Self.isGone(errno) ? nil : SystemError("send").description)
                }
                sent = 0
            }
        }
        for index in 0..<scratch.sliceCount {
            let slice = unsafe scratch.slices[index]
            let length = unsafe Int(slice.iov_len)
            if sent >= length {
                sent -= length
                continue
            }
            unsafe keep(
                .bytes([UInt8](UnsafeRawBufferPointer(start: slice.iov_base, count: length).dropFirst(sent))))
            sent = 0
        }
    }

    /// Between large answers no packet goes out that is not full: without this, each ends with a small one.
    func cork(_ isOn: Bool) {
        guard isCorked != isOn, !isClosed else { return }
        isCorked = isOn
        try? socket.setOption(Int32(IPPROTO_TCP), TCP_CORK, isOn ? 1 : 0, "hold packets back")
    }

    func sendFile(offset: Int, byteCount: Int) {
        guard pending.isEmpty, let file else { return keep(.file(offset: offset, byteCount: byteCount)) }
        let sent = sendPages(of: file.mapped, offset: offset, byteCount: byteCount)
        hasRoom = sent == byteCount
        if sent < 0, errno != EAGAIN {
            return close(Self.isGone(errno) ? nil : SystemError("send a file").description)
        }
        let done = max(0, sent)
        // After a short write the socket is full: back to the loop instead of trying again, which costs a fifth.
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

    /// The client went away: nothing to write home about.
    static func isGone(_ number: Int32) -> Bool {
        number == ECONNRESET || number == EPIPE || number == ETIMEDOUT
    }
}

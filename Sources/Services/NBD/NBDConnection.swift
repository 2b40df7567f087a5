import CLinux
import Fleet
import Glibc
import Linux
import Wire

/// One client of the NBD server.
///
/// States: negotiating → serving → closed. While an answer is stuck in a full socket nothing more is read from it.
@safe final class NBDConnection: EventHandler {
    /// From this size a read's pages go out as they are; below, a copy from the mapping into one `sendmsg` with its
    /// neighbours costs a third (measured: `Benchmarks/README.md`).
    private static let sendfileByteCount = 32 * 1024

    /// What could not be sent yet.
    private enum Pending {
        case bytes([UInt8])
        case file(offset: Int, byteCount: Int)
    }

    private let socket: FileDescriptor
    private unowned let service: NBDService
    private unowned let loop: EventLoop
    private var negotiation: NBDNegotiation? = NBDNegotiation()
    private var usesStructuredReplies = false
    private var file: ServedFile?
    private(set) var digest: Digest?
    let peer: IPv4Address
    let place: PeerLimits.Place
    /// By the loop's clock.
    let cameAt: Int
    /// When the client last read, by the loop's clock; before its first read, when it came.
    private(set) var lastReadAt: Int
    /// Bytes received but not yet understood: part of a message.
    private var leftover: [UInt8] = []
    private var pending: [Pending] = []
    private var closesWhenSent = false
    private var isClosed = false
    /// A read waits for a disk; nothing more is taken from the client meanwhile.
    private var isFetching = false
    /// Whether the socket took all of the last large answer. What does not fit would be taken up twice.
    private var hasRoom = true
    /// Whether packets wait to be full: several large answers go out one behind the other.
    private var isCorked = false

    init(
        socket: consuming FileDescriptor, peer: IPv4Address, place: PeerLimits.Place, service: NBDService,
        loop: EventLoop
    ) {
        self.socket = socket
        self.peer = peer
        self.place = place
        self.service = service
        self.loop = loop
        cameAt = loop.batchTime
        lastReadAt = cameAt
    }

    func start() {
        do { try loop.add(socket, self) } catch { return close("\(error)") }
        sendOrKeep(NBDNegotiation.greeting)
    }

    func ready(_ events: EventLoop.Events) {
        if isClosed { return }
        if isFetching { return events.contains(.failed) ? close(nil) : () }
        if events.contains(.writable) {
            flushPending()
            guard !isClosed, pending.isEmpty else { return }
            if closesWhenSent { return close(nil) }
            loop.change(socket, to: .readable)
            serveLeftover()
        }
        if !isClosed, pending.isEmpty, events.contains(.readable) || !events.isDisjoint(with: .failed) {
            receive()
        }
    }

    /// - Parameter keepsPlace: whether its place now belongs to a volume.
    func close(_ reason: String?, keepsPlace: Bool = false) {
        guard !isClosed else { return }
        isClosed = true
        if let reason { service.say(peer, "connection closed: \(reason)") }
        loop.remove(socket)
        file = nil
        service.ended(socket.number, keepsPlace: keepsPlace)
    }

    // MARK: Receiving

    private func receive() {
        let scratch = service.scratch
        let kept = leftover.count
        // A handshake option may be longer than the scratch; a request never is.
        guard kept < NBDScratch.inputByteCount else { return receiveLong() }
        unsafe leftover.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            unsafe memcpy(scratch.input, start, kept)
        }
        let count = retrying {
            unsafe recv(
                socket.number, scratch.input + kept, NBDScratch.inputByteCount - kept, Int32(MSG_DONTWAIT))
        }
        if count == 0 { return close(nil) }
        if count < 0 {
            if errno != EAGAIN { close(errno == ECONNRESET ? nil : SystemError("receive").description) }
            return
        }
        leftover.removeAll(keepingCapacity: false)
        let span = unsafe Span(
            _unsafeStart: scratch.input.assumingMemoryBound(to: UInt8.self), count: kept + count)
        handle(span)
    }

    private func receiveLong() {
        do {
            let more = try socket.read(atMost: NBDProtocol.optionByteLimit)
            guard !more.isEmpty else { return close(nil) }
            serveLeftover(with: more)
        } catch {
            if error.number != EAGAIN { close(error.description) }
        }
    }

    private func serveLeftover(with more: [UInt8] = []) {
        let bytes = leftover + more
        guard !bytes.isEmpty else { return }
        leftover = []
        handle(bytes.span)
    }

    private func handle(_ input: Span<UInt8>) {
        guard negotiation != nil else { return serve(input) }
        var rest = input.extracting(0..<input.count)
        var output: [UInt8] = []
        let exports = NBDExportView(service: service, peer: peer)
        let outcome = negotiation?.handle(&rest, exports: exports, output: &output) ?? .goingOn
        switch outcome {
        case .goingOn: leftover = [UInt8](copying: rest)
        case .closed(let reason):
            closesWhenSent = true
            service.say(peer, "\(peer): \(reason)")
        case .chosen(let export):
            if let name = VolumeExportName(export.name) {
                return hand(over: name, answer: output, leftover: [UInt8](copying: rest))
            }
            do {
                guard let version = service.version(named: export.name) else {
                    return close("the version went away")
                }
                file = try service.open(version)
                digest = version.digest
            } catch {
                return close("\(error)")
            }
            usesStructuredReplies = negotiation?.usesStructuredReplies ?? false
            negotiation = nil
            service.chosen(socket.number)
        }
        sendOrKeep(output)
        if closesWhenSent, pending.isEmpty { return close(nil) }
        if negotiation == nil, !isClosed, !rest.isEmpty { serve(rest) }
    }

    /// From here on a thread of the volume's own serves the client.
    private func hand(over name: VolumeExportName, answer: [UInt8], leftover: [UInt8]) {
        sendOrKeep(answer)
        guard !isClosed, pending.isEmpty else { return close("a client that does not read its handshake") }
        // The volume's file is a second descriptor.
        guard let second = service.takePlace(for: peer) else { return close(nil) }
        let copy = dup(socket.number)
        guard copy >= 0 else {
            service.context.limits.release(second)
            return close(SystemError("hand over a connection").description)
        }
        service.startVolume(
            name, for: peer, socket: FileDescriptor(owning: copy), leftover: leftover,
            usesStructuredReplies: negotiation?.usesStructuredReplies ?? false, places: [place, second])
        close(nil, keepsPlace: true)
    }

    // MARK: Serving

    /// Answers all whole requests in `input`; what is left, or stuck, is kept.
    private func serve(_ input: Span<UInt8>) {
        var position = 0
        while input.count - position >= NBDProtocol.requestByteCount {
            var wire = input.extracting(position..<position + NBDProtocol.requestByteCount)
            guard let request = try? NBDRequest(parsing: &wire) else {
                return close("request without its magic")
            }
            position += NBDProtocol.requestByteCount
            switch request.command {
            case .read:
                lastReadAt = loop.batchTime
                if let cold = coldRange(of: request) {
                    // This request is taken up again when its bytes are there.
                    position -= NBDProtocol.requestByteCount
                    fetch(cold)
                } else {
                    if request.byteCount >= Self.sendfileByteCount, position < input.count { cork(true) }
                    read(request)
                }
            case .disconnect:
                flushReplies()
                return close(nil)
            case .flush: reply(request, .none)
            case .cache: prefetch(request)
            case .write:
                // The data follows and cannot be told from requests: a client that writes to a read-only export is
                // refused and let go (doc/proto.md, "Request message").
                reply(request, .notPermitted)
                flushReplies()
                return close("client writes to a read-only export")
            case .trim, .writeZeroes: reply(request, .notPermitted)
            default: reply(request, .invalid)
            }
            if isClosed { return }
            if isFetching || !pending.isEmpty { break }
        }
        if position == input.count, postponeLoneReply() { return }
        flushReplies()
        cork(false)
        if !isClosed, position < input.count {
            leftover = [UInt8](copying: input.extracting(position..<input.count))
        }
    }

    /// The bytes that a request asks for, when the disk has to be waited for.
    private func coldRange(of request: NBDRequest) -> Range<Int>? {
        guard let file, let range = request.range(inExportOf: file.byteCount) else { return nil }
        return file.isWarm(range) ? nil : range
    }

    private func fetch(_ range: Range<Int>) {
        isFetching = true
        loop.change(socket, to: [])
        file?.fetch(range) { [weak self] in
            guard let self, !isClosed else { return }
            isFetching = false
            loop.change(socket, to: pending.isEmpty ? .readable : .writable)
            if pending.isEmpty { serveLeftover() }
        }
    }

    private func read(_ request: NBDRequest) {
        guard let file, let range = request.range(inExportOf: file.byteCount), !range.isEmpty,
            range.count <= NBDProtocol.readByteLimit
        else { return reply(request, .invalid) }
        let (offset, byteCount) = (range.lowerBound, range.count)
        let scratch = service.scratch
        if scratch.replyCount == NBDScratch.replyLimit { flushReplies() }
        guard !isClosed else { return }
        let header = unsafe scratch.addHeader(
            request, .none, dataByteCount: byteCount, isStructured: usesStructuredReplies)
        if byteCount >= Self.sendfileByteCount {
            flushReplies(more: true)
            if !isClosed { sendFile(offset: offset, byteCount: byteCount) }
            return
        }
        guard let start = unsafe file.mapped.start else { return }
        unsafe scratch.slices[scratch.sliceCount] = header
        unsafe scratch.slices[scratch.sliceCount + 1] = iovec(
            iov_base: UnsafeMutableRawPointer(mutating: start + offset), iov_len: byteCount)
        scratch.sliceCount += 2
    }

    /// A reply without data.
    private func reply(_ request: NBDRequest, _ error: NBDError) {
        let scratch = service.scratch
        if scratch.replyCount == NBDScratch.replyLimit { flushReplies() }
        guard !isClosed else { return }
        let header = unsafe scratch.addHeader(
            request, error, dataByteCount: 0, isStructured: usesStructuredReplies)
        unsafe scratch.slices[scratch.sliceCount] = header
        scratch.sliceCount += 1
    }

    private func prefetch(_ request: NBDRequest) {
        guard let file, let range = request.range(inExportOf: file.byteCount) else {
            return reply(request, .invalid)
        }
        _ = posix_fadvise(
            file.mapped.descriptor.number, off_t(range.lowerBound), off_t(range.count), POSIX_FADV_WILLNEED)
        reply(request, .none)
    }

    // MARK: Sending

    /// Leaves the only reply that the scratch holds, a header and its data, to the end of the loop's batch. Whoever has
    /// several requests in flight, or is alone, gets its replies at once.
    private func postponeLoneReply() -> Bool {
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
    private func flushReplies(more: Bool = false) {
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
    private func cork(_ isOn: Bool) {
        guard isCorked != isOn, !isClosed else { return }
        isCorked = isOn
        try? socket.setOption(Int32(IPPROTO_TCP), TCP_CORK, isOn ? 1 : 0, "hold packets back")
    }

    private func sendFile(offset: Int, byteCount: Int) {
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

    private func sendOrKeep(_ bytes: [UInt8]) {
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

    private func flushPending() {
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
    private static func isGone(_ number: Int32) -> Bool {
        number == ECONNRESET || number == EPIPE || number == ETIMEDOUT
    }
}

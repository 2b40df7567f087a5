import CLinux
import Fleet
import Glibc
import Linux
import Wire

/// One client of the NBD server.
///
/// States: negotiating → serving → ending → closed. While an answer is stuck in a full socket nothing more is read from it. What it is
/// told last it can read: before the connection closes, all of it is sent, and the client is heard to its own end.
@safe final class NBDConnection: EventHandler {
    /// From this size a read's pages go out as they are; below, a copy from the mapping into one `sendmsg` with its
    /// neighbours costs a third (measured: `Benchmarks/README.md`).
    private static let sendfileByteCount = 32 * 1024
    /// Milliseconds that a client has to end after the server has.
    private static let endMilliseconds = 2_000

    /// What could not be sent yet.
    enum Pending {
        case bytes([UInt8])
        case file(offset: Int, byteCount: Int)
    }

    let socket: FileDescriptor
    unowned let service: NBDService
    unowned let loop: EventLoop
    private var negotiation: NBDNegotiation? = NBDNegotiation()
    private(set) var usesStructuredReplies = false
    /// The flags that a read may have.
    private var readFlags: UInt16 = 0
    private(set) var file: ServedFile?
    private(set) var digest: Digest?
    let peer: IPv4Address
    let place: PeerLimits.Place
    /// When its time is over, by the loop's clock, unless it has chosen an export.
    private(set) var deadline: Int
    /// When the client last read, by the loop's clock; before its first read, when it came.
    private(set) var lastReadAt: Int
    /// Bytes received but not yet understood: part of a message.
    private var leftover: [UInt8] = []
    var pending: [Pending] = []
    /// Bytes that are still to come of a write that was refused.
    private var skippedByteCount = 0
    private var closesWhenSent = false
    /// Whether all is sent, and only the client's own end is waited for.
    private(set) var isEnding = false
    private(set) var isClosed = false
    /// A read waits for a disk; nothing more is taken from the client meanwhile.
    private(set) var isFetching = false
    /// Whether the socket took all of the last large answer. What does not fit would be taken up twice.
    var hasRoom = true
    /// Whether packets wait to be full: several large answers go out one behind the other.
    var isCorked = false

    init(
        socket: consuming FileDescriptor, peer: IPv4Address, place: PeerLimits.Place, service: NBDService,
        loop: EventLoop
    ) {
        self.socket = socket
        self.peer = peer
        self.place = place
        self.service = service
        self.loop = loop
        deadline = loop.batchTime + service.context.limits.maxima.nbdHandshake
        lastReadAt = loop.batchTime
    }

    func start() {
        do { try loop.add(socket, self) } catch { return close("\(error)") }
        sendOrKeep(NBDNegotiation.greeting)
    }

    func ready(_ events: EventLoop.Events) {
        if isClosed { return }
        if isEnding { return Socket.discard(socket) ? () : close(nil) }
        if isFetching { return events.contains(.failed) ? close(nil) : () }
        if events.contains(.writable) {
            flushPending()
            guard !isClosed, pending.isEmpty else { return }
            if closesWhenSent { return end() }
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

    /// Ends the connection when all is sent: first our half of it, and the rest when the client has ended too, or has not within a
    /// moment.
    ///
    /// - Parameter reason: what the client has done, for the log; nil: its own wish.
    private func end(_ reason: String? = nil) {
        if let reason { service.say(peer, "\(peer): \(reason)") }
        closesWhenSent = true
        guard !isClosed, pending.isEmpty else { return }
        isEnding = true
        deadline = loop.batchTime + Self.endMilliseconds
        file = nil
        digest = nil
        service.ending(socket.number)
        loop.change(socket, to: .readable)
        Socket.finish(socket)
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
            sendOrKeep(output)
            return end(reason)
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
            readFlags = usesStructuredReplies ? NBDRequest.doNotFragment : 0
            negotiation = nil
            service.chosen(socket.number)
        }
        sendOrKeep(output)
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
        var position = skip(input.count)
        while input.count - position >= NBDProtocol.requestByteCount {
            var wire = input.extracting(position..<position + NBDProtocol.requestByteCount)
            guard let request = try? NBDRequest(parsing: &wire) else {
                flushReplies()
                return end("request without its magic")
            }
            position += NBDProtocol.requestByteCount
            if request.command == .read {
                lastReadAt = loop.batchTime
                if let cold = coldRange(of: request) {
                    // This request is taken up again when its bytes are there.
                    position -= NBDProtocol.requestByteCount
                    fetch(cold)
                } else {
                    if request.byteCount >= Self.sendfileByteCount, position < input.count { cork(true) }
                    read(request)
                }
            } else {
                answer(request)
                position += skip(input.count - position)
            }
            if isClosed || closesWhenSent { return }
            if isFetching || !pending.isEmpty { break }
        }
        if position == input.count, postponeLoneReply() { return }
        flushReplies()
        cork(false)
        if !isClosed, position < input.count {
            leftover = [UInt8](copying: input.extracting(position..<input.count))
        }
    }

    /// Passes over data of a write that was refused.
    ///
    /// - Returns: how many of `byteCount` bytes are such data.
    private func skip(_ byteCount: Int) -> Int {
        let skipped = min(skippedByteCount, byteCount)
        skippedByteCount -= skipped
        return skipped
    }

    /// What changes nothing, and has no data to answer with. A flag that the export does not offer is an error of its request
    /// (doc/proto.md, "Error values").
    private func answer(_ request: NBDRequest) {
        switch request.command {
        case .disconnect:
            // What was asked for before is answered (doc/proto.md, `NBD_CMD_DISC`).
            flushReplies()
            if pending.isEmpty { close(nil) } else { end() }
        case .flush: reply(request, request.flags == 0 ? .none : .invalid)
        case .cache: prefetch(request)
        case .write:
            // Its data follows in any case. A client that is told of the error goes on reading.
            guard request.byteCount <= UInt32(NBDProtocol.readByteLimit) else {
                reply(request, .invalid)
                flushReplies()
                return end("a write of \(request.byteCount) bytes")
            }
            reply(request, .notPermitted)
            skippedByteCount = Int(request.byteCount)
        case .trim, .writeZeroes: reply(request, .notPermitted)
        default: reply(request, .invalid)
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
            range.count <= NBDProtocol.readByteLimit, request.flags & ~readFlags == 0
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
        guard let file, let range = request.range(inExportOf: file.byteCount), request.flags == 0 else {
            return reply(request, .invalid)
        }
        _ = posix_fadvise(
            file.mapped.descriptor.number, off_t(range.lowerBound), off_t(range.count), POSIX_FADV_WILLNEED)
        reply(request, .none)
    }
}

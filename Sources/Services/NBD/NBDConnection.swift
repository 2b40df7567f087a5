import CLinux
import Fleet
import Glibc
import Linux
import Wire

/// One client of the NBD server.
///
/// States: negotiating → serving → ending → closed. While a reply is stuck in a full socket nothing more is read from it. The client can
/// read the last reply: before the connection closes, everything is sent, and we read until the client ends.
@safe final class NBDConnection: EventHandler {
    /// From this size on, a read's pages are sent in place; below it, copying them from the mapping into one `sendmsg` with its neighbours
    /// costs a third (measured: `Benchmarks/README.md`).
    private static let sendfileByteCount = 32 * 1024
    /// Milliseconds that a client has to end after the server did.
    private static let endMilliseconds = 2_000

    /// Data that could not be sent yet.
    enum Pending {
        case bytes([UInt8])
        case file(offset: Int, byteCount: Int)
    }

    /// A separate object: few connections have one, and many are idle.
    private final class WaitingRead {
        let request: NBDRequest
        let range: Range<Int>

        init(_ request: NBDRequest, _ range: Range<Int>) {
            (self.request, self.range) = (request, range)
        }
    }

    let socket: FileDescriptor
    unowned let service: NBDService
    unowned let loop: EventLoop
    private var negotiation: NBDNegotiation? = NBDNegotiation()
    /// Exists after the handshake; before it there is nothing to read.
    private var transmission = NBDTransmission(exportByteCount: 0, flags: [], usesStructuredReplies: false)
    private(set) var file: ServedFile?
    private(set) var digest: Digest?
    let peer: IPv4Address
    /// The number of the interface that it came in on.
    private let interface: UInt32?
    let place: PeerLimits.Place
    /// The deadline for choosing an export, by the loop's clock.
    private(set) var deadline: Int
    /// When the client last read, by the loop's clock; before its first read, when it connected.
    private(set) var lastReadAt: Int
    /// Bytes received but not yet parsed: part of a message.
    private var leftover: [UInt8] = []
    var pending: [Pending] = []
    /// A read that waits for the disk, and then for its turn; nothing more is taken from the client meanwhile.
    private var waitingRead: WaitingRead?
    private var closesWhenSent = false
    /// Whether everything is sent and only the client's end is awaited.
    private(set) var isEnding = false
    private(set) var isClosed = false
    /// Whether the disk is still reading.
    private(set) var isFetching = false
    /// Whether the socket took all of the last large reply. If not, the rest would be handled twice.
    var hasRoom = true
    /// Whether packets are held back until full: several large replies go out in a row.
    var isCorked = false

    init(
        socket: consuming FileDescriptor, peer: IPv4Address, interface: UInt32?, place: PeerLimits.Place,
        service: NBDService, loop: EventLoop
    ) {
        self.socket = socket
        self.interface = interface
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

    /// - Parameter keepsPlace: whether its slot now belongs to a volume.
    func close(_ reason: String?, keepsPlace: Bool = false) {
        guard !isClosed else { return }
        isClosed = true
        if let reason { service.say(peer, "connection closed: \(reason)") }
        loop.remove(socket)
        file = nil
        service.ended(socket.number, keepsPlace: keepsPlace)
    }

    /// Ends the connection once everything is sent: first our half, and the rest when the client ends too or does not in time.
    ///
    /// - Parameter reason: the client's mistake, for the log; nil: it asked to disconnect.
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
        let input = unsafe service.input.start
        let kept = leftover.count
        // A handshake option may be longer than the buffer; a request never is.
        guard kept < NBDInput.byteCount else { return receiveLong() }
        unsafe leftover.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            unsafe memcpy(input, start, kept)
        }
        let count = retrying {
            unsafe recv(
                socket.number, input + kept, NBDInput.byteCount - kept, Int32(MSG_DONTWAIT))
        }
        if count == 0 { return close(nil) }
        if count < 0 {
            if errno != EAGAIN { close(errno == ECONNRESET ? nil : SystemError("receive").description) }
            return
        }
        leftover.removeAll(keepingCapacity: false)
        let span = unsafe Span(
            _unsafeStart: input.assumingMemoryBound(to: UInt8.self), count: kept + count)
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
        // After the handshake there may be an end to handle, or a read that was waiting.
        guard !bytes.isEmpty || negotiation == nil else { return }
        leftover = []
        handle(bytes.span)
    }

    private func handle(_ input: Span<UInt8>) {
        guard negotiation != nil else { return serve(input) }
        var rest = input.extracting(0..<input.count)
        var output: [UInt8] = []
        let exports = NBDExportView(service: service, peer: peer, interface: interface)
        let outcome = negotiation?.handle(&rest, exports: exports, output: &output) ?? .goingOn
        if let refusal = negotiation?.takeRefusal() { service.say(peer, "\(peer): \(refusal)") }
        switch outcome {
        case .goingOn: leftover = [UInt8](copying: rest)
        case .closed(let mistake):
            sendOrKeep(output)
            return end(mistake)
        case .chosen(let export):
            if let volume = exports.volume {
                return hand(over: volume, answer: output, leftover: [UInt8](copying: rest))
            }
            guard let image = exports.image else { return close("an export without its file") }
            transmission = NBDTransmission(
                exportByteCount: image.file.byteCount, flags: export.flags,
                usesStructuredReplies: negotiation?.usesStructuredReplies ?? false)
            file = image.file
            digest = image.digest
            negotiation = nil
            service.chosen(socket.number)
        }
        sendOrKeep(output)
        if negotiation == nil, !isClosed, !rest.isEmpty { serve(rest) }
    }

    /// From here on the volume's own thread serves the client.
    private func hand(over volume: NBDExportView.OpenVolume, answer: [UInt8], leftover: [UInt8]) {
        sendOrKeep(answer)
        let copy = !isClosed && pending.isEmpty ? dup(socket.number) : -1
        guard copy >= 0 else {
            service.context.limits.release(volume.place)
            return close(
                pending.isEmpty
                    ? SystemError("duplicate a connection").description
                    : "a client that does not read its handshake")
        }
        service.startVolume(
            volume, for: peer, socket: FileDescriptor(owning: copy), leftover: leftover,
            usesStructuredReplies: negotiation?.usesStructuredReplies ?? false, places: [place, volume.place])
        close(nil, keepsPlace: true)
    }

    // MARK: Serving

    /// Answers all complete requests in `input`; what is left, or stuck, is kept.
    private func serve(_ input: Span<UInt8>) {
        var input = input.extracting(0..<input.count)
        if !isFetching, let waiting = waitingRead {
            waitingRead = nil
            read(waiting.request, waiting.range, isFollowed: !input.isEmpty)
        }
        while pending.isEmpty, !isFetching, !isClosed {
            let step = transmission.next(&input)
            if case .needsMore = step { break }
            guard take(step, isFollowed: !input.isEmpty) else { return }
        }
        if input.isEmpty, postponeLoneReply() { return }
        flushReplies()
        cork(false)
        if !isClosed, !input.isEmpty { leftover = [UInt8](copying: input) }
    }

    /// - Parameter isFollowed: whether more data from the client is here already.
    /// - Returns: whether there may be more to serve.
    private func take(_ step: NBDTransmission.Step, isFollowed: Bool) -> Bool {
        switch step {
        case .read(let request, let range): read(request, range, isFollowed: isFollowed)
        // Images do not change, so there is nothing to flush.
        case .flush(let request): reply(request)
        case .prefetch(let request, let range): prefetch(request, range)
        case .refuse(let request, let error): reply(request, error)
        // A read-only export has neither.
        case .write(let request, _), .clear(let request, _): reply(request, .notPermitted)
        case .needsMore: break
        case .ended(let ending):
            flushReplies()
            if ending == .disconnect, pending.isEmpty { close(nil) } else { end(ending.mistake) }
            return false
        }
        return !isClosed
    }

    private func read(_ request: NBDRequest, _ range: Range<Int>, isFollowed: Bool) {
        guard let file, let start = unsafe file.mapped.start else { return reply(request, .inputOutput) }
        lastReadAt = loop.batchTime
        guard file.isWarm(range) else { return fetch(request, range, of: file) }
        makeRoom()
        guard !isClosed else { return }
        let replies = service.replies
        replies.add(request, dataByteCount: range.count, of: &transmission)
        if range.count >= Self.sendfileByteCount {
            if isFollowed { cork(true) }
            flushReplies(more: true)
            if !isClosed { sendFile(offset: range.lowerBound, byteCount: range.count) }
        } else {
            unsafe replies.add(
                data: UnsafeRawBufferPointer(start: start + range.lowerBound, count: range.count))
        }
    }

    /// Waits for the disk; then it is this request's turn.
    private func fetch(_ request: NBDRequest, _ range: Range<Int>, of file: ServedFile) {
        waitingRead = WaitingRead(request, range)
        isFetching = true
        loop.change(socket, to: [])
        file.fetch(range) { [weak self] in
            guard let self, !isClosed else { return }
            isFetching = false
            loop.change(socket, to: pending.isEmpty ? .readable : .writable)
            if pending.isEmpty { serveLeftover() }
        }
    }

    private func prefetch(_ request: NBDRequest, _ range: Range<Int>) {
        if let file {
            _ = posix_fadvise(
                file.mapped.descriptor.number, off_t(range.lowerBound), off_t(range.count),
                POSIX_FADV_WILLNEED)
        }
        reply(request)
    }

    /// A reply without data.
    private func reply(_ request: NBDRequest, _ error: NBDError = .none) {
        makeRoom()
        if !isClosed { service.replies.add(request, error, of: &transmission) }
    }

    private func makeRoom() {
        if service.replies.isFull { flushReplies() }
    }
}

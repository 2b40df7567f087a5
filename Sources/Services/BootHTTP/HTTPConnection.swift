import CLinux
import Glibc
import Linux
import Wire

/// One HTTP connection: one request at a time, pipelined ones in order.
///
/// States: reading a head → reading its body → sending the answer → reading a head, or ending → closed. Before closing, we read until the
/// client ends: data still on its way from there would destroy the answer before it is read (RFC 9112 §9.6).
final class HTTPConnection: EventHandler {
    /// Up to this size a file is sent from its mapping together with the head, in one call; larger ones use `sendfile`.
    private static let copyByteCount = 32 * 1024
    /// Checked before each call of `sendfile`, which takes about as much as a socket buffer holds.
    private static let warmByteCount = 4 << 20
    private static let bodyByteLimit = 64 * 1024
    /// Bytes read from the socket at a time.
    private static let inputByteCount = 16 * 1024
    /// Milliseconds that a client has to end after the server did.
    private static let endMilliseconds = 2_000

    private let socket: FileDescriptor
    private unowned let service: HTTPService
    private unowned let loop: EventLoop
    private(set) var lastActivity = EventLoop.now()
    /// When the request that is being received began; nil when there is none.
    private(set) var requestBeganAt: Int?
    let peer: IPv4Address
    /// The number of the interface that it came in on.
    private let interface: UInt32?
    let place: PeerLimits.Place
    private let server: IPv4Address
    private var input: [UInt8] = []
    /// Bytes to send first, followed by the rest of a file.
    private var output: [UInt8] = []
    private var outputStart = 0
    private var file: (ServedFile, Range<Int>)?
    private var sending: (answer: HTTPAnswer, path: Substring)?
    private var persistence = HTTPAnswer.Persistence.usual
    /// The head of a request whose body is still arriving: parsed once, however many pieces the body has.
    private var receiving: Receiving?
    /// The deadline for the client's end, by the loop's clock; nil: the connection is not ending.
    private(set) var endsAt: Int?
    private var isClosed = false
    private var waitsForSpace = false
    /// The next bytes of the file are being read from a disk.
    private var isFetching = false
    /// Its peer exceeded a limit: a request that has already arrived waits for a moment.
    private var isThrottled = false
    /// The answer to its request, which comes later.
    private var awaited: LaterAnswer?
    private var isAwaiting: Bool { awaited != nil }
    /// When its answer began to take room in memory, by the loop's clock; nil: it takes none.
    private(set) var placedAt: Int?

    private struct Receiving {
        var request: HTTPRequestHead
        var framing: HTTPFraming
        var headByteCount: Int
        /// Whether the client was told to send the body.
        var hasContinued = false
    }

    init(
        socket: consuming FileDescriptor, peer: IPv4Address, interface: UInt32?, place: PeerLimits.Place,
        service: HTTPService, loop: EventLoop
    ) {
        self.peer = peer
        self.interface = interface
        self.place = place
        server = Socket.local(socket) ?? .any
        self.socket = socket
        self.service = service
        self.loop = loop
    }

    func start() {
        do { try loop.add(socket, self) } catch { close() }
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        awaited?.abandon()
        (awaited, sending, output, placedAt) = (nil, nil, [], nil)
        loop.remove(socket)
        service.ended(socket.number)
    }

    /// Ends our half of the connection, and the rest when the client ends too or does not in time.
    private func end() {
        guard !isClosed else { return }
        endsAt = loop.batchTime + Self.endMilliseconds
        input = []
        if waitsForSpace { loop.change(socket, to: .readable) }
        Socket.finish(socket)
    }

    func ready(_ events: EventLoop.Events) {
        guard !isClosed else { return }
        if endsAt != nil { return Socket.discard(socket) ? () : close() }
        lastActivity = EventLoop.now()
        if isFetching || isThrottled || isAwaiting { return events.contains(.failed) ? close() : () }
        if sending != nil {
            if events.contains(.failed) { return close() }
            continueSending()
        } else {
            receive()
        }
    }

    private func receive() {
        let number = socket.number
        var count = 0
        let more = unsafe [UInt8](unsafeUninitializedCapacity: Self.inputByteCount) { buffer, used in
            count = retrying {
                unsafe recv(number, buffer.baseAddress, Self.inputByteCount, Int32(MSG_DONTWAIT))
            }
            used = max(0, count)
        }
        if count == 0 { return close() }
        if count < 0 { return errno == EAGAIN ? () : close() }
        if input.isEmpty { input = more } else { input += more }
        answerNext()
    }

    /// Answers requests as long as they are complete and the socket takes the answers.
    private func answerNext() {
        answerWhole()
        if input.isEmpty || sending != nil || isThrottled || isAwaiting {
            requestBeganAt = nil
        } else if requestBeganAt == nil {
            requestBeganAt = lastActivity
        }
    }

    private func answerWhole() {
        while !isClosed, endsAt == nil, sending == nil, !isAwaiting {
            do throws(HTTPRefusal) {
                if receiving == nil { receiving = try takeHead() }
                guard let request = receiving, try answer(request) else { return }
            } catch {
                return refuse(error.status, error.text)
            }
        }
    }

    /// - Returns: nil until the head has arrived.
    private func takeHead() throws(HTTPRefusal) -> Receiving? {
        // Some clients add an empty line after a body (RFC 9112 §2.2).
        if let first = input.first, first == 0x0D || first == 0x0A {
            input.removeFirst(input.prefix { $0 == 0x0D || $0 == 0x0A }.count)
        }
        guard let first = input.first else { return nil }
        // A method is printable. A client that begins a TLS handshake (RFC 8446 §5.1) would wait here for what it never gets.
        guard first > 0x20, first < 0x7F else {
            throw HTTPRefusal(
                400, first == 0x16 ? "this port is for http://, not for https://" : "this is not HTTP")
        }
        let byteCount = HTTPRequestHead.byteCount(in: input.span)
        guard byteCount ?? input.count <= HTTPRequestHead.byteLimit else {
            throw input.prefix(HTTPRequestHead.byteLimit).contains(0x0A)
                ? HTTPRefusal(431, "the head is too long") : HTTPRefusal(414, "this address is too long")
        }
        guard let byteCount else {
            // Nothing follows a request without a version (HTTP/0.9), or of another protocol: its client waits for an answer.
            if let end = input.firstIndex(of: 0x0A), !HTTPRequestHead.isRequestLine(Array(input[..<end])) {
                throw HTTPRefusal(400, "this is not an HTTP request")
            }
            return nil
        }
        let request = try head(byteCount: byteCount)
        let framing = try HTTPFraming(request)
        guard framing.bodyByteCount <= Self.bodyByteLimit else {
            throw HTTPRefusal(413, "at most \(Self.bodyByteLimit) bytes")
        }
        return Receiving(request: request, framing: framing, headByteCount: byteCount)
    }

    /// - Returns: whether the request was complete.
    private func answer(_ received: Receiving) throws(HTTPRefusal) -> Bool {
        let (bodyByteCount, headByteCount) = (received.framing.bodyByteCount, received.headByteCount)
        guard input.count >= headByteCount + bodyByteCount else {
            if received.framing.expectsContinue, !received.hasContinued { sayContinue() }
            return false
        }
        guard service.mayAsk(self) else {
            throttle()
            return false
        }
        receiving = nil
        let body = bodyByteCount == 0 ? [] : Array(input[headByteCount..<headByteCount + bodyByteCount])
        if input.count == headByteCount + bodyByteCount {
            input.removeAll(keepingCapacity: true)
        } else {
            input.removeFirst(headByteCount + bodyByteCount)
        }
        let (request, framing) = (received.request, received.framing)
        persistence = !framing.keepsAlive ? .closes : request.minorVersion == 0 ? .keepsAlive : .usual
        let answer = service.answering.answer(
            request, body: body, peer: peer, server: server, interface: interface)
        if case .later(let later) = answer.body {
            wait(for: later, to: request)
        } else {
            send(answer, to: request)
        }
        return true
    }

    private func wait(for later: LaterAnswer, to request: HTTPRequestHead) {
        awaited = later
        loop.change(socket, to: [])
        later.whenGiven { [weak self] answer in
            guard let self, !isClosed else { return }
            awaited = nil
            lastActivity = EventLoop.now()
            loop.change(socket, to: .readable)
            send(answer, to: request)
            answerNext()
        }
    }

    /// The client waits for this before it sends its body (RFC 9110 §10.1.1). Nothing else is being sent, so the socket has room.
    private func sayContinue() {
        receiving?.hasContinued = true
        let line = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)
        let number = socket.number
        let sent = retrying {
            unsafe Glibc.send(number, line, line.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
        }
        if sent != line.count { close() }
    }

    private func throttle() {
        isThrottled = true
        loop.change(socket, to: [])
    }

    /// Resumes after ``throttle()``.
    func resume() {
        guard !isClosed else { return }
        isThrottled = false
        lastActivity = EventLoop.now()
        loop.change(socket, to: .readable)
        answerNext()
    }

    private func head(byteCount: Int) throws(HTTPRefusal) -> HTTPRequestHead {
        let bytes = Array(input.prefix(byteCount))
        var wire = bytes.span
        do throws(WireError) {
            return try HTTPRequestHead(parsing: &wire)
        } catch .tooLong {
            throw HTTPRefusal(431, "at most \(HTTPRequestHead.fieldCountLimit) fields")
        } catch {
            throw HTTPRefusal(400, "this is not an HTTP request")
        }
    }

    private func refuse(_ status: Int, _ text: String) {
        persistence = .closes
        input = []
        receiving = nil
        send(.error(status, text), to: nil)
    }

    // MARK: Sending

    private func send(_ answer: HTTPAnswer, to request: HTTPRequestHead?) {
        sending = (answer, request?.path ?? "")
        output = answer.head(persistence, date: service.date)
        outputStart = 0
        file = nil
        if request?.method != "HEAD" {
            switch answer.body {
            case .none, .later: break
            case .bytes(let bytes):
                output += bytes
                // Large ones are in memory once.
                if answer.place != nil {
                    sending?.answer.body = HTTPAnswer.Body.none
                    placedAt = EventLoop.now()
                }
            case .file(let mapped, let range):
                if range.count <= Self.copyByteCount, mapped.isWarm(range),
                    let start = unsafe mapped.mapped.start
                {
                    unsafe output += UnsafeRawBufferPointer(
                        start: start + range.lowerBound, count: range.count)
                } else if !range.isEmpty {
                    file = (mapped, range)
                }
            }
        } else {
            sending?.answer.stage = nil
        }
        continueSending()
    }

    private func continueSending() {
        let number = socket.number
        if outputStart < output.count {
            let flags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT | (file == nil ? 0 : MSG_MORE))
            let start = outputStart
            let sent = unsafe output.withUnsafeBytes { bytes in
                retrying {
                    unsafe Glibc.send(
                        number, bytes.baseAddress.map { unsafe $0 + start }, bytes.count - start, flags)
                }
            }
            if sent < 0, errno != EAGAIN { return close() }
            outputStart += max(0, sent)
            if outputStart < output.count { return waitForSpace() }
        }
        if let (mapped, range) = file {
            let next = range.lowerBound..<min(range.upperBound, range.lowerBound + Self.warmByteCount)
            guard mapped.isWarm(next) else { return fetch(next, of: mapped) }
            var position = off_t(range.lowerBound)
            let sent = retrying {
                unsafe sendfile(number, mapped.mapped.descriptor.number, &position, next.count)
            }
            if sent < 0, errno != EAGAIN { return close() }
            let rest = range.lowerBound + max(0, sent)..<range.upperBound
            file = rest.isEmpty ? nil : (mapped, rest)
            // A short write means a full socket: the loop calls again when there is room.
            if file != nil { return waitForSpace() }
        }
        guard let done = sending else { return }
        (sending, placedAt) = (nil, nil)
        if output.count > Self.copyByteCount { (output, outputStart) = ([], 0) }
        service.sent(done.answer, to: peer, on: interface)
        if case .closes = persistence { return end() }
        if waitsForSpace {
            waitsForSpace = false
            loop.change(socket, to: .readable)
            answerNext()
        }
    }

    private func fetch(_ range: Range<Int>, of file: ServedFile) {
        isFetching = true
        loop.change(socket, to: [])
        file.fetch(range) { [weak self] in
            guard let self, !isClosed else { return }
            isFetching = false
            lastActivity = EventLoop.now()
            loop.change(socket, to: waitsForSpace ? .writable : .readable)
            continueSending()
        }
    }

    private func waitForSpace() {
        guard !waitsForSpace else { return }
        waitsForSpace = true
        loop.change(socket, to: .writable)
    }
}

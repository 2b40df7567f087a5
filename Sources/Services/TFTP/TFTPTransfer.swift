import CLinux
import Fleet
import Glibc
import Linux
import Wire

/// The content of a transfer.
enum TFTPContent {
    case file(ServedFile)
    case bytes([UInt8])

    var byteCount: Int {
        switch self {
        case .file(let file): file.byteCount
        case .bytes(let bytes): bytes.count
        }
    }

    /// Lines end with CR LF, and a lone CR is followed by NUL (RFC 764, as required by RFC 1350 §1).
    var netascii: [UInt8] {
        var result: [UInt8] = []
        unsafe withBytes { bytes in
            for index in 0..<bytes.count {
                switch unsafe bytes[index] {
                case 0x0A: result += [0x0D, 0x0A]
                case 0x0D: result += [0x0D, 0]
                default: unsafe result.append(bytes[index])
                }
            }
        }
        return result
    }

    func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) {
        switch self {
        case .file(let file):
            unsafe body(UnsafeRawBufferPointer(start: file.mapped.start, count: file.byteCount))
        case .bytes(let bytes): unsafe bytes.withUnsafeBytes { unsafe body($0) }
        }
    }
}

/// One transfer: the shell around `TFTPSend` that owns the socket and the deadline.
final class TFTPTransfer: EventHandler {
    /// Datagrams taken from its socket before the next request is handled.
    private static let datagramLimit = 64
    /// Milliseconds within which a repeated request is a copy.
    private static let copyMilliseconds = 1_000

    let peer: TFTPService.Peer
    var path: String { request.path }
    let stage: BootStage?
    let place: PeerLimits.Place
    /// Whether its address holds no lease.
    let isStranger: Bool
    /// Whether the client was never heard after its request: it may not exist.
    private(set) var isUnanswered = true
    /// Milliseconds of the loop's clock.
    private let beganAt: Int
    private let request: TFTPRequest
    private let local: IPv4Address
    private let content: TFTPContent
    private let agreed: TFTPNegotiation
    private var state: TFTPSend
    /// Nil when all transfers share one port.
    private let socket: FileDescriptor?
    private unowned let service: TFTPService
    private unowned let loop: EventLoop
    /// Whether the kernel splits its windows: it does not if the card leaves checksums to it, or a block exceeds a packet.
    private var canSegment = true
    private(set) var isOver = false

    init(
        request: TFTPRequest, content: TFTPContent, peer: TFTPService.Peer, local: IPv4Address,
        socket: consuming FileDescriptor?, place: PeerLimits.Place, isStranger: Bool, service: TFTPService,
        loop: EventLoop, stage: BootStage?
    ) {
        self.place = place
        self.isStranger = isStranger
        self.content = content
        self.peer = peer
        self.local = local
        self.socket = socket
        self.service = service
        self.loop = loop
        self.stage = stage
        self.request = request
        beganAt = loop.batchTime
        agreed = TFTPNegotiation(request, fileByteCount: content.byteCount, limits: service.settings.limits)
        state = TFTPSend(fileByteCount: content.byteCount, agreed: agreed)
    }

    func start() {
        do {
            switch socket {
            case .some(let socket): try loop.add(socket, self)
            case .none: break
            }
        } catch {
            return end(isWhole: false)
        }
        perform(state.start(now: beganAt))
    }

    func ready(_ events: EventLoop.Events) {
        guard !isOver else { return }
        // One packet per wake-up: a second look finds nothing while the client waits for us, and costs a call.
        receive()
    }

    /// Takes everything that its own socket holds; nothing if it has none.
    func receiveAll() {
        for _ in 0..<Self.datagramLimit where !isOver {
            guard receive() else { return }
        }
    }

    /// - Returns: whether a packet was there.
    @discardableResult
    private func receive() -> Bool {
        guard let number = descriptor else { return false }
        // An acknowledgement has four bytes; an error message a few more.
        var count = 0
        let packet = unsafe withUnsafeTemporaryAllocation(byteCount: 516, alignment: 8) {
            buffer -> TFTPPacket? in
            count = unsafe recv(number, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
            let start = unsafe UnsafeRawPointer(buffer.baseAddress)?.assumingMemoryBound(to: UInt8.self)
            guard count > 0, let start = unsafe start else { return nil }
            var wire = unsafe Span<UInt8>(_unsafeStart: start, count: count)
            return try? TFTPPacket(parsing: &wire)
        }
        // The client's host reports that nothing listens there any more (ICMP).
        if count < 0, errno == ECONNREFUSED { end(isWhole: false) }
        if let packet { received(packet) }
        return count >= 0
    }

    private var descriptor: Int32? {
        switch socket {
        case .some(let socket): socket.number
        case .none: nil
        }
    }

    /// Its speed.
    var blocksPerSecond: Double {
        Double(max(0, state.acknowledgedBlock)) / (Double(max(1, EventLoop.now() - beganAt)) / 1_000)
    }

    /// Whether a request repeats this transfer's own rather than starting the next one: the same file in the same mode, before the client
    /// has heard an answer. After that it starts anew, except for copies made by the network.
    func isRepeated(by other: TFTPRequest) -> Bool {
        other == request && (!state.isUnderway || loop.batchTime - beganAt < Self.copyMilliseconds)
    }

    func received(_ packet: TFTPPacket) {
        isUnanswered = false
        switch packet {
        case .acknowledgement(let block): handle(.acknowledged(block), now: loop.batchTime)
        case .error(let error):
            // Code 8, or 0 while only the size was asked for, ends a first request of edk2, which is not a failure.
            if error.code != .optionsRefused, state.acknowledgedBlock > 0 {
                service.say(peer, "\(peer.address): \(path): the client gave up: \(error.message)")
            }
            handle(.refusedByPeer, now: loop.batchTime)
        default: break
        }
    }

    /// When the event `timeout` is due, by the loop's clock.
    var deadline: Int { state.deadline }

    /// - Parameter now: milliseconds of the loop's clock.
    func handle(_ event: TFTPSend.Event, now: Int) { perform(state.handle(event, now: now)) }

    /// Ends it to make room for another.
    func giveUp() { end(isWhole: false) }

    private func perform(_ action: TFTPSend.Action) {
        switch action {
        case .sendOptions:
            var bytes: [UInt8] = []
            TFTPPacket.optionAcknowledgement(agreed.acknowledged).write(to: &bytes)
            send(bytes)
        case .send(let blocks): send(blocks)
        case .wait: return
        case .finish: return end(isWhole: true)
        case .giveUp: return end(isWhole: false)
        }
    }

    private func send(_ bytes: [UInt8]) {
        switch socket {
        case .some(let socket):
            DatagramBatch.send(bytes, from: socket, to: peer.address, port: peer.port, source: local)
        case .none: service.send(bytes, to: peer, from: local)
        }
    }

    private func send(_ blocks: ClosedRange<Int>) {
        if case .file(let file) = content {
            let start = (blocks.lowerBound - 1) * agreed.blockByteCount
            let range =
                min(start, file.byteCount)..<min(file.byteCount, blocks.upperBound * agreed.blockByteCount)
            guard file.isWarm(range) else {
                // The window is sent when the disk has delivered it; the client's time-out is longer than that.
                return file.fetch(range) { [weak self] in
                    if let self, !isOver { send(blocks) }
                }
            }
        }
        // Our own socket is connected: naming the peer again would make the kernel look up the route each time.
        let (number, destination) = descriptor.map { ($0, nil) } ?? (service.sharedSocket, peer)
        unsafe content.withBytes {
            unsafe service.sender.send(
                blocks, of: $0, blockByteCount: agreed.blockByteCount, from: number, to: destination,
                canSegment: &canSegment)
        }
    }

    private func end(isWhole: Bool) {
        guard !isOver else { return }
        isOver = true
        switch socket {
        case .some(let socket): loop.remove(socket)
        case .none: break
        }
        service.ended(self, isWhole: isWhole)
    }
}

/// Sends many blocks with one system call: the kernel splits them (UDP_SEGMENT), each `[header, slice of the file]`.
@safe final class TFTPSegmentSender {
    /// A datagram before splitting has at most this many bytes.
    private static let datagramByteLimit = 65_507
    private static let segmentLimit = 64
    private static let copyByteLimit = 1_536

    private let headers: UnsafeMutablePointer<UInt32>
    private let slices: UnsafeMutablePointer<iovec>
    private let packet: UnsafeMutableRawPointer

    init() {
        unsafe headers = .allocate(capacity: Self.segmentLimit)
        unsafe slices = .allocate(capacity: Self.segmentLimit * 2)
        unsafe packet = .allocate(byteCount: Self.copyByteLimit, alignment: 16)
    }

    deinit {
        unsafe headers.deallocate()
        unsafe slices.deallocate()
        unsafe packet.deallocate()
    }

    /// A single block of usual size is copied after its header: cheaper than having the kernel gather the two.
    private func sendOne(
        _ block: Int, of content: UnsafeRawBufferPointer, _ blockByteCount: Int, from socket: Int32
    ) {
        let start = (block - 1) * blockByteCount
        let length = max(0, min(blockByteCount, content.count - start))
        unsafe packet.storeBytes(
            of: (3 << 16 | UInt32(UInt16(truncatingIfNeeded: block))).bigEndian, as: UInt32.self)
        if length > 0, let base = content.baseAddress {
            unsafe memcpy(packet + 4, base + start, length)
        }
        _ = retrying { unsafe Glibc.send(socket, packet, 4 + length, Int32(MSG_DONTWAIT)) }
    }

    /// Sends `blocks` (counted from 1) of a content; the client asks again for those that the socket does not take.
    ///
    /// - Parameters:
    ///   - peer: nil for a connected socket.
    ///   - canSegment: cleared when the kernel cannot split what goes this way.
    func send(
        _ blocks: ClosedRange<Int>, of content: UnsafeRawBufferPointer, blockByteCount: Int,
        from socket: Int32, to peer: TFTPService.Peer?, canSegment: inout Bool
    ) {
        let packetByteCount = blockByteCount + 4
        if blocks.count == 1, peer == nil, packetByteCount <= Self.copyByteLimit {
            return unsafe sendOne(blocks.lowerBound, of: content, blockByteCount, from: socket)
        }
        var next = blocks.lowerBound
        while next <= blocks.upperBound {
            let most =
                canSegment ? min(Self.segmentLimit, max(1, Self.datagramByteLimit / packetByteCount)) : 1
            let count = min(most, blocks.upperBound - next + 1)
            for index in 0..<count {
                let block = next + index
                let start = (block - 1) * blockByteCount
                let length = max(0, min(blockByteCount, content.count - start))
                unsafe headers[index] = (3 << 16 | UInt32(UInt16(truncatingIfNeeded: block))).bigEndian
                unsafe slices[2 * index] = iovec(iov_base: headers + index, iov_len: 4)
                unsafe slices[2 * index + 1] = iovec(
                    iov_base: length > 0
                        ? UnsafeMutableRawPointer(mutating: content.baseAddress.map { unsafe $0 + start })
                        : nil,
                    iov_len: length)
            }
            let sent = retrying {
                unsafe roost_send_segments(
                    socket, slices, count * 2, count > 1 ? UInt16(packetByteCount) : 0,
                    peer?.address.rawValue ?? 0, peer?.port ?? 0)
            }
            if sent < 0 {
                // No checksum offload, IPsec, or a path with a smaller MTU: one datagram at a time then.
                guard count > 1, errno == EIO || errno == EINVAL || errno == EMSGSIZE, canSegment else {
                    return
                }
                canSegment = false
                continue
            }
            next += count
        }
    }
}

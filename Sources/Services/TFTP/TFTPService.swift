import CLinux
import Fleet
import Glibc
package import Linux
package import Wire

/// The TFTP server: read requests on one port, each transfer on its own port (RFC 1350 §4), or everything on the one port behind a NAT or a
/// Kubernetes service.
///
/// A client has one transfer at a time per port, identified by its request: many ROMs use one port for all files, drop transfers silently,
/// and begin the next one while the end of the last is still on its way.
package final class TFTPService: EventHandler {
    package struct Settings: Sendable {
        package var limits = TFTPNegotiation.Limits()
        package var isSinglePort = false

        package init() {}
    }

    /// Requests taken from the socket at a time.
    private static let batchCount = 64
    /// Batches per wake-up: other services get their turn during a flood.
    private static let batchLimit = 4
    /// Milliseconds after which unanswered transfers are checked.
    private static let compactMilliseconds = 5_000
    /// `netascii` doubles some bytes and must be converted beforehand: text only.
    private static let netasciiByteLimit = 1 << 20
    /// Bytes of the largest request or acknowledgement that we read.
    private static let datagramByteLimit = 1_024

    private let socket: FileDescriptor
    private unowned let loop: EventLoop
    private let context: BootContext
    let settings: Settings
    let sender = TFTPSegmentSender()
    private let batch = DatagramBatch(count: TFTPService.batchCount, byteLimit: TFTPService.datagramByteLimit)
    private var transfers: [Peer: TFTPTransfer] = [:]
    /// Those of lease holders, and those of strangers.
    private var unanswered = (known: TFTPQueue(), strangers: TFTPQueue())

    struct Peer: Hashable {
        var address: IPv4Address
        var port: UInt16
    }

    package init(
        socket: consuming FileDescriptor, loop: EventLoop, context: BootContext,
        settings: Settings = Settings()
    ) throws(SystemError) {
        self.socket = socket
        self.loop = loop
        self.context = context
        self.settings = settings
        try loop.add(self.socket, self)
        loop.every(milliseconds: 100) { [unowned self] in repeatWindows(dueAt: EventLoop.now()) }
        loop.every(milliseconds: Self.compactMilliseconds) { [unowned self] in
            unanswered.known.compact(keeping: isUnanswered)
            unanswered.strangers.compact(keeping: isUnanswered)
        }
    }

    /// Resends what was not acknowledged in time, and gives up after enough attempts.
    ///
    /// - Parameter now: milliseconds of `EventLoop.now`.
    package func repeatWindows(dueAt now: Int) {
        for transfer in transfers.values where transfer.deadline <= now {
            transfer.handle(.timeout, now: now)
        }
    }

    package func ready(_ events: EventLoop.Events) {
        for _ in 0..<Self.batchLimit {
            let count = batch.receive(from: socket)
            guard count > 0 else { return }
            for index in 0..<count {
                let datagram = batch.datagram(index)
                batch.withBytes(index) {
                    take(
                        $0, from: datagram.peerAddress, port: datagram.peerPort,
                        to: datagram.localAddress, on: datagram.interface)
                }
            }
            if count < Self.batchCount { return }
        }
    }

    /// Handles a datagram that came to this server's port.
    ///
    /// - Parameter interface: the number of the interface that it came in on; nil: not known.
    package func take(
        _ bytes: Span<UInt8>, from address: IPv4Address, port: UInt16, to local: IPv4Address,
        on interface: UInt32? = nil
    ) {
        let peer = Peer(address: address, port: port)
        var wire = bytes.extracting(0..<bytes.count)
        let packet: TFTPPacket
        do {
            packet = try TFTPPacket(parsing: &wire)
        } catch {
            say(peer, "\(peer.address): unreadable packet: \(error)")
            // A request gets an answer: its client would wait in vain.
            if bytes.count > 1, bytes[0] == 0, bytes[1] == 1 {
                answer(TFTPError(.illegalOperation, "unreadable request"), to: peer, local: local)
            }
            return
        }
        switch packet {
        case .read(let request): begin(request, peer: peer, local: local, interface: interface)
        case .write:
            answer(
                TFTPError(.accessViolation, "this server only reads"), to: peer, local: local)
        case .acknowledgement, .error:
            // Only with a single port does the rest of a transfer come here. A packet without a transfer is then a copy of a last one, and
            // an error would end what the client has begun since.
            if settings.isSinglePort {
                transfers[peer]?.received(packet)
            } else if case .acknowledgement = packet {
                answer(TFTPError(.unknownTransfer, "no such transfer"), to: peer, local: local)
            }
        case .data, .optionAcknowledgement:
            answer(
                TFTPError(.illegalOperation, "this server only sends"), to: peer, local: local
            )
        }
    }

    private func begin(_ request: TFTPRequest, peer: Peer, local: IPv4Address, interface: UInt32?) {
        let isElsewhere = context.isElsewhere(peer.address, on: interface)
        let running = transfers[peer]
        // Another machine that claims the address does not disturb the transfers of the one that has it.
        if running != nil, isElsewhere { return }
        // A client that asks too often gets no answer; it asks again. Each repetition has something sent again, so they count, too.
        guard context.limits.takes(\.tftpRequests, .tftp, .requests, .address(peer.address)) else { return }
        if let running {
            // Its last packet may still wait in its own socket: the order in which the loop reads the two proves nothing.
            running.receiveAll()
            if !running.isOver, running.isRepeated(by: request) {
                return running.handle(.requestedAgain, now: loop.batchTime)
            }
            running.giveUp()
        }
        let isStranger = context.machine(at: peer.address, on: interface) == nil
        guard let place = takePlace(for: peer, isStranger: isStranger) else {
            return answer(TFTPError(.undefined, "busy, try again"), to: peer, local: local)
        }
        var isUsed = false
        defer { if !isUsed { context.limits.release(place) } }
        do {
            let (content, stage) = try content(
                of: request, peer: peer.address, server: local, interface: interface)
            let transfer = TFTPTransfer(
                request: request, content: content, peer: peer, local: local,
                socket: try transferSocket(local: local, peer: peer), place: place, isStranger: isStranger,
                service: self, loop: loop, stage: isElsewhere ? nil : stage)
            isUsed = true
            transfers[peer] = transfer
            if isStranger { unanswered.strangers.append(peer) } else { unanswered.known.append(peer) }
            transfer.start()
        } catch let error as TFTPError {
            say(peer, "\(peer.address): \(request.path): \(error.message)")
            answer(error, to: peer, local: local)
        } catch {
            say(peer, "\(peer.address): \(request.path): \(error)")
            answer(TFTPError(.undefined, "the server cannot read this file"), to: peer, local: local)
        }
    }

    // MARK: Room for transfers

    /// A slot for one more transfer; nil when there is neither a free one nor one that can be dropped.
    private func takePlace(for peer: Peer, isStranger: Bool) -> PeerLimits.Place? {
        let limits = context.limits
        for isLast in [false, true] {
            do throws(PeerCount<IPv4Address>.Refusal) {
                return try limits.take(.tftp, for: peer.address, isStranger: isStranger)
            } catch {
                if error != .peer, !isLast, makeRoom(for: peer, onlyOfStrangers: error == .strangers) {
                    continue
                }
                limits.refuse(
                    limits.limit(.tftp, error, for: peer.address, .transfers), .address(peer.address))
                return nil
            }
        }
        return nil
    }

    /// Ends the transfer that is missed least: the oldest whose client never answered and may not exist; otherwise the slowest of the
    /// address that has the most.
    private func makeRoom(for peer: Peer, onlyOfStrangers: Bool) -> Bool {
        var victim = unanswered.strangers.takeFirst(where: isUnanswered).flatMap { transfers[$0] }
        if victim == nil, !onlyOfStrangers {
            victim = unanswered.known.takeFirst(where: isUnanswered).flatMap { transfers[$0] }
        }
        if victim == nil, let (greedy, count) = context.limits.greediest(.tftp), count > 1 {
            victim = transfers.values.filter {
                $0.peer.address == greedy && greedy != peer.address && ($0.isStranger || !onlyOfStrangers)
            }.min { $0.blocksPerSecond < $1.blocksPerSecond }
        }
        guard let victim else { return false }
        context.limits.refuse(
            PeerLimit(.tftp, .allTransfers, most: context.limits.count(.tftp)), .address(victim.peer.address))
        victim.giveUp()
        return true
    }

    private func isUnanswered(_ peer: Peer) -> Bool { transfers[peer]?.isUnanswered == true }

    /// Logs a line caused by a client.
    func say(_ peer: Peer, _ line: @autoclosure () -> String) {
        context.limits.say(.tftp, .address(peer.address), line())
    }

    /// A transfer's own socket; nil when all share one port. It does not receive datagrams from other peers (RFC 1350 §4).
    private func transferSocket(local: IPv4Address, peer: Peer) throws(SystemError) -> FileDescriptor? {
        if settings.isSinglePort { return nil }
        let socket = try Socket.datagram(local, port: 0)
        try Socket.connect(socket, to: peer.address, port: peer.port)
        return socket
    }

    private func content(
        of request: TFTPRequest, peer: IPv4Address, server: IPv4Address, interface: UInt32?
    ) throws -> (TFTPContent, BootStage?) {
        guard let path = TFTPPath.canonical(request.path) else {
            throw TFTPError(.accessViolation, "this path is not allowed")
        }
        guard request.mode == "octet" || request.mode == "netascii" else {
            throw TFTPError(.illegalOperation, "mode ‘\(request.mode)’ is not known")
        }
        guard let found = try context.content(at: path, for: peer, server: server, on: interface) else {
            throw TFTPError(.fileNotFound, "file not found")
        }
        let content: TFTPContent
        var stage: BootStage?
        switch found {
        case .file(let file, _, let reached):
            content = .file(file)
            stage = reached
        case .text(let text, let reached):
            content = .bytes(Array(text.utf8))
            stage = reached
        case .bytes(let bytes): content = .bytes(bytes)
        }
        guard request.mode == "netascii" else { return (content, stage) }
        guard content.byteCount <= Self.netasciiByteLimit else {
            throw TFTPError(.illegalOperation, "netascii is for text; ask in octet mode")
        }
        return (.bytes(content.netascii), stage)
    }

    private func answer(_ error: TFTPError, to peer: Peer, local: IPv4Address) {
        var bytes: [UInt8] = []
        TFTPPacket.error(error).write(to: &bytes)
        send(bytes, to: peer, from: local)
    }

    /// Sends from the shared port.
    func send(_ bytes: [UInt8], to peer: Peer, from local: IPv4Address) {
        DatagramBatch.send(bytes, from: socket, to: peer.address, port: peer.port, source: local)
    }

    var sharedSocket: Int32 { socket.number }

    /// A transfer ended. `stage`: what the client reaches with the whole file.
    func ended(_ transfer: TFTPTransfer, isWhole: Bool) {
        transfers[transfer.peer] = nil
        context.limits.release(transfer.place)
        guard isWhole, let stage = transfer.stage, let machine = context.machine(at: transfer.peer.address)
        else { return }
        context.note(stage, of: machine, detail: transfer.path)
    }
}

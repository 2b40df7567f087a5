/// The sending half of one TFTP read (RFC 1350, windows of RFC 7440): no socket, no file, and no clock. Times come in as arguments, in
/// milliseconds of a clock that never goes back.
///
/// States: waiting for the acknowledgement of the options (block 0) → sending windows → finished or given up.
package struct TFTPSend: Sendable {
    package enum Event: Equatable, Sendable {
        case acknowledged(UInt16)
        /// The same request arrived again.
        case requestedAgain
        case timeout
        case refusedByPeer
    }

    package enum Action: Equatable, Sendable {
        /// Send the OACK, possibly again.
        case sendOptions
        /// Send these blocks, counted from 1; the last one of the file may be short or empty.
        case send(blocks: ClosedRange<Int>)
        case wait
        case finish
        case giveUp
    }

    /// Includes the last block, short or empty.
    package let blockCount: Int
    package let windowBlockCount: Int
    /// The last block known to have arrived; -1 until the OACK is acknowledged.
    package private(set) var acknowledgedBlock: Int
    /// The last block of the window in flight.
    package private(set) var sentBlock = 0
    /// Whether the client acknowledged anything, and so has heard the answer to its request.
    package private(set) var isUnderway = false
    private var retransmission: TFTPRetransmission
    private var sentAt = 0
    /// Whether the window in flight was sent more than once: its acknowledgements cannot be told apart.
    private var wasRepeated = false
    /// Whether an acknowledgement of the block before the window would mean that the window's first block is lost.
    private var answersGap = true

    package init(fileByteCount: Int, agreed: TFTPNegotiation) {
        blockCount = fileByteCount / agreed.blockByteCount + 1
        windowBlockCount = agreed.windowBlockCount
        acknowledgedBlock = agreed.acknowledged.isEmpty ? 0 : -1
        retransmission = TFTPRetransmission(agreed: agreed.timeoutSeconds)
    }

    /// When the time-out expires.
    package var deadline: Int { sentAt + retransmission.timeout }

    /// The first action: the OACK, or the first window when no option was agreed.
    package mutating func start(now: Int) -> Action {
        retransmission.heard(now: now)
        return sendNext(now)
    }

    /// Call until it answers `finish` or `giveUp`.
    package mutating func handle(_ event: Event, now: Int) -> Action {
        switch event {
        case .acknowledged(let number):
            guard let block = block(numbered: number) else { return .wait }
            retransmission.heard(now: now)
            return block > acknowledgedBlock ? advance(to: block, now) : acknowledgedAgain(now)
        case .requestedAgain:
            // Copies made by the network arrive close together; a client that heard nothing waits before it asks again.
            guard !isUnderway, now - sentAt >= TFTPRetransmission.shortest else { return .wait }
            return sendAgain(now)
        case .timeout:
            guard retransmission.repeats(now: now) else { return .giveUp }
            return sendAgain(now)
        case .refusedByPeer: return .giveUp
        }
    }

    private mutating func advance(to block: Int, _ now: Int) -> Action {
        // Options are a small packet and say nothing about how long a window takes.
        if !wasRepeated, acknowledgedBlock >= 0 { retransmission.measured(now - sentAt) }
        // After a repeated window, or one with a gap, more acknowledgements of the same block follow.
        answersGap = !wasRepeated && block == max(0, sentBlock)
        acknowledgedBlock = block
        isUnderway = true
        wasRepeated = false
        return block == blockCount ? .finish : sendNext(now)
    }

    /// A repeated acknowledgement. Answering each of those would double all traffic from then on (RFC 1123 §4.2.3.1). With windows, though,
    /// it means that this window's first block is lost (RFC 7440 §4); we believe that once.
    private mutating func acknowledgedAgain(_ now: Int) -> Action {
        windowBlockCount > 1 && answersGap ? sendAgain(now) : .wait
    }

    private mutating func sendAgain(_ now: Int) -> Action {
        wasRepeated = true
        answersGap = false
        return sendNext(now)
    }

    private mutating func sendNext(_ now: Int) -> Action {
        sentAt = now
        guard acknowledgedBlock >= 0 else { return .sendOptions }
        sentBlock = min(acknowledgedBlock + windowBlockCount, blockCount)
        return .send(blocks: acknowledgedBlock + 1...sentBlock)
    }

    /// Block numbers have 16 bits on the wire and wrap from 65535 to 0; the one meant lies in the window in flight.
    private func block(numbered number: UInt16) -> Int? {
        if acknowledgedBlock < 0 { return number == 0 ? 0 : nil }
        let distance = number &- UInt16(truncatingIfNeeded: acknowledgedBlock)
        let block = acknowledgedBlock + Int(distance)
        return block <= sentBlock ? block : nil
    }
}

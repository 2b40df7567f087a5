/// The sending half of one TFTP read (RFC 1350, windows of RFC 7440): no socket, no clock, no file.
///
/// States: waiting for the options' acknowledgement (block 0) → sending windows → finished or given up.
package struct TFTPSend: Sendable {
    package enum Event: Equatable, Sendable {
        case acknowledged(UInt16)
        case timeout
        case refusedByPeer
    }

    package enum Action: Equatable, Sendable {
        /// Send the OACK again.
        case sendOptions
        /// Send these blocks, counted from 1; the last one of the file may be short or empty.
        case send(blocks: ClosedRange<Int>)
        case wait
        case finish
        case giveUp
    }

    /// Includes the last, short or empty, block.
    package let blockCount: Int
    package let windowBlockCount: Int
    package let attemptLimit: Int
    /// The last block known to have arrived; -1 while the OACK is not acknowledged.
    package private(set) var acknowledgedBlock: Int
    /// The last block of the window in flight.
    package private(set) var sentBlock = 0
    private var attempt = 1

    package init(fileByteCount: Int, agreed: TFTPNegotiation, attemptLimit: Int = 6) {
        blockCount = fileByteCount / agreed.blockByteCount + 1
        windowBlockCount = agreed.windowBlockCount
        self.attemptLimit = attemptLimit
        acknowledgedBlock = agreed.acknowledged.isEmpty ? 0 : -1
    }

    /// The first action: the OACK, or the first window when no option was agreed.
    package mutating func start() -> Action { acknowledgedBlock < 0 ? .sendOptions : nextWindow() }

    /// Call until it answers `finish` or `giveUp`.
    package mutating func handle(_ event: Event) -> Action {
        switch event {
        case .acknowledged(let number):
            guard let block = block(numbered: number) else { return .wait }
            // Only progress is answered: answering duplicates would double the traffic (RFC 1123 §4.2.3.1). With a
            // window, an acknowledgement below its end says what was lost (RFC 7440 §4).
            guard block > acknowledgedBlock else { return .wait }
            acknowledgedBlock = block
            attempt = 1
            return block == blockCount ? .finish : nextWindow()
        case .timeout:
            guard attempt < attemptLimit else { return .giveUp }
            attempt += 1
            return acknowledgedBlock < 0 ? .sendOptions : nextWindow()
        case .refusedByPeer: return .giveUp
        }
    }

    private mutating func nextWindow() -> Action {
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

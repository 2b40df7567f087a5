/// When to resend a window, and when to give up; all times in milliseconds.
///
/// The link's own pace decides (RFC 6298 §2): the measured round trips, doubled after each retransmission (RFC 1123 §4.2.3.2), and reset
/// only by an answer to something that was sent once (Karn's rule). On a slow link a window takes longer than the first guess; on a lossy
/// one a second for each loss would add up to minutes for a kernel.
struct TFTPRetransmission: Sendable {
    /// Before anything is known about the link.
    static let firstGuess = 1_000
    /// The least time beyond a round trip: firmware that copies or checks what it received is silent for a moment.
    static let shortest = 250
    static let longest = 8_000
    /// A client that was silent for this long is gone.
    static let patience = 30_000

    /// The time-out of a window that was sent once.
    private(set) var unrepeated: Int
    /// The time-out of the window in flight.
    private(set) var timeout: Int
    private let isAgreed: Bool
    private let longest: Int
    private let patience: Int
    private var smoothed: Int?
    private var variation = 0
    private var heardAt = 0

    /// - Parameter agreed: seconds that the client asked for (RFC 2349 §3). Then the link is not measured, and we wait for at least six of
    ///   them.
    init(agreed: Int?) {
        isAgreed = agreed != nil
        unrepeated = agreed.map { $0 * 1_000 } ?? Self.firstGuess
        timeout = unrepeated
        longest = max(Self.longest, unrepeated)
        patience = max(Self.patience, 6 * unrepeated)
    }

    /// The client sent something.
    mutating func heard(now: Int) { heardAt = now }

    /// A window that was sent once was answered.
    mutating func measured(_ roundTrip: Int) {
        let roundTrip = max(0, roundTrip)
        if let known = smoothed {
            variation = (3 * variation + abs(known - roundTrip)) / 4
            smoothed = (7 * known + roundTrip) / 8
        } else {
            (smoothed, variation) = (roundTrip, roundTrip / 2)
        }
        // A pace that never varies would leave no margin.
        if !isAgreed, let smoothed { unrepeated = min(smoothed + max(4 * variation, Self.shortest), longest) }
        timeout = unrepeated
    }

    /// The window was not answered in time.
    ///
    /// - Returns: whether to send it again.
    mutating func repeats(now: Int) -> Bool {
        timeout = min(2 * timeout, longest)
        return now - heardAt < patience
    }
}

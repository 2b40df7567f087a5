/// When a window is sent again, and when that is given up; all in milliseconds.
///
/// A link's own pace decides (RFC 6298 §2): the round trips that were measured, twice as late after each repeat (RFC 1123
/// §4.2.3.2), and no faster again before an answer has come to something that was sent once (Karn's rule). On a slow link a window
/// takes longer than the first guess; on a lossy one a second for each loss would be minutes for a kernel.
struct TFTPRetransmission: Sendable {
    /// Before anything is known of the link.
    static let firstGuess = 1_000
    /// What there is at least beyond a round trip: firmware that copies or checks what it has got is silent for a moment.
    static let shortest = 250
    static let longest = 8_000
    /// A client that has been silent for so long is gone.
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

    /// - Parameter agreed: seconds that the client has asked for (RFC 2349 §3): the link is not measured then, and six of them are
    ///   waited for at least.
    init(agreed: Int?) {
        isAgreed = agreed != nil
        unrepeated = agreed.map { $0 * 1_000 } ?? Self.firstGuess
        timeout = unrepeated
        longest = max(Self.longest, unrepeated)
        patience = max(Self.patience, 6 * unrepeated)
    }

    /// The client has said something.
    mutating func heard(now: Int) { heardAt = now }

    /// A window that was sent once has been answered.
    mutating func measured(_ roundTrip: Int) {
        let roundTrip = max(0, roundTrip)
        if let known = smoothed {
            variation = (3 * variation + abs(known - roundTrip)) / 4
            smoothed = (7 * known + roundTrip) / 8
        } else {
            (smoothed, variation) = (roundTrip, roundTrip / 2)
        }
        // A pace that never varies would leave no room at all.
        if !isAgreed, let smoothed { unrepeated = min(smoothed + max(4 * variation, Self.shortest), longest) }
        timeout = unrepeated
    }

    /// The window was not answered in time.
    ///
    /// - Returns: whether it is worth sending again.
    mutating func repeats(now: Int) -> Bool {
        timeout = min(2 * timeout, longest)
        return now - heardAt < patience
    }
}

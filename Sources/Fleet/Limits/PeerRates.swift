/// How often each peer may ask: so much at once, so much a second.
///
/// The memory is constant, and no invented peer pushes another one out: a peer has two places in a table, which it may share with
/// others. Only who finds both full is refused, so that a neighbour that asks too much fills one place of some others at most.
package struct PeerRates: Sendable {
    private static let placeCount = 4_096

    private struct Bucket {
        /// What was taken and has not been earned back.
        var spent = 0.0
        /// Milliseconds of the caller's clock.
        var at = 0
    }

    package let perSecond: Int
    /// What may be taken at once.
    package let burst: Int
    private var buckets: [Bucket]

    package init(perSecond: Int, burst: Int) {
        self.perSecond = perSecond
        self.burst = burst
        buckets = Array(repeating: Bucket(), count: Self.placeCount)
    }

    /// - Parameters:
    ///   - times: what the peer may have, in shares of a usual one.
    ///   - now: milliseconds of a clock that does not go back.
    /// - Returns: false when the peer has to wait.
    package mutating func takes(_ peer: some Hashable, amount: Int = 1, times: Int = 1, now: Int) -> Bool {
        // Seeded anew in each process: a peer cannot choose with which others it shares a place.
        let hash = UInt(bitPattern: peer.hashValue)
        let mask = UInt(Self.placeCount - 1)
        // The places are told apart by different bits of the hash.
        let (first, second) = (hash & mask, hash >> 32 & mask)
        let isFirst = take(Int(first), amount, times, now)
        // Two places also where both parts of the hash say the same.
        let isSecond = take(Int(second == first ? first ^ 1 : second), amount, times, now)
        return isFirst || isSecond
    }

    private mutating func take(_ index: Int, _ amount: Int, _ times: Int, _ now: Int) -> Bool {
        var bucket = buckets[index]
        let earned = Double(max(0, now - bucket.at)) / 1_000 * Double(perSecond * times)
        bucket.spent = max(0, bucket.spent - earned)
        bucket.at = now
        let isEnough = bucket.spent + Double(amount) <= Double(burst * times)
        if isEnough { bucket.spent += Double(amount) }
        buckets[index] = bucket
        return isEnough
    }
}

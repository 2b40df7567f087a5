/// Limits the request rate of each peer: a burst, and a rate per second.
///
/// The memory is constant, and forged peers cannot displace real ones: each peer has two places in a table, possibly shared with others,
/// and is refused only when both are full. An excessive neighbour fills at most one place of some others.
package struct PeerRates: Sendable {
    private static let placeCount = 4_096

    private struct Bucket {
        /// Spent and not yet regained.
        var spent = 0.0
        /// Milliseconds of the caller's clock.
        var at = 0
    }

    package let perSecond: Int
    /// The maximum burst.
    package let burst: Int
    private var buckets: [Bucket]

    package init(perSecond: Int, burst: Int) {
        self.perSecond = perSecond
        self.burst = burst
        buckets = Array(repeating: Bucket(), count: Self.placeCount)
    }

    /// - Parameters:
    ///   - times: the peer's share, in multiples of a usual one.
    ///   - now: milliseconds of a monotonic clock.
    /// - Returns: false when the peer has to wait.
    package mutating func takes(_ peer: some Hashable, amount: Int = 1, times: Int = 1, now: Int) -> Bool {
        // Seeded in each process: a peer cannot choose the others that it shares a place with.
        let hash = UInt(bitPattern: peer.hashValue)
        let mask = UInt(Self.placeCount - 1)
        // The places come from different bits of the hash.
        let (first, second) = (hash & mask, hash >> 32 & mask)
        let isFirst = take(Int(first), amount, times, now)
        // Use two places even when both parts of the hash are equal.
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

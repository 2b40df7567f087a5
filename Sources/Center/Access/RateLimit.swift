import Synchronization

/// A bucket of requests for each address: so many at once, so many a second.
final class RateLimit: Sendable {
    private struct Bucket {
        var left: Double
        /// Milliseconds since 1970.
        var at: Int
    }

    private static let addressLimit = 20_000

    let perSecond: Double
    let burst: Double
    private let buckets = Mutex<[String: Bucket]>([:])

    init(perSecond: Double, burst: Double) {
        self.perSecond = perSecond
        self.burst = burst
    }

    /// Takes one request from the bucket; false when it is empty.
    func takes(_ address: String, now: Int = Clock.millisecond) -> Bool {
        buckets.withLock { buckets in
            if buckets.count >= Self.addressLimit {
                buckets = buckets.filter { Double(now - $0.value.at) / 1_000 * perSecond < burst }
            }
            var bucket = buckets[address] ?? Bucket(left: burst, at: now)
            bucket.left = min(burst, bucket.left + Double(max(0, now - bucket.at)) / 1_000 * perSecond)
            bucket.at = now
            let isLeft = bucket.left >= 1
            if isLeft { bucket.left -= 1 }
            buckets[address] = bucket
            return isLeft
        }
    }
}

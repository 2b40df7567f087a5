import Synchronization

/// When something was, of which only the moment by the clock that is never set is known.
///
/// The answer about one moment stays the same each time it is asked: worked out anew as now less an age in whole seconds, it would change by
/// one from page to page. Where the clock of days is set, moments move with it.
struct SteadyTimes: Sendable {
    /// Milliseconds by which the two readings of the clocks may drift apart before that counts as set.
    private static let tolerance = 2_000

    /// Milliseconds between the two clocks; nil before the first question.
    private var difference: Int?

    /// - Parameters:
    ///   - moment: milliseconds by the clock that is never set.
    ///   - steady: the same clock now.
    ///   - wall: milliseconds since 1970, now.
    /// - Returns: seconds since 1970, at most now.
    mutating func second(of moment: Int, steady: Int, wall: Int) -> Int {
        let present = wall - steady
        let known = difference.flatMap { abs($0 - present) <= Self.tolerance ? $0 : nil } ?? present
        difference = known
        return max(0, min(moment + known, wall)) / 1_000
    }
}

extension LiveTerminals {
    /// - Parameter moment: milliseconds by ``Clock/steadyMillisecond``.
    /// - Returns: seconds since 1970.
    func second(of moment: Int) -> Int {
        times.withLock {
            $0.second(of: moment, steady: Clock.steadyMillisecond, wall: Clock.millisecond)
        }
    }
}

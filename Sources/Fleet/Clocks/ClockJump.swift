/// The wall clock was set: by NTP, by hand, or after the computer had stood still.
///
/// Nothing here tells which of the two times is right. What was written by the clock before moves with it, so that as much of it is
/// left as there was. What lies ahead of that clock was written by another, which was right when this one was not: it stays. So does
/// what would have been written before there was a Roost.
package struct ClockJump: Equatable, Sendable, Codable {
    /// Milliseconds by which something may lie ahead of the clock that wrote it.
    private static let tolerance = 60_000

    /// Milliseconds since 1970 that the clock would show without the jump.
    package let before: Int
    /// Milliseconds since 1970 that it shows.
    package let after: Int

    package init(before: Int, after: Int) {
        self.before = before
        self.after = after
    }

    package var milliseconds: Int { after - before }
    package var seconds: Int { milliseconds / 1_000 }

    /// The last millisecond, and the last second, that the clock before can have written.
    package var lastMillisecond: Int { before + Self.tolerance }
    package var lastSecond: Int { lastMillisecond / 1_000 }
    /// Milliseconds since 1970 of the clock's last hour: boots that may be under way.
    package var lastHour: ClosedRange<Int> { (before - 3_600_000)...lastMillisecond }

    /// Seconds since 1970 that another clock wrote, before this one was wrong: moved back, they would lie before there was a Roost.
    /// Empty when the clock goes forward, or to a time that it never was.
    package var otherSeconds: Range<Int> {
        let earliest = ClockReading.earliestSecond
        guard seconds < 0, after >= earliest * 1_000 else { return earliest..<earliest }
        return earliest..<(earliest - seconds)
    }

    /// When something was that was written at `millisecond` (since 1970).
    package func moved(millisecond: Int) -> Int {
        guard millisecond <= lastMillisecond, !otherSeconds.contains(millisecond / 1_000) else {
            return millisecond
        }
        return millisecond + milliseconds
    }

    /// When something was that was written at `second` (since 1970).
    package func moved(second: Int) -> Int {
        second <= lastSecond && !otherSeconds.contains(second) ? second + seconds : second
    }

    /// When something ends that ends at `end` (seconds since 1970), and lasts for at most `longest` seconds.
    package func moved(end: Int, longest: Int) -> Int {
        end <= lastSecond + longest && !otherSeconds.contains(end) ? end + seconds : end
    }
}

// MARK: Between two runs of the server

extension ClockJump {
    /// Seconds by which the clock may differ between two runs of the server without being looked at: no lease is usually longer.
    package static let usualSeconds = 30 * 86_400

    /// The leap of the clock between two runs of the server; nil when there was none, or when it was never set.
    ///
    /// Forward, the server may have been off for as long: nothing tells. Leases and trials are taken up where they were, which is right
    /// in both cases; log-ins and tokens are not, since they would hold longer than was said.
    ///
    /// - Parameters:
    ///   - lastSecond: the last that was written, in seconds since 1970.
    ///   - longest: seconds that a lease may last.
    package static func betweenRuns(lastSecond: Int?, now: ClockReading, longest: Int) -> ClockJump? {
        guard let lastSecond, lastSecond >= ClockReading.earliestSecond, now.isCredible else { return nil }
        let leap = ClockJump(before: lastSecond * 1_000, after: now.wall)
        return abs(leap.seconds) > max(longest, usualSeconds) ? leap : nil
    }
}

extension ClockJump: CustomStringConvertible {
    /// `forward by 56 years`, in the largest unit that fits.
    package var description: String {
        let units = [("year", 31_556_952), ("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)]
        let all = abs(seconds)
        let (name, size) = units.first { all >= $0.1 } ?? ("second", 1)
        let count = all / size
        return "\(milliseconds < 0 ? "back" : "forward") by \(count) \(name)\(count == 1 ? "" : "s")"
    }
}

/// A change of the wall clock: by NTP, by hand, or after the computer was suspended.
///
/// We cannot tell which of the two times is right. Times written by the old clock move with it, so that the remaining duration stays the
/// same. Times ahead of the old clock were written by another, correct one: they stay. So do times before Roost existed.
package struct ClockJump: Equatable, Sendable, Codable {
    /// Milliseconds that a time may lie ahead of the clock that wrote it.
    private static let tolerance = 60_000

    /// Milliseconds since 1970 that the clock would show without the jump.
    package let before: Int
    /// Milliseconds since 1970 that it shows now.
    package let after: Int

    package init(before: Int, after: Int) {
        self.before = before
        self.after = after
    }

    package var milliseconds: Int { after - before }
    package var seconds: Int { milliseconds / 1_000 }

    /// The last millisecond, and the last second, that the old clock can have written.
    package var lastMillisecond: Int { before + Self.tolerance }
    package var lastSecond: Int { lastMillisecond / 1_000 }
    /// Milliseconds since 1970 of the old clock's last hour: boots that may be current.
    package var lastHour: ClosedRange<Int> { (before - 3_600_000)...lastMillisecond }

    /// Seconds since 1970 written by another clock, before this one was wrong: moved back, they would be before Roost existed. Empty when
    /// the clock goes forward, or to a time it never had.
    package var otherSeconds: Range<Int> {
        let earliest = ClockReading.earliestSecond
        guard seconds < 0, after >= earliest * 1_000 else { return earliest..<earliest }
        return earliest..<(earliest - seconds)
    }

    /// The new time for one written at `millisecond` (since 1970).
    package func moved(millisecond: Int) -> Int {
        guard millisecond <= lastMillisecond, !otherSeconds.contains(millisecond / 1_000) else {
            return millisecond
        }
        return millisecond + milliseconds
    }

    /// The new time for one written at `second` (since 1970).
    package func moved(second: Int) -> Int {
        second <= lastSecond && !otherSeconds.contains(second) ? second + seconds : second
    }

    /// The seconds by which all times move of what was last written at `second` (since 1970); 0: they stay.
    package func shift(of second: Int) -> Int { moved(second: second) - second }

    /// The new end for one at `end` (seconds since 1970), with a maximum duration of `longest` seconds.
    package func moved(end: Int, longest: Int) -> Int {
        end <= lastSecond + longest && !otherSeconds.contains(end) ? end + seconds : end
    }
}

// MARK: Between two runs of the server

extension ClockJump {
    /// Seconds of difference between two runs of the server that are not examined: leases are usually not longer.
    package static let usualSeconds = 30 * 86_400

    /// The clock's leap between two runs of the server; nil when there was none, or when the clock was never set.
    ///
    /// A leap forward may also mean that the server was off. Leases and trials resume where they were, which is right in both cases;
    /// log-ins and tokens do not, since they would last longer than promised.
    ///
    /// - Parameters:
    ///   - lastSecond: the last recorded time, in seconds since 1970.
    ///   - longest: the maximum seconds of a lease.
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

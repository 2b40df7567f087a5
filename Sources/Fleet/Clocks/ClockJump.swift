/// The wall clock was set: by NTP, by hand, or after the computer had stood still.
///
/// Nothing here tells which of the two times is right. What was written by the clock before moves with it, so that as much of it is
/// left as there was. What lies ahead of that clock was written by another, which was right when this one was not: it stays.
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

    /// When something was that was written at `millisecond` (since 1970).
    package func moved(millisecond: Int) -> Int {
        millisecond <= lastMillisecond ? millisecond + milliseconds : millisecond
    }

    /// When something was that was written at `second` (since 1970).
    package func moved(second: Int) -> Int { second <= lastSecond ? second + seconds : second }

    /// When something ends that ends at `end` (seconds since 1970), and lasts for at most `longest` seconds.
    package func moved(end: Int, longest: Int) -> Int {
        end <= lastSecond + longest ? end + seconds : end
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

/// A point in time as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
package enum HTTPDate {
    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    /// A clock that shows less was never set: 14 November 2023.
    private static let earliest = 1_700_000_000

    /// - Parameter seconds: since 1970.
    /// - Returns: nil when the clock cannot be right: a server without a clock sends no date (RFC 9110 §6.6.1).
    package static func text(_ seconds: Int) -> String? {
        seconds < earliest ? nil : text(of: seconds)
    }

    /// A time that is not the clock's, such as that of a file's last change; nil when it has no text.
    package static func text(of seconds: Int) -> String? {
        guard (0...CivilTime.lastSecond).contains(seconds) else { return nil }
        let time = CivilTime(seconds: seconds)
        return
            "\(days[time.weekday]), \(CivilTime.two(time.day)) \(months[time.month - 1]) \(time.year) \(time.clock) GMT"
    }

    /// Seconds since 1970 of a date in any of the three forms that a server has to read (RFC 9110 §5.6.7): the one above,
    /// `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`; nil for anything else.
    package static func second(_ text: String) -> Int? {
        let words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        switch words.count {
        case 6 where words[5] == "GMT" && words[0].utf8.count == 4 && words[0].hasSuffix(","):
            return second(words[0].dropLast(), words[1], words[2], words[3], words[4])
        case 4 where words[3] == "GMT" && words[0].hasSuffix("day,"):
            let date = words[1].split(separator: "-", omittingEmptySubsequences: false).map(String.init)
            guard date.count == 3, let year = number(date[2], digits: 2) else { return nil }
            // Two digits; no file is older than 1970.
            return second(
                words[0].prefix(3), date[0], date[1], "\(year + (year < 70 ? 2_000 : 1_900))", words[2])
        // A day of one digit has two spaces before it.
        case 6 where words[2].isEmpty && words[3].utf8.count == 1:
            return second(words[0][...], "0\(words[3])", words[1], words[5], words[4])
        case 5: return second(words[0][...], words[2], words[1], words[4], words[3])
        default: return nil
        }
    }

    private static func second(
        _ weekday: Substring, _ day: String, _ month: String, _ year: String, _ clock: String
    ) -> Int? {
        let parts = clock.split(separator: ":", omittingEmptySubsequences: false)
        let times = parts.compactMap { number(String($0), digits: 2) }
        guard let day = number(day, digits: 2), let month = months.firstIndex(of: month),
            let year = number(year, digits: 4),
            let date = CivilTime.days(year: year, month: month + 1, day: day), weekday == days[date % 7],
            // 60 is a leap second.
            parts.count == 3, times.count == 3, (0...23).contains(times[0]), (0...59).contains(times[1]),
            (0...60).contains(times[2])
        else { return nil }
        return date * 86_400 + times[0] * 3_600 + times[1] * 60 + times[2]
    }

    private static func number(_ text: String, digits: Int) -> Int? {
        text.utf8.count == digits && text.utf8.allSatisfy { (48...57).contains($0) } ? Int(text) : nil
    }
}

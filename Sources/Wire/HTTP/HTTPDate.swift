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

    /// Seconds since 1970 of a date in the form above, the only one that is written today; nil for anything else.
    package static func second(_ text: String) -> Int? {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 6, words[5] == "GMT", words[1].utf8.count == 2, words[3].utf8.count == 4,
            let month = months.firstIndex(of: String(words[2])), let day = Int(words[1]),
            let year = Int(words[3]), let date = CivilTime.days(year: year, month: month + 1, day: day),
            words[0] == "\(days[date % 7]),"
        else { return nil }
        let parts = words[4].split(separator: ":", omittingEmptySubsequences: false)
        let clock = parts.compactMap { part in part.utf8.count == 2 ? Int(part) : nil }
        // 60 is a leap second.
        guard parts.count == 3, clock.count == 3, (0...23).contains(clock[0]), (0...59).contains(clock[1]),
            (0...60).contains(clock[2])
        else { return nil }
        return date * 86_400 + clock[0] * 3_600 + clock[1] * 60 + clock[2]
    }
}

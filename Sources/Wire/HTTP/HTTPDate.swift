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
        guard (earliest...CivilTime.lastSecond).contains(seconds) else { return nil }
        let time = CivilTime(seconds: seconds)
        return
            "\(days[time.weekday]), \(CivilTime.two(time.day)) \(months[time.month - 1]) \(time.year) \(time.clock) GMT"
    }
}

/// A point in time as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
package enum HTTPDate {
    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    /// The server's clock was never set when it shows less: 14 November 2023.
    private static let earliest = 1_700_000_000
    /// The end of the year 9999.
    private static let latest = 253_402_300_799

    /// - Parameter seconds: since 1970.
    /// - Returns: nil when no clock can mean this: a server without one says no date (RFC 9110 §6.6.1).
    package static func text(_ seconds: Int) -> String? {
        guard (earliest...latest).contains(seconds) else { return nil }
        let (days, rest) = (seconds / 86_400, seconds % 86_400)
        // Years from March on, so that a leap day ends them; 719,468 days before 1970 is 1 March of the year 0.
        let shifted = days + 719_468
        let (era, day) = (shifted / 146_097, shifted % 146_097)
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365
        let dayOfYear = day - (365 * year + year / 4 - year / 100)
        let month = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * month + 2) / 5 + 1
        let isNextYear = month >= 10
        let calendarYear = era * 400 + year + (isNextYear ? 1 : 0)
        return "\(Self.days[days % 7]), \(two(dayOfMonth)) \(months[(month + 2) % 12]) \(calendarYear) "
            + "\(two(rest / 3_600)):\(two(rest / 60 % 60)):\(two(rest % 60)) GMT"
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

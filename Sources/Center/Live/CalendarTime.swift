import Foundation

/// Times as pages and the log show them, in UTC. They are read by `MomentText`.
enum CalendarTime {
    /// The end of the year 9999: later times cannot be formatted.
    private static let lastSecond = 253_402_300_799

    /// `2026-11-21 10:00:00`, in UTC.
    static func text(second: Int) -> String {
        Date(timeIntervalSince1970: Double(min(max(second, 0), lastSecond))).formatted(
            .iso8601.dateTimeSeparator(.space)
        )
        .replacingOccurrences(of: "Z", with: "")
    }
}

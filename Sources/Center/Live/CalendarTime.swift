import Foundation

/// Dates as people and browsers write them, in UTC.
enum CalendarTime {
    static func second(_ text: String) -> Int? {
        let full = text.contains("T") || text.contains(" ") ? text : "\(text)T00:00:00"
        var normal = full.replacingOccurrences(of: " ", with: "T")
        // A browser's date field omits the seconds and the zone.
        if normal.split(separator: ":").count == 2, !normal.hasSuffix("Z") { normal += ":00" }
        if !normal.hasSuffix("Z"), !normal.dropFirst(11).contains("+"), !normal.dropFirst(11).contains("-") {
            normal += "Z"
        }
        // A year may have any number of digits.
        return (try? Date(normal, strategy: .iso8601)).flatMap {
            Int(exactly: $0.timeIntervalSince1970.rounded(.down))
        }
    }

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

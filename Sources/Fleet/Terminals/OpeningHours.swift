import Wire

/// Hours of some days of the week, by the server's clock: `mon-fri 07:00-18:00`.
package struct OpeningHours: WrittenAsText, Hashable {
    package static let form = "days and hours (mon-fri 07:00-18:00)"

    /// 0 is Monday.
    package let days: Set<Int>
    /// Minutes since midnight. The end is not part of it, and lies on the next day where it is not after the beginning.
    package let (start, end): (Int, Int)

    /// Nil for another form.
    package init?(_ text: String) {
        let parts = text.lowercased().split(separator: " ")
        guard parts.count == 2 else { return nil }
        guard let days = WeekDays.read(parts[0]) else { return nil }
        let times = parts[1].split(separator: "-", omittingEmptySubsequences: false).map(Self.minutes)
        guard times.count == 2, let start = times[0], let end = times[1], start < 24 * 60, start != end
        else { return nil }
        self.days = days
        (self.start, self.end) = (start, end)
    }

    private static func minutes(_ text: Substring) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2,
            parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), hour <= 24, minute < 60,
            hour < 24 || minute == 0
        else { return nil }
        return hour * 60 + minute
    }

    package var description: String {
        func time(_ minutes: Int) -> String {
            let (hour, minute) = (minutes / 60, minutes % 60)
            return "\(hour < 10 ? "0" : "")\(hour):\(minute < 10 ? "0" : "")\(minute)"
        }
        return "\(WeekDays.text(days)) \(time(start))-\(time(end))"
    }

    /// - Parameters:
    ///   - day: 0 is Monday.
    ///   - minute: since midnight.
    package func contain(day: Int, minute: Int) -> Bool {
        if end > start { return days.contains(day) && minute >= start && minute < end }
        return days.contains(day) && minute >= start || days.contains((day + 6) % 7) && minute < end
    }
}

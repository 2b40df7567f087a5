package import Wire

/// A time of some days of the week, by the clocks of a place: `mon-fri 22:00`, `daily 06:30`.
package struct WeekTime: WrittenAsText, Hashable {
    package static let form = "days and a time (mon-fri 22:00, daily 06:30)"
    private static let everyDay = "daily"

    /// 0 is Monday.
    package let days: Set<Int>
    /// Since midnight.
    package let minute: Int

    /// Nil for another form.
    package init?(_ text: String) {
        let parts = text.lowercased().split(separator: " ")
        guard parts.count == 2, let minute = WrittenTime.minute(parts[1]) else { return nil }
        guard let days = parts[0] == Self.everyDay ? Set(0..<7) : WeekDays.read(parts[0]) else { return nil }
        (self.days, self.minute) = (days, minute)
    }

    package var description: String {
        let (hour, minute) = (minute / 60, minute % 60)
        let time = "\(hour < 10 ? "0" : "")\(hour):\(minute < 10 ? "0" : "")\(minute)"
        return "\(days.count == 7 ? Self.everyDay : WeekDays.text(days)) \(time)"
    }

    /// The next moment after `second` (since 1970).
    ///
    /// On a day whose clocks skip the time, it comes as much later as they skip; where they show it twice, the first one counts.
    package func next(after second: Int, in zone: ZoneFile) -> Int {
        let today = zone.local(at: second) / 86_400
        // Yesterday's may still come, where the clocks have skipped a day's end.
        for day in (today - 1)...(today + 8) where days.contains((day + 3) % 7) {
            let moment = zone.moment(ofLocal: day * 86_400 + minute * 60)
            if moment > second { return moment }
        }
        // Not reached: there is a day in each week.
        return second + 7 * 86_400
    }
}

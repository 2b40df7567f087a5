import Glibc

/// The time where this computer is, by its time zone.
package enum LocalTime {
    /// - Parameter second: since 1970.
    /// - Returns: the day of the week, 0 for Monday, and the minutes since midnight.
    package static func week(second: Int) -> (day: Int, minute: Int) {
        let local = unsafe parts(second)
        return unsafe ((Int(local.tm_wday) + 6) % 7, Int(local.tm_hour) * 60 + Int(local.tm_min))
    }

    /// - Parameter second: since 1970.
    /// - Returns: the day, as `2026-11-29`.
    package static func day(second: Int) -> String {
        let local = unsafe parts(second)
        let parts = unsafe [Int(local.tm_year) + 1_900, Int(local.tm_mon) + 1, Int(local.tm_mday)]
        return parts.map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: "-")
    }

    private static func parts(_ second: Int) -> tm {
        var time = time_t(second)
        var local = unsafe tm()
        unsafe localtime_r(&time, &local)
        return unsafe local
    }
}

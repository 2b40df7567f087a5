import Glibc

/// The time of day where this computer is, by its time zone.
package enum LocalTime {
    /// - Parameter second: since 1970.
    /// - Returns: the day of the week, 0 for Monday, and the minutes since midnight.
    package static func week(second: Int) -> (day: Int, minute: Int) {
        var time = time_t(second)
        var local = unsafe tm()
        unsafe localtime_r(&time, &local)
        return unsafe ((Int(local.tm_wday) + 6) % 7, Int(local.tm_hour) * 60 + Int(local.tm_min))
    }
}

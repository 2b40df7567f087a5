import Glibc

/// The day where this computer is, by its time zone.
package enum LocalDay {
    /// - Parameter second: since 1970.
    /// - Returns: as `2026-11-29`.
    package static func text(second: Int) -> String {
        var time = time_t(second)
        var local = unsafe tm()
        unsafe localtime_r(&time, &local)
        let parts = unsafe [Int(local.tm_year) + 1_900, Int(local.tm_mon) + 1, Int(local.tm_mday)]
        return parts.map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: "-")
    }
}

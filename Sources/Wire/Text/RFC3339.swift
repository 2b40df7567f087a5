/// Moments as text: `2026-11-29T04:55:45Z` (RFC 3339 §5.6), in UTC.
package enum RFC3339 {
    /// - Parameter seconds: since 1970. Out of range, the nearest moment that has a text form.
    package static func text(seconds: Int) -> String { "\(beginning(seconds))Z" }

    /// With three digits after the second.
    ///
    /// - Parameter milliseconds: since 1970.
    package static func text(milliseconds: Int) -> String {
        let held = min(max(milliseconds, 0), CivilTime.lastSecond * 1_000 + 999)
        let fraction = String(1_000 + held % 1_000).dropFirst()
        return "\(beginning(held / 1_000)).\(fraction)Z"
    }

    private static func beginning(_ seconds: Int) -> String {
        let time = CivilTime(seconds: min(max(seconds, 0), CivilTime.lastSecond))
        return "\(time.year)-\(CivilTime.two(time.month))-\(CivilTime.two(time.day))T\(time.clock)"
    }

    /// Milliseconds since 1970; nil for anything else. Fractions of a millisecond are dropped.
    package static func milliseconds(_ text: String) -> Int? { try? MomentText.milliseconds(text, .whole) }
}

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
    package static func milliseconds(_ text: String) -> Int? {
        var rest = text.utf8[...]
        /// This many digits, and the separator after them.
        func number(_ count: Int, _ end: Character? = nil) -> Int? {
            guard let value = decimal(rest.prefix(count), count) else { return nil }
            rest = rest.dropFirst(count)
            guard let end else { return value }
            guard let next = rest.popFirst() else { return nil }
            // RFC 3339 allows lower case.
            return Character(UnicodeScalar(next)).uppercased() == String(end) ? value : nil
        }
        guard text.utf8.count <= 40, let year = number(4, "-"), let month = number(2, "-"),
            let day = number(2, "T"), let days = CivilTime.days(year: year, month: month, day: day),
            let hour = number(2, ":"), let minute = number(2, ":"), let second = number(2),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        var fraction = 0
        if rest.first == UInt8(ascii: ".") {
            let digits = rest.dropFirst().prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard !digits.isEmpty else { return nil }
            let three = (Array(digits.prefix(3)) + [UInt8](repeating: UInt8(ascii: "0"), count: 3)).prefix(3)
            fraction = decimal(three[...], 3) ?? 0
            rest = rest.dropFirst(1 + digits.count)
        }
        guard let zone = rest.popFirst() else { return nil }
        var offset = 0
        switch zone {
        case UInt8(ascii: "Z"), UInt8(ascii: "z"): break
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            guard let hours = number(2, ":"), let minutes = number(2), hours < 24, minutes < 60 else {
                return nil
            }
            offset = (hours * 60 + minutes) * (zone == UInt8(ascii: "+") ? 60 : -60)
        default: return nil
        }
        guard rest.isEmpty else { return nil }
        // A leap second counts as the end of its minute.
        let seconds = days * 86_400 + hour * 3_600 + minute * 60 + min(second, 59) - offset
        return seconds < 0 || seconds > CivilTime.lastSecond ? nil : seconds * 1_000 + fraction
    }

    private static func decimal(_ digits: some Collection<UInt8>, _ count: Int) -> Int? {
        guard digits.count == count else { return nil }
        var value = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return value
    }
}

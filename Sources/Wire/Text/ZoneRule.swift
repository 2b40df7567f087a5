/// A time zone that changes on the same days of each year: `CET-1CEST,M3.5.0,M10.5.0/3` (POSIX.1-2024 §8.3, `TZ`; RFC 9636 §3.3.1).
package struct ZoneRule: Equatable, Sendable {
    /// Seconds east of UTC.
    private var standard: Int
    /// Nil: the offset is always the same.
    private var summer: Summer?

    private struct Summer: Equatable, Sendable {
        var offset: Int
        var start: Day
        var end: Day
    }

    /// A day of a year, with a time of it.
    fileprivate struct Day: Equatable, Sendable {
        enum Form: Equatable, Sendable {
            /// 1 to 365; a leap day is not counted.
            case julian(Int)
            /// 0 to 365, with leap days.
            case number(Int)
            /// The week is 1 to 5, where 5 is the last; the weekday 0 for Sunday.
            case month(Int, week: Int, weekday: Int)
        }

        var form: Form
        /// After midnight; may lie on another day.
        var seconds: Int
    }

    /// Seconds east of UTC at a moment.
    ///
    /// - Parameter second: since 1970.
    package func offset(at second: Int) -> Int {
        guard let summer else { return standard }
        let held = min(max(second + standard, 0), CivilTime.lastSecond)
        let year = CivilTime(seconds: held).year
        let start = summer.start.local(in: year) - standard
        let end = summer.end.local(in: year) - summer.offset
        let isSummer =
            start < end ? (start..<end).contains(second) : !(end..<start).contains(second)
        return isSummer ? summer.offset : standard
    }

    // MARK: Reading

    /// Nil for anything else.
    package init?(_ text: String) {
        var reader = Reader(rest: Substring(text).utf8)
        guard reader.skipName(), let west = reader.clock(hourLimit: 24) else { return nil }
        standard = -west
        guard !reader.rest.isEmpty else { return }
        guard reader.skipName() else { return nil }
        var offset = standard + 3_600
        if reader.rest.first != UInt8(ascii: ",") {
            guard let west = reader.clock(hourLimit: 24) else { return nil }
            offset = -west
        }
        guard reader.take(","), let start = reader.day(), reader.take(","), let end = reader.day(),
            reader.rest.isEmpty
        else { return nil }
        summer = Summer(offset: offset, start: start, end: end)
    }

    private struct Reader {
        var rest: Substring.UTF8View

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: character) else { return false }
            rest = rest.dropFirst()
            return true
        }

        /// Letters, or anything between angle brackets.
        mutating func skipName() -> Bool {
            if take("<") {
                rest = rest.drop { $0 != UInt8(ascii: ">") }
                return take(">")
            }
            let name = rest.prefix { (0x41...0x5A).contains($0 & 0xDF) }
            rest = rest.dropFirst(name.count)
            return name.count >= 3
        }

        mutating func number(_ range: ClosedRange<Int>) -> Int? {
            let digits = rest.prefix { (0x30...0x39).contains($0) }.prefix(4)
            rest = rest.dropFirst(digits.count)
            guard let number = Int(String(decoding: digits, as: UTF8.self)), range.contains(number) else {
                return nil
            }
            return number
        }

        /// Seconds: hours, and perhaps minutes and seconds.
        mutating func clock(hourLimit: Int) -> Int? {
            let isNegative = take("-")
            if !isNegative { _ = take("+") }
            guard let hours = number(0...hourLimit) else { return nil }
            var seconds = hours * 3_600
            for unit in [60, 1] where take(":") {
                guard let count = number(0...59) else { return nil }
                seconds += count * unit
            }
            return isNegative ? -seconds : seconds
        }

        mutating func day() -> Day? {
            guard let form = form() else { return nil }
            guard take("/") else { return Day(form: form, seconds: 2 * 3_600) }
            return clock(hourLimit: 167).map { Day(form: form, seconds: $0) }
        }

        private mutating func form() -> Day.Form? {
            if take("J") { return number(1...365).map { .julian($0) } }
            guard take("M") else { return number(0...365).map { .number($0) } }
            guard let month = number(1...12), take("."), let week = number(1...5), take("."),
                let weekday = number(0...6)
            else { return nil }
            return .month(month, week: week, weekday: weekday)
        }
    }
}

extension ZoneRule.Day {
    /// Seconds since 1970 on the clocks of the zone.
    fileprivate func local(in year: Int) -> Int { days(in: year) * 86_400 + seconds }

    private func days(in year: Int) -> Int {
        func first(of month: Int) -> Int { CivilTime.days(year: year, month: month, day: 1) ?? 0 }
        switch form {
        case .number(let day): return first(of: 1) + day
        case .julian(let day):
            let isLeap = CivilTime.days(year: year, month: 2, day: 29) != nil
            return first(of: 1) + day - 1 + (isLeap && day >= 60 ? 1 : 0)
        case .month(let month, let week, let weekday):
            let start = first(of: month)
            let next = month == 12 ? start + 31 : first(of: month + 1)
            // 1970 began with a Thursday.
            let day = start + (weekday - (start + 4) % 7 + 7) % 7 + (week - 1) * 7
            return day < next ? day : day - 7
        }
    }
}

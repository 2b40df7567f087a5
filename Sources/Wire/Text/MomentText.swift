/// Why a text is no moment.
package struct UnreadableMoment: Error, Equatable, CustomStringConvertible {
    /// The part that is wrong, and the forms that work.
    package var description: String
}

/// Moments as people and programs write them. Every date and time that the server or a command reads goes through here.
package enum MomentText {
    /// How much of a moment a text must have.
    package enum Origin: Sendable {
        /// All of it, as in JSON: `2026-11-21T10:00:00Z` (RFC 3339 §5.6).
        case whole
        /// A day, which begins at 00:00 UTC, or a time with its zone; seconds may be missing.
        case typed
        /// The same without a zone, which is UTC then: what a browser's field for a date and a time sends.
        case field
    }

    /// A time with its zone, or one of the clocks of some place.
    static func local(_ text: String) throws(UnreadableMoment) -> WrittenTime {
        do throws(WrongPart) {
            var reader = MomentReader(text)
            return try reader.local()
        } catch {
            throw UnreadableMoment(
                description: "‘\(text.prefix(40))’ is not a time: \(error.text)")
        }
    }

    /// Milliseconds since 1970.
    package static func milliseconds(_ text: String, _ form: Origin = .typed) throws(UnreadableMoment) -> Int
    {
        do throws(WrongPart) {
            var reader = MomentReader(text)
            return try reader.moment(form)
        } catch {
            let forms =
                form == .whole
                ? "2026-11-21T10:00:00Z" : "2026-11-21T10:00:00Z, 2026-11-21T11:00+01:00 or 2026-11-21"
            throw UnreadableMoment(
                description: "‘\(text.prefix(40))’ is not a time: \(error.text) (write it as \(forms))")
        }
    }
}

/// The part of a text that keeps it from being a moment.
private struct WrongPart: Error {
    var text: String

    init(_ text: String) { self.text = text }
}

/// Reads a moment from the front of a text.
private struct MomentReader {
    private var rest: Substring.UTF8View

    init(_ text: String) { rest = text.utf8.prefix(41) }

    mutating func moment(_ form: MomentText.Origin) throws(WrongPart) -> Int {
        guard rest.count <= 40 else { throw WrongPart("it is too long") }
        let days = try date()
        if rest.isEmpty, form != .whole { return days * 86_400_000 }
        guard take("T") || take("t") || form != .whole && take(" ") else {
            throw WrongPart("after the day comes T and the time")
        }
        let milliseconds = try time(needsSeconds: form == .whole)
        let offset = form == .field && rest.isEmpty ? 0 : try zone()
        guard rest.isEmpty else { throw WrongPart("‘\(Substring(rest))’ is too much") }
        let seconds = days * 86_400 + milliseconds / 1_000 - offset
        guard (0...CivilTime.lastSecond).contains(seconds) else {
            throw WrongPart("times are from 1970 to 9999")
        }
        return seconds * 1_000 + milliseconds % 1_000
    }

    /// A day alone begins at midnight.
    mutating func local() throws(WrongPart) -> WrittenTime {
        let typed = rest
        let days = try date()
        if rest.isEmpty { return .local(days * 86_400) }
        guard take("T") || take("t") || take(" ") else {
            throw WrongPart("after the day comes the time")
        }
        let milliseconds = try time(needsSeconds: false)
        if rest.isEmpty { return .local(days * 86_400 + milliseconds / 1_000) }
        rest = typed
        return .moment(try moment(.typed) / 1_000)
    }

    /// Days since 1970.
    private mutating func date() throws(WrongPart) -> Int {
        let year = try number(4, "the year")
        guard take("-") else { throw WrongPart("after the year comes -") }
        let month = try number(2, "the month")
        guard (1...12).contains(month) else { throw WrongPart("there is no month \(CivilTime.two(month))") }
        guard take("-") else { throw WrongPart("after the month comes -") }
        let day = try number(2, "the day")
        guard year >= 1970 else { throw WrongPart("times are from 1970 to 9999") }
        guard let days = CivilTime.days(year: year, month: month, day: day) else {
            throw WrongPart("there is no day \(CivilTime.two(day)) in \(year)-\(CivilTime.two(month))")
        }
        return days
    }

    /// Milliseconds of the day.
    private mutating func time(needsSeconds: Bool) throws(WrongPart) -> Int {
        let hour = try number(2, "the hour")
        guard hour < 24 else { throw WrongPart("there is no hour \(hour)") }
        guard take(":") else { throw WrongPart("after the hour comes :") }
        let minute = try number(2, "the minute")
        guard minute < 60 else { throw WrongPart("there is no minute \(minute)") }
        guard take(":") else {
            if needsSeconds { throw WrongPart("the seconds are missing") }
            return (hour * 60 + minute) * 60_000
        }
        let second = try number(2, "the second")
        guard second <= 60 else { throw WrongPart("there is no second \(second)") }
        // A leap second counts as the end of its minute.
        return ((hour * 60 + minute) * 60 + min(second, 59)) * 1_000 + (try fraction())
    }

    /// Milliseconds after the second; what is smaller is dropped.
    private mutating func fraction() throws(WrongPart) -> Int {
        guard take(".") else { return 0 }
        let digits = rest.prefix(while: Self.isDigit)
        guard !digits.isEmpty else { throw WrongPart("after the point come digits") }
        rest = rest.dropFirst(digits.count)
        let three = Array(digits.prefix(3)) + [UInt8](repeating: UInt8(ascii: "0"), count: 2)
        return Self.decimal(three.prefix(3))
    }

    /// Seconds before UTC.
    private mutating func zone() throws(WrongPart) -> Int {
        if take("Z") || take("z") { return 0 }
        let isEast = take("+")
        guard isEast || take("-") else {
            throw WrongPart(
                rest.isEmpty
                    ? "its zone is missing: Z is UTC" : "the zone is Z, or an offset such as +01:00")
        }
        let hours = try number(2, "the hours of the zone")
        guard take(":") else { throw WrongPart("the zone is Z, or an offset such as +01:00") }
        let minutes = try number(2, "the minutes of the zone")
        guard hours < 24, minutes < 60 else { throw WrongPart("there is no such zone") }
        return (hours * 60 + minutes) * (isEast ? 60 : -60)
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest = rest.dropFirst()
        return true
    }

    private mutating func number(_ count: Int, _ name: String) throws(WrongPart) -> Int {
        let digits = rest.prefix(count)
        guard digits.count == count, digits.allSatisfy(Self.isDigit) else {
            throw WrongPart("\(name) must have \(count == 4 ? "four" : "two") digits")
        }
        rest = rest.dropFirst(count)
        return Self.decimal(digits)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func decimal(_ digits: some Collection<UInt8>) -> Int {
        digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }
}

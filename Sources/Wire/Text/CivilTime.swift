/// A moment as calendar date and time of day, in UTC.
struct CivilTime {
    var year: Int
    /// 1 to 12.
    var month: Int
    /// 1 to 31.
    var day: Int
    /// 0 is a Thursday, as 1 January 1970 was.
    var weekday: Int
    /// Of the day.
    var second: Int

    /// The end of the year 9999: later times have no text form.
    static let lastSecond = 253_402_300_799

    // 719,468 days before 1970 is 1 March of year 0. Years start in March here, so that a leap day comes last.
    private static let daysBefore1970 = 719_468

    /// - Parameter seconds: since 1970, `0...lastSecond`.
    init(seconds: Int) {
        let days = seconds / 86_400
        let shifted = days + Self.daysBefore1970
        let (era, dayOfEra) = (shifted / 146_097, shifted % 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = (monthFromMarch + 2) % 12 + 1
        year = era * 400 + yearOfEra + (monthFromMarch >= 10 ? 1 : 0)
        weekday = days % 7
        second = seconds % 86_400
    }

    /// Days since 1970 of a date; nil for a date that does not exist.
    ///
    /// - Parameter year: `1970...9999`.
    static func days(year: Int, month: Int, day: Int) -> Int? {
        guard (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(day) else {
            return nil
        }
        let shiftedYear = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = (shiftedYear / 400, shiftedYear % 400)
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - daysBefore1970
        // 30 February would become a day in March.
        guard days >= 0, Self(seconds: days * 86_400).day == day else { return nil }
        return days
    }

    /// `08:49:37`.
    var clock: String { "\(Self.two(second / 3_600)):\(Self.two(second / 60 % 60)):\(Self.two(second % 60))" }

    static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

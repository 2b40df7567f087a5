import API
import Hummingbird

/// A moment in the past to look at.
enum TimeTravel {
    private static let units: [Character: Int] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800]

    /// Seconds since 1970 of a text: `2026-11-21T10:00:00Z`, `2026-11-21`, seconds since 1970, or `2h` (ago).
    static func second(_ text: String, now: Int = Clock.second) throws -> Int {
        if let seconds = Int(text), seconds >= 0 { return min(seconds, now) }
        if let unit = text.last.flatMap({ units[$0] }), let count = Int(text.dropLast()), count >= 0 {
            let (seconds, overflow) = count.multipliedReportingOverflow(by: unit)
            return overflow ? 0 : max(0, now - seconds)
        }
        guard let date = CalendarTime.second(text) else {
            throw Problem(
                422, "Invalid time",
                "at: ‘\(text)’ is neither a time such as 2026-11-21T10:00:00Z nor an age such as 30m, 2h, 7d")
        }
        return max(0, min(date, now))
    }
}

extension TimeTravel {
    /// The moment in the request's query; nil: now.
    static func second(of request: Request) throws -> Int? { try request.query("at").map { try second($0) } }
}

extension Acts {
    /// The same acts at the moment in the request's query.
    func at(_ request: Request) throws -> Acts { at(try TimeTravel.second(of: request)) }
}

import API
import Fleet
import Hummingbird
import Wire

/// A moment in the past to look at.
enum TimeTravel {
    /// How far the clock of those who ask may be ahead of the server's.
    private static let aheadSeconds = 120

    /// Seconds since 1970.
    static func second(_ text: String, _ form: MomentText.Origin = .typed, now: Int = Clock.second) throws
        -> Int
    {
        let moment: PastMoment
        do {
            moment = try PastMoment(text, form)
        } catch {
            throw Problem(422, "Invalid time", "at: \(error)")
        }
        if case .second(let second) = moment, second - aheadSeconds > now {
            throw Problem(
                422, "Invalid time", "at: ‘\(text)’ is still to come: give a moment that has passed")
        }
        return moment.second(now: now)
    }
}

extension TimeTravel {
    /// The moment in the request's query; nil: now.
    static func second(of request: Request) throws -> Int? {
        // The field of the pages has no zone, and shows UTC.
        let isAPI = request.uri.path.hasPrefix("/api/")
        return try request.query("at").map { try second($0, isAPI ? .typed : .field) }
    }
}

extension Acts {
    /// The same acts at the moment in the request's query.
    func at(_ request: Request) throws -> Acts { at(try TimeTravel.second(of: request)) }
}

/// When a node reports to its server who is logged in: when someone logs in or out, and now and then, because a machine without power
/// reports nothing.
package struct SessionTelling: Sendable {
    /// Below the time after which the server assumes that the sessions have ended.
    package static let repeatSeconds = 300

    /// What was last reported, and when: seconds since the kernel started.
    private struct Told {
        var mark: String
        var second: Int
        var moment: LoggedIn.Moment
    }

    /// Whether the server wants reports.
    private var isAsked = false
    private var last: Told?

    package init() {}

    /// The server asks, and knows nothing yet.
    package mutating func begin() { (isAsked, last) = (true, nil) }

    /// The server wants no reports until it asks again.
    package mutating func end() { (isAsked, last) = (false, nil) }

    /// Whether to check who is there.
    package func looks(at second: Int, moment: LoggedIn.Moment) -> Bool {
        guard isAsked else { return false }
        guard let last else { return true }
        return last.moment != moment || second - last.second >= Self.repeatSeconds
    }

    /// Whether to report what was seen; if not, it is unchanged since `moment`.
    package mutating func tells(_ mark: String, at second: Int, moment: LoggedIn.Moment) -> Bool {
        guard let last else { return true }
        if last.mark == mark, second - last.second < Self.repeatSeconds {
            self.last?.moment = moment
            return false
        }
        return true
    }

    /// The report reached the server.
    package mutating func told(_ mark: String, at second: Int, moment: LoggedIn.Moment) {
        last = Told(mark: mark, second: second, moment: moment)
    }
}

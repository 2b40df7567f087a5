/// When a node tells its server who is logged in: when somebody came or went, and now and then, because a machine without power says
/// nothing.
package struct SessionTelling: Sendable {
    /// Below the time after which the server takes nobody to be there any more.
    package static let repeatSeconds = 300

    /// What the server was told last, and when: seconds since the kernel's start.
    private struct Told {
        var mark: String
        var second: Int
        var moment: LoggedIn.Moment
    }

    /// Whether the server wants to know.
    private var isAsked = false
    private var last: Told?

    package init() {}

    /// The server asks, and knows nothing yet.
    package mutating func begin() { (isAsked, last) = (true, nil) }

    /// The server does not want to know, until it asks again.
    package mutating func end() { (isAsked, last) = (false, nil) }

    /// Whether to look who is there.
    package func looks(at second: Int, moment: LoggedIn.Moment) -> Bool {
        guard isAsked else { return false }
        guard let last else { return true }
        return last.moment != moment || second - last.second >= Self.repeatSeconds
    }

    /// Whether to tell what was seen; if not, it is the same as at the time of `moment`.
    package mutating func tells(_ mark: String, at second: Int, moment: LoggedIn.Moment) -> Bool {
        guard let last else { return true }
        if last.mark == mark, second - last.second < Self.repeatSeconds {
            self.last?.moment = moment
            return false
        }
        return true
    }

    /// The server has been told.
    package mutating func told(_ mark: String, at second: Int, moment: LoggedIn.Moment) {
        last = Told(mark: mark, second: second, moment: moment)
    }
}

/// Whether the screen of a waiting machine tells that a name is taken, or that there is no such group: for people who type, and too seldom to
/// find out by it which nodes and groups there are. All machines share it, because one host can appear as many. No clock.
struct RegistrationHints {
    /// Names that are told of in a quarter of an hour, in milliseconds: more than a room has machines.
    static let (limit, period) = (100, 900_000)

    private var count = 0
    private var since: Int?

    /// Whether one more name may be told of; one that is free tells as much as one that is taken.
    mutating func takes(now: Int) -> Bool {
        if now - (since ?? now) >= Self.period { since = nil }
        if since == nil { (count, since) = (0, now) }
        guard count < Self.limit else { return false }
        count += 1
        return true
    }
}

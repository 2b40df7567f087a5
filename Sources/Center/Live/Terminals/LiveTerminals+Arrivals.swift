import API
import Fleet

extension LiveTerminals.Terminal {
    /// Which of its sessions no display shows any more, by what the report before said.
    mutating func noteLeft(_ sessions: [AgentSession], at time: Int) {
        let gone = sessions.filter { !$0.isConnected }
        if gone.isEmpty { return left = [:] }
        let before = Dictionary((report?.sessions ?? []).map { ($0.id, $0) }) { first, _ in first }
        left = gone.reduce(into: [:]) { now, session in
            guard let last = before[session.id], last.user == session.user else { return }
            now[session.id] = last.isConnected ? time : left[session.id]
        }
    }

    /// Log-ins on their way that have arrived, or do not come any more.
    ///
    /// - Parameter shown: those who are at a session there now. One that is there and shown by no display may have been left, or not
    ///   been opened: that does not count against the server.
    mutating func settle(_ shown: Set<String>, at time: Int)
        -> [(ticket: String, user: String, isLost: Bool)]
    {
        guard !underway.isEmpty else { return [] }
        var (ended, lostCount): ([(ticket: String, user: String, isLost: Bool)], Int) = ([], 0)
        var left: [LiveTerminals.Coming] = []
        for logIn in underway {
            if shown.contains(logIn.user) {
                ended.append((logIn.ticket, logIn.user, false))
            } else if time - logIn.at > LiveTerminals.patience {
                ended.append((logIn.ticket, logIn.user, true))
                if !users.contains(logIn.user), counts(logIn) { lostCount += 1 }
            } else {
                left.append(logIn)
            }
        }
        if ended.contains(where: { !$0.isLost }) { (placed.failureCount, mistyping) = (0, [:]) }
        if lostCount > 0 {
            placed.failureCount += lostCount
            placed.failedAt = time
        }
        underway = left
        placed.underwayCount = left.count
        opened.formIntersection(left.map(\.ticket))
        return ended
    }

    /// Log-ins on their way whose sessions have begun and ended between two reports: none will ever show them.
    ///
    /// Without that they counted as on their way for a minute, and a person who comes again would be sent after them, even to a server that
    /// drains.
    ///
    /// - Parameter events: in the order in which they happened.
    mutating func ended(by events: [AgentEvent], at time: Int) -> [(ticket: String, user: String)] {
        guard !underway.isEmpty else { return [] }
        var ended: [(ticket: String, user: String)] = []
        for event in events {
            switch event.kind {
            case .ticketUsed where underway.contains { $0.ticket == event.id }: opened.insert(event.id)
            case .sessionBegan:
                // With passwords of their own, people have no ticket that is used. Ages are whole seconds.
                let began = time - event.age * 1_000
                opened.formUnion(
                    underway.lazy.filter { $0.user == event.user && began > $0.at - 1_000 }.map(\.ticket))
            case .sessionEnded where !users.contains(event.user):
                ended += underway.filter { $0.user == event.user && opened.contains($0.ticket) }.map {
                    ($0.ticket, $0.user)
                }
            default: break
            }
        }
        if ended.isEmpty { return [] }
        let tickets = Set(ended.map(\.ticket))
        ended = underway.filter { tickets.contains($0.ticket) }.map { ($0.ticket, $0.user) }
        underway.removeAll { tickets.contains($0.ticket) }
        opened.subtract(tickets)
        placed.underwayCount = underway.count
        (placed.failureCount, mistyping) = (0, [:])
        return ended
    }

    /// Whether a log-in that got no session counts against the server. Of names that were typed at one node, not so many as stop all log-ins: one
    /// person who types what no account has would have everyone turned away.
    private mutating func counts(_ logIn: LiveTerminals.Coming) -> Bool {
        guard logIn.isTyped, let node = logIn.node else { return true }
        mistyping[node, default: 0] += 1
        return mistyping[node, default: 0] < Placement.failureLimit
    }
}

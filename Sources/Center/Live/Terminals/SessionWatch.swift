import API
import Fleet

/// What the sessions of terminal servers have come to: which have begun and ended since the last look, and which are over their pool's limits.
///
/// A value without clock or network: looks go in, orders and changes of the history come out.
struct SessionWatch {
    /// One session, by its server.
    struct Key: Hashable, Sendable {
        var server: TerminalName
        var session: String
        var user: String
    }

    /// A session in one look.
    struct Seen: Sendable {
        var server: TerminalName
        var session: AgentSession
        /// Nil: it has no limits.
        var pool: TerminalPool?
        var place: String
    }

    /// The next act on a session.
    struct Act: Equatable, Sendable {
        enum Kind: Equatable, Sendable {
            case disconnect
            case end
            /// The pool closes soon.
            case warn
        }
        var server: TerminalName
        var session: String
        var user: String
        var kind: Kind
    }

    /// Minutes before the end of opening hours in which people are told, and milliseconds between that and the end of their sessions.
    static let (warningMinutes, warningTime) = (5, 5 * 60_000)
    /// Milliseconds after which an order is given again.
    private static let repetition = 60_000
    /// New sessions that one look enters in the history.
    static let newLimit = 1_000

    private var open: [Key: PastSession]
    /// Since when a session has been without a display; milliseconds.
    private var left: [Key: Int] = [:]
    private var warned: [Key: Int] = [:]
    private var ordered: [Key: Int] = [:]

    /// - Parameter open: sessions of the history that have not ended.
    init(open: [PastSession] = []) {
        self.open = Dictionary(
            open.map { (Key(server: $0.server, session: $0.session, user: $0.user), $0) }
        ) { $1 }
    }

    /// The history's changes since the last look.
    ///
    /// - Parameters:
    ///   - servers: those whose reports are looked at: what another one had is not known to have ended.
    ///   - gone: whether a server is no longer in the configuration.
    ///   - second: since 1970.
    mutating func changes(
        _ seen: [Seen], on servers: Set<TerminalName>, gone: (TerminalName) -> Bool, at second: Int
    ) -> (began: [PastSession], ended: [PastSession]) {
        var (began, ended, now): ([PastSession], [PastSession], Set<Key>) = ([], [], [])
        for one in seen {
            let key = Key(server: one.server, session: one.session.id, user: one.session.user)
            now.insert(key)
            guard open[key] == nil, began.count < Self.newLimit else { continue }
            let past = PastSession(
                server: one.server, session: one.session.id, user: one.session.user, kind: one.session.kind,
                place: one.place, startedAt: max(0, second - one.session.age))
            open[key] = past
            began.append(past)
        }
        for (key, var past) in open
        where !now.contains(key) && (servers.contains(key.server) || gone(key.server)) {
            past.endedAt = max(second, past.startedAt)
            ended.append(past)
            open[key] = nil
        }
        return (began, ended)
    }

    /// The history did not take the changes, as on a full disk: the next look tells them again.
    mutating func restore(began: [PastSession], ended: [PastSession]) {
        for past in began { open[Key(server: past.server, session: past.session, user: past.user)] = nil }
        for var past in ended {
            past.endedAt = nil
            open[Key(server: past.server, session: past.session, user: past.user)] = past
        }
    }

    /// The acts that are due now.
    ///
    /// - Parameters:
    ///   - time: milliseconds, by a clock that is never set.
    ///   - moment: of the week.
    mutating func acts(_ seen: [Seen], at time: Int, on moment: WeekMoment) -> [Act] {
        var acts: [Act] = []
        var now: Set<Key> = []
        for one in seen {
            let key = Key(server: one.server, session: one.session.id, user: one.session.user)
            now.insert(key)
            if one.session.isConnected { left[key] = nil } else if left[key] == nil { left[key] = time }
            guard let pool = one.pool, let kind = due(one.session, key, pool, time, moment) else { continue }
            if kind == .warn {
                warned[key] = time
            } else {
                if let last = ordered[key], time - last < Self.repetition { continue }
                ordered[key] = time
            }
            acts.append(Act(server: one.server, session: one.session.id, user: one.session.user, kind: kind))
        }
        left = left.filter { now.contains($0.key) }
        warned = warned.filter { now.contains($0.key) }
        ordered = ordered.filter { now.contains($0.key) }
        return acts
    }

    private mutating func due(
        _ session: AgentSession, _ key: Key, _ pool: TerminalPool, _ time: Int, _ moment: WeekMoment
    ) -> Act.Kind? {
        let isOpen = pool.hours.areOpen(at: moment)
        if !isOpen || !pool.hours.areOpen(at: moment.after(minutes: Self.warningMinutes)) {
            // Told before, whatever the time is: a server of Roost that comes back at night ends nothing unsaid.
            guard let told = warned[key] else { return .warn }
            if !isOpen, time - told >= Self.warningTime { return .end }
        } else {
            warned[key] = nil
        }
        if let minutes = pool.disconnectedMinutes, let since = left[key], time - since >= minutes * 60_000 {
            return .end
        }
        if let minutes = pool.idleMinutes, session.isConnected, let idle = session.idle, idle >= minutes * 60
        {
            return .disconnect
        }
        return nil
    }
}

extension WeekMoment {
    func after(minutes: Int) -> Self {
        let total = (day * 1_440 + minute + minutes) % (7 * 1_440)
        return Self(day: total / 1_440, minute: total % 1_440)
    }
}

package import API
import Fleet
import Linux
import Sealing
import Synchronization

/// Accounts and tickets of this server, for the rest of the agent.
///
/// Tickets are in memory only: a crash leaves none that counts, and accounts for one log-in have no password, so that nothing opens them.
package final class LogInKeeper: LogInDoor {
    /// Seconds that an account for one log-in is kept without a session.
    static let grace = 60
    /// Milliseconds between two looks that have to agree before an account ends.
    static let doubt = 10_000

    private struct State: Sendable {
        var tickets = Tickets()
        /// When an account was first seen without its session; milliseconds.
        var lonely: [String: Int] = [:]
        /// Accounts that are being removed at this moment.
        var ending: Set<String> = []
        /// People who came while what crashes left was cleared away.
        var newcomers: Set<String> = []
    }

    private let accounts: Accounts
    private let events: any AgentEventSink
    /// The server's certificate for RDP, and its host keys.
    private let shown: @Sendable () -> (certificate: String?, hostKeys: [String])
    /// Milliseconds, by a clock that is never set.
    private let now: @Sendable () -> Int
    private let state = Mutex(State())
    /// Held while accounts are made, closed and removed, and not while their processes end and their homes are packed away: log-ins would wait.
    private let book: Mutex<AccountBook>
    private let leftovers: Mutex<Leftovers>

    /// - Throws: where the list of the agent's accounts cannot be read.
    package convenience init(
        places: AgentPlaces, programs: any AgentPrograms, events: any AgentEventSink,
        shown: @escaping @Sendable () -> (certificate: String?, hostKeys: [String])
    ) throws {
        try self.init(
            Accounts(places: places, programs: programs, machine: .real, events: events), events: events,
            shown: shown, now: { SystemClock.boot })
    }

    init(
        _ accounts: Accounts, events: any AgentEventSink,
        shown: @escaping @Sendable () -> (certificate: String?, hostKeys: [String]) = { (nil, []) },
        now: @escaping @Sendable () -> Int
    ) throws {
        (self.accounts, self.events) = (accounts, events)
        (self.shown, self.now) = (shown, now)
        book = Mutex(try AccountBook.read(accounts.bookPath))
        leftovers = Mutex(Leftovers(accounts.places, programs: accounts.programs, events: events))
    }

    package func prepare(_ logIn: AgentLogIn) throws -> AgentResult.Ready {
        let begin = now()
        var isMade = false
        if let account = logIn.account {
            guard account.user == logIn.user else {
                throw AgentProblem(
                    "the order is for \(logIn.user), but its account is that of \(account.user)")
            }
            isMade = try book.withLock { book in
                guard !state.withLock({ $0.ending.contains(account.user) }) else {
                    throw AccountEnds(user: account.user)
                }
                return try accounts.make(account, in: &book)
            }
        } else if !logIn.credential.isEmpty || !logIn.publicKey.isEmpty {
            // A ticket opens no account that nothing was said of.
            throw AgentProblem("the order has a credential and no account")
        }
        try state.withLock { state in
            try state.tickets.take(logIn, at: now())
            // A name alone keeps no account.
            if logIn.account != nil { state.lonely[logIn.user] = nil }
        }
        LogInMoment.taken.pass()
        let shown = shown()
        return AgentResult.Ready(
            certificate: shown.certificate, hostKeys: shown.hostKeys,
            accountMilliseconds: isMade ? max(1, now() - begin) : 0)
    }

    /// From now on the agent clears away what crashes leave of the person's sessions. A name that was typed is no reason to end anyone's
    /// programs.
    package func arrived(_ user: String) {
        // PAM waits for this, and a look may take seconds.
        let isNoted: Bool? = leftovers.withLockIfAvailable { leftovers in
            leftovers.expect(user)
            return true
        }
        if isNoted == nil { state.withLock { _ = $0.newcomers.insert(user) } }
    }

    package func forget(_ ticket: String) {
        // Its account, if it has no other ticket and no session, goes with the next look.
        state.withLock { _ = $0.tickets.forget(ticket, at: now()) }
    }

    // MARK: Claims

    package func claim(user: String, secret: [UInt8], service: String, from: String) -> Bool {
        // More than any ticket has: it is not worth a hash.
        guard (1...512).contains(secret.count) else { return false }
        let hash = Hashing.sha256(secret)
        let answer = state.withLock {
            $0.tickets.claim(user: user, hash: hash, service: service, from: from, at: now())
        }
        return settle(answer, user)
    }

    package func claim(user: String, publicKey: String, process: Int32) -> Bool {
        let answer = state.withLock {
            $0.tickets.claim(user: user, publicKey: publicKey, process: process, at: now())
        }
        return settle(answer, user)
    }

    private func settle(_ answer: Tickets.Answer, _ user: String) -> Bool {
        switch answer {
        case .opened(let ticket):
            events.note(.ticketUsed, user: user, id: ticket, "the ticket opened its session")
            arrived(user)
            LogInMoment.claimed.pass()
            return true
        case .refused(let ticket, let refusal):
            events.note(.ticketRefused, user: user, id: ticket, "the ticket was refused: \(refusal.rawValue)")
            return false
        case .unknown: return false
        }
    }

    // MARK: Ends

    package func removeAccount(_ user: String, _ end: AgentOrder.HomeEnd) throws { try self.end(user, end) }

    /// - Parameter seen: the account's entry that the end was decided by: one that has changed since is in use again, and stays; one that is
    ///   being removed already needs nothing more. Nil: whatever it is.
    private func end(_ user: String, _ end: AgentOrder.HomeEnd, seen: AccountBook.Entry? = nil) throws {
        let (isFirst, isInUse) = book.withLock { book in
            if let seen, book[user] != seen { return (true, true) }
            return (state.withLock { $0.ending.insert(user).inserted }, false)
        }
        if isInUse || !isFirst && seen != nil { return }
        guard isFirst else { throw AgentProblem("the account \(user) is being removed already") }
        defer { state.withLock { _ = $0.ending.remove(user) } }
        try accounts.end(user, end, in: book)
    }

    package func sweep(sessions: [AgentSession]) {
        let newcomers = state.withLock { state in
            defer { state.newcomers = [] }
            return state.newcomers
        }
        leftovers.withLock { leftovers in
            for user in newcomers { leftovers.expect(user) }
            leftovers.sweep(sessions, at: now())
        }
        let (time, second) = (now(), accounts.machine.second())
        let users = Set(sessions.map(\.user))
        let expected = state.withLock { state in
            state.tickets.expire(at: time)
            return state.tickets.users
        }
        let ends = book.withLock { book in
            noteSessions(of: users, in: &book)
            return book.entries.compactMap { entry in
                due(entry, hasSession: users.contains(entry.user), expected, second, time).map { (entry, $0) }
            }
        }
        for (entry, end) in ends {
            do { try self.end(entry.user, end, seen: entry) } catch {
                events.note(.failed, user: entry.user, id: "", "\(error)")
                // Not with every look.
                state.withLock { $0.lonely[entry.user] = time + 60_000 }
            }
        }
    }

    /// That an account had a session outlives the agent, so that one whose person has left is not waited for.
    private func noteSessions(of users: Set<String>, in book: inout AccountBook) {
        let new = book.entries.filter { !$0.hadSession && users.contains($0.user) }
        if new.isEmpty { return }
        for var entry in new {
            entry.hadSession = true
            book.put(entry)
        }
        try? book.write(accounts.bookPath)
    }

    /// What becomes of an account's home if the account is to end now; nil: it stays.
    private func due(
        _ entry: AccountBook.Entry, hasSession: Bool, _ expected: Set<String>, _ second: Int, _ time: Int
    ) -> AgentOrder.HomeEnd? {
        // An end that was cut short goes on.
        if entry.state == .ending {
            return isSure(entry.user, at: time) ? AgentOrder.HomeEnd(entry.end) : nil
        }
        if let expiresAt = entry.expiresAt, second >= expiresAt {
            return isSure(entry.user, at: time) ? AgentOrder.HomeEnd(entry.end) : nil
        }
        guard let end = entry.end.homeEnd, !hasSession, !expected.contains(entry.user) else {
            state.withLock { $0.lonely[entry.user] = nil }
            return nil
        }
        // A clock that was set back makes no account young again.
        let age = second - entry.madeAt
        guard entry.hadSession || age >= Self.grace || age < 0 else { return nil }
        return isSure(entry.user, at: time) ? end : nil
    }

    /// One look may miss a session: two, some time apart, have to agree.
    private func isSure(_ user: String, at time: Int) -> Bool {
        state.withLock { state in
            guard let first = state.lonely[user] else {
                state.lonely[user] = time
                return false
            }
            return time - first >= Self.doubt
        }
    }
}

extension AgentOrder.HomeEnd {
    /// An account whose time is over goes, even one that would have stayed; its home stays then.
    init(_ end: AgentAccount.End) { self = end.homeEnd ?? .keep }
}

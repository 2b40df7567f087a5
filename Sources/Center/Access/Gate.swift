import API
import Fleet
import Foundation
import Logging
import Synchronization
import Wire

/// Authenticates callers: by password, session, token, or the setup token.
final class Gate: Sendable {
    /// Seconds of inactivity after which a session ends, and its maximum age.
    static let idleLimit = 8 * 3_600
    static let sessionLimit = 7 * 24 * 3_600
    /// Seconds after a log-in for which the tokens of a directory account are valid.
    static let wordLimit = 90 * 24 * 3_600
    /// Wrong passwords for one name from one address before that name is locked for the address, and the seconds of the lock.
    static let attemptLimit = 5
    static let lockSeconds = 15 * 60
    /// Wrong passwords from one address for any name.
    static let addressAttemptLimit = 30

    private struct Failures {
        var count = 0
        var first: Int
        var last = 0
    }

    private struct State {
        var failures: [String: Failures] = [:]
        /// SHA-256 of the setup token; nil when there is an administrator.
        var setupHash: String?
    }

    private let fleet: LiveFleet
    private let passwordCost: Passwords.Cost
    private let logger: Logger
    private let ldap: LDAPDirectory?
    /// Nil: there is no log-in provider.
    let openID: OpenIDProvider?
    private let openIDGrants: DirectoryGrants?
    private let state = Mutex(State())

    /// - Parameter passwordCost: for hashes of passwords.
    init(
        fleet: LiveFleet, sources: LogInSources = LogInSources(), passwordCost: Passwords.Cost = .standard,
        logger: Logger
    ) throws {
        self.fleet = fleet
        self.passwordCost = passwordCost
        self.logger = logger
        ldap = sources.ldap.map { LDAPDirectory(settings: $0) }
        openID = try sources.openID.map { try OpenIDProvider(settings: $0, logger: logger) }
        openIDGrants = sources.openID?.grants
    }

    private var store: any FleetStore { fleet.store }

    // MARK: First run

    /// The setup token for the first administrator, new at each start; nil when there is an administrator.
    func setupWord() async throws -> String? {
        guard try await store.administrators().isEmpty else { return nil }
        let word = Secrets.make()
        state.withLock { $0.setupHash = Secrets.hash(word) }
        return word
    }

    func isSetUp() async throws -> Bool { try await !store.administrators().isEmpty }

    func maySetUp(with word: String) async throws -> Bool {
        guard try await !isSetUp() else { return false }
        return state.withLock { state in
            state.setupHash.map { Secrets.isEqual($0, Secrets.hash(word)) } ?? false
        }
    }

    /// Creates the first administrator; the token is void afterwards.
    func setUp(with word: String, name: String, password: String) async throws {
        // First: hashing is expensive, so a valid link is required.
        guard try await maySetUp(with: word) else { throw Self.usedLink }
        let (name, password) = (try Administrator.checked(name: name), try Passwords.checked(password))
        let hash = try await Passwords.hash(password, cost: passwordCost)
        // The command line may have created one meanwhile.
        let isSetUp = try await isSetUp()
        let wasOpen =
            !isSetUp
            && state.withLock { state in
                guard let setupHash = state.setupHash, Secrets.isEqual(setupHash, Secrets.hash(word)) else {
                    return false
                }
                state.setupHash = nil
                return true
            }
        guard wasOpen else { throw Self.usedLink }
        try await fleet.change(by: "first run") { current in
            guard current.contents.access.administrators.isEmpty else { throw Self.usedLink }
            return [
                .administrator(name, Administrator(name: name, grants: [Grant(.admin)]), passwordHash: hash)
            ]
        }
    }

    private static var usedLink: Problem {
        Problem(
            403, "Forbidden", "this link has already been used, or is from before the server's last start")
    }

    // MARK: Log-in

    /// Opens a session by password, checked against a local account or the directory: the cookie's value.
    func logIn(name: String, password: String, from address: String) async throws -> String {
        // Pasted, or completed by a phone.
        let name = name.trimmingCharacters(in: .whitespacesAndNewlines)
        // Directories ignore the case of names.
        let subscriber = ClientAddresses.subscriber(address)
        // A hash, so that every key has the same length whatever was typed: it is kept for a while.
        let keys = [Secrets.hash("\(subscriber) \(name.lowercased())"), subscriber]
        try checkLock(keys)
        // Counted first, so that a hundred simultaneous attempts count as a hundred.
        countAttempt(keys)
        guard let proved = try await prove(name: name, password: password) else {
            logger.warning("log-in refused", metadata: ["name": "\(name)", "address": "\(address)"])
            throw Problem(401, "Unauthorized", "name or password is wrong")
        }
        forgiveAttempt(keys)
        return try await openSession(of: proved)
    }

    /// Counts a return from the provider as an attempt of the address until `body` succeeds: each one makes the server call the provider.
    func counted<T>(from address: String, _ body: () async throws -> T) async throws -> T {
        let subscriber = ClientAddresses.subscriber(address)
        let keys = [Secrets.hash("\(subscriber) at the provider"), subscriber]
        try checkLock(keys, [Self.addressAttemptLimit, Self.addressAttemptLimit])
        countAttempt(keys)
        let result = try await body()
        forgiveAttempt(keys)
        return result
    }

    /// The administrator with this name and password; nil when they do not match or may not log in.
    private func prove(name: String, password: String) async throws -> String? {
        let known = try await store.administrator(named: name)
        guard let ldap, known.map({ $0.source == .ldap }) ?? true else {
            let hash = known?.source == .local ? try await store.passwordHash(of: name) : nil
            let isRight = try await Passwords.matches(password, hash: hash, cost: passwordCost)
            return isRight && known?.isDisabled == false ? name : nil
        }
        do {
            guard let person = try await ldap.person(name: name, password: password) else { return nil }
            return try await admit(person, source: .ldap, grants: ldap.settings.grants)
        } catch let error as LDAPDirectory.Unreachable {
            logger.error("\(error)")
            throw Problem(
                503, "Directory not reachable", "the directory of accounts cannot be reached now",
                retryAfter: 30)
        }
    }

    /// Opens a session for a person authenticated by the provider: the cookie's value.
    func logIn(_ person: DirectoryPerson) async throws -> String {
        try await openSession(of: admit(person, source: .oidc, grants: openIDGrants))
    }

    /// The administrator account of a directory's person, with the roles that the groups give now.
    ///
    /// When groups give roles, nothing else does: leaving the group removes the role. Otherwise only people who were given a role here may
    /// log in.
    private func admit(
        _ person: DirectoryPerson, source: Administrator.Source, grants map: DirectoryGrants?
    ) async throws -> String {
        let known = try await account(of: person, source)
        guard known?.isDisabled != true else {
            throw Problem(403, "Forbidden", "\(known?.name ?? "") may not log in")
        }
        let name = try known?.name ?? Administrator.checked(name: person.name)
        let grants = map?.grants(of: person.groups) ?? known?.grants ?? []
        var now =
            known ?? Administrator(name: name, source: source, grants: [], fullName: person.fullName)
        now.grants = grants
        if !person.fullName.isEmpty {
            now.fullName = person.fullName.beginning(length: Administrator.fullNameLength)
        }
        if !grants.isEmpty { (now.identity, now.linkableUntil) = (person.identity, nil) }
        // Only a successful log-in links an account, and only the linked person's log-in removes its roles.
        if now != known, !grants.isEmpty || known.map({ $0.identity == person.identity }) == true {
            if fleet.snapshot.contents.access.administrators[now.name] != known { try await fleet.reload() }
            try await fleet.change(by: source.rawValue) { [now] current in
                // A log-in must not take back what an administrator has just changed, such as disabling the account.
                guard current.contents.access.administrators[now.name] == known else {
                    throw StoreError.conflict(
                        "the account \(now.name) was changed while you logged in; log in again")
                }
                return [.administrator(now.name, now)]
            }
        }
        guard !grants.isEmpty else {
            throw Problem(
                403, "Forbidden",
                "\(name) has no role here, and needs one from an administrator or a group")
        }
        return name
    }

    /// The local account of a directory's person; nil when there is none yet.
    ///
    /// A name in one source never opens an account of another. A provider's person is identified by the subject, which never changes.
    private func account(of person: DirectoryPerson, _ source: Administrator.Source) async throws
        -> Administrator?
    {
        let all = try await store.administrators()
        if let identity = person.identity,
            let linked = all.first(where: { $0.identity == identity && $0.source == source })
        {
            return linked
        }
        guard let known = all.first(where: { $0.name == person.name }) else { return nil }
        let reason: Sentence
        if known.source != source {
            reason = "\(known.name) is the name of another account of this server"
        } else if person.identity == nil {
            return known
        } else if known.identity != nil {
            reason =
                "\(known.name) is the account of another person at the log-in provider, who had this name before; an administrator can remove or release it"
        } else if known.linkableUntil.map({ Clock.second < $0 }) == true {
            return known
        } else {
            reason =
                "the time to log in as \(known.name) for the first time is over; an administrator can open the account again"
        }
        logger.warning(
            "log-in refused: \(reason)",
            metadata: ["source": "\(source.rawValue)", "subject": "\(person.identity?.subject ?? "")"])
        throw Problem(403, "Forbidden", reason)
    }

    func openSession(of name: String) async throws -> String {
        let (cookie, now) = (Secrets.make(), Clock.second)
        try await store.removeSessions(of: nil, seenBefore: now - Self.idleLimit)
        try await store.addSession(
            LoginSession(administrator: name, csrfToken: Secrets.make(), createdAt: now, seenAt: now),
            hash: Secrets.hash(cookie))
        return cookie
    }

    private func checkLock(_ keys: [String], _ limits: [Int] = [attemptLimit, addressAttemptLimit]) throws {
        let now = Clock.steadySecond
        let wait: Int? = state.withLock { state in
            for (key, limit) in zip(keys, limits) {
                guard let failures = state.failures[key] else { continue }
                let age = now - failures.last
                if age > Self.lockSeconds {
                    state.failures[key] = nil
                } else if failures.count >= limit {
                    return Self.lockSeconds - age
                }
            }
            return nil
        }
        guard let wait else { return }
        throw Problem(
            429, "Too many attempts",
            "too many wrong passwords; try again in \(wait / 60 + 1) minutes",
            retryAfter: wait)
    }

    private func countAttempt(_ keys: [String]) {
        let now = Clock.steadySecond
        state.withLock { state in
            if state.failures.count > 10_000 {
                state.failures = state.failures.filter { now - $0.value.last <= Self.lockSeconds }
            }
            for key in keys {
                var failures = state.failures[key] ?? Failures(first: now)
                // Typing mistakes of many people behind one address, over days, are not an attack.
                if now - failures.first > Self.lockSeconds { failures = Failures(first: now) }
                failures.count += 1
                failures.last = now
                state.failures[key] = failures
            }
        }
    }

    /// An attempt succeeded. This unlocks the name and removes this attempt from the address's count. The address's failures for other
    /// names stay, so that logging in to one's own account in between gains no extra attempts.
    private func forgiveAttempt(_ keys: [String]) {
        state.withLock { state in
            state.failures[keys[0]] = nil
            state.failures[keys[1]]?.count -= 1
        }
    }

    // MARK: Recognising

    /// The caller with this cookie; nil when it is not valid (any more).
    func caller(cookie: String) async throws -> Caller? {
        let (hash, now) = (Secrets.hash(cookie), Clock.second)
        guard let session = try await store.session(hash: hash) else { return nil }
        guard now - session.seenAt <= Self.idleLimit, now - session.createdAt <= Self.sessionLimit else {
            try await store.removeSession(hash: hash)
            return nil
        }
        // Not on every click: one write a minute is enough to track activity.
        if now - session.seenAt > 60 { try await store.touchSession(hash: hash, at: now) }
        guard let administrator = try await enabled(session.administrator) else { return nil }
        return Caller(
            name: administrator.name, grants: administrator.grants,
            proof: .session(csrfToken: session.csrfToken, hash: hash), account: administrator.name)
    }

    /// The caller with this token.
    func caller(token text: String) async throws -> Caller {
        let now = Clock.second
        guard let token = try await store.token(hash: Secrets.hash(text)),
            let owner = try await enabled(token.owner)
        else { throw Problem(401, "Unauthorized", "this token is not valid (any more)") }
        if let end = token.expiresAt, end <= now {
            throw Problem(401, "Unauthorized", "the token ‘\(token.name)’ has expired")
        }
        if now - (token.usedAt ?? 0) > 60 { try await store.touchToken(token.id, at: now) }
        try await requireWord(for: owner, now)
        // A token never grants more than its owner has now.
        let grants = token.grants.flatMap { wanted in
            owner.grants.cover([wanted]) ? [wanted] : Self.common(wanted, owner.grants)
        }
        return Caller(
            name: "\(owner.name) (token \(token.name))", grants: grants, proof: .token(token.id),
            replica: grants.contains(Grant(.replica)) ? token.name : nil, account: owner.name)
    }

    /// When the tokens of `owner` expire without another log-in; nil: never, as for local accounts.
    static func wordEnds(for owner: Administrator?, lastLogIn: Int?) -> Int? {
        owner.flatMap { $0.source == .local ? nil : (lastLogIn ?? 0) + wordLimit }
    }

    /// A directory confirms its people only at log-in, so tokens expire some time after it.
    private func requireWord(for owner: Administrator, _ now: Int) async throws {
        guard owner.source != .local else { return }
        let last = try await store.lastLogIns()[owner.name]
        guard let end = Self.wordEnds(for: owner, lastLogIn: last), end <= now else { return }
        throw Problem(
            401, "Unauthorized",
            "\(owner.name) has not logged in through the directory for \(Self.wordLimit / 86_400) days: this token has no effect until then"
        )
    }

    /// The part of a grant that its owner still has, where that is narrower.
    private static func common(_ wanted: Grant, _ owned: [Grant]) -> [Grant] {
        owned.filter { own in
            wanted.group.contains(own.group) && own.role.permissions.isSubset(of: wanted.role.permissions)
        }
    }

    private func enabled(_ name: String) async throws -> Administrator? {
        try await store.administrator(named: name).flatMap { $0.isDisabled ? nil : $0 }
    }

    func logOut(hash: String) async throws { try await store.removeSession(hash: hash) }
}

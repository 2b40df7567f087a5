package import Wire

/// A person's identity at a log-in provider, whatever their name there (OpenID Connect Core 1.0 §2: `iss` and `sub`).
package struct ProviderIdentity: Hashable, Sendable, Codable {
    package var issuer: String
    /// Never reassigned to another person, and never changed.
    package var subject: String

    package init(issuer: String, subject: String) {
        self.issuer = issuer
        self.subject = subject
    }
}

/// A person who may use the control center.
package struct Administrator: Equatable, Sendable, Codable {
    /// How an administrator authenticates.
    package enum Source: String, Sendable, Codable, CaseIterable {
        /// A password stored here, hashed.
        case local
        case ldap
        case oidc
    }

    /// 1 to 63 letters, digits, dots, hyphens, underscores and at signs.
    package var name: String
    package var source: Source
    package var grants: [Grant]
    /// For people; empty when unknown, cut at ``fullNameLength``.
    package var fullName: String
    package var isDisabled: Bool
    /// For source `oidc`: the linked person; nil before the first log-in.
    package var identity: ProviderIdentity?
    /// Seconds since 1970; until then the first log-in under this name links the account to that person; nil: none does.
    @SecondTimestamp package var linkableUntil: Int?
    /// Counts the passwords that replaced another one, so that the record differs after each. The password itself is kept beside it.
    package var passwordNumber: Int?

    package static let fullNameLength = 200
    /// Seconds for which a new account of a provider waits for its person.
    package static let linkingSeconds = 30 * 86_400

    package init(
        name: String, source: Source = .local, grants: [Grant], fullName: String = "",
        isDisabled: Bool = false, identity: ProviderIdentity? = nil, linkableUntil: Int? = nil
    ) {
        self.identity = identity
        self.linkableUntil = linkableUntil
        self.name = name
        self.source = source
        self.grants = grants
        self.fullName = fullName
        self.isDisabled = isDisabled
    }

    /// The name, if it is valid.
    package static func checked(name: String) throws -> String {
        let isGood =
            (1...63).contains(name.utf8.count)
            && name.utf8.allSatisfy {
                (0x61...0x7A).contains($0 | 0x20) || (0x30...0x39).contains($0)
                    || [0x2D, 0x2E, 0x5F, 0x40].contains($0)
            }
        guard isGood else {
            throw InvalidName(name, rule: "1 to 63 letters, digits, dots, hyphens, underscores and @")
        }
        return name
    }
}

/// A browser's log-in session.
package struct LoginSession: Equatable, Sendable {
    package var administrator: String
    /// The token that each form of this session must carry.
    package var csrfToken: String
    package var createdAt: Int
    /// Seconds since 1970 of the last use.
    package var seenAt: Int

    package init(administrator: String, csrfToken: String, createdAt: Int, seenAt: Int) {
        self.administrator = administrator
        self.csrfToken = csrfToken
        self.createdAt = createdAt
        self.seenAt = seenAt
    }
}

/// Administrators, their log-ins and tokens, as they are at this moment. Secrets arrive hashed: the store never sees one.
///
/// Administrators and tokens are changed by edits; sessions go with their administrator.
package protocol AdministratorStore: Sendable {
    func administrators() async throws(StoreError) -> [Administrator]
    func administrator(named name: String) async throws(StoreError) -> Administrator?

    func passwordHash(of name: String) async throws(StoreError) -> String?

    /// Opens a session, which also records the administrator's log-in.
    func addSession(_ session: LoginSession, hash: String) async throws(StoreError)
    /// When administrators last logged in, in seconds since 1970; those who never did are left out.
    func lastLogIns() async throws(StoreError) -> [String: Int]
    func session(hash: String) async throws(StoreError) -> LoginSession?
    func touchSession(hash: String, at second: Int) async throws(StoreError)
    func removeSession(hash: String) async throws(StoreError)
    /// Ends all sessions of `name`, and all sessions last used before `second`.
    func removeSessions(of name: String?, seenBefore second: Int?) async throws(StoreError)

    /// In the order of their numbers, with their last use.
    func tokens(of owner: String?) async throws(StoreError) -> [APIToken]
    func token(hash: String) async throws(StoreError) -> APIToken?
    func touchToken(_ id: Int, at second: Int) async throws(StoreError)
}

package import Fleet

// What the API says and is told of those who use it.

package struct AdministratorRequest: Codable, Sendable {
    /// `operator`, `helpdesk@/school`.
    package var grants: [String]
    package var fullName: String?
    package var isDisabled: Bool?
    /// Left out: it stays as it is.
    package var password: String?
    package var source: Administrator.Source?
    /// Who of the log-in provider this is (`sub`); empty: who first logs in under this name within thirty days. Left out: as it is,
    /// and for a new one as if it were empty.
    package var subject: String?

    package init(
        grants: [String], fullName: String? = nil, isDisabled: Bool? = nil, password: String? = nil,
        source: Administrator.Source? = nil, subject: String? = nil
    ) {
        self.subject = subject
        self.grants = grants
        self.fullName = fullName
        self.isDisabled = isDisabled
        self.password = password
        self.source = source
    }
}

package struct AdministratorAnswer: Codable, Sendable {
    package var name: String
    package var fullName: String
    package var source: Administrator.Source
    package var grants: [String]
    package var isDisabled: Bool
    /// Who of the log-in provider this is; nil before the first log-in.
    package var subject: String?
    /// Seconds since 1970 until which the first log-in under this name decides that.
    package var linkableUntil: Int?

    package init(_ administrator: Administrator) {
        subject = administrator.identity?.subject
        linkableUntil = administrator.linkableUntil
        name = administrator.name
        fullName = administrator.fullName
        source = administrator.source
        grants = administrator.grants.map(\.description)
        isDisabled = administrator.isDisabled
    }
}

package struct TokenRequest: Codable, Sendable {
    package var name: String
    /// Left out: everything that its owner may do.
    package var grants: [String]?
    /// Days until it expires; left out: 90. Zero: never.
    package var days: Int?
    /// Whose it is; an admin of the site may make one for somebody else. Left out: the caller's.
    package var owner: String?

    package init(name: String, grants: [String]? = nil, days: Int? = nil, owner: String? = nil) {
        self.name = name
        self.owner = owner
        self.grants = grants
        self.days = days
    }
}

package struct TokenAnswer: Codable, Sendable {
    package var id: Int
    package var name: String
    package var owner: String
    package var grants: [String]
    package var createdAt: Int
    package var expiresAt: Int?
    package var usedAt: Int?
    /// Seconds since 1970 when it rests until its owner, who is from a directory, logs in again; nil for a local account's.
    package var restsAt: Int?
    /// The token itself: told once, when it is made.
    package var token: String?

    /// The earlier of both ends; nil: it has none.
    package var holdsUntil: Int? { [expiresAt, restsAt].compactMap { $0 }.min() }

    package init(_ token: APIToken, secret: String? = nil, restsAt: Int? = nil) {
        self.restsAt = restsAt
        id = token.id
        name = token.name
        owner = token.owner
        grants = token.grants.map(\.description)
        createdAt = token.createdAt
        expiresAt = token.expiresAt
        usedAt = token.usedAt
        self.token = secret
    }
}

package struct WebHookRequest: Codable, Sendable {
    package var url: String
    /// Left out: all.
    package var kinds: [String]?
    /// Left out: the site.
    package var group: GroupPath?

    package init(url: String, kinds: [String]? = nil, group: GroupPath? = nil) {
        self.url = url
        self.kinds = kinds
        self.group = group
    }
}

package struct WebHookAnswer: Codable, Sendable {
    package var id: Int
    package var url: String
    package var kinds: [String]
    package var group: GroupPath
    /// Seconds since 1970; nil before the first delivery since the server's start.
    package var lastAt: Int?
    /// `200`, or why there was no answer.
    package var lastResult: String?
    package var isHealthy: Bool?
    /// Told once, when the hook is made.
    package var secret: String?

    init(_ hook: WebHook, _ outcome: WebHookSender.Outcome?) {
        id = hook.id
        url = hook.url
        kinds = hook.kinds
        group = hook.group
        lastAt = outcome?.at
        lastResult = outcome?.text
        isHealthy = outcome?.isGood
    }
}

package struct CallerAnswer: Codable, Sendable {
    package var name: String
    package var grants: [String]
}

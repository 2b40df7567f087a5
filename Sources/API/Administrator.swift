package import Fleet
package import Wire

/// An administrator to add or to change.
package struct AdministratorRequest: Codable, Sendable {
    /// `operator`, `helpdesk@/school`.
    package var grants: [String]
    package var fullName: String?
    package var isDisabled: Bool?
    /// Left out: unchanged.
    package var password: String?
    package var source: Administrator.Source?
    /// The identity of the person at the log-in provider (`sub`); empty: the first person to log in under this name within thirty days.
    /// Left out: unchanged, and for a new one as if empty.
    package var subject: String?
    /// Whether API tokens are revoked if this sets a password, disables the account, or gives it to another source or person. Left out:
    /// yes, except for a new password of the caller's own account.
    package var revokesTokens: Bool?

    package init(
        grants: [String], fullName: String? = nil, isDisabled: Bool? = nil, password: String? = nil,
        source: Administrator.Source? = nil, subject: String? = nil, revokesTokens: Bool? = nil
    ) {
        self.subject = subject
        self.revokesTokens = revokesTokens
        self.grants = grants
        self.fullName = fullName
        self.isDisabled = isDisabled
        self.password = password
        self.source = source
    }
}

/// An administrator, with their roles.
package struct AdministratorAnswer: Codable, Sendable {
    package var name: String
    package var fullName: String
    package var source: Administrator.Source
    package var grants: [String]
    package var isDisabled: Bool
    /// The person's identity at the log-in provider; nil before the first log-in.
    package var subject: String?
    /// Seconds since 1970; until then the first log-in under this name sets the identity.
    @SecondTimestamp package var linkableUntil: Int?
    /// API tokens that are valid for this account.
    package var tokens: [TokenAnswer]
    /// Why no one can log in with it as the server is configured; nil where people can.
    package var warning: String?
    /// Seconds since 1970; nil: never.
    @SecondTimestamp package var lastLogInAt: Int?

    package init(
        _ administrator: Administrator, tokens: [TokenAnswer], warning: String? = nil,
        lastLogInAt: Int? = nil
    ) {
        self.lastLogInAt = lastLogInAt
        self.tokens = tokens
        self.warning = warning
        subject = administrator.identity?.subject
        linkableUntil = administrator.linkableUntil
        name = administrator.name
        fullName = administrator.fullName
        source = administrator.source
        grants = administrator.grants.map(\.description)
        isDisabled = administrator.isDisabled
    }
}

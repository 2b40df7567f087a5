package import Fleet
package import Wire

/// A token to create.
package struct TokenRequest: Codable, Sendable {
    package var name: String
    /// Left out: all grants of its owner.
    package var grants: [String]?
    /// Days until it expires; left out: 90. Zero: never.
    package var days: Int?
    /// The owner; an admin of the site may create one for another administrator. Left out: the caller.
    package var owner: String?

    package init(name: String, grants: [String]? = nil, days: Int? = nil, owner: String? = nil) {
        self.name = name
        self.owner = owner
        self.grants = grants
        self.days = days
    }
}

/// An API token for programs.
package struct TokenAnswer: Codable, Sendable {
    package var id: Int
    package var name: String
    package var owner: String
    package var grants: [String]
    @SecondTimestamp package var createdAt: Int
    @SecondTimestamp package var expiresAt: Int?
    @SecondTimestamp package var usedAt: Int?
    /// Seconds since 1970 after which it is suspended until its owner, who is from a directory, logs in again; nil for local accounts.
    @SecondTimestamp package var restsAt: Int?
    /// The token itself; shown once, when it is created.
    package var token: String?

    /// The earlier of the two; nil: it never ends.
    package var holdsUntil: Int? { [expiresAt, restsAt].compactMap { $0 }.min() }

    /// When it ends, for people.
    ///
    /// - Parameter now: seconds since 1970.
    package func end(at now: Int, _ time: (Int) -> String) -> String {
        if let restsAt, restsAt <= now { return "suspended until \(owner) logs in" }
        return holdsUntil.map(time) ?? "never"
    }

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

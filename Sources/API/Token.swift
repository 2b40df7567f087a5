package import Fleet
package import Wire

/// A token to make.
package struct TokenRequest: Codable, Sendable {
    package var name: String
    /// Left out: everything that its owner may do.
    package var grants: [String]?
    /// Days until it expires; left out: 90. Zero: never.
    package var days: Int?
    /// Whose it is; an admin of the site may make one for another administrator. Left out: the caller's.
    package var owner: String?

    package init(name: String, grants: [String]? = nil, days: Int? = nil, owner: String? = nil) {
        self.name = name
        self.owner = owner
        self.grants = grants
        self.days = days
    }
}

/// A token with which programs use the API.
package struct TokenAnswer: Codable, Sendable {
    package var id: Int
    package var name: String
    package var owner: String
    package var grants: [String]
    @SecondTimestamp package var createdAt: Int
    @SecondTimestamp package var expiresAt: Int?
    @SecondTimestamp package var usedAt: Int?
    /// Seconds since 1970 when it rests until its owner, who is from a directory, logs in again; nil for a local account's.
    @SecondTimestamp package var restsAt: Int?
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

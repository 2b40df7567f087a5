package import Wire

/// A token for the API, without the secret itself.
package struct APIToken: Equatable, Sendable, Codable {
    package var id: Int
    /// The name given by its owner.
    package var name: String
    package var owner: String
    package var grants: [Grant]
    /// Seconds since 1970.
    @SecondTimestamp package var createdAt: Int
    /// Nil: valid until revoked.
    @SecondTimestamp package var expiresAt: Int?
    /// Nil: never used. It is an observation, and no part of the record.
    package var usedAt: Int?

    private enum CodingKeys: String, CodingKey {
        case id, name, owner, grants, createdAt, expiresAt
    }

    package init(
        id: Int, name: String, owner: String, grants: [Grant], createdAt: Int, expiresAt: Int?,
        usedAt: Int? = nil
    ) {
        self.id = id
        self.name = name
        self.owner = owner
        self.grants = grants
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.usedAt = usedAt
    }
}

extension FleetEdit {
    /// - Parameters:
    ///   - token: nil revokes it.
    ///   - hash: of the token's own text; nil leaves it unchanged.
    package static func token(_ id: Int, _ token: APIToken?, hash: String? = nil) -> Self {
        Self(id, token, secrets: hash.map { [APIToken.hash: $0] } ?? [:])
    }
}

extension APIToken: TableRecord, LentRecord {
    package static let kind = "token"
    /// The name of the hash of a token's own text among the secrets.
    package static let hash = "hash"
    /// Tokens of one owner.
    package static let countLimit = 100

    package static var table: WritableKeyPath<FleetSnapshot.Contents, [Int: Self]> { \.access.tokens }

    package static func missing(_ key: Int) -> Sentence {
        "there is no token \(key) (roost token list shows all)"
    }

    package static func checked(
        _ change: RecordChange<APIToken>, in draft: FleetSnapshot.Contents, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws -> APIToken? {
        try change.requireSomething(in: draft)
        guard var token = change.after else { return nil }
        (token.id, token.usedAt) = (change.key, nil)
        return token
    }

    package static func check(_ key: Int, in contents: FleetSnapshot.Contents) throws {
        guard let owner = contents.access.tokens[key]?.owner,
            contents.access.administrators[owner] == nil
        else { return }
        throw StoreError.notFound(
            "there is no administrator \(owner) (roost admin list; roost admin add \(owner))")
    }

    package static func check(
        all changed: [Int], in snapshot: FleetSnapshot, since before: FleetSnapshot, within plan: AddressPlan
    ) throws {
        let tokens = snapshot.contents.access.tokens
        let owners = Set(changed.compactMap { tokens[$0]?.owner })
        for owner in owners where tokens.values.count(where: { $0.owner == owner }) > countLimit {
            throw StoreError.conflict("\(owner) has \(countLimit) tokens; revoke some first")
        }
    }

    package static func summary(of change: RecordChange<APIToken>, in snapshot: FleetSnapshot) -> String {
        let before = snapshot.contents.access.tokens[change.key]
        guard let token = change.after else {
            return "token ‘\(before?.name ?? "")’ of \(before?.owner ?? "") revoked"
        }
        return "token ‘\(token.name)’ \(before == nil ? "made" : "changed") for \(token.owner)"
    }

    /// None, as of its owner: those who may change the account may revoke its tokens. Owners make and revoke their own by acts that ask for
    /// less.
    package static func places(
        of change: RecordChange<APIToken>, in snapshot: FleetSnapshot
    ) -> [GroupPath] { [] }

    package static func permission(
        for change: RecordChange<APIToken>, in snapshot: FleetSnapshot
    ) -> Permission { .administer }

    package static func grants(of change: RecordChange<APIToken>, in snapshot: FleetSnapshot) -> [Grant] {
        let access = snapshot.contents.access
        return [access.tokens[change.key], change.after].compactMap { $0 }
            .flatMap { access.administrators[$0.owner]?.grants ?? [] }
    }

    package static func undoProblem(from before: APIToken?, to after: APIToken?) -> Sentence? {
        after == nil ? "was revoked, and its text is kept nowhere: make a new one" : nil
    }

    /// Its times move with the server's clock.
    package func means(_ other: APIToken) -> Bool {
        (id, name, owner, grants) == (other.id, other.name, other.owner, other.grants)
    }
}

/// A link that opens the wall board of a group without a log-in; the secret itself is not part of it.
package struct BoardLink: Equatable, Sendable, Codable {
    package var id: Int
    /// Where it is used, such as `entrance hall`.
    package var name: String
    package var group: GroupPath
    package var createdBy: String
    /// Seconds since 1970.
    package var createdAt: Int
    /// Nil: valid until revoked.
    package var expiresAt: Int?
    /// Nil: never used.
    package var usedAt: Int?

    package init(
        id: Int, name: String, group: GroupPath, createdBy: String, createdAt: Int, expiresAt: Int?,
        usedAt: Int? = nil
    ) {
        self.id = id
        self.name = name
        self.group = group
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.usedAt = usedAt
    }
}

/// The links of wall boards. Secrets arrive hashed: the store never sees one.
package protocol BoardLinkStore: Sendable {
    func boardLinks() async throws(StoreError) -> [BoardLink]
    func boardLink(hash: String) async throws(StoreError) -> BoardLink?
    /// - Returns: the link with its number.
    func addBoardLink(_ link: BoardLink, hash: String) async throws(StoreError) -> BoardLink
    func touchBoardLink(_ id: Int, at second: Int) async throws(StoreError)
    func removeBoardLink(_ id: Int, by who: String) async throws(StoreError)
}

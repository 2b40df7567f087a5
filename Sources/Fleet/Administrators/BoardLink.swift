package import Wire

/// A link that opens the wall board of a group without a log-in; the secret itself is not part of it.
package struct BoardLink: Equatable, Sendable, Codable {
    package var id: Int
    /// Where it is used, such as `entrance hall`.
    package var name: String
    package var group: GroupPath
    package var createdBy: String
    /// Seconds since 1970.
    @SecondTimestamp package var createdAt: Int
    /// Nil: valid until revoked.
    @SecondTimestamp package var expiresAt: Int?
    /// Nil: never used. It is an observation, and no part of the record.
    package var usedAt: Int?

    private enum CodingKeys: String, CodingKey {
        case id, name, group, createdBy, createdAt, expiresAt
    }

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

extension FleetEdit {
    /// - Parameters:
    ///   - link: nil revokes it.
    ///   - hash: of the link's secret; nil leaves it unchanged.
    package static func boardLink(_ id: Int, _ link: BoardLink?, hash: String? = nil) -> Self {
        Self(id, link, secrets: hash.map { [BoardLink.hash: $0] } ?? [:])
    }
}

extension BoardLink: TableRecord, LentRecord {
    package static let kind = "board"
    /// The name of the hash of a link's secret among the secrets.
    package static let hash = "hash"
    /// Links that one person or token has created.
    package static let countLimit = 500
    /// Links of all of them.
    package static let siteLimit = 5_000

    package static var table: WritableKeyPath<FleetSnapshot.Contents, [Int: Self]> { \.access.boardLinks }

    package static func missing(_ key: Int) -> Sentence {
        "there is no link \(key) to a wall board (roost board list shows all)"
    }

    package static func checked(
        _ change: RecordChange<BoardLink>, in draft: FleetSnapshot.Contents, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws -> BoardLink? {
        try change.requireSomething(in: draft)
        guard var link = change.after else { return nil }
        (link.id, link.usedAt) = (change.key, nil)
        return link
    }

    package static func check(_ key: Int, in contents: FleetSnapshot.Contents) throws {
        if let group = contents.access.boardLinks[key]?.group { try contents.require(group) }
    }

    package static func check(
        all changed: [Int], in snapshot: FleetSnapshot, since before: FleetSnapshot, within plan: AddressPlan
    ) throws {
        let links = snapshot.contents.access.boardLinks
        let added = changed.filter { before.contents.access.boardLinks[$0] == nil }.compactMap { links[$0] }
        for owner in Set(added.map(\.createdBy))
        where links.values.count(where: { $0.createdBy == owner }) > countLimit {
            throw StoreError.conflict("\(owner) has \(countLimit) links to wall boards; revoke some first")
        }
        guard added.isEmpty || links.count <= siteLimit else {
            throw StoreError.conflict("there are \(siteLimit) links to wall boards; revoke some first")
        }
    }

    package static func summary(of change: RecordChange<BoardLink>, in snapshot: FleetSnapshot) -> String {
        let before = snapshot.contents.access.boardLinks[change.key]
        let act = change.after == nil ? "revoked" : before == nil ? "created" : "changed"
        let link = change.after ?? before
        return "link ‘\(link?.name ?? "")’ to the wall board of \(link?.group ?? .site) \(act)"
    }

    package static func places(
        of change: RecordChange<BoardLink>, in snapshot: FleetSnapshot
    ) -> [GroupPath] {
        [snapshot.contents.access.boardLinks[change.key], change.after].compactMap { $0?.group }
    }

    package var place: GroupPath { group }

    package static func undoProblem(from before: BoardLink?, to after: BoardLink?) -> Sentence? {
        after == nil ? "was revoked, and its secret is kept nowhere: create a new one" : nil
    }

    /// Its times move with the server's clock.
    package func means(_ other: BoardLink) -> Bool {
        (id, name, group, createdBy) == (other.id, other.name, other.group, other.createdBy)
    }
}

/// The links of wall boards, which are changed by edits. Secrets arrive hashed: the store never sees one.
package protocol BoardLinkStore: Sendable {
    /// In the order of their numbers, with their last use.
    func boardLinks() async throws(StoreError) -> [BoardLink]
    func boardLink(hash: String) async throws(StoreError) -> BoardLink?
    func touchBoardLink(_ id: Int, at second: Int) async throws(StoreError)
}

package import Fleet
package import Wire

/// A link to a wall board, to create.
package struct BoardLinkRequest: Codable, Sendable {
    package var name: String
    /// Left out: the site.
    package var group: GroupPath?
    /// Days until it expires; left out, or zero: never.
    package var days: Int?

    package init(name: String, group: GroupPath? = nil, days: Int? = nil) {
        self.name = name
        self.group = group
        self.days = days
    }
}

/// A link to a wall board.
package struct BoardLinkAnswer: Codable, Sendable {
    package var id: Int
    package var name: String
    package var group: GroupPath
    package var createdBy: String
    @SecondTimestamp package var createdAt: Int
    @SecondTimestamp package var expiresAt: Int?
    @SecondTimestamp package var usedAt: Int?
    /// Path and query of the board at the control center; shown once, when the link is created.
    package var link: String?

    package init(_ link: BoardLink, path: String? = nil) {
        id = link.id
        name = link.name
        group = link.group
        createdBy = link.createdBy
        createdAt = link.createdAt
        expiresAt = link.expiresAt
        usedAt = link.usedAt
        self.link = path
    }
}

package import Fleet
import GRDB
import Linux

extension SQLiteStore {
    package func boardLinks() async throws(StoreError) -> [BoardLink] {
        try await read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM board_link ORDER BY id").map(Self.boardLink)
        }
    }

    package func boardLink(hash: String) async throws(StoreError) -> BoardLink? {
        try await read { database in
            try Row.fetchOne(database, sql: "SELECT * FROM board_link WHERE hash = ?", arguments: [hash])
                .map(Self.boardLink)
        }
    }

    private static func boardLink(_ row: Row) throws -> BoardLink {
        BoardLink(
            id: row["id"], name: row["name"], group: try GroupPath(row["group_path"] as String),
            createdBy: row["created_by"], createdAt: row["created_at"], expiresAt: row["expires_at"],
            usedAt: row["used_at"])
    }

    package func addBoardLink(_ link: BoardLink, hash: String) async throws(StoreError) -> BoardLink {
        try await write(.boardLink) { database in
            try database.execute(
                sql: """
                    INSERT INTO board_link (hash, name, group_path, created_by, created_at, expires_at)
                    VALUES (?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    hash, link.name, link.group.description, link.createdBy, link.createdAt, link.expiresAt,
                ])
            var link = link
            link.id = Int(database.lastInsertedRowID)
            try record(
                [Revision.Edit(kind: "board", key: String(link.id), before: nil, after: try Self.json(link))],
                what: "link ‘\(link.name)’ to the wall board of \(link.group) made", by: link.createdBy,
                in: database)
            return link
        }
    }

    package func touchBoardLink(_ id: Int, at second: Int) async throws(StoreError) {
        try await write(.boardLinkUse) { database in
            try database.execute(
                sql: "UPDATE board_link SET used_at = ? WHERE id = ?", arguments: [second, id])
        }
    }

    package func removeBoardLink(_ id: Int, by who: String) async throws(StoreError) {
        try await write(.boardLinkRemoval) { database in
            guard
                let row = try Row.fetchOne(
                    database, sql: "SELECT * FROM board_link WHERE id = ?", arguments: [id])
            else { throw StoreError.notFound("there is no link \(id) to a wall board") }
            let link = try Self.boardLink(row)
            try database.execute(sql: "DELETE FROM board_link WHERE id = ?", arguments: [id])
            try record(
                [Revision.Edit(kind: "board", key: String(id), before: try Self.json(link), after: nil)],
                what: "link ‘\(link.name)’ to the wall board of \(link.group) revoked", by: who, in: database)
        }
    }
}

package import Fleet
import GRDB
import Linux

extension SQLiteStore {
    package func administrators() async throws(StoreError) -> [Administrator] {
        try await read { database in
            try String.fetchAll(database, sql: "SELECT record FROM administrator ORDER BY name").map {
                try Self.value(json: $0)
            }
        }
    }

    package func save(
        _ administrator: Administrator, passwordHash: String?, ending access: OpenAccess, by who: String
    ) async throws(StoreError) {
        try await write(.administrator) { database in
            let name = administrator.name
            if access.contains(.sessions) {
                try database.execute(
                    sql: "DELETE FROM login_session WHERE administrator = ?", arguments: [name])
            }
            let revoked = access.contains(.tokens) ? try Self.revokeTokens(of: name, in: database) : []
            let before = try String.fetchOne(
                database, sql: "SELECT record FROM administrator WHERE name = ?", arguments: [name])
            let after = try Self.json(administrator)
            guard before != after || passwordHash != nil || !revoked.isEmpty else { return }
            try database.execute(
                sql: """
                    INSERT INTO administrator (name, record, password_hash) VALUES (?, ?, ?)
                    ON CONFLICT (name) DO UPDATE SET record = excluded.record,
                    password_hash = coalesce(excluded.password_hash, password_hash)
                    """, arguments: [name, after, passwordHash])
            try Self.requireAdmin(in: database)
            let what =
                before == nil
                ? "administrator \(name) added"
                : before == after ? "password of \(name) changed" : "administrator \(name) changed"
            try record(
                [Revision.Edit(kind: "administrator", key: name, before: before, after: after)] + revoked,
                what: what + Self.suffix(of: revoked), by: who, in: database)
        }
    }

    /// Deletes an administrator's tokens.
    private static func revokeTokens(of name: String, in database: Database) throws -> [Revision.Edit] {
        let tokens = try Row.fetchAll(
            database, sql: "SELECT * FROM api_token WHERE owner = ? ORDER BY id", arguments: [name]
        ).map(token)
        try database.execute(sql: "DELETE FROM api_token WHERE owner = ?", arguments: [name])
        return try tokens.map { token in
            Revision.Edit(kind: "token", key: String(token.id), before: try json(token), after: nil)
        }
    }

    private static func suffix(of revoked: [Revision.Edit]) -> String {
        revoked.isEmpty ? "" : ", \(counted(revoked.count, "token")) revoked"
    }

    package func removeAdministrator(_ name: String, by who: String) async throws(StoreError) {
        try await write(.administratorRemoval) { database in
            guard
                let before = try String.fetchOne(
                    database, sql: "SELECT record FROM administrator WHERE name = ?", arguments: [name])
            else { throw StoreError.notFound("there is no administrator \(name)") }
            let revoked = try Self.revokeTokens(of: name, in: database)
            try database.execute(sql: "DELETE FROM administrator WHERE name = ?", arguments: [name])
            try Self.requireAdmin(in: database)
            try record(
                [Revision.Edit(kind: "administrator", key: name, before: before, after: nil)] + revoked,
                what: "administrator \(name) removed" + Self.suffix(of: revoked), by: who, in: database)
        }
    }

    private static func requireAdmin(in database: Database) throws {
        let all = try String.fetchAll(database, sql: "SELECT record FROM administrator").map {
            try value(Administrator.self, json: $0)
        }
        try Administrator.requireAdmin(among: all)
    }

    package func passwordHash(of name: String) async throws(StoreError) -> String? {
        try await read { database in
            try String.fetchOne(
                database, sql: "SELECT password_hash FROM administrator WHERE name = ?", arguments: [name])
        }
    }

    // MARK: Sessions

    package func addSession(_ session: LoginSession, hash: String) async throws(StoreError) {
        try await write(.session) { database in
            try database.execute(
                sql: """
                    INSERT INTO login_session (hash, administrator, csrf_token, created_at, seen_at)
                    VALUES (?, ?, ?, ?, ?)
                    """,
                arguments: [
                    hash, session.administrator, session.csrfToken, session.createdAt, session.seenAt,
                ])
            try database.execute(
                sql: "UPDATE administrator SET logged_in_at = ? WHERE name = ?",
                arguments: [session.createdAt, session.administrator])
        }
    }

    package func lastLogIns() async throws(StoreError) -> [String: Int] {
        try await read { database in
            let rows = try Row.fetchAll(
                database,
                sql: "SELECT name, logged_in_at FROM administrator WHERE logged_in_at IS NOT NULL")
            return Dictionary(uniqueKeysWithValues: rows.map { ($0["name"], $0["logged_in_at"]) })
        }
    }

    package func session(hash: String) async throws(StoreError) -> LoginSession? {
        try await read { database in
            try Row.fetchOne(
                database, sql: "SELECT * FROM login_session WHERE hash = ?", arguments: [hash]
            ).map {
                LoginSession(
                    administrator: $0["administrator"], csrfToken: $0["csrf_token"],
                    createdAt: $0["created_at"], seenAt: $0["seen_at"])
            }
        }
    }

    package func touchSession(hash: String, at second: Int) async throws(StoreError) {
        try await write(.sessionUse) { database in
            try database.execute(
                sql: "UPDATE login_session SET seen_at = ? WHERE hash = ?", arguments: [second, hash])
        }
    }

    package func removeSession(hash: String) async throws(StoreError) {
        try await write(.sessionEnd) { database in
            try database.execute(sql: "DELETE FROM login_session WHERE hash = ?", arguments: [hash])
        }
    }

    package func removeSessions(of name: String?, seenBefore second: Int?) async throws(StoreError) {
        try await write(.sessionsEnd) { database in
            try database.execute(
                sql: "DELETE FROM login_session WHERE administrator = ? OR seen_at < ?",
                arguments: [name, second])
        }
    }

    // MARK: Tokens

    package func tokens(of owner: String?) async throws(StoreError) -> [APIToken] {
        try await read { database in
            try Row.fetchAll(
                database, sql: "SELECT * FROM api_token WHERE owner = ifnull(?, owner) ORDER BY id",
                arguments: [owner]
            ).map(Self.token)
        }
    }

    private static func token(_ row: Row) throws -> APIToken {
        APIToken(
            id: row["id"], name: row["name"], owner: row["owner"], grants: try value(json: row["grants"]),
            createdAt: row["created_at"], expiresAt: row["expires_at"], usedAt: row["used_at"])
    }

    package func addToken(_ token: APIToken, hash: String) async throws(StoreError) -> APIToken {
        try await write(.token) { database in
            let exists = try Bool.fetchOne(
                database, sql: "SELECT EXISTS (SELECT 1 FROM administrator WHERE name = ?)",
                arguments: [token.owner])
            guard exists == true else {
                throw StoreError.notFound(
                    "there is no administrator \(token.owner) (roost admin list; roost admin add \(token.owner))"
                )
            }
            try database.execute(
                sql: """
                    INSERT INTO api_token (hash, name, owner, grants, created_at, expires_at)
                    VALUES (?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    hash, token.name, token.owner, try Self.json(token.grants), token.createdAt,
                    token.expiresAt,
                ])
            var token = token
            token.id = Int(database.lastInsertedRowID)
            try record(
                [
                    Revision.Edit(
                        kind: "token", key: String(token.id), before: nil, after: try Self.json(token))
                ],
                what: "token ‘\(token.name)’ made", by: token.owner, in: database)
            return token
        }
    }

    package func token(hash: String) async throws(StoreError) -> APIToken? {
        try await read { database in
            try Row.fetchOne(database, sql: "SELECT * FROM api_token WHERE hash = ?", arguments: [hash])
                .map(Self.token)
        }
    }

    package func touchToken(_ id: Int, at second: Int) async throws(StoreError) {
        try await write(.tokenUse) { database in
            try database.execute(
                sql: "UPDATE api_token SET used_at = ? WHERE id = ?", arguments: [second, id])
        }
    }

    package func removeToken(_ id: Int, by who: String) async throws(StoreError) {
        try await write(.tokenRemoval) { database in
            guard
                let row = try Row.fetchOne(
                    database, sql: "SELECT * FROM api_token WHERE id = ?", arguments: [id])
            else { throw StoreError.notFound("there is no token \(id)") }
            let token = try Self.token(row)
            try database.execute(sql: "DELETE FROM api_token WHERE id = ?", arguments: [id])
            try record(
                [Revision.Edit(kind: "token", key: String(id), before: try Self.json(token), after: nil)],
                what: "token ‘\(token.name)’ of \(token.owner) revoked", by: who, in: database)
        }
    }
}

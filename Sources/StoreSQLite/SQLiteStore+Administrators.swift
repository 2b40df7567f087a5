package import Fleet
import GRDB
import Linux

extension SQLiteStore {
    package func administrators() async throws(StoreError) -> [Administrator] {
        try await read { database in
            try String.fetchAll(
                database, sql: "SELECT record FROM record WHERE kind = ? ORDER BY key",
                arguments: [Administrator.kind]
            ).map { try Self.value(json: $0) }
        }
    }

    package func administrator(named name: String) async throws(StoreError) -> Administrator? {
        try await read { database in
            try Self.record(Administrator.kind, name, in: database).map { try Self.value(json: $0) }
        }
    }

    package func passwordHash(of name: String) async throws(StoreError) -> String? {
        try await read { database in
            try secrets(of: Administrator.self, name, in: database)[Administrator.password]
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
            try Self.note(
                Administrator.self, session.administrator, usedAt: session.createdAt, in: database)
        }
    }

    package func lastLogIns() async throws(StoreError) -> [String: Int] {
        try await read { database in
            try Self.uses(of: Administrator.self, in: database)
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
        let tokens = try await read { database in
            try Self.used(APIToken.self, in: database)
        }
        return owner.map { owner in tokens.filter { $0.owner == owner } } ?? tokens
    }

    package func token(hash: String) async throws(StoreError) -> APIToken? {
        try await read { database in
            try Self.used(APIToken.self, with: hash, named: APIToken.hash, in: database).first
        }
    }

    package func touchToken(_ id: Int, at second: Int) async throws(StoreError) {
        try await write(.tokenUse) { database in
            try Self.note(APIToken.self, String(id), usedAt: second, in: database)
        }
    }
}

package import Fleet
import GRDB
import Linux

extension SQLiteStore {
    package func passwordHash(ofAccount name: LogInName) async throws(StoreError) -> String? {
        try await read { database in
            try secrets(of: DirectoryAccount.self, name.text, in: database)[DirectoryAccount.password]
        }
    }

    package func value(ofSecret name: SecretName) async throws(StoreError) -> [UInt8]? {
        try await read { database in
            try secrets(of: Secret.self, name.text, in: database)[Secret.value].flatMap {
                KeptBytes.bytes(of: $0)
            }
        }
    }

    // MARK: Sessions

    package func save(began: [PastSession], ended: [PastSession]) async throws(StoreError) {
        guard !began.isEmpty || !ended.isEmpty else { return }
        try await write(.terminalSessions) { database in
            for one in ended {
                try database.execute(
                    sql: """
                        UPDATE terminal_session SET ended_at = ?
                        WHERE server = ? AND session = ? AND user = ? AND ended_at IS NULL
                        """, arguments: [one.endedAt, one.server.text, one.session, one.user])
            }
            for one in began {
                try database.execute(
                    sql: """
                        INSERT INTO terminal_session (server, session, user, kind, place, started_at)
                        VALUES (?, ?, ?, ?, ?, ?)
                        """,
                    arguments: [
                        one.server.text, one.session, one.user, one.kind.rawValue, one.place, one.startedAt,
                    ])
            }
            try database.execute(
                sql: """
                    DELETE FROM terminal_session WHERE id <= (
                        SELECT id FROM terminal_session ORDER BY id DESC LIMIT 1 OFFSET ?)
                    """, arguments: [PastSession.countLimit])
        }
    }

    package func openSessions() async throws(StoreError) -> [PastSession] {
        try await read { database in
            try Row.fetchAll(
                database, sql: "SELECT * FROM terminal_session WHERE ended_at IS NULL ORDER BY id LIMIT ?",
                arguments: [PastSession.countLimit]
            ).compactMap(Self.session)
        }
    }

    package func endedSessions(limit: Int) async throws(StoreError) -> [PastSession] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM terminal_session WHERE ended_at IS NOT NULL
                    ORDER BY ended_at DESC, id DESC LIMIT ?
                    """, arguments: [limit]
            ).compactMap(Self.session)
        }
    }

    package func lastSessions(of users: [String]) async throws(StoreError) -> [LastSession] {
        guard !users.isEmpty else { return [] }
        return try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT user, server, max(started_at) AS started_at FROM terminal_session
                    WHERE ended_at IS NOT NULL AND user IN (\(databaseQuestionMarks(count: users.count)))
                    GROUP BY user, server
                    """, arguments: StatementArguments(users)
            ).compactMap { row in
                let name: String = row["server"]
                return (try? TerminalName(name)).map {
                    LastSession(user: row["user"], server: $0, startedAt: row["started_at"])
                }
            }
        }
    }

    package func forgetSessions(endedBefore second: Int?) async throws(StoreError) {
        try await write(.terminalSessions) { database in
            if let second {
                try database.execute(
                    sql: "DELETE FROM terminal_session WHERE ended_at < ?", arguments: [second])
            } else {
                try database.execute(sql: "DELETE FROM terminal_session")
            }
        }
    }

    private static func session(_ row: Row) -> PastSession? {
        let (server, kind): (String, String) = (row["server"], row["kind"])
        guard let server = try? TerminalName(server), let kind = SessionProtocol(rawValue: kind) else {
            return nil
        }
        return PastSession(
            server: server, session: row["session"], user: row["user"], kind: kind, place: row["place"],
            startedAt: row["started_at"], endedAt: row["ended_at"])
    }
}

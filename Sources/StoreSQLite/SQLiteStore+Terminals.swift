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

    package func endedSessions(_ query: PastSessionQuery, offset: Int, limit: Int) async throws(StoreError)
        -> (rows: [PastSession], count: Int)
    {
        try await read { database in
            let filter = try PastSessionFilter(query)
            let count =
                try Int.fetchOne(
                    database, sql: "SELECT count(*) FROM terminal_session WHERE \(filter.sql)",
                    arguments: StatementArguments(filter.arguments)) ?? 0
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM terminal_session WHERE \(filter.sql)
                    ORDER BY ended_at DESC, id DESC LIMIT ? OFFSET ?
                    """, arguments: StatementArguments(filter.arguments) + [limit, offset])
            return (rows.compactMap(Self.session), count)
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

/// The condition of a question about the history.
private struct PastSessionFilter {
    let sql: String
    private(set) var arguments: [String] = []

    init(_ query: PastSessionQuery) throws {
        var parts: [String] = []
        for (servers, who, text) in [
            (query.named, nil, "user || ' ' || server || ' ' || kind || ' ' || place"),
            (query.unnamed, query.somePerson, "? || ' ' || server || ' ' || kind"),
        ] as [(PastSessionQuery.Servers, String?, String)] where servers != .only([]) {
            var conditions: [String] = []
            switch servers {
            case .only(let names):
                conditions.append("server IN (SELECT value FROM json_each(?))")
                arguments.append(try SQLiteStore.json(names.map(\.text)))
            case .allBut(let names) where !names.isEmpty:
                conditions.append("server NOT IN (SELECT value FROM json_each(?))")
                arguments.append(try SQLiteStore.json(names.map(\.text)))
            case .allBut: break
            }
            for word in query.words {
                // SQLite's own function knows ASCII alone, and takes a fraction of the time.
                let lower = word.utf8.allSatisfy { $0 < 0x80 } ? "lower" : DatabaseFunction.lowercase.name
                conditions.append("instr(\(lower)(\(text)), ?) > 0")
                arguments += [who, word].compactMap { $0 }
            }
            parts.append(conditions.isEmpty ? "1" : conditions.joined(separator: " AND "))
        }
        let chosen = parts.isEmpty ? "0" : parts.map { "(\($0))" }.joined(separator: " OR ")
        sql = "ended_at IS NOT NULL AND (\(chosen))"
    }
}

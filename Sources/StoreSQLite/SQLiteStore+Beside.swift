import Fleet
import GRDB

/// What is kept beside a record, in no history, and goes with it: its secrets, and when it was last used.
extension SQLiteStore {
    func save(
        _ secrets: [String: String], besides type: any FleetRecord.Type, _ key: String, in database: Database
    ) throws {
        for (name, secret) in secrets {
            try database.execute(
                sql: "INSERT OR REPLACE INTO record_secret (kind, key, name, secret) VALUES (?, ?, ?, ?)",
                arguments: [
                    type.kind, key, name, type.sealedSecrets.contains(name) ? coder.sealed(secret) : secret,
                ])
        }
    }

    /// The secrets of a record, by name.
    func secrets(of type: any FleetRecord.Type, _ key: String, in database: Database) throws
        -> [String: String]
    {
        let rows = try Row.fetchAll(
            database, sql: "SELECT name, secret FROM record_secret WHERE kind = ? AND key = ?",
            arguments: [type.kind, key])
        return Dictionary(
            uniqueKeysWithValues: rows.map { row in
                let (name, secret): (String, String) = (row["name"], row["secret"])
                return (name, type.sealedSecrets.contains(name) ? coder.opened(secret) : secret)
            })
    }

    /// Enters when a record was used, if it is there.
    static func note(
        _ type: any FleetRecord.Type, _ key: String, usedAt second: Int, in database: Database
    ) throws {
        try database.execute(
            sql: """
                INSERT OR REPLACE INTO record_use (kind, key, at)
                SELECT kind, key, ? FROM record WHERE kind = ? AND key = ?
                """, arguments: [second, type.kind, key])
    }

    /// Records of a kind that have numbers, in their order, each with its last use.
    static func used<Record: UsedRecord>(_: Record.Type, in database: Database) throws -> [Record] {
        try used("1 ORDER BY CAST(record.key AS INTEGER)", [], in: database)
    }

    /// Those that have a certain secret beside them.
    static func used<Record: UsedRecord>(
        _: Record.Type, with secret: String, named name: String, in database: Database
    ) throws -> [Record] {
        try used(
            "record.key IN (SELECT key FROM record_secret WHERE kind = ? AND name = ? AND secret = ?)",
            [Record.kind, name, secret], in: database)
    }

    private static func used<Record: UsedRecord>(
        _ clause: String, _ arguments: StatementArguments, in database: Database
    ) throws -> [Record] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT record, at FROM record LEFT JOIN record_use USING (kind, key)
                WHERE record.kind = ? AND \(clause)
                """, arguments: [Record.kind] + arguments
        ).map { row in
            var record: Record = try value(json: row["record"])
            record.usedAt = row["at"]
            return record
        }
    }

    /// When records of a kind were last used, by key, in seconds since 1970; those that never were are left out.
    static func uses(of type: any FleetRecord.Type, in database: Database) throws -> [String: Int] {
        let rows = try Row.fetchAll(
            database, sql: "SELECT key, at FROM record_use WHERE kind = ?", arguments: [type.kind])
        return Dictionary(uniqueKeysWithValues: rows.map { ($0["key"], $0["at"]) })
    }
}

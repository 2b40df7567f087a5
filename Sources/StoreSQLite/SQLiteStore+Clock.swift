package import Fleet
import GRDB
import Linux

extension SQLiteStore {
    /// ``ClockJump/shift(of:)`` for statements: `clock_shift(second, before, after)`.
    static let clockShift = DatabaseFunction("clock_shift", argumentCount: 3, pure: true) { values in
        guard let second = Int.fromDatabaseValue(values[0]), let before = Int.fromDatabaseValue(values[1]),
            let after = Int.fromDatabaseValue(values[2])
        else { return nil }
        return ClockJump(before: before, after: after).shift(of: second)
    }

    package func move(with jump: ClockJump) async throws(StoreError) {
        try await write(.clockJump) { database in
            try Self.move("login_session", ["created_at", "seen_at"], by: "seen_at", jump, in: database)
            // Before their uses, which decide.
            for type in FleetRecords.timed { try moveRecords(type, with: jump, in: database) }
            try Self.move("record_use", ["at"], by: "at", jump, in: database)
            // When what was minted expires was told to others, and stays.
            for table in ["secret_receipt", "secret_mint"] {
                try Self.move(table, ["at"], by: "at", jump, in: database)
            }
            try Self.moveBoots(with: jump, in: database)
            try Self.move(
                "terminal_session", ["started_at", "ended_at"], by: "ifnull(ended_at, started_at)", jump,
                in: database)
        }
    }

    package func newestSecond() async throws(StoreError) -> Int? {
        try await read { database in
            var seconds = try Int.fetchAll(
                database,
                sql: """
                    SELECT second FROM (
                        SELECT max(seen_at) AS second FROM login_session
                        UNION ALL SELECT max(at) / 1000 FROM last_boot)
                    WHERE second IS NOT NULL
                    """)
            for type in FleetRecords.timed {
                seconds += try writtenSeconds(type, in: database)
                if type is any UsedRecord.Type { seconds += try Self.uses(of: type, in: database).values }
            }
            return seconds.max()
        }
    }

    private func writtenSeconds<Record: TimedRecord>(_: Record.Type, in database: Database) throws -> [Int] {
        try String.fetchAll(
            database, sql: "SELECT record FROM record WHERE kind = ?", arguments: [Record.kind]
        ).compactMap { (try? coder.value(Record.self, json: $0))?.writtenAt }
    }

    /// Moves times that lie in a table.
    ///
    /// - Parameter last: the latest of a row's times, as an expression. NULL stays NULL.
    private static func move(
        _ table: String, _ columns: [String], by last: String, _ jump: ClockJump, in database: Database
    ) throws {
        let shift = "clock_shift(\(last), :before, :after)"
        let changes = columns.map { "\($0) = \($0) + \(shift)" }.joined(separator: ", ")
        try database.execute(
            sql: "UPDATE \(table) SET \(changes) WHERE \(shift) <> 0",
            arguments: ["before": jump.before, "after": jump.after])
    }

    private func moveRecords<Record: TimedRecord>(
        _: Record.Type, with jump: ClockJump, in database: Database
    ) throws {
        let uses = try Self.uses(of: Record.self, in: database)
        let rows = try Row.fetchAll(
            database, sql: "SELECT key, record FROM record WHERE kind = ?", arguments: [Record.kind])
        for row in rows {
            let key: String = row["key"]
            // One that cannot be read is left as it is, and out of what is served.
            guard let record = try? coder.value(Record.self, json: row["record"]) else { continue }
            let moved = record.moved(with: jump, usedAt: uses[key])
            guard moved != record else { continue }
            try database.execute(
                sql: "UPDATE record SET record = ? WHERE kind = ? AND key = ?",
                arguments: [try coder.json(moved), Record.kind, key])
        }
    }

    private static func moveBoots(with jump: ClockJump, in database: Database) throws {
        let arguments: StatementArguments = [
            "by": jump.milliseconds, "first": jump.lastHour.lowerBound, "last": jump.lastHour.upperBound,
        ]
        try database.execute(
            sql: """
                UPDATE boot_event SET at = at + :by WHERE (mac, boot) IN
                (SELECT mac, boot FROM boot WHERE last_at BETWEEN :first AND :last)
                """, arguments: arguments)
        for (table, column) in [("boot", "last_at"), ("last_boot", "at")] {
            try database.execute(
                sql:
                    "UPDATE \(table) SET \(column) = \(column) + :by WHERE \(column) BETWEEN :first AND :last",
                arguments: arguments)
        }
    }
}

package import Fleet
import GRDB
import Linux

extension SQLiteStore {
    /// The longest time, in seconds, that a provider's account waits for its first log-in.
    private static let linkingSeconds = Administrator.linkingSeconds

    package func move(with jump: ClockJump) async throws(StoreError) {
        try await write(.clockJump) { database in
            try Self.moveLogIns(with: jump, in: database)
            try Self.moveSecrets(with: jump, in: database)
            try Self.moveBoots(with: jump, in: database)
            try Self.moveTerminalSessions(with: jump, in: database)
        }
    }

    package func newestSecond() async throws(StoreError) -> Int? {
        try await read { database in
            try Int.fetchOne(
                database,
                sql: """
                    SELECT max(second) FROM (
                        SELECT max(seen_at) AS second FROM login_session
                        UNION ALL SELECT max(at) FROM record_use WHERE kind IN ('token', 'board')
                        UNION ALL SELECT max(json_extract(record, '$.createdAt')) FROM record
                            WHERE kind IN ('token', 'board')
                        UNION ALL SELECT max(at) / 1000 FROM last_boot)
                    """)
        }
    }

    private static func moveLogIns(with jump: ClockJump, in database: Database) throws {
        // Reversed bounds contain nothing.
        let arguments: StatementArguments = [
            "by": jump.seconds, "last": jump.lastSecond, "other": jump.otherSeconds.lowerBound,
            "lastOther": jump.otherSeconds.upperBound - 1,
        ]
        try database.execute(
            sql: """
                UPDATE login_session SET created_at = created_at + :by, seen_at = seen_at + :by
                WHERE seen_at <= :last AND seen_at NOT BETWEEN :other AND :lastOther
                """, arguments: arguments)
        // Before their uses, which decide. NULL stays NULL: a token or link without expiry.
        try database.execute(
            sql: """
                WITH word AS (
                    SELECT kind, key, json_extract(record, '$.createdAt') AS created,
                        json_extract(record, '$.expiresAt') AS expires, ifnull(at, 0) AS used
                    FROM record LEFT JOIN record_use USING (kind, key) WHERE record.kind IN ('token', 'board'))
                UPDATE record SET record = json_patch(
                    record.record, json_object('createdAt', created + :by, 'expiresAt', expires + :by))
                FROM word WHERE record.kind = word.kind AND record.key = word.key
                AND max(created, used) <= :last AND max(created, used) NOT BETWEEN :other AND :lastOther
                """, arguments: arguments)
        try database.execute(
            sql: """
                UPDATE record_use SET at = at + :by
                WHERE at <= :last AND at NOT BETWEEN :other AND :lastOther
                """, arguments: arguments)
        try database.execute(
            sql: """
                UPDATE record
                SET record = json_set(record, '$.linkableUntil', json_extract(record, '$.linkableUntil') + :by)
                WHERE kind = 'administrator' AND json_extract(record, '$.linkableUntil') <= :last + :longest
                AND json_extract(record, '$.linkableUntil') NOT BETWEEN :other AND :lastOther
                """,
            arguments: [
                "by": jump.seconds, "last": jump.lastSecond, "longest": linkingSeconds,
                "other": jump.otherSeconds.lowerBound, "lastOther": jump.otherSeconds.upperBound - 1,
            ])
    }

    /// When secrets went out and were minted. When what was minted expires was told to others, and stays.
    private static func moveSecrets(with jump: ClockJump, in database: Database) throws {
        for table in ["secret_receipt", "secret_mint"] {
            try database.execute(
                sql: """
                    UPDATE \(table) SET at = at + :by
                    WHERE at <= :last AND at NOT BETWEEN :other AND :lastOther
                    """,
                arguments: [
                    "by": jump.seconds, "last": jump.lastSecond, "other": jump.otherSeconds.lowerBound,
                    "lastOther": jump.otherSeconds.upperBound - 1,
                ])
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

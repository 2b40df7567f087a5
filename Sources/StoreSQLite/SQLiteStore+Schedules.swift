package import Fleet
import GRDB
import Linux

extension SQLiteStore {
    package func scheduleProgress() async throws(StoreError) -> [ScheduleName: ScheduleProgress] {
        try await read { database in
            let rows = try Row.fetchAll(database, sql: "SELECT key, progress FROM schedule_progress")
            return try Dictionary(
                uniqueKeysWithValues: rows.map { row in
                    (try ScheduleName(row["key"] as String), try Self.value(json: row["progress"]))
                })
        }
    }

    package func save(_ progress: ScheduleProgress, of schedule: ScheduleName) async throws(StoreError) {
        try await write(.scheduleProgress) { database in
            // One that is removed meanwhile has no progress any more.
            try database.execute(
                sql: """
                    INSERT OR REPLACE INTO schedule_progress (kind, key, progress)
                    SELECT kind, key, ? FROM record WHERE kind = ? AND key = ?
                    """, arguments: [try Self.json(progress), Schedule.kind, schedule.text])
        }
    }
}

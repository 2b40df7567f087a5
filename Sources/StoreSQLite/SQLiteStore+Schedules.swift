package import Fleet
import GRDB
import Linux

/// What schedules have done. The targets of a run that goes on have a row each: a batch of many writes those that have changed.
extension SQLiteStore {
    package func scheduleProgress() async throws(StoreError) -> StoredProgress {
        try await read { database in
            let targets = Dictionary(
                grouping: try Row.fetchAll(
                    database, sql: "SELECT key, name, outcome, detail FROM schedule_target ORDER BY position")
            ) { $0["key"] as String }
            var stored = StoredProgress()
            for row in try Row.fetchAll(database, sql: "SELECT key, progress FROM schedule_progress") {
                let key: String = row["key"]
                guard let name = try? ScheduleName(key) else { continue }
                // One that cannot be read is no reason to let the others rest.
                guard let head: ScheduleProgress = try? Self.value(json: row["progress"]) else {
                    stored.unreadable.insert(name)
                    continue
                }
                stored.known[name] = head.with((targets[key] ?? []).map(Self.target))
            }
            return stored
        }
    }

    private static func target(of row: Row) -> ScheduleRun.Target {
        guard let outcome = ScheduleRun.Outcome(rawValue: row["outcome"]) else {
            return ScheduleRun.Target(row["name"], .unknown, detail: "what became of it cannot be read")
        }
        return ScheduleRun.Target(row["name"], outcome, detail: row["detail"])
    }

    package func save(
        _ progress: ScheduleProgress, of schedule: ScheduleName, after before: ScheduleProgress?
    ) async throws(StoreError) {
        try await write(.scheduleProgress) { database in
            let isStored = try Bool.fetchOne(
                database, sql: "SELECT EXISTS (SELECT 1 FROM schedule_progress WHERE kind = ? AND key = ?)",
                arguments: [Schedule.kind, schedule.text])
            let known = isStored == true ? before : nil
            if known?.head != progress.head {
                // One that is removed meanwhile has no progress any more.
                try database.execute(
                    sql: """
                        INSERT INTO schedule_progress (kind, key, progress)
                        SELECT kind, key, ? FROM record WHERE kind = ? AND key = ?
                        ON CONFLICT (kind, key) DO UPDATE SET progress = excluded.progress
                        """, arguments: [try Self.json(progress.head), Schedule.kind, schedule.text])
            }
            try Self.save(progress, of: schedule, after: known, in: database)
        }
    }

    private static func save(
        _ progress: ScheduleProgress, of schedule: ScheduleName, after before: ScheduleProgress?,
        in database: Database
    ) throws {
        let targets = progress.current?.targets ?? []
        if let changed = progress.changedTargets(since: before) {
            let update = try database.cachedStatement(
                sql: """
                    UPDATE schedule_target SET outcome = ?, detail = ?
                    WHERE kind = 'schedule' AND key = ? AND position = ?
                    """)
            for position in changed {
                let target = targets[position]
                try update.execute(
                    arguments: [target.outcome.rawValue, target.detail, schedule.text, position])
            }
            return
        }
        try database.execute(
            sql: "DELETE FROM schedule_target WHERE kind = ? AND key = ?",
            arguments: [Schedule.kind, schedule.text])
        let insert = try database.cachedStatement(
            sql: """
                INSERT INTO schedule_target (key, position, name, outcome, detail)
                SELECT key, ?, ?, ?, ? FROM schedule_progress WHERE kind = 'schedule' AND key = ?
                """)
        for (position, target) in targets.enumerated() {
            try insert.execute(
                arguments: [
                    position, target.name, target.outcome.rawValue, target.detail, schedule.text,
                ])
        }
    }
}

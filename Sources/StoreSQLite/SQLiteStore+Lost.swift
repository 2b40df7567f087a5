package import Fleet
import GRDB
import Linux

/// A state that is older than what was given out of it, without a later one to compare with.
extension SQLiteStore {
    package func passOver(to given: Int) async throws(StoreError) -> LostRevisions? {
        try await write(.revision) { database in
            let newest = try Self.revisionNumber(in: database)
            guard newest < given else { return nil }
            let lost = LostRevisions(newest + 1...given, noticedAt: currentSecond)
            // Numbers that were given out are not given again: entity tags, plans and armed secrets have them.
            try record(
                [], what: "\(LostRevisions.what): revisions \(lost.text) are missing", by: LostRevisions.who,
                in: database, number: given + 1)
            // As a restore does: whose they are may have changed since.
            try database.execute(sql: "DELETE FROM login_session")
            return lost
        }
    }

    package func lostRevisions() async throws(StoreError) -> LostRevisions? {
        try await read { database in
            guard
                let row = try Row.fetchOne(
                    database,
                    sql: """
                        SELECT at, number, (SELECT max(number) FROM revision AS earlier
                            WHERE earlier.number < revision.number) AS former
                        FROM revision WHERE who = ? AND what GLOB ? ORDER BY number DESC LIMIT 1
                        """, arguments: [LostRevisions.who, "\(LostRevisions.what)*"])
            else { return nil }
            let (number, former): (Int, Int) = (row["number"], row["former"] ?? 0)
            guard former + 1 < number else { return nil }
            return LostRevisions(former + 1...number - 1, noticedAt: row["at"])
        }
    }
}

package import Fleet
import Foundation
import GRDB
import Linux
package import Sealing

/// The numbered steps of the schema, up and down. A step is never edited after a release.
package enum SchemaSteps {
    private struct Step: Sendable {
        var name: String
        var up: String
        /// Nil for the first step, which has no predecessor.
        var down: String?
    }

    private static let steps = [
        Step(name: "0001", up: Embedded.step0001_sql, down: nil),
        Step(name: "0002", up: Embedded.step0002_sql, down: Embedded.down0002_sql),
        Step(name: "0003", up: Embedded.step0003_sql, down: Embedded.down0003_sql),
        Step(name: "0004", up: Embedded.step0004_sql, down: Embedded.down0004_sql),
        Step(name: "0005", up: Embedded.step0005_sql, down: Embedded.down0005_sql),
        Step(name: "0006", up: Embedded.step0006_sql, down: Embedded.down0006_sql),
        Step(name: "0007", up: Embedded.step0007_sql, down: Embedded.down0007_sql),
        Step(name: sealing, up: Embedded.step0008_sql, down: Embedded.down0008_sql),
        Step(name: "0009", up: Embedded.step0009_sql, down: Embedded.down0009_sql),
        Step(name: "0010", up: Embedded.step0010_sql, down: Embedded.down0010_sql),
        Step(name: "0011", up: Embedded.step0011_sql, down: Embedded.down0011_sql),
        Step(name: sealingOfAddresses, up: Embedded.step0012_sql, down: Embedded.down0012_sql),
        Step(name: "0013", up: Embedded.step0013_sql, down: Embedded.down0013_sql),
        Step(name: "0014", up: Embedded.step0014_sql, down: Embedded.down0014_sql),
        Step(name: "0015", up: Embedded.step0015_sql, down: Embedded.down0015_sql),
        Step(name: "0016", up: Embedded.step0016_sql, down: Embedded.down0016_sql),
        Step(name: "0017", up: Embedded.step0017_sql, down: Embedded.down0017_sql),
        Step(name: "0018", up: Embedded.step0018_sql, down: Embedded.down0018_sql),
        Step(name: "0019", up: Embedded.step0019_sql, down: Embedded.down0019_sql),
        Step(name: "0020", up: Embedded.step0020_sql, down: Embedded.down0020_sql),
        Step(name: "0021", up: Embedded.step0021_sql, down: Embedded.down0021_sql),
        Step(name: "0022", up: Embedded.step0022_sql, down: Embedded.down0022_sql),
    ]

    /// Older programs know nothing about sealed secrets.
    private static let sealing = "0008"
    private static let sealingOfAddresses = "0012"

    /// The newest step that this program knows.
    package static var latest: Int { steps.count }

    /// Upgrades a database; `limit` is for tests.
    static func migrator(upTo limit: Int = latest) -> DatabaseMigrator {
        var migrator = DatabaseMigrator()
        for step in steps.prefix(limit) {
            migrator.registerMigration(step.name) { database in
                try database.execute(sql: step.up)
                try takeUpKeptTables(in: database)
                Commit.schemaUp.pass(.commit)
            }
        }
        return migrator
    }

    /// Restores what an earlier downgrade kept.
    private static func takeUpKeptTables(in database: Database) throws {
        let kept = try String.fetchAll(
            database,
            sql: "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'kept\\_%' ESCAPE '\\'")
        // Administrators before the tokens that belong to them.
        for name in kept.sorted() {
            let table = String(name.dropFirst(5))
            guard try database.tableExists(table) else { continue }
            if table == "revision_edit" {
                // The old program knew only the first edit of each revision.
                try database.execute(
                    sql:
                        "DELETE FROM revision_edit WHERE revision IN (SELECT revision FROM kept_revision_edit)"
                )
            }
            try database.execute(sql: "INSERT OR IGNORE INTO \(table) SELECT * FROM \(name)")
            try database.execute(sql: "DROP TABLE \(name)")
        }
    }

    /// The step that the database at `path` is at.
    package static func current(path: String) throws(StoreError) -> Int {
        do {
            let queue = try DatabaseQueue(path: path)
            return try queue.read { database in
                guard try database.tableExists("grdb_migrations") else { return 0 }
                return try Int.fetchOne(database, sql: "SELECT count(*) FROM grdb_migrations") ?? 0
            }
        } catch {
            throw SQLiteStore.storeError(error)
        }
    }

    /// Downgrades the database at `path` to step `wanted`, for an older program. No server may be using it.
    ///
    /// - Parameter secrets: opens sealed values that the older program cannot read.
    package static func downgrade(path: String, to wanted: Int, secrets: NodeSecrets? = nil)
        throws(StoreError)
    {
        let now = try current(path: path)
        guard (1...latest).contains(wanted), wanted <= now else {
            throw .conflict("the store is at step \(now) of \(latest); it can be taken back to 1…\(now)")
        }
        guard now <= latest else {
            throw .conflict("the store is at step \(now), which only a newer program knows")
        }
        do {
            let queue = try DatabaseQueue(path: path)
            try queue.write { database in
                for step in steps[wanted..<now].reversed() {
                    guard let down = step.down else { continue }
                    switch step.name {
                    case sealing: try StoredSecrets.open(in: database, with: secrets)
                    case sealingOfAddresses:
                        try StoredSecrets.openAddresses(in: database, with: secrets)
                    default: break
                    }
                    try database.execute(sql: down)
                    try database.execute(
                        sql: "DELETE FROM grdb_migrations WHERE identifier = ?", arguments: [step.name])
                }
                Commit.schemaDown.pass(.commit)
            }
            Commit.schemaDown.pass(.done)
        } catch {
            throw SQLiteStore.storeError(error)
        }
    }

    /// Writes a consistent copy of the database at `path`, which may be in use, to `target`.
    package static func copy(path: String, to target: String) throws(StoreError) {
        do {
            try DatabaseQueue(path: path).vacuum(into: target)
        } catch {
            throw SQLiteStore.storeError(error)
        }
    }

    /// Throws unless the database at `path` is whole and not newer than this program.
    package static func verify(path: String) throws(StoreError) {
        let step = try current(path: path)
        guard (1...latest).contains(step) else {
            throw .conflict(
                step == 0
                    ? "this is not a store of Roost"
                    : "the store is at step \(step), which only a newer program knows")
        }
        let problems: [String]
        do {
            problems = try DatabaseQueue(path: path).read { database in
                try String.fetchAll(database, sql: "PRAGMA integrity_check")
                    + Row.fetchAll(
                        database, sql: "PRAGMA foreign_key_check"
                    ).map(\.description)
            }
        } catch {
            throw SQLiteStore.storeError(error)
        }
        guard problems == ["ok"] else {
            throw .conflict("the store is damaged: \(problems.prefix(3).joined(separator: "; "))")
        }
    }
}

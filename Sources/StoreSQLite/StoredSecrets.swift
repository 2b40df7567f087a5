import Fleet
import GRDB
import Linux
import Sealing

/// Which parts of the database are sealed, and how to seal and open them.
enum StoredSecrets {
    /// Where records are stored, and what names their kind. The last three are from before step 10, for downgrades.
    private static let columns = [
        ("record", "record", "kind"), ("revision_edit", "before", "kind"), ("revision_edit", "after", "kind"),
        ("node", "record", "'node'"), ("node_group", "record", "'group'"), ("match_rule", "record", "'rule'"),
    ]

    /// Seals what is stored in clear; once for each secret that a store is opened with.
    static func seal(in database: DatabasePool, with secrets: NodeSecrets) throws {
        let coder = RecordCoder(secrets: secrets)
        let isDone = try database.read { database in
            try String.fetchAll(database, sql: "SELECT key FROM sealing") == [secrets.fingerprint]
        }
        guard !isDone else { return }
        try database.write { database in
            try translate(in: database, from: coder, to: coder)
            for type in FleetRecords.all {
                for name in type.sealedSecrets {
                    try seal(name, besides: type.kind, in: database, with: coder)
                }
            }
            Commit.sealing.pass(.commit)
        }
        Commit.sealing.pass(.done)
        // Deleted rows and the write-ahead log still hold them in clear.
        try database.vacuum()
        _ = try database.writeWithoutTransaction { try $0.checkpoint(.truncate) }
        try database.write { database in
            try database.execute(sql: "DELETE FROM sealing")
            try database.execute(sql: "INSERT INTO sealing VALUES (?)", arguments: [secrets.fingerprint])
            Commit.sealingMark.pass(.commit)
        }
        Commit.sealingMark.pass(.done)
    }

    private static func seal(
        _ name: String, besides kind: String, in database: Database, with coder: RecordCoder
    ) throws {
        let rows = try Row.fetchAll(
            database, sql: "SELECT rowid, secret FROM record_secret WHERE kind = ? AND name = ?",
            arguments: [kind, name])
        for row in rows {
            try database.execute(
                sql: "UPDATE record_secret SET secret = ? WHERE rowid = ?",
                arguments: [coder.sealed(row["secret"] as String), row["rowid"] as Int])
        }
    }

    /// Opens all of it, for a program that knows nothing about sealing.
    static func open(in database: Database, with secrets: NodeSecrets?) throws {
        guard let key = try String.fetchOne(database, sql: "SELECT key FROM sealing") else { return }
        guard let secrets, secrets.fingerprint == key else {
            throw StoreError.conflict(
                "the store's secrets are sealed, and an older program needs them in clear: put the file keys/nodes back that they were sealed with"
            )
        }
        try translate(in: database, from: RecordCoder(secrets: secrets), to: RecordCoder(secrets: nil))
        // The later steps are taken back already: web hooks have their table.
        for row in try Row.fetchAll(database, sql: "SELECT id, secret FROM web_hook") {
            try database.execute(
                sql: "UPDATE web_hook SET secret = ? WHERE id = ?",
                arguments: [
                    RecordCoder(secrets: secrets).opened(row["secret"] as String), row["id"] as Int,
                ])
        }
        try database.execute(sql: "DELETE FROM sealing")
    }

    /// Rewrites all records that contain secrets, including those in the history.
    private static func translate(in database: Database, from old: RecordCoder, to new: RecordCoder) throws {
        for (table, column, kind) in columns where try database.tableExists(table) {
            let hasSecrets = SettingDefinition.sealedNames.map { "instr(\(column), '\"\($0)\"')" }
                .joined(separator: " OR ")
            let rows = try Row.fetchAll(
                database,
                sql: "SELECT rowid, \(kind) AS kind, \(column) AS record FROM \(table) WHERE \(hasSecrets)"
            )
            for row in rows {
                guard let record = try old.translated(row["record"], kind: row["kind"], to: new) else {
                    continue
                }
                try database.execute(
                    sql: "UPDATE \(table) SET \(column) = ? WHERE rowid = ?",
                    arguments: [record, row["rowid"] as Int])
            }
        }
    }
}

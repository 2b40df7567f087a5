import Fleet
import Foundation
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
            try String.fetchAll(database, sql: "SELECT key FROM sealing WHERE has_addresses")
                == [secrets.fingerprint]
        }
        guard !isDone else { return }
        try database.write { database in
            try translate(in: database, from: coder, to: coder)
            for type in FleetRecords.all {
                for name in type.sealedSecrets {
                    try rewrite(name, besides: type, in: database, coder.sealed)
                }
            }
            try shortenHistoryOfHooks(in: database)
            try shortenHistoryOfBulkActs(in: database)
            Commit.sealing.pass(.commit)
        }
        Commit.sealing.pass(.done)
        // Deleted rows and the write-ahead log still hold them in clear.
        try database.vacuum()
        _ = try database.writeWithoutTransaction { try $0.checkpoint(.truncate) }
        try database.write { database in
            try database.execute(sql: "DELETE FROM sealing")
            try database.execute(
                sql: "INSERT INTO sealing (key, has_addresses) VALUES (?, 1)",
                arguments: [secrets.fingerprint])
            Commit.sealingMark.pass(.commit)
        }
        Commit.sealingMark.pass(.done)
    }

    /// Rewrites a secret beside all records of a kind.
    private static func rewrite(
        _ name: String, besides type: any FleetRecord.Type, in database: Database,
        _ translated: (String) -> String
    ) throws {
        let rows = try Row.fetchAll(
            database, sql: "SELECT rowid, secret FROM record_secret WHERE kind = ? AND name = ?",
            arguments: [type.kind, name])
        for row in rows {
            try database.execute(
                sql: "UPDATE record_secret SET secret = ? WHERE rowid = ?",
                arguments: [translated(row["secret"] as String), row["rowid"] as Int])
        }
    }

    /// Opens all of it, for a program that knows nothing about sealing.
    static func open(in database: Database, with secrets: NodeSecrets?) throws {
        guard let coder = try opener(in: database, with: secrets) else { return }
        try translate(in: database, from: coder, to: RecordCoder(secrets: nil))
        // The later steps are taken back already: web hooks have their table.
        for row in try Row.fetchAll(database, sql: "SELECT id, secret FROM web_hook") {
            try database.execute(
                sql: "UPDATE web_hook SET secret = ? WHERE id = ?",
                arguments: [coder.opened(row["secret"] as String), row["id"] as Int])
        }
        try database.execute(sql: "DELETE FROM sealing")
    }

    /// Opens the addresses of web hooks, for a program that only knows their other secrets as sealed.
    static func openAddresses(in database: Database, with secrets: NodeSecrets?) throws {
        guard let coder = try opener(in: database, with: secrets) else { return }
        try rewrite(WebHook.Record.url, besides: WebHook.Record.self, in: database, coder.opened)
    }

    /// What opens the store's secrets; nil when they are in clear.
    private static func opener(in database: Database, with secrets: NodeSecrets?) throws -> RecordCoder? {
        guard let key = try String.fetchOne(database, sql: "SELECT key FROM sealing") else { return nil }
        guard let secrets, secrets.fingerprint == key else {
            throw StoreError.conflict(
                "the store's secrets are sealed, and an older program needs them in clear: put the file keys/nodes back that they were sealed with"
            )
        }
        return RecordCoder(secrets: secrets)
    }

    /// The first programs wrote whole addresses into history, which has more readers.
    private static func shortenHistoryOfHooks(in database: Database) throws {
        for column in ["before", "after"] {
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT rowid, revision, \(column) AS json FROM revision_edit
                    WHERE kind = 'hook' AND \(column) IS NOT NULL
                    """)
            for row in rows {
                let url: String = try SQLiteStore.value(json: row["json"])
                let place = WebHook.place(of: url)
                guard place != url else { continue }
                try database.execute(
                    sql: "UPDATE revision_edit SET \(column) = ? WHERE rowid = ?",
                    arguments: [try SQLiteStore.json(place), row["rowid"] as Int])
                try database.execute(
                    sql: "UPDATE revision SET what = replace(what, ?, ?) WHERE number = ?",
                    arguments: [url, place, row["revision"] as Int])
            }
        }
    }

    /// The first programs wrote what was set on several nodes at once into history with its value.
    private static func shortenHistoryOfBulkActs(in database: Database) throws {
        for name in SettingDefinition.sealedNames.union([Settings.rootPassword.name]) {
            let rows = try Row.fetchAll(
                database, sql: "SELECT number, what FROM revision WHERE what GLOB ?",
                arguments: ["*set \(name)*=*"])
            for row in rows {
                let what: String = row["what"]
                // Not of a setting whose name only begins like it; and behind the value, which may have the word, too.
                guard let start = what.range(of: "set \(name)")?.upperBound,
                    what[start...].contains(/^ *[+-]? *=/),
                    let end = what.range(of: " on ", options: .backwards)?.lowerBound
                else { continue }
                try database.execute(
                    sql: "UPDATE revision SET what = ? WHERE number = ?",
                    arguments: ["\(what[..<start])\(what[end...])", row["number"] as Int])
            }
        }
    }

    /// Rewrites all records that contain secrets, including those in the history.
    private static func translate(in database: Database, from old: RecordCoder, to new: RecordCoder) throws {
        for (table, column, kind) in columns where try database.tableExists(table) {
            let hasSecrets = SettingDefinition.sealedBeginnings.map { "instr(\(column), '\"\($0)')" }
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

package import Fleet
import Foundation
import GRDB
import Linux
import Wire

extension SQLiteStore {
    package func snapshot() async throws(StoreError) -> FleetSnapshot {
        try await read { database in try snapshot(in: database) }
    }

    func snapshot(in database: Database) throws -> FleetSnapshot {
        var (contents, observations) = (FleetSnapshot.Contents(), FleetObservations())
        // Records of an image go into the catalogue.
        for image in try Self.images(in: database) { contents.images[image.name] = image }
        let records = try Row.fetchCursor(
            database, sql: "SELECT kind, key, record FROM record WHERE NOT is_closed")
        while let row = try records.next() {
            try edit(row["kind"], row["key"], row["record"])?.put(in: &contents)
        }
        contents.formerHostKeys = HostKeyName.former(
            removed: try Self.removedKeys(of: Node.self, in: database),
            replaced: try replaced(HostKeyName.self, in: database))
        for row in try Row.fetchAll(database, sql: "SELECT mac, record FROM last_hardware") {
            guard let machine = MACAddress(row["mac"] as String) else { continue }
            observations.hardware[machine] = SharedHardware(try coder.value(json: row["record"]))
        }
        for row in try Row.fetchAll(database, sql: "SELECT mac, record FROM boot_trouble") {
            guard let machine = MACAddress(row["mac"] as String) else { continue }
            observations.troubles[machine] = try coder.value(json: row["record"])
        }
        observations.cards = try Self.cards(in: database)
        return FleetSnapshot(
            revision: try Self.revisionNumber(in: database), contents: contents, observations: observations)
    }

    /// The keys of all records of a kind that were ever removed.
    private static func removedKeys<Record: FleetRecord>(of _: Record.Type, in database: Database) throws
        -> [Record.Key]
    {
        try String.fetchAll(
            database, sql: "SELECT DISTINCT key FROM revision_edit WHERE kind = ? AND after IS NULL",
            arguments: [Record.kind]
        ).compactMap { try? Record.Key(recordKey: $0) }
    }

    /// All records of a kind that others took the place of, or nothing.
    private func replaced<Record: FleetRecord>(_: Record.Type, in database: Database) throws -> [Record] {
        try String.fetchAll(
            database, sql: "SELECT DISTINCT before FROM revision_edit WHERE kind = ? AND before IS NOT NULL",
            arguments: [Record.kind]
        ).compactMap { try? coder.value(Record.self, json: $0) }
    }

    static func revisionNumber(in database: Database) throws -> Int {
        try Int.fetchOne(database, sql: "SELECT max(number) FROM revision") ?? 0
    }

    package func apply(_ change: CheckedChange, by who: String, what: String) async throws(StoreError) -> Int?
    {
        try await write(.revision) { database in
            guard try Self.revisionNumber(in: database) == change.before.revision else { return nil }
            let changes = try change.edits.compactMap { try make($0, in: database) }
            guard !changes.isEmpty else { return change.before.revision }
            try Self.forgetCards(after: change.edits, of: change.before, in: database)
            for rename in change.before.renames(by: change.edits) {
                // They tell what the node has had: under another name it must not get that again.
                for table in ["secret_receipt", "secret_mint"] {
                    try database.execute(
                        sql: "UPDATE \(table) SET node = ? WHERE node = ?",
                        arguments: [rename.to.text, rename.from.text])
                }
            }
            for account in change.endedLogIns {
                try database.execute(
                    sql: "DELETE FROM login_session WHERE administrator = ?", arguments: [account])
            }
            return try record(changes, what: what, by: who, in: database)
        }
    }

    /// Makes one edit; nil when it changes nothing.
    func make(_ edit: FleetEdit, in database: Database) throws -> Revision.Edit? {
        let (kind, key) = (edit.type.kind, edit.key)
        let change = Revision.Edit(
            kind: kind, key: key, before: try Self.record(kind, key, in: database),
            after: try edit.record.map { try coder.json($0) })
        guard change.before != change.after || !edit.secrets.isEmpty else { return nil }
        try database.execute(
            sql: "DELETE FROM record_name WHERE kind = ? AND key = ?", arguments: [kind, key])
        guard let record = edit.record else {
            try database.execute(
                sql: "DELETE FROM record WHERE kind = ? AND key = ?", arguments: [kind, key])
            return change
        }
        // What is beside a record stays when the record is replaced.
        try database.execute(
            sql: """
                INSERT INTO record (kind, key, record, is_closed) VALUES (?, ?, ?, ?)
                ON CONFLICT (kind, key) DO UPDATE SET record = excluded.record, is_closed = excluded.is_closed
                """, arguments: [kind, key, change.after, record.isClosed])
        try save(edit.secrets, besides: edit.type, key, in: database)
        for name in record.otherNames {
            try database.execute(
                sql: "INSERT OR REPLACE INTO record_name (name, kind, key) VALUES (?, ?, ?)",
                arguments: [name, kind, key])
        }
        return change
    }

    /// A record's JSON.
    static func record(_ kind: String, _ key: String, in database: Database) throws -> String? {
        try String.fetchOne(
            database, sql: "SELECT record FROM record WHERE kind = ? AND key = ?", arguments: [kind, key])
    }

    /// The edit that stores or removes a record; nil when it is not a configuration record.
    private func edit(_ kind: String, _ key: String, _ json: String?) throws -> FleetEdit? {
        func edit<Record: FleetRecord>(_: Record.Type) throws -> FleetEdit {
            FleetEdit(
                try Record.Key(recordKey: key), try json.map { try coder.value(Record.self, json: $0) })
        }
        return try FleetRecords.named(kind).map { try edit($0) }
    }

    /// Enters a revision and returns its number.
    ///
    /// - Parameter number: nil: the next one.
    @discardableResult
    func record(
        _ edits: [Revision.Edit], what: String, by who: String, in database: Database, number: Int? = nil
    ) throws -> Int {
        try database.execute(
            sql: "INSERT INTO revision (number, at, who, what) VALUES (?, ?, ?, ?)",
            arguments: [number, currentSecond, who, what])
        let number = Int(database.lastInsertedRowID)
        let statement = try database.cachedStatement(
            sql: "INSERT INTO revision_edit (revision, kind, key, before, after) VALUES (?, ?, ?, ?, ?)")
        for edit in edits {
            try statement.execute(arguments: [number, edit.kind, edit.key, edit.before, edit.after])
        }
        return number
    }

    // MARK: History

    package func revisions(_ filter: RevisionFilter) async throws(StoreError) -> [Revision] {
        try await read { database in
            var conditions: [String] = []
            var arguments = StatementArguments()
            if let kind = filter.kind {
                var wanted = "kind = ?"
                arguments += [kind]
                if let key = filter.key {
                    let names = try formerNames(of: key, kind: kind, in: database)
                    wanted +=
                        " AND (\(names.map { _ in "key = ? AND revision <= ?" }.joined(separator: " OR ")))"
                    for name in names { arguments += [name.key, name.last] }
                }
                conditions.append("number IN (SELECT revision FROM revision_edit WHERE \(wanted))")
            }
            if let who = filter.who {
                conditions.append("who = ?")
                arguments += [who]
            }
            if let before = filter.before {
                conditions.append("number < ?")
                arguments += [before]
            }
            arguments += [filter.limit]
            let clause = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
            return try Row.fetchAll(
                database,
                sql: "SELECT number, at, who, what FROM revision \(clause) ORDER BY number DESC LIMIT ?",
                arguments: arguments
            ).map { Revision(number: $0["number"], at: $0["at"], who: $0["who"], what: $0["what"]) }
        }
    }

    package func revision(_ number: Int) async throws(StoreError) -> Revision {
        try await read { database in
            guard
                let row = try Row.fetchOne(
                    database, sql: "SELECT number, at, who, what FROM revision WHERE number = ?",
                    arguments: [number])
            else { throw StoreError.notFound("there is no revision \(number)") }
            return Revision(
                number: row["number"], at: row["at"], who: row["who"], what: row["what"],
                edits: try rawEdits(
                    "revision = ? ORDER BY rowid LIMIT \(Revision.editLimit)", [number], in: database
                ).map(opened))
        }
    }

    /// An edit with its secrets in clear.
    private func opened(_ edit: Revision.Edit) throws -> Revision.Edit {
        var edit = edit
        edit.before = try coder.opened(edit.before, kind: edit.kind) ?? edit.before
        edit.after = try coder.opened(edit.after, kind: edit.kind) ?? edit.after
        return edit
    }

    private func rawEdits(_ clause: String, _ arguments: StatementArguments, in database: Database) throws
        -> [Revision.Edit]
    {
        try Row.fetchAll(
            database, sql: "SELECT kind, key, before, after FROM revision_edit WHERE \(clause)",
            arguments: arguments
        ).map { Revision.Edit(kind: $0["kind"], key: $0["key"], before: $0["before"], after: $0["after"]) }
    }

    package func changed(_ edits: [FleetEdit], since number: Int) async throws(StoreError) -> String? {
        let names = Set(edits.map { "\($0.type.kind) \($0.key)" })
        return try await read { database in
            let later = try Row.fetchCursor(
                database, sql: "SELECT kind, key FROM revision_edit WHERE revision > ? ORDER BY rowid",
                arguments: [number])
            while let row = try later.next() {
                let name = "\(row["kind"] as String) \(row["key"] as String)"
                if names.contains(name) { return name }
            }
            return nil
        }
    }

    package func edits(of number: Int) async throws(StoreError) -> [PastEdit] {
        try await read { database in
            try rawEdits("revision = ? ORDER BY rowid", [number], in: database).map { edit in
                func records<Record: FleetRecord>(_: Record.Type) throws -> PastEdit.Records {
                    PastEdit.Records(
                        try Record.Key(recordKey: edit.key),
                        before: try edit.before.map { try coder.value(Record.self, json: $0) },
                        after: try edit.after.map { try coder.value(Record.self, json: $0) })
                }
                // What is not undone is not read: its form may be that of an older server.
                let type = FleetRecords.named(edit.kind).flatMap { $0.undo == .restores ? $0 : nil }
                return PastEdit(kind: edit.kind, key: edit.key, records: try type.map { try records($0) })
            }
        }
    }

    package func snapshot(at second: Int) async throws(StoreError) -> FleetSnapshot {
        try await read { database in
            let now = try snapshot(in: database)
            var (contents, observations) = (now.contents, now.observations)
            // Newest first: the value that each change replaced is what was there before it.
            let later = try Row.fetchCursor(
                database,
                sql: """
                    SELECT kind, key, before, after FROM revision_edit JOIN revision ON number = revision
                    WHERE at > ? ORDER BY revision DESC, revision_edit.rowid DESC
                    """, arguments: [second])
            while let row = try later.next() {
                let edit = Revision.Edit(
                    kind: row["kind"], key: row["key"], before: row["before"], after: row["after"])
                try takeBack(edit, in: &contents, database)
            }
            // Observations of boots exist for the present only.
            (contents.rollouts, observations.troubles) = ([:], [:])
            let revision = try Int.fetchOne(
                database, sql: "SELECT max(number) FROM revision WHERE at <= ?", arguments: [second])
            return FleetSnapshot(
                revision: revision ?? 0, contents: contents, observations: observations)
        }
    }

    private func takeBack(
        _ edit: Revision.Edit, in contents: inout FleetSnapshot.Contents, _ database: Database
    ) throws {
        guard edit.kind == ImageVersion.historyKind else {
            guard FleetRecords.named(edit.kind)?.undo == .restores else { return }
            try self.edit(edit.kind, edit.key, edit.before)?.put(in: &contents)
            return
        }
        guard let (image, number) = try ImageVersion.parse(historyKey: edit.key) else { return }
        let row =
            try edit.before == nil
            ? nil
            : Row.fetchOne(
                database, sql: "SELECT * FROM image_version WHERE image = ? AND number = ?",
                arguments: [image.text, number])
        // What was there and is in no table is not known any more: the catalogue stays without it.
        contents.restore(try row.map { try Self.version(of: $0) }, numbered: number, of: image)
    }
}

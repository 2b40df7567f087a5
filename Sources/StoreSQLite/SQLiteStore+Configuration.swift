package import Fleet
import Foundation
import GRDB
import Linux
import Wire

extension SQLiteStore {
    package func snapshot() async throws(StoreError) -> FleetSnapshot {
        try await read { database in try snapshot(in: database) }
    }

    private func snapshot(in database: Database) throws -> FleetSnapshot {
        var contents = FleetSnapshot.Contents()
        func records<T: Decodable>(_: T.Type, _ table: String) throws -> [T] {
            try String.fetchAll(database, sql: "SELECT record FROM \(table)").map {
                try coder.value(json: $0)
            }
        }
        for node in try records(Node.self, "node") { contents.nodes[node.name] = node }
        for group in try records(NodeGroup.self, "node_group") { contents.groups[group.path] = group }
        for rule in try records(MatchRule.self, "match_rule") { contents.rules[rule.name] = rule }
        for image in try Self.images(in: database) { contents.images[image.name] = image }
        for row in try Row.fetchAll(database, sql: "SELECT mac, record FROM last_hardware") {
            guard let machine = MACAddress(row["mac"] as String) else { continue }
            contents.hardware[machine] = try coder.value(json: row["record"])
        }
        for row in try Row.fetchAll(database, sql: "SELECT mac, record FROM boot_trouble") {
            guard let machine = MACAddress(row["mac"] as String) else { continue }
            contents.troubles[machine] = try coder.value(json: row["record"])
        }
        contents.cards = try Self.cards(in: database)
        for volume in try records(Volume.self, "volume") { contents.volumes[volume.node] = volume }
        for rollout in try Self.rollouts("NOT is_over", in: database) {
            contents.rollouts[rollout.id] = rollout
        }
        return FleetSnapshot(revision: try Self.revisionNumber(in: database), contents: contents)
    }

    static func revisionNumber(in database: Database) throws -> Int {
        try Int.fetchOne(database, sql: "SELECT max(number) FROM revision") ?? 0
    }

    package func apply(
        _ edits: [FleetEdit], to snapshot: FleetSnapshot, by who: String, what: String
    ) async throws(StoreError) -> Int? {
        try await write(.revision) { database in
            guard try Self.revisionNumber(in: database) == snapshot.revision else { return nil }
            var changes: [Revision.Edit] = []
            for edit in edits {
                let change = try change(edit, in: database)
                guard change.before != change.after else { continue }
                try Self.perform(edit, change, in: database)
                changes.append(change)
            }
            guard !changes.isEmpty else { return snapshot.revision }
            try Self.forgetCards(after: edits, of: snapshot, in: database)
            return try record(changes, what: what, by: who, in: database)
        }
    }

    /// What an edit replaces, and with what.
    private func change(_ edit: FleetEdit, in database: Database) throws -> Revision.Edit {
        func before(_ table: String, _ column: String, _ key: String) throws -> String? {
            try String.fetchOne(
                database, sql: "SELECT record FROM \(table) WHERE \(column) = ?", arguments: [key])
        }
        switch edit {
        case .node(let name, let node):
            return Revision.Edit(
                kind: "node", key: name.text, before: try before("node", "name", name.text),
                after: try node.map { try coder.json($0) })
        case .group(let path, let group):
            return Revision.Edit(
                kind: "group", key: path.description,
                before: try before("node_group", "path", path.description),
                after: try group.map { try coder.json($0) })
        case .rule(let name, let rule):
            return Revision.Edit(
                kind: "rule", key: name.text, before: try before("match_rule", "name", name.text),
                after: try rule.map { try coder.json($0) })
        case .channel(let image, let channel, let number):
            let former = try Int.fetchOne(
                database, sql: "SELECT number FROM channel WHERE image = ? AND name = ?",
                arguments: [image.text, channel.text])
            return Revision.Edit(
                kind: "channel", key: "\(image)@\(channel)", before: former.map(String.init),
                after: number.map(String.init))
        case .tag(let image, let tag, let number):
            let former = try Int.fetchOne(
                database, sql: "SELECT number FROM image_tag WHERE image = ? AND name = ?",
                arguments: [image.text, tag.text])
            return Revision.Edit(
                kind: "tag", key: "\(image)@\(tag)", before: former.map(String.init),
                after: number.map(String.init))
        case .keep(let image, let number):
            let former = try Int.fetchOne(
                database, sql: "SELECT number FROM image_keep WHERE image = ?", arguments: [image.text])
            return Revision.Edit(
                kind: "keep", key: image.text, before: former.map(String.init), after: number.map(String.init)
            )
        case .move(let image, let move):
            return Revision.Edit(
                kind: "move", key: "\(image)@\(move.channel)",
                before: try String.fetchOne(
                    database, sql: "SELECT record FROM channel_move WHERE image = ? AND name = ?",
                    arguments: [image.text, move.channel.text]), after: try coder.json(move))
        case .volume(let name, let volume):
            return Revision.Edit(
                kind: "volume", key: name.text, before: try before("volume", "node", name.text),
                after: try volume.map { try coder.json($0) })
        case .rollout(let rollout):
            return Revision.Edit(
                kind: "rollout", key: String(rollout.id),
                before: try String.fetchOne(
                    database, sql: "SELECT record FROM rollout WHERE id = ?", arguments: [rollout.id]),
                after: try coder.json(rollout))
        }
    }

    private static func perform(_ edit: FleetEdit, _ change: Revision.Edit, in database: Database) throws {
        func replace(_ table: String, _ column: String) throws {
            if let after = change.after {
                try database.execute(
                    sql: """
                        INSERT INTO \(table) (\(column), record) VALUES (?, ?)
                        ON CONFLICT (\(column)) DO UPDATE SET record = excluded.record
                        """, arguments: [change.key, after])
            } else {
                try database.execute(sql: "DELETE FROM \(table) WHERE \(column) = ?", arguments: [change.key])
            }
        }
        switch edit {
        case .node(_, let node):
            try replace("node", "name")
            try database.execute(sql: "DELETE FROM node_address WHERE node = ?", arguments: [change.key])
            for address in node?.macAddresses ?? [] {
                try database.execute(
                    sql: "INSERT OR REPLACE INTO node_address (mac, node) VALUES (?, ?)",
                    arguments: [address.description, change.key])
            }
        case .group: try replace("node_group", "path")
        case .rule: try replace("match_rule", "name")
        case .volume: try replace("volume", "node")
        case .move(let image, let move):
            try database.execute(
                sql: "INSERT OR REPLACE INTO channel_move (image, name, record) VALUES (?, ?, ?)",
                arguments: [image.text, move.channel.text, change.after])
        case .rollout(let rollout): try save(rollout, in: database)
        case .tag(let image, let tag, let number):
            try database.execute(
                sql: number == nil
                    ? "DELETE FROM image_tag WHERE image = ? AND name = ?"
                    : "INSERT OR REPLACE INTO image_tag (image, name, number) VALUES (?, ?, ?)",
                arguments: number.map { [image.text, tag.text, $0] } ?? [image.text, tag.text])
        case .keep(let image, let number):
            try database.execute(
                sql: number == nil
                    ? "DELETE FROM image_keep WHERE image = ?"
                    : "INSERT OR REPLACE INTO image_keep (image, number) VALUES (?, ?)",
                arguments: number.map { [image.text, $0] } ?? [image.text])
        case .channel(let image, let channel, let number):
            guard let number else {
                try database.execute(
                    sql: "DELETE FROM channel WHERE image = ? AND name = ?",
                    arguments: [image.text, channel.text])
                return
            }
            try database.execute(
                sql: """
                    INSERT INTO channel (image, name, number, former) VALUES (?, ?, ?, ?)
                    ON CONFLICT (image, name) DO UPDATE SET number = excluded.number, former = excluded.former
                    """, arguments: [image.text, channel.text, number, change.before.flatMap { Int($0) }])
        }
    }

    /// Enters a revision and returns its number.
    @discardableResult
    func record(_ edits: [Revision.Edit], what: String, by who: String, in database: Database) throws -> Int {
        try database.execute(
            sql: "INSERT INTO revision (at, who, what) VALUES (?, ?, ?)",
            arguments: [currentSecond, who, what])
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
                conditions.append(
                    "number IN (SELECT revision FROM revision_edit WHERE kind = ?\(filter.key == nil ? "" : " AND key = ?"))"
                )
                arguments += [kind]
                if let key = filter.key { arguments += [key] }
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

    /// An edit with its secrets as they are.
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

    package func inverse(of number: Int) async throws(StoreError) -> [FleetEdit] {
        try await read { database in
            let edits = try rawEdits("revision = ? ORDER BY rowid DESC", [number], in: database)
            guard !edits.isEmpty else { throw StoreError.notFound("there is no revision \(number)") }
            // The channel goes back; what was signed stays so.
            return try edits.filter { $0.kind != "move" }.map { edit in
                guard let inverse = try restoring(edit) else {
                    throw StoreError.conflict(
                        "revision \(number) cannot be undone: \(edit.kind) \(edit.key) is not part of the configuration"
                    )
                }
                guard try change(inverse, in: database).before == edit.after else {
                    throw StoreError.conflict(
                        "revision \(number) cannot be undone: \(edit.kind) \(edit.key) was changed since")
                }
                return inverse
            }
        }
    }

    /// The edit that brings back what `edit` replaced; nil for what no edit can bring back.
    private func restoring(_ edit: Revision.Edit) throws -> FleetEdit? {
        func before<T: Decodable>(_: T.Type = T.self) throws -> T? {
            try edit.before.map { try coder.value(json: $0) }
        }
        switch edit.kind {
        case "node": return .node(try NodeName(edit.key), try before())
        case "group": return .group(try GroupPath(edit.key), try before())
        case "rule": return .rule(try RuleName(edit.key), try before())
        case "channel":
            let parts = edit.key.split(separator: "@", maxSplits: 1)
            guard parts.count == 2, let channel = ChannelName(String(parts[1])) else { return nil }
            return .channel(try ImageName(parts[0]), channel, edit.before.flatMap { Int($0) })
        case "tag":
            let parts = edit.key.split(separator: "@", maxSplits: 1)
            guard parts.count == 2, let tag = ChannelName(String(parts[1])) else { return nil }
            return .tag(try ImageName(parts[0]), tag, edit.before.flatMap { Int($0) })
        case "keep": return .keep(try ImageName(edit.key), edit.before.flatMap { Int($0) })
        default: return nil
        }
    }

    package func snapshot(at second: Int) async throws(StoreError) -> FleetSnapshot {
        try await read { database in
            let now = try snapshot(in: database)
            var contents = now.contents
            // From the newest back: what each change replaced is what was there before it.
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
            // What boots have shown is of today only.
            (contents.rollouts, contents.troubles) = ([:], [:])
            let revision = try Int.fetchOne(
                database, sql: "SELECT max(number) FROM revision WHERE at <= ?", arguments: [second])
            return FleetSnapshot(revision: revision ?? 0, contents: contents)
        }
    }

    private func takeBack(
        _ edit: Revision.Edit, in contents: inout FleetSnapshot.Contents, _ database: Database
    ) throws {
        switch try restoring(edit) {
        case .node(let name, let node): contents.nodes[name] = node
        case .group(let path, let group): contents.groups[path] = group
        case .rule(let name, let rule): contents.rules[name] = rule
        case .channel(let image, let channel, let number): contents.images[image]?.channels[channel] = number
        case .tag(let image, let tag, let number): contents.images[image]?.tags[tag] = number
        case .keep(let image, let number): contents.images[image]?.keep = number
        case .rollout, .volume, .move: return
        case nil:
            guard edit.kind == "version" else { return }
            let parts = edit.key.split(separator: "@", maxSplits: 1)
            guard parts.count == 2, let number = Int(parts[1]) else { return }
            let image = try ImageName(parts[0])
            if edit.before == nil {
                contents.images[image]?.versions.removeAll { $0.number == number }
                if contents.images[image]?.versions.isEmpty == true { contents.images[image] = nil }
            } else if let row = try Row.fetchOne(
                database, sql: "SELECT * FROM image_version WHERE image = ? AND number = ?",
                arguments: [image.text, number])
            {
                var catalogue =
                    contents.images[image] ?? ImageCatalogue(name: image, versions: [], channels: [:])
                catalogue.versions.append(try Self.version(of: row))
                catalogue.versions.sort { $0.number < $1.number }
                contents.images[image] = catalogue
            }
        }
    }
}

package import Fleet
import GRDB
import Wire

extension SQLiteStore {
    package func save(_ node: Node, by who: String) async throws(StoreError) {
        try await write { database in
            let before = try String.fetchOne(
                database, sql: "SELECT record FROM node WHERE name = ?", arguments: [node.name.text])
            let after = try Self.json(node)
            guard before != after else { return }
            try Self.requireGroup(node.group, in: database)
            for address in node.macAddresses {
                let owner = try String.fetchOne(
                    database, sql: "SELECT node FROM node_address WHERE mac = ? AND node <> ?",
                    arguments: [address.description, node.name.text])
                if let owner {
                    throw StoreError.conflict("hardware address \(address) belongs to node \(owner)")
                }
            }
            try database.execute(
                sql:
                    "INSERT INTO node (name, record) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET record = excluded.record",
                arguments: [node.name.text, after])
            try database.execute(sql: "DELETE FROM node_address WHERE node = ?", arguments: [node.name.text])
            for address in Set(node.macAddresses) {
                try database.execute(
                    sql: "INSERT INTO node_address (mac, node) VALUES (?, ?)",
                    arguments: [address.description, node.name.text])
            }
            try record(
                Change(
                    kind: "node", key: node.name.text, before: before, after: after,
                    what: before == nil
                        ? "node \(node.name) added to \(node.group)" : "node \(node.name) changed"),
                by: who, in: database)
        }
    }

    private static func requireGroup(_ path: GroupPath, in database: Database) throws {
        guard path != .site else { return }
        let exists = try Bool.fetchOne(
            database, sql: "SELECT EXISTS (SELECT 1 FROM node_group WHERE path = ?)",
            arguments: [path.description])
        guard exists == true else {
            throw StoreError.notFound("there is no group \(path) (roost group add \(path))")
        }
    }

    package func removeNode(_ name: NodeName, by who: String) async throws(StoreError) {
        try await write { database in
            guard
                let before = try String.fetchOne(
                    database, sql: "SELECT record FROM node WHERE name = ?", arguments: [name.text])
            else { throw StoreError.notFound("there is no node \(name)") }
            try database.execute(sql: "DELETE FROM node WHERE name = ?", arguments: [name.text])
            try record(
                Change(
                    kind: "node", key: name.text, before: before, after: nil, what: "node \(name) removed"),
                by: who,
                in: database)
        }
    }

    package func save(_ group: NodeGroup, by who: String) async throws(StoreError) {
        try await write { database in
            let key = group.path.description
            let before = try String.fetchOne(
                database, sql: "SELECT record FROM node_group WHERE path = ?", arguments: [key])
            let after = try Self.json(group)
            guard before != after else { return }
            if let parent = group.path.parent { try Self.requireGroup(parent, in: database) }
            try database.execute(
                sql: """
                    INSERT INTO node_group (path, record) VALUES (?, ?) ON CONFLICT (path) DO UPDATE SET record = excluded.record
                    """, arguments: [key, after])
            let what = group.path == .site ? "site" : "group \(group.path)"
            try record(
                Change(
                    kind: "group", key: key, before: before, after: after,
                    what: before == nil && group.path != .site
                        ? "\(what) added" : "settings of \(what) changed"),
                by: who, in: database)
        }
    }

    package func removeGroup(_ path: GroupPath, by who: String) async throws(StoreError) {
        try await write { database in
            let key = path.description
            guard
                let before = try String.fetchOne(
                    database, sql: "SELECT record FROM node_group WHERE path = ?", arguments: [key])
            else { throw StoreError.notFound("there is no group \(path)") }
            let records = try String.fetchAll(database, sql: "SELECT record FROM node")
            let nodes = try records.map { try Self.value(Node.self, json: $0) }.filter { $0.group == path }
            guard nodes.isEmpty else {
                throw StoreError.conflict(
                    "group \(path) still has \(nodes.count) nodes, such as \(nodes[0].name); move them first")
            }
            let below = try String.fetchOne(
                database, sql: "SELECT path FROM node_group WHERE path LIKE ? LIMIT 1",
                arguments: ["\(key)/%"])
            if let below { throw StoreError.conflict("group \(path) still holds the group \(below)") }
            try database.execute(sql: "DELETE FROM node_group WHERE path = ?", arguments: [key])
            try record(
                Change(kind: "group", key: key, before: before, after: nil, what: "group \(path) removed"),
                by: who, in: database)
        }
    }

    package func revisions(limit: Int) async throws(StoreError) -> [Revision] {
        try await read { database in
            try Row.fetchAll(
                database, sql: "SELECT number, at, who, what FROM revision ORDER BY number DESC LIMIT ?",
                arguments: [limit]
            ).map { Revision(number: $0["number"], at: $0["at"], who: $0["who"], what: $0["what"]) }
        }
    }
}

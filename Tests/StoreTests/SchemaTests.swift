import Fleet
import Foundation
import GRDB
import Testing
import Wire

@testable import StoreSQLite

/// Up and down between all steps of the schema, with data.
@Suite final class SchemaTests {
    private let directory = FileManager.default.temporaryDirectory.appendingPathComponent("roost-\(UUID())")
        .path
    private let path: String

    /// All earlier steps; every fourth and the last where a sample is enough (`make test-quick`).
    static let steps = (1..<SchemaSteps.latest).filter {
        ProcessInfo.processInfo.environment["ROOST_TEST_SAMPLE"] == nil || $0 % 4 == 1
            || $0 == SchemaSteps.latest - 1
    }

    init() throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        path = "\(directory)/store"
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    /// Columns and indexes of all tables except those kept for later.
    private func shape(_ path: String) throws -> [String] {
        try DatabaseQueue(path: path).read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT type, name FROM sqlite_master
                    WHERE name NOT LIKE 'kept%' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'grdb%'
                    """)
            return try rows.flatMap { row -> [String] in
                let (type, name): (String, String) = (row["type"], row["name"])
                guard type == "table" else { return ["\(type) \(name)"] }
                return try Row.fetchAll(database, sql: "PRAGMA table_info(\(name))").map {
                    "\(name).\($0["name"] as String) \($0["type"] as String)"
                }
            }.sorted()
        }
    }

    /// A database made by an older program at `step`, with a node, a group, revisions and boots in it.
    private func old(_ step: Int) throws {
        let queue = try DatabaseQueue(path: path)
        try SchemaSteps.migrator(upTo: step).migrate(queue)
        try queue.write { database in
            let node =
                #"{"group":"/school","macAddresses":["52:54:00:00:00:01"],"name":"pc-1","settings":{}}"#
            let group = #"{"path":"/school","settings":{"loader":"ipxe"}}"#
            if step < 10 {
                try database.execute(
                    sql: "INSERT INTO node_group VALUES ('/school', ?)", arguments: [group])
                try database.execute(sql: "INSERT INTO node VALUES ('pc-1', ?)", arguments: [node])
                try database.execute(sql: "INSERT INTO node_address VALUES ('52:54:00:00:00:01', 'pc-1')")
            } else {
                try database.execute(
                    sql: "INSERT INTO record VALUES ('group', '/school', ?, 0), ('node', 'pc-1', ?, 0)",
                    arguments: [group, node])
                try database.execute(
                    sql: "INSERT INTO record_name VALUES ('52:54:00:00:00:01', 'node', 'pc-1')")
            }
            let columns = step < 3 ? ", kind, key, before, after" : ""
            let values = step < 3 ? ", 'node', 'pc-1', NULL, '\(node)'" : ""
            try database.execute(
                sql:
                    "INSERT INTO revision (number, at, who, what\(columns)) VALUES (1, 5, 'ann', 'added'\(values))"
            )
            if step >= 3 {
                try database.execute(
                    sql: "INSERT INTO revision_edit VALUES (1, 'node', 'pc-1', NULL, ?)", arguments: [node])
            }
            try database.execute(
                sql:
                    "INSERT INTO boot_event (boot, mac, stage, at, detail) VALUES ('b', '52:54:00:00:00:01', 'ready', 7, 'x')"
            )
            try database.execute(
                sql: "INSERT INTO hardware VALUES ('52:54:00:00:00:01', 5, '{\"serial\":\"s\"}')")
            if step >= 3 {
                try database.execute(
                    sql: "INSERT INTO last_hardware VALUES ('52:54:00:00:00:01', '{\"serial\":\"s\"}')")
            }
            if step >= 2 {
                try database.execute(sql: "INSERT INTO boot VALUES ('52:54:00:00:00:01', 'b', 7)")
                try database.execute(sql: "INSERT INTO last_boot VALUES ('52:54:00:00:00:01', 'b', 7)")
            }
        }
    }

    @Test(arguments: SchemaTests.steps)
    func `a store of every earlier step is upgraded with all its data`(step: Int)
        async throws
    {
        try old(step)
        let store = try SQLiteStore(path: path)
        let snapshot = try await store.snapshot()
        #expect(snapshot.node(at: MACAddress(rawValue: 0x5254_0000_0001))?.name.text == "pc-1")
        #expect(snapshot.groups[try GroupPath("/school")]?.settings == ["loader": .text("ipxe")])
        #expect(snapshot.observations.hardware.values.map(\.report.serial) == ["s"])
        #expect(try await store.lastBoots().map(\.boot) == ["b"])
        #expect(try await store.revision(1).edits.map(\.key) == ["pc-1"])
        #expect(try await store.inverse(of: 1) == [.node(try NodeName("pc-1"), nil)])
        #expect(try SchemaSteps.current(path: path) == SchemaSteps.latest)
    }

    @Test(arguments: SchemaTests.steps)
    func `a store can be downgraded to every earlier step, and loses nothing on the way up again`(
        step: Int
    ) async throws {
        try old(step)
        let fresh = try shape(path)
        let (machine, card) = (
            try #require(MachineUUID("12345678-1234-5678-1234-56789abcdef0")), MACAddress(rawValue: 3)
        )
        do {
            let store = try SQLiteStore(path: path)
            let rule = MatchRule(name: try RuleName("small"), condition: "memory < 2GiB")
            let pc = Node(
                name: try NodeName("pc-2"), macAddresses: [MACAddress(rawValue: 2)], uuid: machine)
            let number = try await store.apply(
                store.snapshot().checking([.rule(rule.name, rule), .node(pc.name, pc)]), by: "ann",
                what: "two at once")
            #expect(number == 2)
            try await store.save([LearnedCards.Change(card: card, machine: machine)])
            let ann = Administrator(name: "ann", grants: [Grant(.admin)])
            try await store.save(ann, passwordHash: "hash", by: "ann")
            _ = try await store.addWebHook(
                WebHook(id: 0, url: "https://a", secret: "s", kinds: ["boot"], group: .site), by: "ann")
            _ = try await store.addBoardLink(
                BoardLink(id: 0, name: "b", group: .site, createdBy: "ann", createdAt: 1, expiresAt: nil),
                hash: "b")
            _ = try await store.addToken(
                APIToken(id: 0, name: "t", owner: "ann", grants: [], createdAt: 1, expiresAt: nil), hash: "t")
        }
        try SchemaSteps.downgrade(path: path, to: step)
        #expect(try shape(path) == fresh)
        #expect(try SchemaSteps.current(path: path) == step)
        try SchemaSteps.verify(path: path)
        // The old program continues to work with it.
        try await DatabaseQueue(path: path).write { database in
            let (columns, values) = step < 3 ? (", kind, key", ", 'group', '/school'") : ("", "")
            try database.execute(
                sql: "INSERT INTO revision (at, who, what\(columns)) VALUES (9, 'bob', 'old'\(values))")
        }
        let store = try SQLiteStore(path: path)
        #expect(try await store.snapshot().rules.keys.map(\.text) == ["small"])
        #expect(try await store.snapshot().node(at: card)?.name.text == "pc-2")
        #expect(try await store.revision(2).edits.map(\.kind) == ["rule", "node"])
        #expect(try await store.revisions(RevisionFilter(limit: 1)).first?.who == "bob")
        #expect(try await store.passwordHash(of: "ann") == "hash")
        #expect(try await store.token(hash: "t")?.name == "t")
        #expect(try await store.boardLink(hash: "b")?.name == "b")
        #expect(try await store.webHooks().map(\.url) == ["https://a"])
        #expect(try await store.lastBoots().map(\.boot) == ["b"])
    }

    @Test
    func `channels, tags and roll-outs from before the common table are unchanged after an upgrade`()
        async throws
    {
        try old(9)
        let rollout = Rollout(
            id: 7, image: try ImageName("debian"), channel: .stable, candidate: 3, former: 2, share: "5%",
            terms: Rollout.Terms(), startedAt: 1, startedBy: "ann", canaries: [])
        let (digest, record) = (String(repeating: "a", count: 64), try SQLiteStore.json(rollout))
        let manifest = try SQLiteStore.json(
            ImageManifest(
                image: rollout.image, architecture: "amd64", kernelRelease: "6", system: "", files: [],
                packages: [], origin: ""))
        func fill(_ queue: DatabaseQueue) throws {
            try queue.write { database in
                for number in 2...3 {
                    try database.execute(
                        sql: """
                            INSERT INTO image_version (image, number, digest, published_at, manifest)
                            VALUES ('debian', ?, ?, 1, ?)
                            """, arguments: [number, digest.dropLast() + String(number), manifest])
                }
                try database.execute(
                    sql: """
                        INSERT INTO channel VALUES ('debian', 'stable', 3, 2);
                        INSERT INTO image_tag VALUES ('debian', 'gold', 2);
                        INSERT INTO image_keep VALUES ('debian', 5);
                        INSERT INTO revision VALUES (2, 6, 'ann', 'moved');
                        INSERT INTO revision_edit VALUES (2, 'channel', 'debian@stable', '2', '3');
                        """)
                try database.execute(
                    sql: "INSERT INTO rollout VALUES (7, 0, ?), (6, 1, ?)", arguments: [record, record])
                try database.execute(
                    sql: "INSERT INTO match_rule VALUES ('r', ?)",
                    arguments: [
                        #"{"condition":"memory < 2GiB","name":"r","priority":0,"settings":{"ssh-authorised-keys":["k"]}}"#
                    ])
            }
        }
        try fill(DatabaseQueue(path: path))
        do {
            let store = try SQLiteStore(path: path)
            let snapshot = try await store.snapshot()
            let image = try #require(snapshot.images[rollout.image])
            #expect(image.channels == [.stable: 3] && image.formers == [.stable: 2] && image.keep == 5)
            #expect(image.tags == [try #require(ChannelName("gold")): 2])
            #expect(snapshot.contents.rollouts == [7: rollout])
            #expect(try await store.rollouts(before: nil, limit: 9).count == 2)
            #expect(snapshot.rules.values.map(\.settings) == [["ssh-authorized-keys": .list(["k"])]])
            // An older history knows only the channel's versions.
            #expect(try await store.inverse(of: 2) == [.channel(rollout.image, .stable, 2)])
        }
        try SchemaSteps.downgrade(path: path, to: 9)
        try await DatabaseQueue(path: path).read { database in
            let channels = try Row.fetchAll(database, sql: "SELECT * FROM channel")
            #expect(
                channels.map { $0["number"] as Int? } == [3] && channels.map { $0["former"] as Int? } == [2])
            #expect(try Int.fetchAll(database, sql: "SELECT id FROM rollout WHERE is_over") == [6])
            let rule = try String.fetchOne(database, sql: "SELECT record FROM match_rule")
            #expect(rule?.contains(#""ssh-authorised-keys":["k"]"#) == true)
            #expect(try String.fetchAll(database, sql: "SELECT mac FROM node_address").count == 1)
        }
    }

    @Test
    func `accounts, tokens and web hooks from before they were records are unchanged by an upgrade and back`()
        async throws
    {
        try old(10)
        let queue = try DatabaseQueue(path: path)
        try await queue.write { database in
            try database.execute(
                sql: """
                    INSERT INTO administrator VALUES ('ann', ?, 'hash', 7), ('bob', ?, NULL, NULL);
                    """,
                arguments: [
                    #"{"fullName":"Ann","grants":[{"group":"/","role":"admin"}],"isDisabled":false,"name":"ann","source":"local"}"#,
                    #"{"fullName":"","grants":[],"isDisabled":false,"name":"bob","source":"ldap"}"#,
                ])
            try database.execute(
                sql: """
                    INSERT INTO login_session VALUES ('s', 'ann', 'c', 1, 2);
                    INSERT INTO api_token VALUES (3, 't', 'ci', 'ann', '[{"group":"/","role":"auditor"}]', 1, 9, 5);
                    INSERT INTO api_token VALUES (4, 'u', 'it''s', 'ann', '[]', 1, NULL, NULL);
                    INSERT INTO web_hook VALUES (2, 'https://a@b@host:8443?word/@x', 'word', '["boot"]', '/school');
                    """)
        }
        let tables = ["administrator", "login_session", "api_token", "web_hook"]
        func rows() throws -> [[Row]] {
            try DatabaseQueue(path: path).read { database in
                try tables.map { try Row.fetchAll(database, sql: "SELECT * FROM \($0) ORDER BY 1") }
            }
        }
        let before = try rows()
        do {
            let store = try SQLiteStore(path: path)
            let access = try await store.snapshot().contents.access
            #expect(access.administrators["ann"]?.grants == [Grant(.admin)])
            #expect(try await store.passwordHash(of: "ann") == "hash")
            #expect(try await store.lastLogIns() == ["ann": 7])
            #expect(try await store.session(hash: "s")?.administrator == "ann")
            let tokens = try await store.tokens(of: nil)
            #expect(tokens.map(\.name) == ["ci", "it's"] && tokens.map(\.usedAt) == [5, nil])
            #expect(tokens.map(\.expiresAt) == [9, nil])
            #expect(try await store.token(hash: "t")?.grants == [Grant(.auditor)])
            #expect(try await store.webHooks().map(\.secret) == ["word"])
            #expect(access.webHooks[2]?.host == "https://host:8443")
        }
        try SchemaSteps.downgrade(path: path, to: 10)
        #expect(try rows() == before)
    }

    @Test
    func `existing accounts of directories are vouched for, and linked, from the day of the upgrade`()
        async throws
    {
        try old(6)
        try await DatabaseQueue(path: path).write { database in
            for source in ["local", "ldap", "oidc"] {
                let record =
                    #"{"fullName":"","grants":[],"isDisabled":false,"name":"\#(source)","source":"\#(source)"}"#
                try database.execute(
                    sql: "INSERT INTO administrator (name, record) VALUES (?, ?)",
                    arguments: [source, record])
            }
        }
        let now = Int(Date().timeIntervalSince1970)
        let store = try SQLiteStore(path: path)
        let people = try await store.administrators()
        #expect(people.map(\.name) == ["ldap", "local", "oidc"])
        #expect(people.map { $0.linkableUntil == nil } == [true, true, false])
        #expect(try #require(people.last?.linkableUntil) >= now + 30 * 86_400)
        let logIns = try await store.lastLogIns()
        #expect(logIns.keys.sorted() == ["ldap", "oidc"] && logIns.values.allSatisfy { $0 >= now })
    }

    @Test func `where a boot's configuration went is read from the old sentence once`() async throws {
        let step = 13
        try old(step)
        let sentence = "to 10.77.0.5, sealed for key 0f1e2d3c4b5a69788796a5b4c3d2e1f0"
        func details() throws -> [String] {
            try DatabaseQueue(path: path).read { database in
                try String.fetchAll(
                    database, sql: "SELECT detail FROM boot_event WHERE stage = 'delivered' ORDER BY at")
            }
        }
        try await DatabaseQueue(path: path).write { database in
            for (at, detail) in [(8, sentence), (9, "by hand")] {
                try database.execute(
                    sql: """
                        INSERT INTO boot_event (boot, mac, stage, at, detail)
                        VALUES ('b', '52:54:00:00:00:01', 'delivered', ?, ?)
                        """, arguments: [at, detail])
            }
        }
        do {
            let store = try SQLiteStore(path: path)
            let boots = try await store.boots(of: MACAddress(rawValue: 0x5254_0000_0001), limit: 1)
            let deliveries = boots.first?.entries.map(\.delivery)
            #expect(deliveries?.map { $0?.summary } == [nil, sentence, nil])
            #expect(boots.first.flatMap(BootProgress.init)?.delivery?.address == IPv4Address("10.77.0.5"))
        }
        try SchemaSteps.downgrade(path: path, to: step)
        #expect(try details() == [sentence, "by hand"])
    }

    @Test func `a newer program's store, or a file that is not one, is refused`() async throws {
        #expect(throws: StoreError.self) { try SchemaSteps.verify(path: path + ".none") }
        _ = try SQLiteStore(path: path)
        try await DatabaseQueue(path: path).write { database in
            try database.execute(sql: "INSERT INTO grdb_migrations VALUES ('9999')")
        }
        #expect(throws: StoreError.self) { try SchemaSteps.verify(path: path) }
        #expect(throws: StoreError.self) { try SchemaSteps.downgrade(path: path, to: 1) }
        #expect(throws: StoreError.self) { try SQLiteStore(path: path) }
    }
}

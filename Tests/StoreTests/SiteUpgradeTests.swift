import Fleet
import Foundation
import GRDB
import Sealing
import Testing
import Wire

@testable import StoreSQLite

/// A site that has been running for a while with a program of step 10 gets a newer one, goes back to the old one, and forward again.
@Suite final class SiteUpgradeTests {
    private let directory = FileManager.default.temporaryDirectory.appendingPathComponent("roost-\(UUID())")
        .path
    private let path: String
    private let secrets = NodeSecrets()
    /// The hash of a root's password, what deliveries are signed with, and a part of a hook's address.
    private let words = ["$6$salt$never-in-clear", "word of the hook", "/services/word"]

    init() throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        path = "\(directory)/store"
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    /// The store of that program, with its secrets sealed as it sealed them.
    private func fill() async throws {
        let coder = RecordCoder(secrets: secrets)
        let school = try GroupPath("/school")
        let node = Node(
            name: try NodeName("pc-1"), group: school, macAddresses: [MACAddress(rawValue: 0x5254_0000_0001)],
            settings: ["root-password-hash": .text(words[0])])
        let (record, group) = (try coder.json(node), try coder.json(NodeGroup(path: school)))
        let (word, url) = (coder.sealed(words[1]), "https://hooks.example\(words[2])")
        func account(_ name: String, _ source: String, _ more: String = "") -> String {
            #"{"fullName":"","grants":[{"group":"/","role":"admin"}],"isDisabled":\#(name == "dan"),"#
                + #""name":"\#(name)","source":"\#(source)"\#(more)}"#
        }
        let people = [
            account("ann", "local"), account("dan", "ldap"),
            account("fay", "oidc", #","identity":{"issuer":"https://idp","subject":"7"}"#),
        ]
        let (hash, fingerprint) = (words[0], secrets.fingerprint)
        let queue = try DatabaseQueue(path: path)
        try SchemaSteps.migrator(upTo: 10).migrate(queue)
        try await queue.write { database in
            try database.execute(
                sql: """
                    INSERT INTO record VALUES ('group', '/school', ?, 0), ('node', 'pc-1', ?, 0);
                    INSERT INTO record_name VALUES ('52:54:00:00:00:01', 'node', 'pc-1');
                    INSERT INTO sealing VALUES (?);
                    INSERT INTO administrator VALUES ('ann', ?, 'argon', 7), ('dan', ?, NULL, NULL), ('fay', ?, NULL, 8);
                    INSERT INTO login_session VALUES ('s', 'ann', 'c', 1, 2);
                    INSERT INTO api_token VALUES (3, 't', 'ci', 'ann', '[{"group":"/school","role":"auditor"}]', 1, 9, 5);
                    INSERT INTO api_token VALUES (4, 'u', 'backup', 'fay', '[]', 1, NULL, NULL);
                    INSERT INTO web_hook VALUES (2, ?, ?, '["crash"]', '/school');
                    INSERT INTO revision VALUES (1, 5, 'ann', ?), (2, 6, 'ann', ?), (3, 7, 'ann', ?), (4, 8, 'ann', ?), (5, 9, 'ann', ?);
                    INSERT INTO revision_edit VALUES (1, 'hook', '2', NULL, ?), (2, 'node', 'pc-1', NULL, ?);
                    """,
                arguments: [group, record, fingerprint] + StatementArguments(people) + [
                    url, word, "web hook 2 added: \(url)", "set root-password-hash=\(hash) on 3 nodes",
                    "revision 2 undone: set root-password-hash=\(hash) on 3 nodes",
                    "set loader=ipxe on 3 nodes", "set root-password=put on paper on 2 nodes",
                    "\"\(url)\"", record,
                ])
        }
    }

    /// What is in clear in any file of the database.
    private func found() throws -> [String] {
        let files = ["", "-wal"].compactMap { try? Data(contentsOf: URL(fileURLWithPath: path + $0)) }
        return words.filter { word in files.contains { $0.range(of: Data(word.utf8)) != nil } }
    }

    private func expectSite(_ store: SQLiteStore, password: String, logIn: Int) async throws {
        let snapshot = try await store.snapshot()
        let node = try #require(snapshot.node(at: MACAddress(rawValue: 0x5254_0000_0001)))
        #expect(node.settings["root-password-hash"] == .text(words[0]))
        let people = snapshot.contents.access.administrators
        #expect(people["fay"]?.identity == ProviderIdentity(issuer: "https://idp", subject: "7"))
        #expect(try await store.passwordHash(of: "ann") == password)
        #expect(try await store.lastLogIns() == ["ann": logIn, "fay": 8])
        let token = try #require(try await store.token(hash: "t"))
        #expect(token.owner == "ann" && token.expiresAt == 9 && token.usedAt == 5)
        #expect(token.grants == [Grant(.auditor, in: try GroupPath("/school"))])
        #expect(try await store.token(hash: "u")?.expiresAt == nil)
        let hook = try #require(try await store.webHooks().first)
        #expect(hook.url == "https://hooks.example\(words[2])" && hook.secret == words[1])
        // History is sealed and shortened, too, and says what was done.
        #expect(try await store.revision(1).what == "web hook 2 added: https://hooks.example")
        #expect(try await store.revision(2).what == "set root-password-hash on 3 nodes")
        let others = try await store.revisions(RevisionFilter(limit: 100)).filter { 3...5 ~= $0.number }
        #expect(
            others.map(\.what) == [
                "set root-password on 2 nodes", "set loader=ipxe on 3 nodes",
                "revision 2 undone: set root-password-hash on 3 nodes",
            ])
        #expect(try found() == [])
    }

    @Test func `a running site keeps accounts, tokens, hooks and links through an upgrade, back, and again`()
        async throws
    {
        try await fill()
        #expect(try found() == [words[0], words[2]])
        let link = BoardLink(
            id: 0, name: "hall", group: try GroupPath("/school"), createdBy: "ann", createdAt: 1,
            expiresAt: nil)
        do {
            let store = try SQLiteStore(path: path, secrets: secrets)
            try await expectSite(store, password: "argon", logIn: 7)
            #expect(try await store.session(hash: "s")?.administrator == "ann")
            #expect(try await store.snapshot().contents.access.administrators["dan"]?.isDisabled == true)
            // People go on with it.
            let ann = try #require(try await store.snapshot().contents.access.administrators["ann"])
            try await store.save(ann, passwordHash: "newer", by: "ann")
            try await store.addToken(
                APIToken(id: 0, name: "new", owner: "ann", grants: [], createdAt: 1, expiresAt: nil),
                hash: "v")
            try await store.addBoardLink(link, hash: "b")
            try await store.addWebHook(
                WebHook(
                    id: 0, url: "https://second\(words[2])", secret: words[1], kinds: [], group: .site),
                by: "ann")
        }
        // Back to the old program: it needs the addresses in clear, and everything else as it sealed it.
        #expect(throws: StoreError.self) { try SchemaSteps.downgrade(path: path, to: 10) }
        try SchemaSteps.downgrade(path: path, to: 10, secrets: secrets)
        try await DatabaseQueue(path: path).write { [words] database in
            let hooks = try Row.fetchAll(database, sql: "SELECT url, secret FROM web_hook ORDER BY id")
            #expect(
                hooks.map { $0["url"] as String } == [
                    "https://hooks.example\(words[2])", "https://second\(words[2])",
                ])
            #expect(hooks.allSatisfy { ($0["secret"] as String).hasPrefix("sealed:") })
            let password = "SELECT password_hash FROM administrator WHERE name = 'ann'"
            #expect(try String.fetchOne(database, sql: password) == "newer")
            #expect(
                try String.fetchAll(database, sql: "SELECT hash FROM api_token ORDER BY id") == [
                    "t", "u", "v",
                ])
            // It goes on with it: a log-in, a new token, and an account is removed.
            try database.execute(
                sql: """
                    UPDATE administrator SET logged_in_at = 99 WHERE name = 'ann';
                    INSERT INTO api_token VALUES (9, 'w', 'old', 'ann', '[]', 1, NULL, NULL);
                    DELETE FROM administrator WHERE name = 'dan';
                    """)
        }
        let store = try SQLiteStore(path: path, secrets: secrets)
        try await expectSite(store, password: "newer", logIn: 99)
        #expect(try await store.snapshot().contents.access.administrators.keys.sorted() == ["ann", "fay"])
        #expect(try await store.tokens(of: "ann").map(\.name) == ["ci", "new", "old"])
        #expect(try await store.boardLink(hash: "b")?.group == link.group)
        #expect(try await store.webHooks().map(\.url).last == "https://second\(words[2])")
        #expect(try SchemaSteps.current(path: path) == SchemaSteps.latest)
    }
}

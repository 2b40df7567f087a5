import Fleet
import Foundation
import GRDB
import Sealing
import Testing
import Wire

@testable import StoreSQLite

/// What a stolen database reveals.
@Suite struct StoredSecretsTests {
    private let path = FileManager.default.temporaryDirectory.appendingPathComponent("roost-\(UUID()).sqlite")
        .path
    private let secrets = NodeSecrets()
    private static let words = [
        "$6$salt$hash", "a private key", "1234pin99", "hook word", "/hook/path", "kept word",
    ]

    /// Makes changes with secrets in them, and one that removes a secret again.
    private func fill(_ store: SQLiteStore) async throws {
        let settings: [String: SettingValue] = [
            "root-password-hash": .text(Self.words[0]), "files": .map(["/etc/key:600": Self.words[1]]),
            "time-zone": .text("Europe/Athens"),
        ]
        let node = Node(name: try NodeName("pc-1"), macAddresses: [], settings: settings)
        let group = NodeGroup(path: .site, settings: ["registration-pin": .text(Self.words[2])])
        let rule = MatchRule(name: try RuleName("all"), condition: "memory < 2GiB", settings: settings)
        for edits in [
            [FleetEdit.node(node.name, node)], [.group(.site, group)], [.rule(rule.name, rule)],
            [.rule(rule.name, nil)],
            [
                .keptFile(
                    .site,
                    KeptFile(
                        .site, path: "/etc/roost/lts.conf", dialect: .lts, main: "site.conf",
                        ["site.conf": Array("[default]\nRCFILE_1 = \(Self.words[5])\n".utf8)]))
            ],
        ] {
            _ = try await store.apply(store.snapshot().checking(edits), by: "ann", what: "")
        }
        _ = try await store.addWebHook(
            WebHook(
                id: 0, url: "https://a\(Self.words[4])", secret: Self.words[3], kinds: ["boot"], group: .site),
            by: "ann")
    }

    @Test(arguments: [
        ("https://hooks.example/services/word", "https://hooks.example"),
        ("http://ann:word@hooks.example:8443?word", "http://hooks.example:8443"),
        ("https://a@word@[::1]:1#word", "https://[::1]:1"), ("word", ""), ("https:word", ""),
    ])
    func `history names the host of a web hook, and not the words in its address`(url: String, place: String)
        async throws
    {
        let store = try SQLiteStore(path: path, secrets: secrets)
        let hook = WebHook(id: 0, url: url, secret: "s", kinds: [], group: .site)
        try await store.removeWebHook(store.addWebHook(hook, by: "ann").id, by: "ann")
        for revision in try await store.revisions(RevisionFilter(kind: "web-hook", limit: 10)) {
            #expect(revision.what.hasSuffix(": \(place)"))
            let whole = try await store.revision(revision.number)
            #expect(!"\(whole)".contains("word"))
        }
    }

    /// The secrets that are in clear in any file of the database.
    private func found() throws -> [String] {
        let files = ["", "-wal"].compactMap { try? Data(contentsOf: URL(fileURLWithPath: path + $0)) }
        return Self.words.filter { word in files.contains { $0.range(of: Data(word.utf8)) != nil } }
    }

    private func expectOpen(_ store: SQLiteStore) async throws {
        let snapshot = try await store.snapshot()
        let node = try #require(snapshot.nodes.values.first)
        #expect(node.settings["root-password-hash"] == .text(Self.words[0]))
        #expect(node.settings["files"] == .map(["/etc/key:600": Self.words[1]]))
        #expect(snapshot.groups[.site]?.settings["registration-pin"] == .text(Self.words[2]))
        let hooks = try await store.webHooks()
        #expect(hooks.map(\.secret) == [Self.words[3]] && hooks.map(\.url) == ["https://a\(Self.words[4])"])
    }

    @Test func `the database files contain no secret, and the store returns all of them`() async throws {
        let store = try SQLiteStore(path: path, secrets: secrets)
        try await fill(store)
        #expect(try found() == [])
        try await expectOpen(store)
        try await expectOpen(SQLiteStore(path: path, secrets: secrets))
        // History has its old values, and can be undone.
        let number = try #require(
            try await store.revisions(RevisionFilter(kind: "rule", limit: 1)).first?.number)
        #expect(try await store.revision(number).edits.first?.before?.contains(Self.words[1]) == true)
        let undone = try await store.inverse(of: number).first
        let rule = try #require(undone?.of(MatchRule.self)?.after)
        #expect(rule.settings["root-password-hash"] == .text(Self.words[0]))
        // The same value again is not a change.
        let snapshot = try await store.snapshot()
        let node = try #require(snapshot.nodes.values.first)
        #expect(
            try await store.apply(snapshot.checking([.node(node.name, node)]), by: "ann", what: "")
                == snapshot.revision)
        #expect(try found() == [])
    }

    @Test
    func `an unencrypted store is sealed when first opened with a secret, and opened for an older program`()
        async throws
    {
        do { try await fill(SQLiteStore(path: path)) }
        #expect(try found() == Self.words)
        let store = try SQLiteStore(path: path, secrets: secrets)
        #expect(try found() == [])
        try await expectOpen(store)
        #expect(throws: StoreError.self) { try SchemaSteps.downgrade(path: path, to: 1) }
        #expect(throws: StoreError.self) {
            try SchemaSteps.downgrade(path: path, to: 1, secrets: NodeSecrets())
        }
        try SchemaSteps.downgrade(path: path, to: 1, secrets: secrets)
        try await expectOpen(SQLiteStore(path: path))
    }

    @Test
    func `a store whose other secrets are sealed gets its addresses of web hooks sealed, in history too`()
        async throws
    {
        do { try await fill(SQLiteStore(path: path, secrets: secrets)) }
        try SchemaSteps.downgrade(path: path, to: 11, secrets: secrets)
        #expect(try found() == [Self.words[4]])
        // The first programs wrote whole addresses into history.
        try await DatabaseQueue(path: path).write { database in
            let url = "https://a\(Self.words[4])"
            try database.execute(
                sql: "UPDATE revision SET what = 'web hook 1 added: ' || ? WHERE what LIKE 'web hook%'",
                arguments: [url])
            try database.execute(
                sql:
                    "UPDATE revision_edit SET kind = 'hook', after = ? WHERE kind = 'web-hook'",
                arguments: ["\"\(url)\""])
        }
        let store = try SQLiteStore(path: path, secrets: secrets)
        #expect(try found() == [])
        try await expectOpen(store)
        let last = try #require(try await store.revisions(RevisionFilter(kind: "hook", limit: 1)).first)
        #expect(last.what == "web hook 1 added: https://a")
        #expect(try await store.revision(last.number).edits.map(\.after) == ["\"https://a\""])
    }

    @Test func `with another secret sealed values stay closed, and can be set again`() async throws {
        try await fill(SQLiteStore(path: path, secrets: secrets))
        let store = try SQLiteStore(path: path, secrets: NodeSecrets())
        let snapshot = try await store.snapshot()
        var node = try #require(snapshot.nodes.values.first)
        #expect(try snapshot.settings(of: node).value(of: Settings.rootPasswordHash) == nil)
        #expect(snapshot.settings(of: node)[Settings.timeZone]?.settingText == "Europe/Athens")
        #expect(snapshot.settingProblems(limit: 9).count == 3)
        #expect(snapshot.settingProblems(limit: 9).allSatisfy { $0.contains("is sealed with another key") })
        #expect(RecordSettings.redacted(node.settings)["root-password-hash"] == RecordSettings.hidden)
        #expect(try await store.webHooks().map(\.place) == [""])
        node.settings["root-password-hash"] = .text("$6$other$hash")
        _ = try await store.apply(snapshot.checking([.node(node.name, node)]), by: "ann", what: "")
        // The file is still sealed, and opens when its secret returns.
        let back = try await SQLiteStore(path: path, secrets: secrets).snapshot().nodes.values.first
        #expect(back?.settings["files"] == .map(["/etc/key:600": Self.words[1]]))
    }
}

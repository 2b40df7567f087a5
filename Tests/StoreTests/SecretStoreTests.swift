import Fleet
import Foundation
import GRDB
import Sealing
import Testing
import Wire

@testable import StoreSQLite

/// Secrets on their way to nodes, in the store: who gets what, and the receipts.
@Suite final class SecretStoreTests {
    private let path = FileManager.default.temporaryDirectory.appendingPathComponent("roost-\(UUID()).sqlite")
        .path
    private let keys = NodeSecrets()
    private let word = Array("open sesame".utf8)

    deinit { for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) } }

    private func save(
        named name: String = "token", _ arming: Secret.Arming, in group: String = "/", value: [UInt8]?,
        minted: Minting? = nil, _ store: SQLiteStore
    ) async throws {
        let group = try GroupPath(group)
        let secret = Secret(
            name: try SecretName(name), group: group, minted: minted, arming: arming, changedAt: 5)
        var edits = [FleetEdit.secret(secret.name, secret, value: value)]
        if group != .site { edits.insert(.group(group, NodeGroup(path: group)), at: 0) }
        if try await store.snapshot().nodes.isEmpty {
            for number in 1...8 {
                let node = try NodeName("pc-\(number)")
                edits.append(.node(node, Node(name: node, macAddresses: [])))
            }
        }
        _ = try await store.apply(store.snapshot().checking(edits), by: "ann", what: "")
    }

    private func move(_ node: Int, to group: String, _ store: SQLiteStore) async throws {
        let (name, group) = (try NodeName("pc-\(node)"), try GroupPath(group))
        var edits = [FleetEdit.node(name, Node(name: name, group: group, macAddresses: []))]
        if group != .site { edits.insert(.group(group, NodeGroup(path: group)), at: 0) }
        _ = try await store.apply(store.snapshot().checking(edits), by: "ann", what: "")
    }

    private func claim(
        _ node: Int = 1, boot: String = "one", key: String = "a", in group: String = "/"
    ) throws -> SecretClaim {
        SecretClaim(
            machine: MACAddress(rawValue: UInt64(node)), node: try NodeName("pc-\(node)"),
            group: try GroupPath(group), boot: boot, key: key, at: 7)
    }

    /// What a boot gets; nil when another key has had it.
    private func get(_ claim: SecretClaim, _ store: SQLiteStore) async throws -> [[UInt8]]? {
        try await store.claim([claim]).first?.files?.map(\.content)
    }

    @Test func `armed for each boot, each boot gets it, with a receipt`() async throws {
        let store = try SQLiteStore(path: path, secrets: keys)
        try await save(.eachBoot, value: word, store)
        for (node, boot) in [(1, "one"), (2, "two"), (1, "three")] {
            #expect(try await get(claim(node, boot: boot), store) == [word])
        }
        let receipts = try await store.receipts(of: SecretName("token"), node: nil, limit: 9)
        #expect(receipts.map(\.boot) == ["three", "two", "one"] && receipts.allSatisfy { $0.count == 1 })
        #expect(try await store.receipts(of: nil, node: NodeName("pc-2"), limit: 9).map(\.boot) == ["two"])
    }

    @Test func `armed for the next boot, each node gets it in one boot, and that boot may ask again`()
        async throws
    {
        let store = try SQLiteStore(path: path, secrets: keys)
        try await save(.nextBoot, value: word, store)
        #expect(try await get(claim(1), store) == [word])
        // The answer was lost, or the server was killed before it went out.
        let again = try SQLiteStore(path: path, secrets: keys)
        #expect(try await get(claim(1), again) == [word])
        #expect(try await again.receipts(of: nil, node: nil, limit: 9).map(\.count) == [2])
        #expect(try await get(claim(1, boot: "two"), again) == [])
        #expect(try await get(claim(2, boot: "three"), again) == [word])
        // Armed again, it goes out once more.
        var secret = try #require(try await again.snapshot().contents.secrets.values.first)
        secret.armedIn = 0
        _ = try await again.apply(
            again.snapshot().checking([.secret(secret.name, secret)]), by: "ann", what: "")
        #expect(try await get(claim(1, boot: "four"), again) == [word])
        #expect(try await get(claim(1, boot: "five"), again) == [])
    }

    @Test func `a node that is renamed does not get again what it has had`() async throws {
        let store = try SQLiteStore(path: path, secrets: keys)
        try await save(.nextBoot, value: word, store)
        let card = [MACAddress(rawValue: 1)]
        let (old, new) = (try NodeName("pc-1"), try NodeName("desk"))
        func put(_ edits: [FleetEdit]) async throws {
            _ = try await store.apply(store.snapshot().checking(edits), by: "ann", what: "")
        }
        try await put([.node(old, Node(name: old, macAddresses: card))])
        #expect(try await get(claim(1), store) == [word])
        try await put([.node(old, nil), .node(new, Node(name: new, macAddresses: card))])
        var renamed = try claim(1, boot: "two")
        renamed.node = new
        #expect(try await get(renamed, store) == [])
        #expect(try await store.receipts(of: nil, node: new, limit: 9).map(\.boot) == ["one"])
        #expect(try await store.receipts(of: nil, node: old, limit: 9).isEmpty)
        // And back, by undo.
        let revision = try await store.snapshot().revision
        let undone = try await store.snapshot().undoing(store.edits(of: revision), of: revision)
        try await put(undone)
        #expect(try await store.snapshot().nodes[old] != nil)
        #expect(try await get(claim(1, boot: "three"), store) == [])
        #expect(try await store.receipts(of: nil, node: old, limit: 9).map(\.boot) == ["one"])
    }

    @Test func `armed once, one boot of one node gets it, however many ask at the same time`() async throws {
        let store = try SQLiteStore(path: path, secrets: keys)
        try await save(.once, value: word, store)
        let deliveries = try await store.claim((1...5).map { try claim($0, boot: "boot \($0)") })
        #expect(deliveries.compactMap(\.files).flatMap { $0 }.count == 1)
        #expect(try await store.receipts(of: nil, node: nil, limit: 9).count == 1)
        // One that is removed and added again is another one.
        _ = try await store.apply(
            store.snapshot().checking([.secret(SecretName("token"), nil)]), by: "ann", what: "")
        #expect(try await get(claim(7, boot: "seven"), store) == [])
        try await save(.once, value: [1], store)
        #expect(try await get(claim(8, boot: "eight"), store) == [[1]])
    }

    @Test func `another key in the same boot gets nothing, after a restart too, and leaves no receipt`()
        async throws
    {
        do {
            let store = try SQLiteStore(path: path, secrets: keys)
            try await save(.eachBoot, value: word, store)
            #expect(try await get(claim(), store) == [word])
        }
        let store = try SQLiteStore(path: path, secrets: keys)
        #expect(try await get(claim(key: "b"), store) == nil)
        #expect(try await store.receipts(of: nil, node: nil, limit: 9).map(\.count) == [1])
    }

    @Test func `a node gets what its group has in the store, whatever the data planes still believe`()
        async throws
    {
        let store = try SQLiteStore(path: path, secrets: keys)
        try await save(.eachBoot, in: "/school", value: word, store)
        // It was moved away, or removed, since the snapshot of the data planes.
        #expect(try await get(claim(in: "/school"), store) == [])
        try await move(1, to: "/school/lab", store)
        #expect(try await get(claim(in: "/office"), store) == [word])
        try await move(1, to: "/schools", store)
        #expect(try await get(claim(boot: "two", in: "/school"), store) == [])
        #expect(try await get(claim(99, boot: "three", in: "/school"), store) == [])
        let node = try NodeName("pc-1")
        _ = try await store.apply(store.snapshot().checking([.node(node, nil)]), by: "ann", what: "")
        #expect(try await get(claim(boot: "four", in: "/school"), store) == [])
    }

    @Test func `a minted password is another one each time, and is nowhere on the disk`() async throws {
        let store = try SQLiteStore(path: path, secrets: keys)
        try await save(named: "minted", .eachBoot, value: nil, minted: .password(MintedPassword()), store)
        var made: [[UInt8]] = []
        for number in 1...3 {
            made += try await get(claim(1, boot: "boot \(number)"), store) ?? []
        }
        // The same boot again: a new one, which the receipt counts.
        made += try await get(claim(1, boot: "boot 3"), store) ?? []
        #expect(made.count == 4 && Set(made).count == 4)
        #expect(try await store.receipts(of: nil, node: nil, limit: 1).map(\.count) == [2])
        #expect(try found(made) == 0)
    }

    @Test func `a value is sealed on the disk, in no history, and opens with its own key only`() async throws
    {
        let store = try SQLiteStore(path: path, secrets: keys)
        try await save(.eachBoot, value: word, store)
        try await save(.eachBoot, value: word + word, store)
        let digits = KeptBytes.text(of: word)
        #expect(try found([word, Array(digits.utf8)]) == 0)
        for revision in try await store.revisions(RevisionFilter(limit: 9)) {
            let whole = "\(try await store.revision(revision.number))"
            #expect(!whole.contains("sesame") && !whole.contains(digits))
        }
        let other = try SQLiteStore(path: path, secrets: NodeSecrets())
        let delivery = try #require(try await other.claim([claim()]).first)
        #expect(delivery.files?.map(\.missing?.text) == ["token"])
        #expect(delivery.unreadable.map(\.text) == ["token"])
        // Nothing went out, so there is no receipt, and it is not used up.
        #expect(try await other.receipts(of: nil, node: nil, limit: 9).isEmpty)
        #expect(try await get(claim(), SQLiteStore(path: path, secrets: keys)) == [word + word])
    }

    @Test func `whether it was delivered is by its arming, not by when a clock says`() async throws {
        let store = try SQLiteStore(path: path, secrets: keys)
        try await save(.once, value: word, store)
        let name = try SecretName("token")
        func armedIn() async throws -> Int {
            try #require(try await store.snapshot().contents.secrets[name]).armedIn
        }
        let first = try await armedIn()
        #expect(try await !store.isDelivered(name, armedIn: first))
        _ = try await store.claim([claim()])
        #expect(try await store.isDelivered(name, armedIn: first))
        var secret = try #require(try await store.snapshot().contents.secrets[name])
        secret.armedIn = 0
        let edit = FleetEdit.secret(name, secret)
        _ = try await store.apply(store.snapshot().checking([edit]), by: "ann", what: "")
        let second = try await armedIn()
        #expect(try await !store.isDelivered(name, armedIn: second))
        // The clock went back: the newest receipt has the oldest time.
        var late = try claim(2, boot: "two")
        late.at = 3
        _ = try await store.claim([late])
        #expect(try await store.isDelivered(name, armedIn: second))
    }

    @Test func `the last receipts of a node are kept, and all of them survive a downgrade`() async throws {
        do {
            let store = try SQLiteStore(path: path, secrets: keys)
            try await save(.eachBoot, value: word, store)
            for number in 1...30 { _ = try await store.claim([claim(1, boot: "boot \(number)")]) }
            #expect(try await store.receipts(of: nil, node: nil, limit: 99).count == 20)
        }
        try SchemaSteps.downgrade(path: path, to: 14, secrets: keys)
        let store = try SQLiteStore(path: path, secrets: keys)
        #expect(try await store.receipts(of: nil, node: nil, limit: 99).count == 20)
        #expect(try await get(claim(2, boot: "later"), store) == [word])
    }

    /// How many of these are in clear in a file of the database.
    private func found(_ words: [[UInt8]]) throws -> Int {
        let files = ["", "-wal"].compactMap { try? Data(contentsOf: URL(fileURLWithPath: path + $0)) }
        return words.count { word in files.contains { $0.range(of: Data(word)) != nil } }
    }
}

import Fleet
import Foundation
import GRDB
import Sealing
import Testing
import Wire

@testable import StoreSQLite

/// What was minted, in the store: it is there before anything is made, and never with a value.
@Suite final class MintStoreTests {
    private let path = FileManager.default.temporaryDirectory.appendingPathComponent("roost-\(UUID()).sqlite")
        .path
    private let keys = NodeSecrets()
    private static let credential = Array("the credential of the cluster".utf8)
    private static let tokens = Minting.kubernetes(
        BootstrapTokens(server: "https://10.0.0.1:6443", authority: "-----BEGIN CERTIFICATE-----"))

    deinit { for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) } }

    private func open(_ arming: Secret.Arming, _ minting: Minting = tokens, value: [UInt8]? = credential)
        async throws -> SQLiteStore
    {
        let store = try SQLiteStore(path: path, secrets: keys)
        let (name, node) = (try SecretName("join"), try NodeName("pc-1"))
        let secret = Secret(name: name, group: .site, minted: minting, arming: arming, changedAt: 5)
        let edits = [
            FleetEdit.secret(name, secret, value: value), .node(node, Node(name: node, macAddresses: [])),
        ]
        _ = try await store.apply(store.snapshot().checking(edits), by: "ann", what: "")
        return store
    }

    private func claim(_ boot: String = "one") throws -> SecretClaim {
        SecretClaim(
            machine: MACAddress(rawValue: 1), node: try NodeName("pc-1"), group: .site, boot: boot, key: "a",
            at: 7)
    }

    private func order(_ store: SQLiteStore, _ boot: String = "one") async throws -> MintOrder {
        let delivery = try #require(try await store.claim([claim(boot)]).first)
        return try #require(delivery.orders.first)
    }

    private func presentArming(_ snapshot: FleetSnapshot) -> Int {
        snapshot.contents.secrets.values.first?.armedIn ?? 0
    }

    private func receipts(_ store: SQLiteStore) async throws -> [SecretReceipt] {
        try await store.receipts(of: SecretName("join"), node: nil, limit: 9)
    }

    @Test func `a making is in the store before it is made, and after a kill it is open`() async throws {
        let order = try await self.order(self.open(.eachBoot))
        #expect(order.kept == Self.credential && order.mint.state == .making)
        #expect(order.mint.handle.wholeMatch(of: /[a-z0-9]{6}/) != nil)
        // The server was killed, and knows what it may have made.
        let again = try SQLiteStore(path: path, secrets: keys)
        let open = try await again.openMints()
        #expect(open.map(\.mint) == [order.mint] && open.first?.kept == Self.credential)
        #expect(open.first?.secret == order.secret)
        // Asked for again, it is another making, which the receipt counts.
        let second = try await self.order(again)
        #expect(second.mint.handle != order.mint.handle)
        #expect(try await again.openMints().count == 2)
        #expect(try await receipts(again).map(\.count) == [2])
        #expect(try await receipts(again).first?.mint == second.mint)
    }

    @Test func `what became of it is kept without its value, and is open until it is removed`() async throws {
        let store = try await self.open(.eachBoot)
        var mint = try await self.order(store).mint
        (mint.state, mint.shown, mint.expiresAt) = (.made, "token \(mint.handle)", 700)
        try await store.save([mint])
        #expect(try await store.openMints().map(\.mint) == [mint])
        try await store.noteSent([claim("another")])
        #expect(try await store.openMints().map(\.mint.state) == [.made])
        try await store.noteSent([claim()])
        #expect(try await store.openMints().map(\.mint.state) == [.sent])
        #expect(try await receipts(store).first?.mint?.shown == mint.shown)
        mint.state = .used
        try await store.save([mint])
        #expect(try await store.openMints().isEmpty)
        // Its node goes: it has to leave what it joined.
        let node = try NodeName("pc-1")
        _ = try await store.apply(store.snapshot().checking([.node(node, nil)]), by: "ann", what: "")
        #expect(try await store.openMints().map(\.mint.state) == [.used])
        mint.state = .removed
        try await store.save([mint])
        #expect(try await store.openMints().isEmpty)
    }

    @Test(arguments: [Secret.Arming.once, .nextBoot])
    func `what could not be made uses nothing up, and the receipt says why`(arming: Secret.Arming)
        async throws
    {
        let store = try await self.open(arming)
        var mint = try await self.order(store).mint
        (mint.state, mint.failure) = (.failed, "no connection to 10.0.0.1:6443")
        try await store.save([mint])
        let receipt = try #require(try await receipts(store).first)
        #expect(receipt.count == 0 && receipt.mint?.failure == mint.failure)
        let armedIn = presentArming(try await store.snapshot())
        #expect(try await !store.isDelivered(mint.secret, armedIn: armedIn))
        #expect(try await order(store, "two").secret.armedIn == armedIn)
        // That boot has it, and no other one gets it.
        #expect(try await store.claim([claim("three")]).first?.orders == [])
    }

    @Test func `keys of authorities and credentials are sealed, and no other secret has to be removed`()
        async throws
    {
        let store = try await self.open(.eachBoot, .x509(CertificateTerms(authority: "PEM")))
        let order = try await self.order(store)
        #expect(order.kept == Self.credential)
        #expect(try await store.openMints().isEmpty)
        let words = [Self.credential, Array(KeptBytes.text(of: Self.credential).utf8)].map { Data($0) }
        for file in ["", "-wal"].compactMap({ try? Data(contentsOf: URL(fileURLWithPath: path + $0)) }) {
            for word in words { #expect(file.range(of: word) == nil) }
        }
        let other = try SQLiteStore(path: path, secrets: NodeSecrets())
        let delivery = try #require(try await other.claim([claim("two")]).first)
        #expect(delivery.orders.isEmpty && delivery.unreadable.map(\.text) == ["join"])
    }

    @Test func `munge has one key for all, and WireGuard nothing that is kept`() async throws {
        let store = try await self.open(.eachBoot, .munge, value: [1, 2, 3])
        for boot in ["one", "two"] {
            let delivery = try #require(try await store.claim([claim(boot)]).first)
            #expect(delivery.files?.map(\.content) == [[1, 2, 3]] && delivery.orders.isEmpty)
        }
        let (name, secret) = (
            try SecretName("wg"),
            Secret(
                name: try SecretName("wg"), group: .site, minted: .wireGuard, arming: .eachBoot, changedAt: 5)
        )
        _ = try await store.apply(store.snapshot().checking([.secret(name, secret)]), by: "ann", what: "")
        let delivery = try #require(try await store.claim([claim("three")]).first)
        #expect(delivery.orders.map(\.secret.name) == [name] && delivery.orders.first?.kept == nil)
    }

    @Test func `when it was made and went out moves with the server's clock, and its expiry does not`()
        async throws
    {
        let store = try await self.open(.eachBoot)
        var mint = try await self.order(store).mint
        (mint.state, mint.expiresAt) = (.made, 700)
        try await store.save([mint])
        try await store.move(with: ClockJump(before: 10_000, after: 110_000))
        let receipt = try #require(try await receipts(store).first)
        #expect(receipt.at == 107 && receipt.mint?.at == 107 && receipt.mint?.expiresAt == 700)
    }

    @Test func `what is open survives a downgrade`() async throws {
        let mint = try await self.order(self.open(.eachBoot)).mint
        try SchemaSteps.downgrade(path: path, to: 15, secrets: keys)
        let store = try SQLiteStore(path: path, secrets: keys)
        #expect(try await store.openMints().map(\.mint) == [mint])
    }
}

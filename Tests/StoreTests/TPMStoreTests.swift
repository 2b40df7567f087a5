import Fleet
import Foundation
import Testing
import Wire

@testable import StoreSQLite

/// The TPMs that nodes are bound to, in the store.
@Suite final class TPMStoreTests {
    private let path = FileManager.default.temporaryDirectory.appendingPathComponent("roost-\(UUID()).sqlite")
        .path

    deinit { for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) } }

    private func bound(_ node: NodeName, _ text: String) -> BoundTPM {
        BoundTPM(
            node: node,
            tpm: TPMIdentity(
                endorsement: "e\(text)", attestation: "a\(text)", kind: .rsa,
                certificate: TPMIdentity.Certificate(issuer: "CN=maker", isTrusted: true)), boundAt: 7)
    }

    @Test func `what was refused is kept by card, until it is taken away or the machine is forgotten`()
        async throws
    {
        let store = try SQLiteStore(path: path)
        let cards = [MACAddress(rawValue: 0x0200_0000_0001), MACAddress(rawValue: 0x0200_0000_0002)]
        var alarm = NodeAlarm(
            at: 7, address: IPv4Address(rawValue: 1), holder: cards[0], property: .otherTPM,
            tpm: bound(try NodeName("pc-1"), "2").tpm)
        try await store.save(refusals: [cards[0]: alarm, cards[1]: alarm])
        alarm.count = 2
        try await store.save(refusals: [cards[0]: alarm])
        let reopened = try SQLiteStore(path: path)
        #expect(try await reopened.refusedTPMs()[cards[0]] == alarm)
        #expect(try await reopened.refusedTPMs().count == 2)
        try await store.save(refusals: [cards[0]: nil])
        try await store.forget([cards[1]])
        #expect(try await store.refusedTPMs().isEmpty)
        try await store.save(refusals: [:])
    }

    @Test func `the first one counts, without a revision, until people decide`() async throws {
        let store = try SQLiteStore(path: path)
        let (name, gone) = (try NodeName("pc-1"), try NodeName("pc-2"))
        let node = Node(name: name, macAddresses: [])
        _ = try await store.apply(
            store.snapshot().checking([.node(name, node)]), by: "ann", what: "added")
        let revision = try await store.snapshot().revision
        #expect(try await store.bind([bound(name, "1"), bound(gone, "1")]) == [bound(name, "1")])
        #expect(try await store.bind([bound(name, "2")]).isEmpty)
        #expect(try await store.bind([]).isEmpty)
        let reopened = try await SQLiteStore(path: path).snapshot()
        #expect(reopened.tpm(of: name) == bound(name, "1") && reopened.revision == revision)
        #expect(reopened.tpm(of: gone) == nil)

        _ = try await store.apply(
            reopened.checking([.tpm(name, bound(name, "2"))]), by: "ann", what: "accepted")
        let accepted = try await store.snapshot()
        #expect(accepted.tpm(of: name) == bound(name, "2") && accepted.revision == revision + 1)
        let edits = try await store.revision(revision + 1).edits
        #expect(edits.map(\.kind) == ["tpm"] && edits.first?.before?.contains("a1") == true)

        // It goes with its node, and comes back with it.
        _ = try await store.apply(accepted.checking([.node(name, nil)]), by: "ann", what: "removed")
        let removed = try await store.snapshot()
        #expect(removed.tpm(of: name) == nil)
        let undone = try await removed.undoing(store.edits(of: revision + 2), of: revision + 2)
        _ = try await store.apply(removed.checking(undone), by: "ann", what: "undone")
        #expect(try await store.snapshot().tpm(of: name) == bound(name, "2"))
    }
}

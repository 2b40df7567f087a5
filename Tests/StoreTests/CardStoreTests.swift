import Foundation
import Testing
import Wire

@testable import Fleet
@testable import StoreSQLite

/// The network cards that nodes were seen with, in the store.
@Suite final class CardStoreTests {
    private let path = FileManager.default.temporaryDirectory.appendingPathComponent("roost-\(UUID()).sqlite")
        .path
    private let store: SQLiteStore
    private let (first, second) = (
        MACAddress(rawValue: 0x5254_0000_0001), MACAddress(rawValue: 0x5254_0000_0002)
    )
    private let machines: [MachineUUID]
    private let names: [NodeName]

    /// A store with two nodes that have UUIDs and no cards.
    init() async throws {
        var retention = SQLiteStore.Retention()
        (retention.strangersBoots, retention.strangers, retention.period) = (2, 3, 5)
        store = try SQLiteStore(path: path, retention: retention)
        machines = try ["0", "1"].map {
            try #require(MachineUUID("12345678-1234-5678-1234-56789abcdef" + $0))
        }
        names = try ["pc-1", "pc-2"].map { try NodeName($0) }
        try await change(
            zip(names, machines).map { .node($0, Node(name: $0, macAddresses: [], uuid: $1)) })
    }

    deinit { for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) } }

    private func change(_ edits: [FleetEdit]) async throws {
        let snapshot = try await store.snapshot()
        _ = try snapshot.applying(edits, revision: 0)
        _ = try #require(try await store.apply(snapshot.checking(edits), by: "test", what: "changed"))
    }

    private func learn(_ card: MACAddress, _ machine: MachineUUID?) async throws {
        try await store.save([LearnedCards.Change(card: card, machine: machine)])
    }

    /// What is in the file, regardless of the snapshot.
    private func cards() async throws -> LearnedCards {
        try await store.read { try SQLiteStore.cards(in: $0) }
    }

    @Test func `cards survive a restart, in the order in which they were seen, and make no revision`()
        async throws
    {
        let revision = try await store.snapshot().revision
        try await learn(first, machines[0])
        try await learn(second, machines[0])
        #expect(
            try await SQLiteStore(path: path).snapshot().observations.cards.cards(of: machines[0]) == [
                second, first,
            ])
        try await learn(first, machines[0])
        let snapshot = try await SQLiteStore(path: path).snapshot()
        #expect(snapshot.observations.cards.cards(of: machines[0]) == [first, second])
        #expect(snapshot.node(at: second)?.name == names[0] && snapshot.revision == revision)
        // The past is shown with today's knowledge.
        #expect(try await store.snapshot(at: Int.max / 2).knows(first))
        try await learn(first, nil)
        #expect(try await !store.snapshot().knows(first))
    }

    @Test func `a card that moves loses what was known about its previous machine`() async throws {
        let hardware = try JSONDecoder().decode(Hardware.self, from: Data("{\"vendor\":\"x\"}".utf8))
        let trouble = BootTrouble(
            version: try #require(Digest(String(repeating: "a", count: 64))), failedBoots: 2, lastBootAt: 5,
            detail: "panic")
        _ = try await store.save(hardware, of: first)
        try await store.save([], troubles: [first: trouble])
        // It was seen before its owner was known: that stays.
        try await learn(first, machines[0])
        var known = try await store.snapshot().observations
        #expect(known.hardware[first]?.report == hardware && known.troubles[first] == trouble)
        try await learn(first, machines[1])
        known = try await store.snapshot().observations
        #expect(known.hardware.isEmpty && known.troubles.isEmpty)
        #expect(known.cards.machine(of: first) == machines[1])
    }

    @Test func `cards are deleted with the node, with its UUID, and when a record names them`() async throws {
        for edit: @Sendable (inout Node) -> Node? in [
            { _ in nil },
            { node in
                node.uuid = nil
                return node
            },
            { [first] node in
                node.macAddresses = [first]
                return node
            },
        ] {
            try await learn(first, machines[0])
            try await learn(second, machines[1])
            var node = Node(name: names[0], macAddresses: [], uuid: machines[0])
            try await change([.node(names[0], edit(&node))])
            #expect(try await cards().machine(of: first) == nil)
            #expect(try await cards().machine(of: second) == machines[1])
            try await change([.node(names[0], Node(name: names[0], macAddresses: [], uuid: machines[0]))])
        }
        // Under another name it is the same machine.
        try await learn(first, machines[0])
        let other = try NodeName("pc-3")
        try await change([
            .node(names[0], nil), .node(other, Node(name: other, macAddresses: [], uuid: machines[0])),
        ])
        #expect(try await store.snapshot().node(at: first)?.name == other)
    }

    @Test func `boots of a node that was seen with a card stay the node's`() async throws {
        try await learn(first, machines[0])
        func boot(_ machine: MACAddress, _ number: Int) async throws {
            try await store.append([
                BootEvent(boot: "boot\(number)", macAddress: machine, stage: .dhcp, at: number, detail: "")
            ])
        }
        for number in 1...5 {
            try await boot(first, number)
            try await boot(second, number)
        }
        #expect(try await store.boots(of: first, limit: 10).count == 5)
        #expect(try await store.boots(of: second, limit: 10).count == 2)
        for number in 100..<150 { try await boot(MACAddress(rawValue: UInt64(number)), number) }
        #expect(try await store.lastBoots().contains { $0.macAddress == first })
        #expect(try await !store.lastBoots().contains { $0.macAddress == second })
    }
}

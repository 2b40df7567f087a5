import Fleet
import Foundation
import GRDB
import Testing
import Wire

@testable import StoreSQLite

/// What the SQLite store does in addition to the contract.
@Suite struct SQLiteStoreTests {
    private let directory: StoreDirectory
    private var path: String { directory.path }

    init() throws { directory = try StoreDirectory() }

    @Test
    func `old events, boots, waiting machines and hardware reports are deleted as new ones arrive`()
        async throws
    {
        var retention = SQLiteStore.Retention()
        (retention.events, retention.boots, retention.strangersBoots) = (2_000, 10, 3)
        (retention.strangers, retention.period) = (20, 100)
        let store = try SQLiteStore(path: path, retention: retention, now: { 1_000 })
        let pc = Node(name: try NodeName("pc-1"), macAddresses: [MACAddress(rawValue: 1)])
        _ = try await store.apply(
            store.snapshot().checking([.node(pc.name, pc)]), by: "ann", what: "added")
        let detail = String(repeating: "x", count: 100)
        func boot(_ machine: UInt64, _ number: Int, events: Int) async throws {
            let all = (0..<events).map { index in
                BootEvent(
                    boot: "boot\(number)", macAddress: MACAddress(rawValue: machine),
                    stage: index == 0 ? .dhcp : .failed, at: number * 1_000 + index, detail: detail)
            }
            try await store.append(all)
        }
        for number in 1...40 {
            try await boot(1, number, events: 5)
            try await boot(2, number, events: 5)
        }
        #expect(try await store.boots(of: MACAddress(rawValue: 1), limit: 100).count == 10)
        #expect(
            try await store.boots(of: MACAddress(rawValue: 2), limit: 100).map(\.boot) == [
                "boot40", "boot39", "boot38",
            ])
        // Invented machines: the latest ones stay, and the node whatever its last activity.
        for machine in 100..<UInt64(300) { try await boot(machine, Int(machine), events: 2) }
        let machines = Set(try await store.lastBoots().map(\.macAddress.rawValue))
        #expect(machines.contains(1) && machines.contains(299) && !machines.contains(150))
        #expect(machines.count <= 20 + 1 + retention.period / 2)
        // A boot that never stops reporting.
        for round in 0..<50 { try await boot(1, 1_000 + round, events: 100) }
        let count = try await DatabaseQueue(path: path).read {
            try Int.fetchOne($0, sql: "SELECT count(*) FROM boot_event") ?? 0
        }
        #expect(count <= retention.events + retention.period)
        for number in 0..<150 {
            let hardware = try JSONDecoder().decode(
                Hardware.self, from: Data("{\"vendor\": \"v\(number)\"}".utf8))
            _ = try await store.save(hardware, of: MACAddress(rawValue: 1))
        }
        let kept = try await DatabaseQueue(path: path).read {
            try Int.fetchOne($0, sql: "SELECT count(*) FROM hardware") ?? 0
        }
        #expect(kept == 100)
        #expect(try await store.hardwareHistory(of: MACAddress(rawValue: 1)).first?.hardware.vendor == "v149")
    }
}

import Fleet
import Foundation
import Testing
import Wire

@testable import StoreSQLite

/// Which boots ask for orders, in the store: a server that starts again knows whom it should hear.
@Suite final class AttendedBootTests {
    private let path = FileManager.default.temporaryDirectory.appendingPathComponent("roost-\(UUID()).sqlite")
        .path
    private let machine = MACAddress(rawValue: 0x5254_0000_0001)

    deinit { for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) } }

    private func event(_ boot: String, _ stage: BootStage, _ at: Int) -> BootEvent {
        BootEvent(boot: boot, macAddress: machine, stage: stage, at: at, detail: "")
    }

    @Test func `the boot that asks is known after a restart, and its stages stay as they are`() async throws {
        var store = try SQLiteStore(path: path)
        try await store.append([event("one", .dhcp, 1), event("one", .ready, 2)])
        #expect(try await store.lastBoots().map(\.attends) == [false])
        try await store.append(
            [], attended: [AttendedBoot(boot: "one", macAddress: machine, at: 3)])
        store = try SQLiteStore(path: path)
        let last = try await store.lastBoots()
        #expect(last.map(\.attends) == [true])
        #expect(last.first?.entries.map(\.stage) == [.dhcp, .ready])
        try await store.append([event("one", .off, 4)])
        #expect(try await store.lastBoots().first?.entries.last?.stage == .off)
        // Another boot has to ask anew.
        try await store.append([event("two", .dhcp, 5)])
        #expect(try await store.lastBoots().map(\.attends) == [false])
        #expect(try await store.boots(of: machine, limit: 9).map(\.attends) == [false, true])
    }

    @Test func `a mark whose boot is gone is passed over`() async throws {
        let store = try SQLiteStore(path: path)
        try await store.append([], attended: [AttendedBoot(boot: "lone", macAddress: machine, at: 3)])
        try await store.append([event("one", .dhcp, 5)])
        #expect(try await store.lastBoots().map(\.attends) == [false])
    }

    @Test func `a past moment has the boots of then, as far as they had come`() async throws {
        let store = try SQLiteStore(path: path)
        let other = MACAddress(rawValue: 2)
        try await store.append([
            event("one", .dhcp, 1_000), event("one", .ready, 5_000), event("two", .dhcp, 9_000),
            BootEvent(boot: "o", macAddress: other, stage: .dhcp, at: 8_000, detail: ""),
        ])
        func stages(_ second: Int) async throws -> [String: [BootStage]] {
            Dictionary(
                uniqueKeysWithValues: try await store.boots(at: second).map {
                    ($0.boot, $0.entries.map(\.stage))
                })
        }
        #expect(try await stages(0) == [:])
        #expect(try await stages(4) == ["one": [.dhcp]])
        #expect(try await stages(5) == ["one": [.dhcp, .ready]])
        #expect(try await stages(9) == ["two": [.dhcp], "o": [.dhcp]])
    }

    @Test func `boots are listed in the order in which they began, whatever each has reported since`()
        async throws
    {
        let store = try SQLiteStore(path: path)
        let other = MACAddress(rawValue: 2)
        try await store.append([
            event("one", .dhcp, 1_000),
            BootEvent(boot: "o", macAddress: other, stage: .dhcp, at: 2_000, detail: ""),
            event("one", .off, 9_000),
        ])
        #expect(try await store.boots(of: nil, limit: 9).map(\.boot) == ["o", "one"])
    }
}

import Fleet
import Foundation
import Testing
import Wire

@testable import StoreSQLite

@Suite struct SQLiteStoreTests {
    private let path = FileManager.default.temporaryDirectory.appendingPathComponent("roost-\(UUID()).sqlite")
        .path
    private let store: SQLiteStore

    init() throws { store = try SQLiteStore(path: path, now: { 1_000 }) }

    private func manifest(_ image: String, kernel: String) throws -> (ImageManifest, Fleet.Digest) {
        let manifest = ImageManifest(
            image: try ImageName(image), architecture: "amd64", kernelRelease: kernel, system: "Debian",
            files: [], packages: [], origin: "test")
        guard let digest = Fleet.Digest(String(repeating: kernel, count: 64)) else {
            preconditionFailure("64 digits are a digest")
        }
        return (manifest, digest)
    }

    private func node(_ name: String, _ mac: UInt64, group: GroupPath = .site) throws -> Node {
        Node(name: try NodeName(name), group: group, macAddresses: [MACAddress(rawValue: mac)])
    }

    @Test func `what is saved is there after the file is opened again, and every change is a revision`()
        async throws
    {
        let school = try GroupPath("/school")
        try await store.save(NodeGroup(path: school, settings: ["loader": .text("ipxe")]), by: "ann")
        var pc = try node("pc-1", 1, group: school)
        pc.settings = ["files": .map(["/etc/motd": "hi"]), "nbd-connections": .integer(4)]
        try await store.save(pc, by: "ann")
        try await store.save(pc, by: "ann")
        let snapshot = try await SQLiteStore(path: path).snapshot()
        #expect(snapshot.node(at: MACAddress(rawValue: 1)) == pc)
        #expect(snapshot.groups[school]?.settings == ["loader": .text("ipxe")])
        let revisions = try await store.revisions(limit: 10)
        #expect(revisions.map(\.what) == ["node pc-1 added to /school", "group /school added"])
        #expect(revisions.allSatisfy { $0.who == "ann" && $0.at == 1_000 })
    }

    @Test func `two nodes never have the same hardware address`() async throws {
        try await store.save(node("pc-1", 1), by: "ann")
        await #expect(throws: StoreError.self) { try await store.save(node("pc-2", 1), by: "ann") }
        #expect(try await store.snapshot().nodes.count == 1)
    }

    @Test func `a node needs its group, and a group with nodes stays`() async throws {
        let room = try GroupPath("/school/room-1")
        await #expect(throws: StoreError.self) {
            try await store.save(node("pc-1", 1, group: room), by: "ann")
        }
        await #expect(throws: StoreError.self) { try await store.save(NodeGroup(path: room), by: "ann") }
        try await store.save(NodeGroup(path: GroupPath("/school")), by: "ann")
        try await store.save(NodeGroup(path: room), by: "ann")
        try await store.save(node("pc-1", 1, group: room), by: "ann")
        await #expect(throws: StoreError.self) { try await store.removeGroup(room, by: "ann") }
        await #expect(throws: StoreError.self) {
            try await store.removeGroup(GroupPath("/school"), by: "ann")
        }
        try await store.removeNode(NodeName("pc-1"), by: "ann")
        try await store.removeGroup(room, by: "ann")
    }

    @Test func `versions count up, the same content is the same version, numbers never come again`()
        async throws
    {
        let (first, a) = try manifest("debian", kernel: "a")
        let (second, b) = try manifest("debian", kernel: "b")
        let one = try await store.addVersion(first, digest: a, by: "ann")
        #expect(one.number == 1)
        #expect(try await store.addVersion(first, digest: a, by: "ann").number == 1)
        let two = try await store.addVersion(second, digest: b, by: "ann")
        #expect(two.number == 2)
        #expect(try await store.snapshot().version(ImageReference(image: first.image)) == one)
        try await store.remove(two, by: "ann")
        let (third, c) = try manifest("debian", kernel: "c")
        #expect(try await store.addVersion(third, digest: c, by: "ann").number == 3)
    }

    @Test func `promote moves a channel, rollback moves it back, and what a channel means cannot be removed`()
        async throws
    {
        let (first, a) = try manifest("debian", kernel: "a")
        let (second, b) = try manifest("debian", kernel: "b")
        let one = try await store.addVersion(first, digest: a, by: "ann")
        let two = try await store.addVersion(second, digest: b, by: "ann")
        await #expect(throws: StoreError.self) {
            try await store.rollBack(.stable, of: first.image, by: "ann")
        }
        try await store.promote(two, to: .stable, by: "ann")
        await #expect(throws: StoreError.self) { try await store.remove(two, by: "ann") }
        #expect(try await store.rollBack(.stable, of: first.image, by: "ann") == 1)
        #expect(try await store.snapshot().version(ImageReference(image: first.image)) == one)
    }

    @Test func `boots come back newest first, their stages in order`() async throws {
        let mac = MACAddress(rawValue: 1)
        func event(_ boot: String, _ stage: BootStage, _ at: Int) -> BootEvent {
            BootEvent(boot: boot, macAddress: mac, stage: stage, at: at, detail: "")
        }
        try await store.append([
            event("a", .dhcp, 10), event("a", .ready, 30), event("b", .dhcp, 50), event("a", .kernel, 20),
        ])
        let boots = try await store.boots(of: mac, limit: 10)
        #expect(boots.map(\.boot) == ["b", "a"])
        #expect(boots[1].entries.map(\.stage) == [.dhcp, .kernel, .ready])
        #expect(boots[1].readyAfter == 20)
        #expect(try await store.boots(of: MACAddress(rawValue: 2), limit: 10).isEmpty)
        // A report that comes late does not bring its boot back.
        try await store.append([event("a", .failed, 40)])
        #expect(try await store.lastBoots().map(\.boot) == ["b"])
    }

    @Test func `every machine has its last boot, however many boots others have had since`() async throws {
        let events = (0..<3_000).map { number in
            BootEvent(
                boot: "boot\(number)", macAddress: MACAddress(rawValue: UInt64(min(number, 1_500))),
                stage: .dhcp,
                at: number, detail: "")
        }
        try await store.append(events)
        let last = try await store.lastBoots()
        #expect(last.count == 1_501)
        #expect(last.first { $0.macAddress.rawValue == 1_500 }?.boot == "boot2999")
        #expect(try await store.boots(of: nil, limit: 2).map(\.boot) == ["boot2999", "boot2998"])
    }
}

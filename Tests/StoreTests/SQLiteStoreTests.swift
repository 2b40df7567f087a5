import Fleet
import Foundation
import GRDB
import Synchronization
import Testing
import Wire

@testable import StoreSQLite

@Suite final class SQLiteStoreTests {
    private let directory = FileManager.default.temporaryDirectory.appendingPathComponent("roost-\(UUID())")
        .path
    private let path: String
    private let store: SQLiteStore

    init() throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        path = "\(directory)/store"
        store = try SQLiteStore(path: path, now: { 1_000 })
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    private func manifest(_ image: String, kernel: String) throws -> (ImageManifest, Fleet.Digest) {
        let manifest = ImageManifest(
            image: try ImageName(image), architecture: "amd64", kernelRelease: kernel, system: "Debian",
            files: [], packages: [], origin: "test")
        guard let digest = Fleet.Digest(String(repeating: kernel, count: 64)) else {
            preconditionFailure("64 digits are a digest")
        }
        return (manifest, digest)
    }

    /// Makes edits as the control center does: checked against what is there, then stored.
    private func change(_ edits: FleetEdit..., by who: String = "ann") async throws {
        let snapshot = try await store.snapshot()
        let number = try await store.apply(
            snapshot.checking(edits), by: who, what: edits[0].summary(in: snapshot))
        _ = try #require(number)
    }

    private func node(_ name: String, _ mac: UInt64, group: GroupPath = .site) throws -> Node {
        Node(name: try NodeName(name), group: group, macAddresses: [MACAddress(rawValue: mac)])
    }

    @Test func `what is saved is there after the file is opened again, and every change is a revision`()
        async throws
    {
        let school = try GroupPath("/school")
        try await change(.group(school, NodeGroup(path: school, settings: ["loader": .text("ipxe")])))
        var pc = try node("pc-1", 1, group: school)
        pc.settings = ["files": .map(["/etc/motd": "hi"]), "nbd-connections": .integer(4)]
        try await change(.node(pc.name, pc))
        try await change(.node(pc.name, pc))
        let snapshot = try await SQLiteStore(path: path).snapshot()
        #expect(snapshot.node(at: MACAddress(rawValue: 1)) == pc)
        #expect(snapshot.groups[school]?.settings == ["loader": .text("ipxe")])
        let revisions = try await store.revisions(RevisionFilter(limit: 10))
        #expect(revisions.map(\.what) == ["node pc-1 added to /school", "group /school added"])
        #expect(revisions.allSatisfy { $0.who == "ann" && $0.at == 1_000 })
    }

    @Test
    func `what is old goes while more comes: events, boots, machines that wait, what a machine was made of`()
        async throws
    {
        var retention = SQLiteStore.Retention()
        (retention.events, retention.boots, retention.strangersBoots) = (2_000, 10, 3)
        (retention.strangers, retention.period) = (20, 100)
        let store = try SQLiteStore(path: path, retention: retention, now: { 1_000 })
        try await change(.node(try NodeName("pc-1"), try node("pc-1", 1)))
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
        // Invented machines: those that came last are left, and the node whatever it did last.
        for machine in 100..<UInt64(300) { try await boot(machine, Int(machine), events: 2) }
        let machines = Set(try await store.lastBoots().map(\.macAddress.rawValue))
        #expect(machines.contains(1) && machines.contains(299) && !machines.contains(150))
        #expect(machines.count <= 20 + 1 + retention.period / 2)
        // One boot that never ends to speak.
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

    @Test func `two nodes never have the same hardware address`() async throws {
        let (one, two) = (try node("pc-1", 1), try node("pc-2", 1))
        try await change(.node(one.name, one))
        await #expect(throws: StoreError.self) { try await change(.node(two.name, two)) }
        #expect(try await store.snapshot().nodes.count == 1)
    }

    @Test func `a node needs its group, and a group with nodes stays`() async throws {
        let room = try GroupPath("/school/room-1")
        let (school, pc) = (try GroupPath("/school"), try node("pc-1", 1, group: room))
        await #expect(throws: StoreError.self) { try await change(.node(pc.name, pc)) }
        await #expect(throws: StoreError.self) { try await change(.group(room, NodeGroup(path: room))) }
        try await change(
            .group(school, NodeGroup(path: school)), .group(room, NodeGroup(path: room)), .node(pc.name, pc))
        await #expect(throws: StoreError.self) { try await change(.group(room, nil)) }
        await #expect(throws: StoreError.self) { try await change(.group(school, nil)) }
        try await change(.node(pc.name, nil), .group(room, nil))
        #expect(try await store.snapshot().groups.keys.map(\.description) == ["/school"])
    }

    @Test func `versions count up, the same content is the same version, numbers never come again`()
        async throws
    {
        let (first, a) = try manifest("debian", kernel: "a")
        let (second, b) = try manifest("debian", kernel: "b")
        let one = try await store.addVersion(first, digest: a, signatures: [], by: "ann")
        #expect(one.number == 1)
        #expect(try await store.addVersion(first, digest: a, signatures: [], by: "ann").number == 1)
        let two = try await store.addVersion(second, digest: b, signatures: [], by: "ann")
        #expect(two.number == 2)
        #expect(try await store.snapshot().version(ImageReference(image: first.image)) == one)
        try await store.remove(two, by: "ann")
        let (third, c) = try manifest("debian", kernel: "c")
        #expect(try await store.addVersion(third, digest: c, signatures: [], by: "ann").number == 3)
    }

    @Test func `promote moves a channel, rollback moves it back, and what a channel means cannot be removed`()
        async throws
    {
        let (first, a) = try manifest("debian", kernel: "a")
        let (second, b) = try manifest("debian", kernel: "b")
        let one = try await store.addVersion(first, digest: a, signatures: [], by: "ann")
        let two = try await store.addVersion(second, digest: b, signatures: [], by: "ann")
        let fresh = try await store.snapshot()
        #expect(throws: StoreError.self) { try fresh.rollingBack(.stable, of: first.image) }
        try await change(.channel(first.image, .stable, two.number))
        await #expect(throws: StoreError.self) { try await store.remove(two, by: "ann") }
        try await change(store.snapshot().rollingBack(.stable, of: first.image))
        #expect(try await store.snapshot().images[first.image]?.channels == [.stable: 1])
        #expect(try await store.snapshot().images[first.image]?.formers == [.stable: 2])
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

    @Test func `undo brings back what a change replaced, unless it was changed since`() async throws {
        let school = try GroupPath("/school")
        try await change(.group(school, NodeGroup(path: school)))
        var pc = try node("pc-1", 1, group: school)
        try await change(.node(pc.name, pc))
        let first = pc
        pc.tags = ["new"]
        try await change(.node(pc.name, pc))
        let undo = try await store.inverse(of: 3)
        #expect(undo == [.node(pc.name, first)])
        await #expect(throws: StoreError.self) { try await store.inverse(of: 2) }
        await #expect(throws: StoreError.self) { try await store.inverse(of: 99) }
        #expect(try await store.inverse(of: 1) == [.group(school, nil)])
        #expect(try await store.revision(3).edits.map(\.kind) == ["node"])
    }

    @Test func `a change is refused when the store has moved on since it was read`() async throws {
        let stale = try await store.snapshot()
        let (one, two) = (try node("pc-1", 1), try node("pc-2", 2))
        try await change(.node(one.name, one))
        #expect(try await store.apply(stale.checking([.node(two.name, two)]), by: "ann", what: "") == nil)
        #expect(try await store.snapshot().nodes.count == 1)
    }

    @Test func `the configuration of any second is still there`() async throws {
        let clock = Mutex(1_000)
        let store = try SQLiteStore(path: path + ".past", now: { clock.withLock { $0 } })
        func at(_ second: Int, _ edits: FleetEdit...) async throws {
            clock.withLock { $0 = second }
            let number = try await store.apply(store.snapshot().checking(edits), by: "ann", what: "")
            _ = try #require(number)
        }
        var pc = try node("pc-1", 1)
        let rule = MatchRule(name: try RuleName("small"), condition: "memory < 2 GiB")
        try await at(1_000, .node(pc.name, pc))
        clock.withLock { $0 = 1_050 }
        let (first, a) = try manifest("debian", kernel: "a")
        let (second, b) = try manifest("debian", kernel: "b")
        let one = try await store.addVersion(first, digest: a, signatures: [], by: "ann")
        pc.tags = ["later"]
        try await at(1_100, .node(pc.name, pc), .rule(rule.name, rule))
        clock.withLock { $0 = 1_200 }
        let two = try await store.addVersion(second, digest: b, signatures: [], by: "ann")
        try await at(1_300, .channel(first.image, .stable, 2))
        clock.withLock { $0 = 1_400 }
        try await store.remove(one, by: "ann")
        try await at(1_500, .node(pc.name, nil))

        #expect(try await store.snapshot(at: 999).nodes.isEmpty)
        #expect(try await store.snapshot(at: 1_000).nodes[pc.name]?.tags == [])
        #expect(try await store.snapshot(at: 1_000).images.isEmpty)
        let middle = try await store.snapshot(at: 1_250)
        #expect(middle.nodes[pc.name]?.tags == ["later"])
        #expect(middle.rules[rule.name] == rule)
        #expect(middle.images[first.image]?.versions == [one, two])
        #expect(middle.images[first.image]?.channels == [.stable: 1])
        #expect(try await store.snapshot(at: 1_350).images[first.image]?.channels == [.stable: 2])
        #expect(try await store.snapshot(at: 2_000).nodes.isEmpty)
        #expect(try await store.snapshot(at: 1_450).images[first.image]?.versions == [two])
    }

    @Test func `somebody who can let others in is always left`() async throws {
        let ann = Administrator(name: "ann", grants: [Grant(.admin)])
        let bob = Administrator(name: "bob", grants: [Grant(.operator_, in: try GroupPath("/school"))])
        await #expect(throws: StoreError.self) { try await store.save(bob, passwordHash: "x", by: "test") }
        try await store.save(ann, passwordHash: "hash", by: "test")
        try await store.save(bob, passwordHash: "x", by: "ann")
        await #expect(throws: StoreError.self) { try await store.removeAdministrator("ann", by: "bob") }
        var disabled = ann
        disabled.isDisabled = true
        await #expect(throws: StoreError.self) {
            try await store.save(disabled, passwordHash: nil, by: "bob")
        }
        #expect(try await store.administrators() == [ann, bob])
        #expect(try await store.passwordHash(of: "ann") == "hash")
        let session = LoginSession(administrator: "bob", csrfToken: "c", createdAt: 1, seenAt: 1)
        try await store.addSession(session, hash: "s")
        let token = try await store.addToken(
            APIToken(id: 0, name: "t", owner: "bob", grants: bob.grants, createdAt: 1, expiresAt: nil),
            hash: "t")
        #expect(try await store.token(hash: "t") == token)
        try await store.removeAdministrator("bob", by: "ann")
        #expect(try await store.session(hash: "s") == nil)
        #expect(try await store.token(hash: "t") == nil)
    }

    @Test func `a report from the initramfs takes nothing away from what the running system told`()
        async throws
    {
        let mac = MACAddress(rawValue: 1)
        func hardware(_ json: String) throws -> Hardware {
            try JSONDecoder().decode(Hardware.self, from: Data(json.utf8))
        }
        let disk = #"{"name":"sda","model":"WD","serial":"7","mebibytes":9,"isRotating":false}"#
        let full = try hardware(
            #"{"serial":"1","memoryMebibytes":1024,"isComplete":true,"disks":[\#(disk)]}"#)
        let early = try hardware(#"{"serial":"1","memoryMebibytes":1024,"isComplete":false}"#)
        let other = try hardware(#"{"serial":"2","memoryMebibytes":1024,"isComplete":false}"#)
        #expect(try await store.save(early, of: mac) == early)
        #expect(try await store.save(full, of: mac) == full)
        #expect(try await store.save(early, of: mac) == nil)
        #expect(try await store.save(other, of: mac) == other)
    }

    @Test func `hardware is kept when it differs, and its history stays`() async throws {
        let mac = MACAddress(rawValue: 1)
        func hardware(_ json: String) throws -> Hardware {
            try JSONDecoder().decode(Hardware.self, from: Data(json.utf8))
        }
        let old = try hardware(#"{"vendor":"HP","serial":"1","memoryMebibytes":1024}"#)
        let new = try hardware(#"{"vendor":"HP","serial":"2","memoryMebibytes":2048}"#)
        #expect(try await store.save(old, of: mac) == old)
        #expect(try await store.save(old, of: mac) == nil)
        #expect(try await store.save(new, of: mac) == new)
        let history = try await store.hardwareHistory(of: mac)
        #expect(history.map(\.hardware) == [new, old])
        #expect(new.isAnotherMachine(than: old))
        #expect(new.differences(from: old).map(\.fact) == ["serial", "memory"])
        #expect(try await store.snapshot().contents.hardware == [mac: new])
    }

    @Test func `a signed move is kept with the change that it belongs to, and stays when that is undone`()
        async throws
    {
        let image = try ImageName("debian")
        for kernel in ["a", "b"] {
            let (manifest, digest) = try manifest("debian", kernel: kernel)
            _ = try await store.addVersion(manifest, digest: digest, signatures: [], by: "ann")
        }
        let (_, digest) = try manifest("debian", kernel: "b")
        let move = ChannelMove(channel: .stable, digest: digest, counter: 7, key: "k", signature: "s")
        try await change(.channel(image, .stable, 2), .move(image, move))
        let again = try await SQLiteStore(path: path).snapshot()
        #expect(again.images[image]?.moves == [.stable: move])
        #expect(again.images[image]?.channels == [.stable: 2])
        let inverse = try await store.inverse(of: again.revision)
        #expect(inverse == [.channel(image, .stable, 1)])
        try await change(inverse[0])
        #expect(try await store.snapshot().images[image]?.moves == [.stable: move])
    }

    @Test func `a log-in is remembered with its administrator`() async throws {
        for name in ["ann", "bob"] {
            try await store.save(
                Administrator(name: name, grants: [Grant(.admin)]), passwordHash: nil, by: "ann")
        }
        try await store.addSession(
            LoginSession(administrator: "bob", csrfToken: "c", createdAt: 70, seenAt: 70), hash: "h")
        #expect(try await store.lastLogIns() == ["bob": 70])
    }
}

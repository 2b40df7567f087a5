import Fleet
import Foundation
import GRDB
import Synchronization
import Testing
import Wire

@testable import StoreSQLite

/// A store that implements ``FleetStore``: a second one gets a case here, and passes the same tests.
enum StoreMaker: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case sqlite

    var testDescription: String { rawValue }

    func open(_ path: String, now: @escaping @Sendable () -> Int = { 1_000 }) throws -> any FleetStore {
        switch self {
        case .sqlite: try SQLiteStore(path: path, now: now)
        }
    }
}

/// What every store does, whatever its backend.
@Suite struct StoreContractTests {
    let directory: StoreDirectory
    var path: String { directory.path }

    init() throws { directory = try StoreDirectory() }

    func manifest(_ image: String, kernel: String) throws -> (ImageManifest, Fleet.Digest) {
        let manifest = ImageManifest(
            image: try ImageName(image), architecture: "amd64", kernelRelease: kernel, system: "Debian",
            files: [], packages: [], origin: "test")
        guard let digest = Fleet.Digest(String(repeating: kernel, count: 64)) else {
            preconditionFailure("64 digits are a digest")
        }
        return (manifest, digest)
    }

    /// Makes edits as the control center does: checked against the present state, then stored.
    func change(_ store: any FleetStore, _ edits: FleetEdit..., by who: String = "ann") async throws {
        let snapshot = try await store.snapshot()
        let number = try await store.apply(
            snapshot.checking(edits), by: who, what: edits[0].summary(in: snapshot))
        _ = try #require(number)
    }

    func node(_ name: String, _ mac: UInt64, group: GroupPath = .site) throws -> Node {
        Node(name: try NodeName(name), group: group, macAddresses: [MACAddress(rawValue: mac)])
    }

    @Test(arguments: StoreMaker.allCases)
    func `what is saved is there after reopening the file, and every change is a revision`(
        maker: StoreMaker
    )
        async throws
    {
        let store = try maker.open(path)
        let school = try GroupPath("/school")
        try await change(store, .group(school, NodeGroup(path: school, settings: ["loader": .text("ipxe")])))
        var pc = try node("pc-1", 1, group: school)
        pc.settings = ["files": .map(["/etc/motd": "hi"]), "nbd-connections": .integer(4)]
        try await change(store, .node(pc.name, pc))
        try await change(store, .node(pc.name, pc))
        let snapshot = try await maker.open(path).snapshot()
        #expect(snapshot.node(at: MACAddress(rawValue: 1)) == pc)
        #expect(snapshot.groups[school]?.settings == ["loader": .text("ipxe")])
        let revisions = try await store.revisions(RevisionFilter(limit: 10))
        #expect(revisions.map(\.what) == ["node pc-1 added to /school", "group /school added"])
        #expect(revisions.allSatisfy { $0.who == "ann" && $0.at == 1_000 })
    }

    @Test(arguments: StoreMaker.allCases) func `two nodes never have the same hardware address`(
        maker: StoreMaker
    ) async throws {
        let store = try maker.open(path)
        let (one, two) = (try node("pc-1", 1), try node("pc-2", 1))
        try await change(store, .node(one.name, one))
        await #expect(throws: StoreError.self) { try await change(store, .node(two.name, two)) }
        #expect(try await store.snapshot().nodes.count == 1)
    }

    @Test(arguments: StoreMaker.allCases) func `a node needs its group, and a group with nodes stays`(
        maker: StoreMaker
    ) async throws {
        let store = try maker.open(path)
        let room = try GroupPath("/school/room-1")
        let (school, pc) = (try GroupPath("/school"), try node("pc-1", 1, group: room))
        await #expect(throws: StoreError.self) { try await change(store, .node(pc.name, pc)) }
        await #expect(throws: StoreError.self) {
            try await change(store, .group(room, NodeGroup(path: room)))
        }
        try await change(
            store, .group(school, NodeGroup(path: school)), .group(room, NodeGroup(path: room)),
            .node(pc.name, pc))
        await #expect(throws: StoreError.self) { try await change(store, .group(room, nil)) }
        await #expect(throws: StoreError.self) { try await change(store, .group(school, nil)) }
        try await change(store, .node(pc.name, nil), .group(room, nil))
        #expect(try await store.snapshot().groups.keys.map(\.description) == ["/school"])
    }

    @Test(arguments: StoreMaker.allCases)
    func `version numbers count up, equal content is the same version, and no number is reused`(
        maker: StoreMaker
    )
        async throws
    {
        let store = try maker.open(path)
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

    @Test(arguments: StoreMaker.allCases)
    func `promote moves a channel, rollback moves it back, and its version cannot be removed`(
        maker: StoreMaker
    )
        async throws
    {
        let store = try maker.open(path)
        let (first, a) = try manifest("debian", kernel: "a")
        let (second, b) = try manifest("debian", kernel: "b")
        let one = try await store.addVersion(first, digest: a, signatures: [], by: "ann")
        let two = try await store.addVersion(second, digest: b, signatures: [], by: "ann")
        let fresh = try await store.snapshot()
        #expect(throws: StoreError.self) { try fresh.rollingBack(.stable, of: first.image) }
        try await change(store, .channel(first.image, .stable, two.number))
        await #expect(throws: StoreError.self) { try await store.remove(two, by: "ann") }
        try await change(store, store.snapshot().rollingBack(.stable, of: first.image))
        #expect(try await store.snapshot().images[first.image]?.channels == [.stable: 1])
        #expect(try await store.snapshot().images[first.image]?.formers == [.stable: 2])
        #expect(try await store.snapshot().version(ImageReference(image: first.image)) == one)
    }

    @Test(arguments: StoreMaker.allCases)
    func `settings of images go with their versions, and the past has them`(maker: StoreMaker) async throws {
        let clock = Mutex(1)
        let store = try maker.open(path) { clock.withLock { $0 } }
        let (first, a) = try manifest("debian", kernel: "a")
        let (second, b) = try manifest("debian", kernel: "b")
        for (manifest, digest) in [(first, a), (second, b)] {
            _ = try await store.addVersion(manifest, digest: digest, signatures: [], by: "ann")
        }
        let image = ImageSettings(first.image, ["locale": .text("pt_PT.UTF-8")])
        let version = ImageSettings(first.image, version: 2, ["time-zone": .text("Europe/Lisbon")])
        try await change(store, .imageSettings(image.key, image))
        try await change(store, .imageSettings(version.key, version))
        let before = try await store.snapshot()
        #expect(before.images[first.image]?.allSettings == [image, version])
        clock.withLock { $0 = 10 }
        try await store.remove(#require(before.version(b)), by: "ann")
        #expect(try await store.snapshot().images[first.image]?.allSettings == [image])
        #expect(try await store.snapshot().images[first.image]?.settingsOfVersions.isEmpty == true)
        let past = try await store.snapshot(at: 5)
        #expect(past.images[first.image]?.allSettings == [image, version])
    }

    @Test(arguments: StoreMaker.allCases) func `boots come back newest first, their stages in order`(
        maker: StoreMaker
    ) async throws {
        let store = try maker.open(path)
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
        // A late report does not bring its boot to the front.
        try await store.append([event("a", .failed, 40)])
        #expect(try await store.lastBoots().map(\.boot) == ["b"])
    }

    @Test(arguments: StoreMaker.allCases)
    func `every machine has its last boot, however many boots others have had since`(maker: StoreMaker)
        async throws
    {
        let store = try maker.open(path)
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
        // Hidden machines take no place among those that are asked for.
        let hidden: Set = [MACAddress(rawValue: 1_500), MACAddress(rawValue: 1_498)]
        let others = try await store.boots(of: nil, hiding: hidden, limit: 2)
        #expect(others.map(\.boot) == ["boot1499", "boot1497"])
        #expect(try await store.boots(of: MACAddress(rawValue: 1_500), hiding: hidden, limit: 2).isEmpty)
    }

    @Test(arguments: StoreMaker.allCases)
    func `a store knows which SSH host keys former nodes had, also when it is opened again`(maker: StoreMaker)
        async throws
    {
        let store = try maker.open(path)
        let (one, two) = (try node("pc-1", 1, group: .site), try node("pc-2", 2, group: .site))
        try await change(store, .node(one.name, one), .node(two.name, two))
        #expect(try await store.snapshot().contents.formerHostKeys.isEmpty)
        try await change(store, .node(one.name, nil))
        #expect(try await store.snapshot().contents.formerHostKeys == [one.name])
        // It is made anew, with another key, and that goes with it.
        try await change(store, .node(one.name, one))
        let origin = try #require(try await store.snapshot().contents.hostKeyNames[one.name]?.origin)
        #expect(origin.text == "pc-1-2")
        let change = try await store.snapshot().checking([.node(one.name, nil)])
        _ = try await store.apply(change, by: "ann", what: "")
        let again = try await maker.open(path).snapshot().contents
        #expect(again.formerHostKeys == [one.name, origin])
        #expect(change.after.contents.formerHostKeys == again.formerHostKeys)
        // Undo brings it back as it was.
        let undo = try await store.inverse(of: 4)
        _ = try await store.apply(try await store.snapshot().checking(undo), by: "ann", what: "")
        #expect(try await store.snapshot().hostKeyName(of: one.name) == origin)
    }

    @Test(arguments: StoreMaker.allCases)
    func `undo restores what a change replaced, unless it was changed since`(maker: StoreMaker)
        async throws
    {
        let store = try maker.open(path)
        let school = try GroupPath("/school")
        try await change(store, .group(school, NodeGroup(path: school)))
        var pc = try node("pc-1", 1, group: school)
        try await change(store, .node(pc.name, pc))
        let first = pc
        pc.tags = ["new"]
        try await change(store, .node(pc.name, pc))
        let undo = try await store.inverse(of: 3)
        #expect(undo == [.node(pc.name, first)])
        await #expect(throws: StoreError.self) { try await store.inverse(of: 2) }
        await #expect(throws: StoreError.self) { try await store.inverse(of: 99) }
        #expect(try await store.inverse(of: 1) == [.group(school, nil)])
        #expect(try await store.revision(3).edits.map(\.kind) == ["node"])
    }

    @Test(arguments: StoreMaker.allCases)
    func `a change is refused when the store has moved on since it was read`(maker: StoreMaker) async throws {
        let store = try maker.open(path)
        let stale = try await store.snapshot()
        let (one, two) = (try node("pc-1", 1), try node("pc-2", 2))
        try await change(store, .node(one.name, one))
        #expect(try await store.apply(stale.checking([.node(two.name, two)]), by: "ann", what: "") == nil)
        #expect(try await store.snapshot().nodes.count == 1)
    }

    @Test(arguments: StoreMaker.allCases) func `the configuration at any second in the past is available`(
        maker: StoreMaker
    ) async throws {
        let clock = Mutex(1_000)
        let store = try maker.open(path + ".past", now: { clock.withLock { $0 } })
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

    @Test(arguments: StoreMaker.allCases)
    func `a report from the initramfs removes nothing that the running system reported`(maker: StoreMaker)
        async throws
    {
        let store = try maker.open(path)
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

    @Test(arguments: StoreMaker.allCases) func `hardware is stored when it differs, and its history is kept`(
        maker: StoreMaker
    ) async throws {
        let store = try maker.open(path)
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
        #expect(try await store.snapshot().observations.hardware == [mac: SharedHardware(new)])
    }

    @Test(arguments: StoreMaker.allCases)
    func `a signed move is stored with its change, and stays when that is undone`(
        maker: StoreMaker
    )
        async throws
    {
        let store = try maker.open(path)
        let image = try ImageName("debian")
        for kernel in ["a", "b"] {
            let (manifest, digest) = try manifest("debian", kernel: kernel)
            _ = try await store.addVersion(manifest, digest: digest, signatures: [], by: "ann")
        }
        let (_, digest) = try manifest("debian", kernel: "b")
        let move = ChannelMove(channel: .stable, digest: digest, counter: 7, key: "k", signature: "s")
        try await change(store, .channel(image, .stable, 2), .move(image, move))
        let again = try await maker.open(path).snapshot()
        #expect(again.images[image]?.moves == [.stable: move])
        #expect(again.images[image]?.channels == [.stable: 2])
        let inverse = try await store.inverse(of: again.revision)
        #expect(inverse == [.channel(image, .stable, 1)])
        try await change(store, inverse[0])
        #expect(try await store.snapshot().images[image]?.moves == [.stable: move])
    }

    @Test(arguments: StoreMaker.allCases) func `a log-in is recorded with its administrator`(
        maker: StoreMaker
    ) async throws {
        let store = try maker.open(path)
        for name in ["ann", "bob"] {
            try await store.save(
                Administrator(name: name, grants: [Grant(.admin)]), passwordHash: nil, by: "ann")
        }
        try await store.addSession(
            LoginSession(administrator: "bob", csrfToken: "c", createdAt: 70, seenAt: 70), hash: "h")
        #expect(try await store.lastLogIns() == ["bob": 70])
    }
}

import API
import Fleet
import Foundation
import StoreSQLite
import Testing
import Wire

@testable import Center

/// A node boots for the first time and gets its volume: not a change by a person.
@Suite struct KeptVolumeTests {
    private let directory: TemporaryDirectory
    private let services: CenterServices
    private let card = MACAddress(rawValue: 0x5254_0000_0001)
    private let address: IPv4Address
    private let name: NodeName

    private var fleet: LiveFleet { services.fleet }

    init() async throws {
        directory = try TemporaryDirectory()
        services = try await CenterServices.alone(in: directory)
        address = try #require(IPv4Address("10.77.0.5"))
        name = try NodeName("pc-1")
        let image = try ImageName("debian")
        let manifest = ImageManifest(
            image: image, architecture: "amd64", kernelRelease: "6.1", system: "Debian", files: [],
            packages: [], origin: "test")
        let digest = try #require(Digest(String(repeating: "a", count: 64)))
        _ = try await services.fleet.publish(manifest, digest: digest, by: "ann")
        let node = Node(
            name: name, macAddresses: [card],
            settings: ["root-mode": .text("persistent"), "volume-size": .text("64M")])
        try await services.fleet.change(by: "ann") { _ in [.node(node.name, node)] }
    }

    private func resize(_ size: String, planned: Int? = nil) async throws {
        try await fleet.change(by: "ann", planned: planned) { [name] snapshot in
            guard var node = snapshot.nodes[name] else { return [] }
            node.settings["volume-size"] = .text(size)
            return [.node(name, node)]
        }
    }

    @Test func `its volume makes no revision and outdates no open plan`() async throws {
        let planned = fleet.snapshot
        let history = try await fleet.store.revisions(RevisionFilter(limit: 99)).map(\.number)
        let events = fleet.events.listen()
        await services.volumes.prepare(card, at: address)
        #expect(fleet.snapshot.volume(of: name)?.byteCount == 64 << 20)
        #expect(fleet.snapshot.configuration === planned.configuration)
        #expect(try await fleet.store.revisions(RevisionFilter(limit: 99)).map(\.number) == history)
        var (heard, iterator) = ([ServerEvent.Kind](), events.makeAsyncIterator())
        while heard.isEmpty { if let event = await iterator.next()?.event { heard.append(event.kind) } }
        #expect(heard == [.volume])
        // A plan for this very node that was made before.
        try await resize("128M", planned: planned.revision)
        #expect(fleet.snapshot.contents.volumes[name]?.byteCount == 64 << 20)
        await services.volumes.prepare(card, at: address)
        #expect(fleet.snapshot.volume(of: name)?.byteCount == 128 << 20)
        // It is there after the next start, and after everything is read again.
        try await fleet.reload()
        #expect(fleet.snapshot.volumes.mapValues(\.byteCount) == [name: 128 << 20])
        #expect(try await fleet.store.snapshot().volumes == fleet.snapshot.volumes)
    }

    @Test func `a person's change to it is a revision by that person`() async throws {
        await services.volumes.prepare(card, at: address)
        try await services.volumes.reset(name, keepingSnapshots: false, by: "bob")
        #expect(fleet.snapshot.volume(of: name)?.generation == 2)
        try await services.volumes.remove(name, by: "bob")
        #expect(fleet.snapshot.volume(of: name) == nil)
        let revisions = try await fleet.store.revisions(RevisionFilter(kind: Volume.kind, key: name.text))
        #expect(revisions.map(\.who) == ["bob", "bob"])
        #expect(revisions.map(\.what) == ["volume of pc-1 removed", "volume of pc-1 reset to debian@1"])
    }

    @Test func `a volume made during a change to the configuration is not lost`() async throws {
        let fleet = fleet
        let volumes = services.volumes
        let (card, address) = (card, address)
        let group = try GroupPath("/school")
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await volumes.prepare(card, at: address) }
            for number in 1...3 {
                tasks.addTask {
                    let path = try GroupPath("\(group)-\(number)")
                    try await fleet.change(by: "ann") { _ in [.group(path, NodeGroup(path: path))] }
                }
            }
            try await tasks.waitForAll()
        }
        #expect(fleet.snapshot.volume(of: name) != nil && fleet.snapshot.groups.count >= 3)
        #expect(try await fleet.store.snapshot().volumes == fleet.snapshot.volumes)
    }
}

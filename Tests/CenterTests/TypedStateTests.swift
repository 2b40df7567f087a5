import API
import Fleet
import Foundation
import Synchronization
import Testing
import Wire

@testable import Center

/// States decide by their type: texts for people are made last, and nothing is decided by them.
@Suite struct TypedStateTests {
    private let directory: TemporaryDirectory
    private let name: NodeName
    private let card: MACAddress

    init() throws {
        directory = try TemporaryDirectory()
        name = try NodeName("pc-1")
        card = try #require(MACAddress("52:54:00:00:00:01"))
    }

    /// Which trees were kept when the others were deleted.
    private final class Kept: Sendable {
        let paths = Mutex([String]())
    }

    private struct CountedFiles: VolumeFiles {
        let kept: Kept

        func make(_ volume: Volume) throws {}
        func export(_ volumes: [Volume]) throws {}
        func grow(_ volume: Volume) throws {}
        func removeOthers(than volume: Volume) throws { kept.paths.withLock { $0.append(volume.path) } }
        func remove(_ volume: Volume) throws {}
        func usedByteCount(of volume: Volume) -> Int? { nil }
        func snapshots(of place: NodeName) throws -> [SnapshotAnswer] { [] }
        func takeSnapshot(of volume: Volume, _ name: String) throws {}
        func restore(_ snapshot: String, as volume: Volume) throws -> Volume { volume }
        func removeSnapshot(of place: NodeName, _ name: String) throws {}
    }

    @Test func `earlier trees are deleted when the node has mounted this one, whatever its text says`()
        async throws
    {
        let services = try await CenterServices.alone(in: directory)
        let kept = Kept()
        let volumes = Volumes(
            fleet: services.fleet, files: CountedFiles(kept: kept), openFiles: QuietPlanes(), logger: .silent)
        let (name, card) = (name, card)
        let digest = try #require(Digest(String(repeating: "a", count: 64)))
        let image = try ImageName("debian")
        try await services.fleet.change(by: "test") { _ in
            [.node(name, Node(name: name, macAddresses: [card]))]
        }
        let tree = Volume(
            node: name, kind: .tree, image: image, version: 1, digest: digest, byteCount: 0, createdAt: 1,
            generation: 3)
        try await services.fleet.keep(tree, what: "made")
        func note(_ mounted: TreeReference?, _ detail: String) async {
            await volumes.note([
                BootEvent(
                    boot: "0000000000000001", macAddress: card, stage: .root, at: 1, detail: detail,
                    tree: mounted)
            ])
        }
        await note(nil, "nfs 10.77.0.1:/srv/trees/pc-1/3, its own copy")
        await note(TreeReference(node: name, generation: 2), "nfs 10.77.0.1:/srv/trees/pc-1/3, its own copy")
        await note(TreeReference(node: try NodeName("pc-2"), generation: 3), "")
        #expect(kept.paths.withLock { $0 }.isEmpty)
        await note(TreeReference(node: name, generation: 3), "")
        #expect(kept.paths.withLock { $0 } == ["pc-1/3"])
    }

    @Test func `each tile of the dashboard lists the nodes that it counts`() async throws {
        var planes = QuietPlanes()
        // Number 5 is the only one of them that asks for orders, and it no longer does.
        planes.heardOf = { HeardMachines([:], now: 1_000_000, since: 0) }
        let services = try await CenterServices.alone(in: directory, planes: planes)
        let acts = Acts(services: services, caller: .local)
        let stages: [(BootStage?, age: Int, detail: String)] = [
            (nil, 0, ""), (.kernel, 0, ""), (.kernel, MachineState.stuckAfter + 60_000, ""),
            (.failed, 0, "it was at kernel"), (.ready, 0, ""), (.ready, 0, ""), (.off, 0, ""),
        ]
        var events: [BootEvent] = []
        for (number, (stage, age, detail)) in stages.enumerated() {
            let (name, card) = (try NodeName("pc-\(number)"), MACAddress(rawValue: UInt64(number + 1)))
            try await services.fleet.change(by: "test") { _ in
                [.node(name, Node(name: name, macAddresses: [card]))]
            }
            guard let stage else { continue }
            events.append(
                BootEvent(
                    boot: "000000000000000\(number)", macAddress: card, stage: stage,
                    at: Clock.millisecond - age, detail: detail))
        }
        try await services.fleet.note(events)
        services.fleet.note([
            AttendedBoot(boot: "0000000000000005", macAddress: MACAddress(rawValue: 6), at: 1)
        ])
        let overview = try await acts.overview()
        let figures = overview.figures
        let view = DashboardView(
            overview, warnings: [], of: try await acts.server(), Words(.english, phrases: ""))
        for (state, tile) in zip(MachineState.allCases, view.tiles) {
            #expect(tile.kind == state.rawValue && tile.link == "/nodes?q=state%3D\(state.rawValue)")
            let found = try await acts.names("state=\(state.rawValue)")
            #expect(found.count == 1 && figures.states[state] == 1, "\(state)")
        }
        // All nodes are counted by what they boot.
        let count = overview.rooms.values.reduce(0) { $0 + $1.count }
        #expect(count > 0 && overview.counts.next.reduce(0) { $0 + $1.count } == count)
        // What people typed before holds still.
        #expect(try await acts.names("state~failed").map(\.text) == ["pc-3"])
        #expect(try await acts.names("state=\"at kernel\"").map(\.text) == ["pc-1", "pc-2"])
    }

    @Test(arguments: [
        ("/", SettingsTarget.group("/")), ("/school", .group("/school")), ("rule:small", .rule("small")),
        ("image:debian", .image("debian")), ("image:debian@3", .image("debian@3")),
        ("pc-1", .node("pc-1")), ("rule", .node("rule")), ("rule:", .rule("")), ("", .node("")),
        ("52:54:00:00:00:01", .node("52:54:00:00:00:01")),
    ])
    func `where settings are changed is read from its text, and written alike`(
        text: String, target: SettingsTarget
    ) {
        #expect(SettingsTarget(text) == target && target.description == text)
    }

    @Test func `the default name of an unknown machine tells its card, and no other name does`() throws {
        #expect(NodeName(unknown: card).unknownMachine == card)
        #expect(try NodeName("n525400000001").unknownMachine == card)
        for text in ["pc-1", "525400000001", "x525400000001", "n52540000000", "n"] {
            #expect(try NodeName(text).unknownMachine == nil, "\(text)")
        }
    }

    @Test func `a secret's field that comes back as it was shown changes nothing`() throws {
        let form = try #require(Form("value.root-password-hash=%28set%29&has.root-password-hash=1"))
        let own: [String: SettingValue] = ["root-password-hash": .text("$6$x")]
        let change = try SettingFields.change(form, target: "/", own: own)
        #expect(change.set.isEmpty && change.unset.isEmpty)
        #expect(
            RecordSettings.isHidden("(set)") && !RecordSettings.isHidden("")
                && !RecordSettings.isHidden("$6$x"))
        let hash = try #require(SettingDefinition.named("root-password-hash"))
        #expect(hash.redacted(.text("$6$x")) == RecordSettings.hidden)
        #expect(hash.redacted(hash.defaultValue) == hash.defaultValue)
        let loader = try #require(SettingDefinition.named("loader"))
        #expect(loader.redacted(.text("ipxe")) == .text("ipxe"))
    }
}

import Fleet
import Foundation
import Linux
import Sealing
import Testing
import Wire

@testable import Services

/// What nodes have on the server, as the data planes know it: roots over NFS, and the keys of volumes.
@Suite struct NodeDiskTests {
    private struct Mounted: CustomTestStringConvertible {
        var stage: BootStage
        var (age, asked, serverAge): (Int, Int?, Int)
        var isMounted: Bool
        var testDescription: String { "\(stage) \(age), asked \(asked ?? -1), server \(serverAge)" }

        init(_ stage: BootStage, _ age: Int, asked: Int?, server: Int = 1_000_000, _ isMounted: Bool) {
            (self.stage, self.age, self.asked, serverAge) = (stage, age, asked, server)
            self.isMounted = isMounted
        }
    }

    private static let mounted = [
        Mounted(.ready, 900_000, asked: 29_999, true), Mounted(.ready, 900_000, asked: 30_000, false),
        Mounted(.ready, 29_999, asked: nil, true), Mounted(.ready, 30_000, asked: nil, false),
        Mounted(.off, 30_000, asked: nil, false), Mounted(.off, 29_999, asked: 90_000, true),
        Mounted(.root, 299_999, asked: nil, true), Mounted(.root, 300_000, asked: nil, false),
        Mounted(.ready, 900_000, asked: nil, server: 29_999, true),
        Mounted(.ready, 900_000, asked: nil, server: 30_000, false),
    ]

    @Test(arguments: mounted.indices)
    func `a root over NFS is in use while its node boots or asks for orders`(index: Int) {
        let one = Self.mounted[index]
        #expect(
            NFSRoots.mayRead(
                after: one.stage, age: one.age, asked: one.asked, serverAge: one.serverAge) == one.isMounted,
            "\(one.testDescription)")
    }

    // MARK: In the data planes

    private static let directories = NFSDirectories(images: "/i", trees: "/t")
    private let version: Fleet.Digest
    private let secrets = NodeSecrets()

    init() throws {
        let digest = Fleet.Digest(String(repeating: "a", count: 64))
        version = try #require(digest)
    }

    private func context(volumes: String = "", nfs: NFSDirectories? = directories) throws -> BootContext {
        let policy = BootPolicy(server: .loopback, loaders: [], nodeArchives: [:], nfs: nfs)
        return try BootContext(
            loop: try EventLoop(),
            settings: BootContext.Settings(
                policy: policy, imageStore: "", volumeDirectory: volumes, nodeArchiveDirectory: "",
                loaders: [:], key: ServerKey(), secrets: secrets),
            snapshot: FleetSnapshot(revision: 1, contents: FleetSnapshot.Contents()), tracker: BootTracker(),
            send: { _ in })
    }

    private func node(_ number: UInt64, _ settings: [String: SettingValue]) throws -> Node {
        Node(
            name: try NodeName("pc-\(number)"), macAddresses: [MACAddress(rawValue: number)],
            settings: settings)
    }

    @Test func `nodes of root mode nfs count for their version, or for their own tree`() throws {
        let nodes = [
            try node(1, ["root-mode": .text("nfs")]), try node(2, ["root-mode": .text("nfs")]),
            try node(3, ["root-mode": .text("nfs"), "nfs-root": .text("own")]), try node(4, [:]),
        ]
        for nfs in [Self.directories, nil] {
            let context = try context(nfs: nfs)
            context.swap(FleetSnapshot(revision: 2, nodes: nodes, groups: [], images: []))
            for number in 1...5 {
                _ = context.openBoot(of: MACAddress(rawValue: UInt64(number)), version)
            }
            let roots = context.nfsRoots()
            #expect(roots.versions == (nfs == nil ? [:] : [version: 2]))
            #expect(roots.trees == (nfs == nil ? [:] : [nodes[2].name: 1]))
        }
    }

    @Test func `the key of a volume is there for an encrypted one only, and never a wrong one`() throws {
        let directory = NSTemporaryDirectory() + "roost-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try FileManager.default.createDirectory(
            atPath: "\(directory)/pc-1", withIntermediateDirectories: true)
        let context = try context(volumes: directory)
        let machine = MACAddress(rawValue: 1)
        let persistent: [String: SettingValue] = ["root-mode": .text("persistent")]
        func fleet(_ isEncrypted: Bool, _ settings: [String: SettingValue]) throws -> FleetSnapshot {
            var contents = FleetSnapshot.Contents()
            let node = try node(1, settings)
            contents.nodes[node.name] = node
            contents.volumes[node.name] = Volume(
                node: node.name, image: try ImageName("debian"), version: 1, digest: version,
                byteCount: 1 << 30, createdAt: 0, generation: 4, isEncrypted: isEncrypted)
            return FleetSnapshot(revision: 2, contents: contents)
        }
        let key = VolumeKey()
        let path = URL(fileURLWithPath: "\(directory)/pc-1/4.key")
        try Data(secrets.seal(key)).write(to: path)
        context.swap(try fleet(true, persistent))
        #expect(try context.volumeKey(of: machine) == key.bytes)
        #expect(try context.volumeKey(of: MACAddress(rawValue: 2)) == nil)
        context.swap(try fleet(false, persistent))
        #expect(try context.volumeKey(of: machine) == nil)
        // It has no volume by its settings now.
        context.swap(try fleet(true, [:]))
        #expect(try context.volumeKey(of: machine) == nil)
        context.swap(try fleet(true, persistent))
        try Data(NodeSecrets().seal(key)).write(to: path)
        #expect(throws: SystemError.self) { try context.volumeKey(of: machine) }
        try FileManager.default.removeItem(at: path)
        #expect(throws: SystemError.self) { try context.volumeKey(of: machine) }
    }
}

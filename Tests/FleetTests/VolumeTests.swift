import Foundation
import Testing
import Wire

@testable import Fleet

@Suite struct VolumePlanTests {
    private func snapshot(
        _ settings: [String: SettingValue], volume: (version: Int, character: Character)?, stable: Int = 2
    ) throws -> FleetSnapshot {
        var contents = FleetSnapshot.Contents()
        let image = try ImageName("debian")
        contents.images[image] = ImageCatalogue(
            name: image,
            versions: [try Sample.version("debian", 1, "a"), try Sample.version("debian", 2, "b")],
            channels: [.stable: stable])
        let node = Node(name: try NodeName("pc-1"), macAddresses: [Sample.mac], settings: settings)
        contents.nodes[node.name] = node
        contents.volumes[node.name] = volume.map { volume in
            Volume(
                node: node.name, image: image, version: volume.version,
                digest: Sample.digest(volume.character), byteCount: 1 << 30, createdAt: 0, generation: 1)
        }
        return FleetSnapshot(revision: 1, contents: contents)
    }

    private func plan(_ snapshot: FleetSnapshot) -> BootPlan {
        let identity = BootIdentity(macAddress: Sample.mac, boot: "0123456789abcdef")
        return bootPlan(for: identity, in: snapshot, under: Sample.policy())
    }

    private func version(_ plan: BootPlan) -> Int? {
        if case .image(let version, _) = plan.target { version.number } else { nil }
    }

    private let persistent: [String: SettingValue] = [
        "root-mode": .text("persistent"), "volume-size": .text("1G"),
    ]

    @Test func `a node without its volume waits until it is created or grown`() throws {
        let missing = plan(try snapshot(persistent, volume: nil))
        #expect(missing.wantsVolume && version(missing) == nil)
        #expect(
            BootScript.ipxe(missing, memory: MachineMemory(mebibytes: 512)).text.contains(
                "its volume is being created"))
        var larger = persistent
        larger["volume-size"] = .text("2G")
        #expect(plan(try snapshot(larger, volume: (2, "b"))).wantsVolume)
        let there = plan(try snapshot(persistent, volume: (2, "b")))
        #expect(!there.wantsVolume && version(there) == 2)
        #expect(there.commandLine.contains("roost.volume=volume/pc-1/0123456789abcdef"))
    }

    @Test(arguments: [("pin", 1, false), ("follow", 2, false), ("reset", nil, true)])
    func `its policy decides what happens when the version changes`(
        policy: String, expected: Int?, wantsVolume: Bool
    ) throws {
        let settings = persistent.merging(["volume-policy": .text(policy)]) { $1 }
        let plan = plan(try snapshot(settings, volume: (1, "a")))
        #expect(version(plan) == expected && plan.wantsVolume == wantsVolume)
    }

    @Test func `a version under a volume stays, and if it is missing the node says what to do`() throws {
        let snapshot = try snapshot(persistent, volume: (1, "a"))
        let image = try #require(snapshot.images[try ImageName("debian")])
        let retention = ImageRetention(of: image, in: snapshot, keep: 0, open: [:])
        #expect(retention.holds[1] == .volume(of: try NodeName("pc-1")) && retention.removable.isEmpty)
        let lost = plan(try self.snapshot(persistent, volume: (9, "9")))
        #expect(
            BootScript.ipxe(lost, memory: MachineMemory(mebibytes: 512)).text.contains(
                "debian@9, was removed (roost volume reset pc-1)"))
    }

    @Test func `an image for an architecture without node programs on the server says so`() throws {
        var contents = try snapshot([:], volume: nil).contents
        let image = try ImageName("debian")
        contents.images[image]?.versions[1].manifest.architecture = "arm64"
        let snapshot = FleetSnapshot(revision: 1, contents: contents)
        let lacking = plan(snapshot)
        #expect(version(lacking) == nil)
        #expect(
            BootScript.ipxe(lacking, memory: MachineMemory(mebibytes: 512)).text.contains(
                "the image is for arm64")
        )
        var policy = Sample.policy()
        policy.nodeArchives["arm64"] = NodeArchive(digest: Sample.digest("e"), byteCount: 2)
        let there = bootPlan(for: BootIdentity(macAddress: Sample.mac), in: snapshot, under: policy)
        guard case .image(_, let archive) = there.target else {
            Issue.record("it does not boot")
            return
        }
        #expect(archive.digest == Sample.digest("e"))
    }

    @Test func `persistent directories need a volume, and do not affect the version`() throws {
        let settings: [String: SettingValue] = [
            "persistent-directories": .list(["/etc/ssh", "/var/lib/docker"]), "volume-size": .text("1G"),
        ]
        let plan = plan(try snapshot(settings, volume: (1, "a")))
        #expect(version(plan) == 2)
        #expect(plan.commandLine.contains("roost.persist=/etc/ssh:/var/lib/docker"))
        #expect(plan.commandLine.contains("roost.root=nbd"))
    }

    // MARK: Trees

    private func treePlan(
        _ settings: [String: SettingValue] = [:], client: String?, kind: Volume.Kind = .tree
    ) throws -> BootPlan {
        let own: [String: SettingValue] = ["root-mode": .text("nfs"), "nfs-root": .text("own")]
        var contents = try snapshot(own.merging(settings) { $1 }, volume: (1, "a")).contents
        let name = try NodeName("pc-1")
        contents.volumes[name]?.kind = kind
        contents.volumes[name]?.client = client.flatMap { IPv4Address($0) }
        var policy = Sample.policy()
        policy.nfs = NFSDirectories(images: "/s/images", trees: "/s/trees")
        let network = try #require(IPv4Network("10.77.0.0/24"))
        let address = ClientAddress(address: try #require(IPv4Address("10.77.0.9")), network: network)
        let identity = BootIdentity(macAddress: Sample.mac, address: address, boot: "0123456789abcdef")
        return bootPlan(for: identity, in: FleetSnapshot(revision: 1, contents: contents), under: policy)
    }

    @Test func `a node with a tree boots the tree's version, from the address that may reach it`() throws {
        let there = try treePlan(client: "10.77.0.9")
        #expect(version(there) == 1 && !there.wantsVolume)
        #expect(there.commandLine.contains("roost.nfs=\(there.policy.server):/s/trees/pc-1/1"))
        #expect(there.commandLine.contains("roost.nfs-root=own"))
        let moved = try treePlan(client: "10.77.0.8")
        #expect(version(moved) == nil && moved.wantsVolume)
        let follows = try treePlan(["volume-policy": .text("follow")], client: "10.77.0.9")
        #expect(version(follows) == 1)
        let reset = try treePlan(["volume-policy": .text("reset")], client: "10.77.0.9")
        #expect(reset.wantsVolume)
    }

    @Test func `the tree that a node names is the one that it was told to mount`() throws {
        let word = try #require(
            try treePlan(client: "10.77.0.9").commandLine.first { $0.hasPrefix("roost.nfs=") })
        let end = word.split(separator: "/").suffix(2).joined(separator: "/")
        let volume = Volume(
            node: try NodeName("pc-1"), kind: .tree, image: try ImageName("debian"), version: 1,
            digest: Sample.digest("a"), byteCount: 0, createdAt: 0, generation: 1)
        #expect(TreeReference(end) == volume.tree && volume.path == end)
        var disk = volume
        disk.kind = .disk
        #expect(disk.tree == nil)
    }

    @Test(arguments: ["", "pc-1", "pc-1/", "/1", "pc-1/x", "pc-1/1/2", "PC 1/1"])
    func `a text that is not NODE/GENERATION names no tree`(text: String) {
        #expect(TreeReference(text) == nil)
    }

    @Test func `data on a node's disk stays when a setting says tree`() throws {
        let plan = try treePlan(client: nil, kind: .disk)
        #expect(version(plan) == nil && !plan.wantsVolume)
        #expect(
            BootScript.ipxe(plan, memory: MachineMemory(mebibytes: 512)).text.contains("roost volume rm pc-1")
        )
    }

    @Test func `a shared root by NFS is the version's own directory, if it is exported`() throws {
        let settings: [String: SettingValue] = ["root-mode": .text("nfs")]
        let plain = plan(try snapshot(settings, volume: nil))
        #expect(
            version(plain) == nil
                && BootScript.ipxe(plain, memory: MachineMemory(mebibytes: 512)).text.contains(
                    "role nfs of this server is off")
        )
        let shared = try treePlan(["nfs-root": .text("shared")], client: nil)
        #expect(version(shared) == 2)
        let digest = Sample.digest("b")
        #expect(shared.commandLine.contains("roost.nfs=\(shared.policy.server):/s/images/debian/\(digest)"))
    }

    @Test func `a record from before trees existed is a disk`() throws {
        let node = try NodeName("pc-1")
        let volume = try #require(try snapshot(persistent, volume: (1, "a")).contents.volumes[node])
        var fields = try #require(
            try JSONSerialization.jsonObject(with: JSONEncoder().encode(volume)) as? [String: Any])
        fields["kind"] = nil
        let data = try JSONSerialization.data(withJSONObject: fields)
        #expect(try JSONDecoder().decode(Volume.self, from: data) == volume)
    }

    @Test(arguments: ["/etc/../shadow", "etc", "/", "/a b", "/a:b", "/a//b"])
    func `only plain absolute paths are persistent directories`(path: String) {
        let value = SettingValue.list([path])
        #expect(Settings.persistentDirectories.definition.problem(value) != nil)
    }

    @Test func `sizes are parsed with their unit`() {
        #expect(Volume.byteCount("512M") == 512 << 20 && Volume.byteCount("8G") == 8 << 30)
        for text in ["8", "0G", "-1G", "17T", "32M", "x", "", "9999999999G"] {
            #expect(Volume.byteCount(text) == nil, "\(text)")
        }
    }

    @Test func `the name of a volume's export is parsed in only one way`() {
        #expect(VolumeExportName("volume/pc-1/00ff")?.node.text == "pc-1")
        for text in ["volume/pc-1", "volume//x", "volume/pc-1/x/y", "debian", "volume/../x"] {
            #expect(VolumeExportName(text) == nil, "\(text)")
        }
    }
}

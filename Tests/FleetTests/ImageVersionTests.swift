import Foundation
import Testing
import Wire

@testable import Fleet

/// Comparing versions, and deciding which can be removed.
@Suite struct ImageVersionTests {
    private func catalogue(_ count: Int, channels: [ChannelName: Int] = [:]) throws -> ImageCatalogue {
        let letters: [Character] = ["a", "b", "c", "d", "e", "f", "0"]
        return ImageCatalogue(
            name: try ImageName("debian"),
            versions: try (1...count).map { try Sample.version("debian", $0, letters[$0 - 1]) },
            channels: channels)
    }

    @Test func `packages and files are compared by name, and equal ones are left out`() throws {
        var (before, after) = (try Sample.version("debian", 1, "a"), try Sample.version("debian", 2, "b"))
        before.manifest.packages = [
            .init(name: "a", version: "1"), .init(name: "b", version: "1"), .init(name: "c", version: "1"),
        ]
        after.manifest.packages = [
            .init(name: "a", version: "1"), .init(name: "b", version: "2"), .init(name: "d", version: "1"),
        ]
        after.manifest.kernelRelease = "6.1.0-2-amd64"
        after.manifest.files[2].sha256 = Sample.digest("9")
        let difference = ImageDifference(from: before, to: after)
        #expect(difference.facts.map(\.name) == ["kernel"])
        #expect(
            difference.packages == [
                .init(name: "b", before: "1", after: "2"), .init(name: "c", before: "1", after: nil),
                .init(name: "d", before: nil, after: "1"),
            ])
        #expect(difference.files.map(\.name) == ["root.squashfs"])
        #expect(ImageDifference(from: before, to: before).files.isEmpty)
    }

    @Test func `a version that something needs is not removed, and the error says what`() throws {
        let gold = try #require(ChannelName("gold"))
        var image = try catalogue(6, channels: [.stable: 1])
        image.tags = [gold: 2]
        let node = Node(
            name: try NodeName("pc"), group: .site, macAddresses: [], settings: ["image": .text("debian@3")])
        var contents = FleetSnapshot(revision: 1, nodes: [node], groups: [], images: [image]).contents
        contents.volumes[node.name] = Volume(
            node: node.name, image: image.name, version: 4, digest: Sample.digest("d"), byteCount: 8 << 30,
            createdAt: 0, generation: 1)
        contents.rollouts[7] = Rollout(
            id: 7, image: image.name, channel: .stable, candidate: 5, former: 1, share: "5%",
            terms: Rollout.Terms(), startedAt: 0, startedBy: "ann", canaries: [node.name])
        let fleet = FleetSnapshot(revision: 1, contents: contents)
        let problems = image.versions.map { version -> String? in
            do {
                try fleet.requireRemovable(version)
                return nil
            } catch {
                return "\(error)"
            }
        }
        #expect(
            problems == [
                "debian@1 is part of roll-out 7", "debian@2 is tagged gold; remove the tag first",
                "the settings of node pc name debian@3; change them first",
                "the volume of pc was made over debian@4; reset or remove it first",
                "debian@5 is part of roll-out 7", nil,
            ])
        contents.rollouts = [:]
        let after = FleetSnapshot(revision: 2, contents: contents)
        let error = #expect(throws: StoreError.self) { try after.requireRemovable(image.versions[0]) }
        #expect(error?.description == "channel stable points to debian@1; promote another version first")
    }

    @Test func `a version used by a channel, a setting or a connection stays, and so do the newest`() throws {
        let image = try catalogue(7, channels: [.stable: 1])
        let group = NodeGroup(
            path: try GroupPath("/x"),
            settings: [
                "image": .text("debian@2"), "rescue-image": .text("debian@5"),
            ])
        let node = Node(
            name: try NodeName("pc"), group: .site, macAddresses: [],
            settings: ["image": .text("debian@\(String(repeating: "c", count: 12))")])
        let snapshot = FleetSnapshot(revision: 1, nodes: [node], groups: [group], images: [image])
        let retention = ImageRetention(of: image, in: snapshot, keep: 1, open: [Sample.digest("d"): 2])
        #expect(
            retention.holds == [
                1: .channel(.stable), 2: .pinned(by: "group /x"), 3: .pinned(by: "node pc"),
                4: .open(connections: 2), 5: .pinned(by: "group /x"), 7: .newest,
            ])
        #expect(retention.removable.map(\.number) == [6])
        #expect(
            image.versions.map { snapshot.pin(of: $0) } == [
                nil, "group /x", "node pc", nil, "group /x", nil, nil,
            ])
    }

    @Test func `a tag and a channel's rollback hold their versions`() throws {
        var image = try catalogue(5, channels: [.stable: 5])
        image.formers = [.stable: 4]
        image.tags = [try #require(ChannelName("exam-2026.1")): 1]
        let snapshot = FleetSnapshot(revision: 1, nodes: [], groups: [], images: [image])
        let retention = ImageRetention(of: image, in: snapshot, keep: 0, open: [:])
        #expect(retention.removable.map(\.number) == [2, 3])
        #expect(
            retention.holds[1]?.description == "tag exam-2026.1" && retention.holds[4] == .former(.stable))
        #expect(image.version(try #require(ImageReference("debian@exam-2026.1")).selector)?.number == 1)
    }

    @Test func `a tag does not move, and no channel takes its name`() throws {
        let debian = try ImageName("debian")
        let snapshot = FleetSnapshot(
            revision: 1, nodes: [], groups: [], images: [try catalogue(2, channels: [.stable: 1])])
        let golden = try #require(ChannelName("golden"))
        let tagged = try snapshot.applying([.tag(debian, golden, 1)], revision: 2)
        #expect(tagged.images[debian]?.tags == [golden: 1])
        #expect(
            try tagged.applying([.tag(debian, golden, 1)], revision: 3).images[debian]?.tags == [golden: 1])
        for edit in [FleetEdit.tag(debian, golden, 2), .channel(debian, golden, 2), .tag(debian, .stable, 2)]
        {
            #expect(throws: StoreError.self) { try tagged.applying([edit], revision: 3) }
        }
        #expect(throws: StoreError.self) { try snapshot.applying([.tag(debian, golden, nil)], revision: 2) }
        #expect(throws: InvalidSetting.self) { try snapshot.applying([.keep(debian, 0)], revision: 2) }
        let gone = try tagged.applying([FleetEdit.tag(debian, golden, 1).inverse(in: snapshot)], revision: 3)
        #expect(gone.images[debian]?.tags == [:])
    }

    @Test func `nodes with too little memory for a version are named, smallest first`() throws {
        var snapshot = try Sample.snapshot(nodeSettings: ["root-mode": .text("ram")])
        var version = try Sample.version("debian", 2, "b")
        version.manifest.files[2].byteCount = 500 << 20
        #expect(ImageFit(snapshot).warning(for: version) == nil)
        let small = try JSONDecoder().decode(
            Hardware.self, from: Data(#"{"memoryMebibytes":512}"#.utf8))
        snapshot = snapshot.observing { $0.note([Sample.mac: small]) }
        let warning = try #require(ImageFit(snapshot).warning(for: version))
        #expect(warning.contains("needs 597 MiB") && warning.contains("pc-1 have less (512 MiB)"))
        version.manifest.files[2].byteCount = 400 << 20
        #expect(ImageFit(snapshot).warning(for: version) == nil)
    }

    @Test func `an untrusted version is never offered`() throws {
        var snapshot = try Sample.snapshot()
        var contents = snapshot.contents
        contents.images[try ImageName("debian")]?.versions[0].isTrusted = false
        snapshot = FleetSnapshot(revision: 1, contents: contents)
        let node = try #require(snapshot.node(at: Sample.mac))
        let choice = chooseVersion(for: node, at: Sample.mac, snapshot.settings(of: node), in: snapshot)
        guard case .failure(let problem) = choice else { return #expect(Bool(false), "it was chosen") }
        #expect(problem.text.english.contains("roost image sign debian@1"))
        // Nor can a channel be moved to it.
        let (image, canary) = (try ImageName("debian"), try #require(ChannelName("canary")))
        let refusal = #expect(throws: StoreError.self) {
            try snapshot.applying([.channel(image, canary, 1)], revision: 2)
        }
        #expect(refusal.map { "\($0)" }?.contains("roost image sign debian@1") == true)
    }

    @Test func `settings for another image pin nothing`() throws {
        let image = try catalogue(3)
        let group = NodeGroup(path: .site, settings: ["image": .text("other@1")])
        let snapshot = FleetSnapshot(revision: 1, nodes: [], groups: [group], images: [image])
        #expect(
            ImageRetention(of: image, in: snapshot, keep: 0, open: [:]).removable.map(\.number) == [1, 2, 3])
        #expect(ImageRetention(of: image, in: snapshot, keep: 5, open: [:]).removable.isEmpty)
    }

    @Test func `a version of the past is put where it was, and an image without versions is none`() throws {
        let image = try ImageName("debian")
        var contents = FleetSnapshot.Contents()
        contents.images[image] = try catalogue(3, channels: [.stable: 3])
        let second = try #require(contents.images[image]?.versions[1])
        contents.restore(nil, numbered: 2, of: image)
        #expect(contents.images[image]?.versions.map(\.number) == [1, 3])
        contents.restore(second, numbered: 2, of: image)
        #expect(contents.images[image] == (try catalogue(3, channels: [.stable: 3])))
        for number in 1...3 { contents.restore(nil, numbered: number, of: image) }
        #expect(contents.images.isEmpty)
        contents.restore(second, numbered: 2, of: image)
        #expect(contents.images[image]?.versions == [second] && contents.images[image]?.channels == [:])
        contents.restore(nil, numbered: 9, of: try ImageName("other"))
        #expect(Array(contents.images.keys) == [image])
    }

    @Test func `a version's key in the history is read as it is written`() throws {
        let version = try Sample.version("debian", 12, "a")
        #expect(version.historyKey == "debian@12")
        let parts = try #require(try ImageVersion.parse(historyKey: version.historyKey))
        #expect(parts.image == version.image && parts.number == 12)
        for key in ["debian", "debian@", "debian@new"] {
            #expect(try ImageVersion.parse(historyKey: key) == nil)
        }
    }
}

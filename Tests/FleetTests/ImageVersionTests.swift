import Testing
import Wire

@testable import Fleet

/// Versions beside each other: what changed, and which may go.
@Suite struct ImageVersionTests {
    private func catalogue(_ count: Int, channels: [ChannelName: Int] = [:]) throws -> ImageCatalogue {
        let letters: [Character] = ["a", "b", "c", "d", "e", "f"]
        return ImageCatalogue(
            name: try ImageName("debian"),
            versions: try (1...count).map { try Sample.version("debian", $0, letters[$0 - 1]) },
            channels: channels)
    }

    @Test func `packages and files are compared by name, and what is the same is left out`() throws {
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

    @Test func `what a channel, a setting or a connection needs stays, and so do the newest`() throws {
        let image = try catalogue(6, channels: [.stable: 1])
        let group = NodeGroup(path: try GroupPath("/x"), settings: ["image": .text("debian@2")])
        let node = Node(
            name: try NodeName("pc"), group: .site, macAddresses: [],
            settings: ["image": .text("debian@\(String(repeating: "c", count: 12))")])
        let snapshot = FleetSnapshot(revision: 1, nodes: [node], groups: [group], images: [image])
        let retention = ImageRetention(of: image, in: snapshot, keep: 1, open: [Sample.digest("d"): 2])
        #expect(
            retention.holds == [
                1: .channel(.stable), 2: .pinned(by: "group /x"), 3: .pinned(by: "node pc"),
                4: .open(connections: 2), 6: .newest,
            ])
        #expect(retention.removable.map(\.number) == [5])
    }

    @Test func `settings of another image pin nothing`() throws {
        let image = try catalogue(3)
        let group = NodeGroup(path: .site, settings: ["image": .text("other@1")])
        let snapshot = FleetSnapshot(revision: 1, nodes: [], groups: [group], images: [image])
        #expect(
            ImageRetention(of: image, in: snapshot, keep: 0, open: [:]).removable.map(\.number) == [1, 2, 3])
        #expect(ImageRetention(of: image, in: snapshot, keep: 5, open: [:]).removable.isEmpty)
    }
}

import Fleet
import Foundation
import Testing
import Wire

/// Volumes that a server keeps for nodes that boot, in every store.
@Suite final class KeptVolumeTests {
    private let path = FileManager.default.temporaryDirectory.appendingPathComponent("roost-\(UUID()).sqlite")
        .path

    deinit { for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) } }

    @Test(arguments: StoreMaker.allCases)
    func `a volume that the server keeps is no revision, and one that a person changes is`(
        maker: StoreMaker
    ) async throws {
        let store = try maker.open(path)
        let digest = try #require(Digest(String(repeating: "a", count: 64)))
        var volume = Volume(
            node: try NodeName("pc-1"), image: try ImageName("debian"), version: 1, digest: digest,
            byteCount: 64 << 20, createdAt: 5, generation: 1)
        try await store.save(volume)
        volume.byteCount = 128 << 20
        try await store.save(volume)
        let kept = try await maker.open(path).snapshot()
        #expect(kept.volume(of: volume.node) == volume && kept.revision == 0)
        #expect(try await store.revisions(RevisionFilter(limit: 9)).isEmpty)
        #expect(try await store.changed([.volume(volume.node, nil)], since: 0) == nil)

        let removal = try kept.checking([.volume(volume.node, nil)])
        let number = try await store.apply(removal, by: "ann", what: "removed")
        #expect(number == 1)
        #expect(try await store.snapshot().volumes.isEmpty)
        #expect(try await store.revision(1).edits.map(\.kind) == ["volume"])
        #expect(try await store.revision(1).edits.first?.before?.isEmpty == false)
    }
}

import Foundation
import Testing
import Wire

@testable import Fleet

/// Versions are facts; what people say about them are records. In any store.
@Suite struct VersionRecordTests {
    private let directory: StoreDirectory
    private var path: String { directory.path }

    init() throws { directory = try StoreDirectory() }

    private static func publish(
        _ kernel: String, in store: any FleetStore, signatures: [ImageSignature] = []
    ) async throws -> ImageVersion {
        let manifest = ImageManifest(
            image: try ImageName("debian"), architecture: "amd64", kernelRelease: kernel, system: "Debian",
            files: [], packages: [], origin: "test")
        let digest = Digest(String(repeating: kernel, count: 64))
        return try await store.addVersion(
            manifest, digest: try #require(digest), signatures: signatures, by: "ann")
    }

    @Test(arguments: StoreMaker.allCases)
    func `what people say about a version is undone, that it came, went or was signed is not`(
        maker: StoreMaker
    ) async throws {
        let store = try maker.open(path)
        let one = try await Self.publish("a", in: store)
        let two = try await Self.publish("b", in: store)
        var facts = [1, try await store.snapshot().revision]
        _ = try await Self.publish("b", in: store, signatures: [ImageSignature(key: "k", signature: "s")])
        facts.append(try await store.snapshot().revision)
        let settings = ImageSettings(two.image, version: 2, ["time-zone": .text("Europe/Lisbon")])
        let tag = try #require(ChannelName("exam"))
        let said: [FleetEdit] = [
            .channel(one.image, .stable, 2), .tag(one.image, tag, 2), .keep(one.image, 4),
            .imageSettings(settings.key, settings),
        ]
        for edit in said {
            let before = try await store.snapshot()
            try await store.make(by: "ann") { _ in [edit] }
            let revision = try await store.snapshot().revision
            let inverse = try await store.inverse(of: revision)
            try await store.make(by: "bob") { _ in inverse }
            let after = try await store.snapshot()
            #expect(after.images[one.image]?.channels == before.images[one.image]?.channels, "\(edit.key)")
            #expect(after.images[one.image]?.tags == [:] && after.images[one.image]?.keep == nil)
            #expect(after.images[one.image]?.allSettings == [])
        }
        try await store.remove(two, by: "ann")
        facts.append(try await store.snapshot().revision)
        for revision in facts {
            let kinds = try await store.revision(revision).edits.map(\.kind)
            #expect(kinds == (revision == facts[2] ? ["signature"] : ["version"]))
            let error = await #expect(throws: StoreError.self) { try await store.inverse(of: revision) }
            #expect(error?.description.hasSuffix("is not part of the configuration") == true, "\(kinds)")
        }
    }
}

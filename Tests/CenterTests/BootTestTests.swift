import Fleet
import Foundation
import StoreSQLite
import Testing
import Wire

@testable import Center

/// Boot tests of a version, before a machine runs.
@Suite struct BootTestTests {
    @Test func `a server that serves only its own host reports that no machine can reach it`() async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
            "roost-boot-test-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: directory) }
        let fleet = try await LiveFleet(
            store: try SQLiteStore(path: directory.appendingPathComponent("roost.sqlite").path),
            trust: ImageTrust(keys: [])
        ) { _ in }
        let tests = BootTests(fleet: fleet, planes: QuietPlanes(server: .loopback))
        let image = try ImageName("debian")
        let version = ImageVersion(
            image: image, number: 1, digest: try #require(Digest(String(repeating: "1", count: 64))),
            publishedAt: 0,
            manifest: ImageManifest(
                image: image, architecture: "amd64", kernelRelease: "6.1", system: "Debian", files: [],
                packages: [],
                origin: "test"))
        let error = await #expect(throws: StoreError.self) { try await tests.begin(version, within: nil) }
        #expect("\(try #require(error))".contains("127.0.0.1"))
    }
}

import Fleet
import Foundation
import Testing
import Wire

@testable import Center

/// Files that nodes have open are not removed.
@Suite struct OpenFilesTests {
    private let directory: TemporaryDirectory
    private let card = MACAddress(rawValue: 0x5254_0000_0001)
    private let digests: [Digest]
    private let name: NodeName

    init() throws {
        directory = try TemporaryDirectory()
        name = try NodeName("pc-1")
        digests = try ["a", "b"].map { try #require(Digest(String(repeating: $0, count: 64))) }
    }

    private func services(_ planes: QuietPlanes) async throws -> CenterServices {
        let services = try await CenterServices.alone(in: directory, planes: planes)
        for digest in digests {
            let manifest = ImageManifest(
                image: try ImageName("debian"), architecture: "amd64", kernelRelease: "6.1", system: "",
                files: [], packages: [], origin: "test")
            _ = try await services.fleet.publish(manifest, digest: digest, by: "ann")
        }
        return services
    }

    private func problem(_ body: () async throws -> Void) async -> String? {
        do { try await body() } catch { return "\(error)" }
        return nil
    }

    @Test func `a version that nodes read over NFS is not removed until they are off`() async throws {
        var services = try await services(QuietPlanes(mounted: [digests[1]: 2]))
        let version = try #require(services.fleet.snapshot.version(digests[1]))
        let shelf = services.shelf
        let refusal = await problem { try await shelf.remove(version, by: "ann") }
        #expect(refusal?.contains("debian@2 is read over NFS (nodes: 2)") == true)
        #expect(services.fleet.snapshot.version(digests[1]) != nil)
        services = try await CenterServices.alone(in: directory)
        try await services.shelf.remove(version, by: "ann")
        #expect(services.fleet.snapshot.version(digests[1]) == nil)
    }

    @Test func `the volume of a running node is not grown, copied or removed`() async throws {
        let services = try await services(QuietPlanes(volumesInUse: [name: 1]))
        let (fleet, volumes) = (services.fleet, services.volumes)
        let node = Node(
            name: name, macAddresses: [card],
            settings: [
                "root-mode": .text("persistent"), "volume-size": .text("64M"), "image": .text("debian"),
            ])
        try await fleet.change(by: "ann") { _ in [.node(node.name, node)] }
        let address = try #require(IPv4Address("10.77.0.5"))
        await volumes.prepare(card, at: address)
        #expect(fleet.snapshot.volume(of: name)?.byteCount == 64 << 20)
        var larger = node
        larger.settings["volume-size"] = .text("128M")
        let wanted = larger
        try await fleet.change(by: "ann") { _ in [.node(wanted.name, wanted)] }
        await volumes.prepare(card, at: address)
        #expect(fleet.snapshot.volume(of: name)?.byteCount == 64 << 20)
        let refusals = [
            await problem { try await volumes.takeSnapshot(of: name, named: "before") },
            await problem { try await volumes.remove(name, by: "ann") },
        ]
        #expect(refusals.allSatisfy { $0?.contains("shut it down first") == true })
        #expect(fleet.snapshot.volume(of: name) != nil)
    }
}

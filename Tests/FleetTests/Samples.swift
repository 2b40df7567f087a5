import Wire

@testable import Fleet

/// Common values for tests.
enum Sample {
    static let mac = MACAddress(rawValue: 0x5254_0012_3456)
    static let server = IPv4Address(rawValue: 0x0A4D_0001)

    static func digest(_ character: Character) -> Digest {
        guard let digest = Digest(String(repeating: character, count: 64)) else {
            preconditionFailure("a digest has 64 digits")
        }
        return digest
    }

    static func version(_ image: String, _ number: Int, _ character: Character) throws -> ImageVersion {
        let name = try ImageName(image)
        let manifest = ImageManifest(
            image: name, architecture: "amd64", kernelRelease: "6.1.0-1-amd64", system: "Debian",
            files: [
                .init(name: "kernel", byteCount: 1, sha256: digest("1")),
                .init(name: "modules.cpio", byteCount: 1, sha256: digest("2")),
                .init(name: "root.squashfs", byteCount: 4_096, sha256: digest("3")),
            ], packages: [], origin: "test")
        return ImageVersion(
            image: name, number: number, digest: digest(character), publishedAt: 0, manifest: manifest)
    }

    static func policy(loaders: Set<String>? = nil) -> BootPolicy {
        BootPolicy(
            server: server,
            loaders: loaders ?? ["undionly.kpxe", "ipxe.efi", "snponly.efi", "shimx64.efi", "grubx64.efi"],
            nodeArchives: ["amd64": NodeArchive(digest: digest("f"), byteCount: 1)])
    }

    /// One image with two versions; a group with iPXE; a node in it.
    static func snapshot(nodeSettings: [String: SettingValue] = [:], site: [String: SettingValue] = [:])
        throws -> FleetSnapshot
    {
        let name = try ImageName("debian")
        let catalogue = ImageCatalogue(
            name: name, versions: [try version("debian", 1, "a"), try version("debian", 2, "b")],
            channels: [.stable: 1])
        let group = try GroupPath("/school")
        let node = Node(name: try NodeName("pc-1"), group: group, macAddresses: [mac], settings: nodeSettings)
        return FleetSnapshot(
            revision: 1, nodes: [node],
            groups: [
                NodeGroup(path: .site, settings: site),
                NodeGroup(path: group, settings: ["loader": .text("ipxe")]),
            ],
            images: [catalogue])
    }
}

import Fleet
import Foundation

/// The container images in a directory, as its own files list them: an OCI layout (OCI Image Layout), the formats of `docker save` before
/// version 25 (*Docker Image Specification v1.2*) and before 1.10, or skopeo's `dir:`.
///
/// The files are untrusted: names are looked up below the directory only, and the digest of every JSON file is checked.
struct ContainerLayout {
    let directory: RootDirectory
    /// Each image once, in the archive's order.
    private(set) var images: [ContainerImage] = []

    /// Limit for a manifest or index. Registries allow no more than 4 MiB (OCI Distribution Specification).
    private static let jsonByteLimit = 4 << 20
    /// Limits for nested indexes, for their entries, and for images in total.
    private static let depthLimit = 8
    private static let descriptorLimit = 10_000
    static let imageLimit = 1_000
    /// As many layers as Docker allows, and a few more. Each reference is unpacked, and a manifest has room for thousands of one layer.
    static let layerLimit = 256
    private var descriptorCount = 0

    /// Whether a directory is one.
    static func isLayout(_ path: String) -> Bool {
        let directory = RootDirectory(path: path)
        guard !directory.holdsSystem() else { return false }
        return ["oci-layout", "index.json", "manifest.json"].contains { directory.contains($0) }
            || hasChains(directory)
    }

    init(_ path: String) throws {
        directory = RootDirectory(path: path)
        if let index: Index = try file("index.json") { try add(index, names: [], depth: 0) }
        if images.isEmpty, directory.contains("manifest.json") { try addDocker() }
        if images.isEmpty, Self.hasChains(directory) { images = try chainedImages() }
    }

    // MARK: OCI

    private struct Descriptor: Decodable {
        struct Platform: Decodable {
            var os: String?
            var architecture: String?
            var variant: String?
        }
        var mediaType: String?
        var digest: String
        var platform: Platform?
        var annotations: [String: String]?
    }

    private struct Index: Decodable { var manifests: [Descriptor]? }

    /// Reads a manifest or an index; its content shows which it is.
    private struct Manifest: Decodable {
        var config: Descriptor?
        var layers: [Descriptor]?
        var manifests: [Descriptor]?
    }

    private struct Configuration: Decodable {
        struct Root: Decodable {
            var diffIDs: [String]?
            enum CodingKeys: String, CodingKey { case diffIDs = "diff_ids" }
        }
        var os: String?
        var architecture: String?
        var variant: String?
        var rootfs: Root?

        var platform: ContainerPlatform? {
            architecture.map { ContainerPlatform(system: os ?? "linux", architecture: $0, variant: variant) }
        }
    }

    private mutating func add(_ index: Index, names: [String], depth: Int) throws {
        guard depth < Self.depthLimit else {
            throw ImageLacks("indexes are nested deeper than \(Self.depthLimit) levels")
        }
        for descriptor in index.manifests ?? [] {
            descriptorCount += 1
            guard descriptorCount <= Self.descriptorLimit else {
                throw ImageLacks("its indexes name too many manifests")
            }
            let given = descriptor.annotations ?? [:]
            let own = given["io.containerd.image.name"] ?? given["org.opencontainers.image.ref.name"]
            // Skips buildx attestations and anything else that is not a runnable image.
            if descriptor.platform?.os == "unknown" || given["vnd.docker.reference.type"] != nil { continue }
            // docker save also names images that were never pulled.
            guard let place = try blob(descriptor.digest),
                let manifest: Manifest = try file(place, descriptor.digest)
            else { continue }
            let all = names + [own].compactMap(\.self)
            if let manifests = manifest.manifests {
                try add(Index(manifests: manifests), names: all, depth: depth + 1)
            } else if manifest.layers != nil {
                try add(manifest, descriptor, names: all)
            }
        }
    }

    private mutating func add(_ manifest: Manifest, _ descriptor: Descriptor, names: [String]) throws {
        if let index = images.firstIndex(where: { $0.digest == descriptor.digest }) {
            return images[index].names += names.filter { !images[index].names.contains($0) }
        }
        guard images.count < Self.imageLimit else {
            throw ImageLacks("it contains more than \(Self.imageLimit) images")
        }
        let configuration: Configuration? = try manifest.config.flatMap { config in
            try blob(config.digest).flatMap { try file($0, config.digest) }
        }
        // Signatures, charts and attestations also have layers, but these are not a root.
        let layers = manifest.layers ?? []
        guard layers.allSatisfy({ Self.isRootLayer($0.mediaType) }) else { return }
        // docker save 25.0.0 names them only in its own manifest.json, beside this one.
        if layers.isEmpty, configuration?.rootfs?.diffIDs?.isEmpty == false { return }
        let told = descriptor.platform.flatMap { platform in
            platform.architecture.map {
                ContainerPlatform(system: platform.os ?? "linux", architecture: $0, variant: platform.variant)
            }
        }
        let platform = told ?? configuration?.platform
        guard platform?.system ?? "linux" == "linux", platform?.architecture != "unknown" else { return }
        images.append(
            ContainerImage(
                names: names, platform: platform, digest: descriptor.digest,
                layers: try layers.map { layer in
                    if layer.mediaType?.contains("encrypted") == true {
                        throw ImageLacks(
                            "the layers of the image are encrypted: decrypt it first (skopeo copy --decryption-key)"
                        )
                    }
                    return ContainerImage.Layer(
                        place: try blob(layer.digest) ?? "blobs/\(layer.digest)", digest: layer.digest)
                }))
    }

    private static func isRootLayer(_ mediaType: String?) -> Bool {
        guard let mediaType else { return true }
        return ["application/vnd.oci.image.layer.", "application/vnd.docker.image.rootfs."].contains {
            mediaType.hasPrefix($0)
        }
    }

    /// The path of the file with a digest; nil when it is missing.
    private func blob(_ digest: String) throws -> String? {
        let parts = digest.split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2, parts[0] == "sha256", parts[1].count == 64, parts[1].allSatisfy(\.isHexDigit)
        else {
            throw ImageLacks("‘\(digest.prefix(80))’ is not a SHA-256 digest")
        }
        // The second is the layout of skopeo's «dir».
        return ["blobs/sha256/\(parts[1])", parts[1]].first { directory.contains($0) }
    }

    // MARK: docker save, and dir

    private struct DockerImage: Decodable {
        var config: String
        var names: [String]?
        var layers: [String]
        enum CodingKeys: String, CodingKey { case config = "Config", names = "RepoTags", layers = "Layers" }
    }

    private mutating func addDocker() throws {
        guard let listed: [DockerImage] = try? file("manifest.json") else {
            guard let manifest: Manifest = try file("manifest.json"), manifest.layers != nil else { return }
            // Nothing names this manifest by its digest.
            let digest = "sha256:" + (try manifestDigest())
            return try add(manifest, Descriptor(digest: digest), names: [])
        }
        for image in listed.prefix(Self.imageLimit) {
            guard let configuration: Configuration = try file(image.config) else {
                throw ImageLacks("the archive lacks the configuration ‘\(image.config)’ that it names")
            }
            guard configuration.os ?? "linux" == "linux" else { continue }
            let inner = configuration.rootfs?.diffIDs ?? []
            guard inner.count == image.layers.count else {
                throw ImageLacks(
                    "an image of the archive names \(image.layers.count) layers, but its configuration \(inner.count)"
                )
            }
            // blobs/sha256/DIGEST, or DIGEST.json.
            let name = image.config.split(separator: "/").last?.split(separator: ".").first ?? ""
            images.append(
                ContainerImage(
                    names: image.names ?? [], platform: configuration.platform, digest: "sha256:\(name)",
                    layers: zip(image.layers, inner).map {
                        ContainerImage.Layer(place: $0, digest: nil, innerDigest: $1)
                    }))
        }
    }

    private func manifestDigest() throws -> String {
        guard let path = directory.place(of: "manifest.json") else { return "" }
        return try Fleet.Digest(ofFile: path).text
    }

    // MARK: Files

    /// A file's JSON; nil when there is no such file.
    ///
    /// - Parameter digest: the expected digest.
    func file<Value: Decodable>(_ name: String, _ digest: String? = nil) throws -> Value? {
        guard let path = directory.place(of: name) else { return nil }
        let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? handle.close() }
        let data = try handle.read(upToCount: Self.jsonByteLimit + 1) ?? Data()
        guard data.count <= Self.jsonByteLimit else {
            throw ImageLacks("\(name) has more than 4 MiB, which is too large for a manifest")
        }
        if let digest, "sha256:\(Fleet.Digest(of: data))" != digest.lowercased() {
            throw ImageLacks("\(name) is damaged: it does not have the digest that it is named by")
        }
        do { return try JSONDecoder().decode(Value.self, from: data) } catch {
            throw ImageLacks("\(name) is not valid in the archive of an image")
        }
    }

    /// The layers of an image, if there are no more than images have.
    func layers(of image: ContainerImage) throws -> [ContainerImage.Layer] {
        guard image.layers.count <= Self.layerLimit else {
            throw ImageLacks(
                "the image has \(image.layers.count) layers, and more than \(Self.layerLimit) are not unpacked"
            )
        }
        return image.layers
    }

    /// The path of a layer, after checking that its bytes are those that the image names.
    func checkedLayer(_ layer: ContainerImage.Layer) throws -> String {
        guard let path = directory.place(of: layer.place) else {
            throw ImageLacks(
                "the layer \(layer.digest ?? layer.place) is not in the archive: save the image again, for one platform (docker save "
                    + "--platform), or with skopeo copy")
        }
        if let digest = layer.digest, "sha256:\(try Fleet.Digest(ofFile: path))" != digest.lowercased() {
            throw ImageLacks("the layer \(digest) is damaged: its content does not match its digest")
        }
        if let inner = layer.innerDigest {
            let found =
                try Compression(ofFile: path).map { try $0.innerDigest(of: path) }
                ?? Fleet.Digest(ofFile: path).text
            guard "sha256:\(found)" == inner.lowercased() else {
                throw ImageLacks(
                    "the layer \(layer.place) is damaged: its digest is not \(inner)")
            }
        }
        return path
    }
}

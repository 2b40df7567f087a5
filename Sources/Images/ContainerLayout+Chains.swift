import Foundation

/// The format of `docker save` before version 1.10 (*Docker Image Specification v1.0*): a directory for each layer with its `json`, which
/// names the layer below it, and `layer.tar`; and `repositories`, which names the uppermost layers. It has no digests.
///
/// Before version 1.1.2 (moby#6857) there was no `repositories`, and the uppermost layer's directory had the image's name.
extension ContainerLayout {
    /// What is known of a layer.
    private struct ChainedLayer: Decodable {
        var id: String?
        /// The layer below; nil for the lowest.
        var parent: String?
        var os: String?
        var architecture: String?
    }

    /// Whether the names in an archive are those of layers.
    ///
    /// - Parameter paths: split at slashes.
    static func hasChains(_ paths: [[Substring]]) -> Bool {
        paths.contains { path in
            (2...3).contains(path.count) && path.last == "layer.tar"
                && paths.contains(path.dropLast() + ["json"])
        }
    }

    /// Whether a directory has such layers.
    static func hasChains(_ directory: RootDirectory) -> Bool {
        directory.names(in: "").contains { isLayer($0, in: directory) }
    }

    private static func isLayer(_ place: String, in directory: RootDirectory) -> Bool {
        directory.contains("\(place)/json") && directory.contains("\(place)/layer.tar")
    }

    /// The images: those that have names, and uppermost layers without one.
    func chainedImages() throws -> [ContainerImage] {
        var (layers, places): ([String: ChainedLayer], [String: String]) = ([:], [:])
        var names: [String: [String]] = [:]
        for place in try layerPlaces() {
            guard let layer: ChainedLayer = try file("\(place)/json") else { continue }
            let id = layer.id ?? place
            (layers[id], places[id]) = (layer, place)
            if place.contains(":") { names[id, default: []].append(place) }
        }
        let repositories: [String: [String: String]] = try file("repositories") ?? [:]
        for (repository, tags) in repositories {
            for (tag, top) in tags { names[top, default: []].append("\(repository):\(tag)") }
        }
        let below = Set(layers.values.compactMap(\.parent))
        // Names of images that were left out of the archive have no layer.
        let tops = layers.keys.filter { names[$0] != nil || !below.contains($0) }.sorted {
            (names[$0]?.min() ?? "", $0) < (names[$1]?.min() ?? "", $1)
        }
        return try tops.compactMap { top in
            guard let layer = layers[top], layer.os ?? "linux" == "linux" else { return nil }
            return ContainerImage(
                names: (names[top] ?? []).sorted(),
                platform: layer.architecture.map { ContainerPlatform(system: "linux", architecture: $0) },
                digest: top, layers: try Self.chain(from: top, layers, places))
        }
    }

    /// The layers' directories; one with an image's name may have a slash in it.
    private func layerPlaces() throws -> [String] {
        let outer = directory.names(in: "").sorted()
        let inner = outer.filter { !Self.isLayer($0, in: directory) }.flatMap { name in
            directory.names(in: name).sorted().map { "\(name)/\($0)" }
        }
        let places = (outer + inner).filter { Self.isLayer($0, in: directory) }
        guard places.count <= Self.imageLimit else {
            throw ImageLacks("there are more than \(Self.imageLimit) layers in it")
        }
        return places
    }

    /// A layer and all below it, the lowest first.
    private static func chain(
        from top: String, _ layers: [String: ChainedLayer], _ places: [String: String]
    ) throws -> [ContainerImage.Layer] {
        var chain: [ContainerImage.Layer] = []
        var next: String? = top
        while let id = next, !id.isEmpty {
            guard let layer = layers[id], let place = places[id] else {
                throw ImageLacks(
                    "the layer \(id.prefix(80)) of the image \(top.prefix(80)) is not in the archive: save the image again (docker save)"
                )
            }
            chain.append(ContainerImage.Layer(place: "\(place)/layer.tar"))
            guard chain.count <= layerLimit else {
                throw ImageLacks(
                    "the image \(top.prefix(80)) has more than \(layerLimit) layers, or they refer to each other in a loop"
                )
            }
            next = layer.parent
        }
        return chain.reversed()
    }
}

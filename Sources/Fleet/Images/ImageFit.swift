/// Which nodes have too little memory for versions that they load completely.
package struct ImageFit: Sendable {
    /// Memory that the system needs besides a root in memory; the node itself requires the same.
    private static let reserveMebibytes = 96
    /// Names in one warning.
    private static let nameLimit = 5

    /// Nodes of root mode `ram` with known memory, by their intended image, smallest memory first.
    private let nodes: [ImageName: [(name: NodeName, mebibytes: Int)]]

    package init(_ snapshot: FleetSnapshot) {
        var nodes: [ImageName: [(name: NodeName, mebibytes: Int)]] = [:]
        let only = snapshot.images.count == 1 ? snapshot.images.keys.first : nil
        // Without rules, nodes of a group that set nothing themselves have the same settings.
        var known: [GroupPath: ImageName?] = [:]
        func image(of node: Node) -> ImageName? {
            let isShared = snapshot.rules.isEmpty && node.settings.isEmpty
            if isShared, let image = known[node.group] { return image }
            let settings = snapshot.settings(of: node)
            let chosen = settings[Settings.rootMode] == .ram ? settings[Settings.image] : nil
            let image = chosen.flatMap { $0?.image ?? only }
            if isShared { known.updateValue(image, forKey: node.group) }
            return image
        }
        for node in snapshot.nodes.values {
            guard let image = image(of: node), let hardware = snapshot.hardware(of: node) else { continue }
            nodes[image, default: []].append((node.name, hardware.memoryMebibytes))
        }
        self.nodes = nodes.mapValues { $0.sorted { ($0.mebibytes, $0.name) < ($1.mebibytes, $1.name) } }
    }

    /// One line for people; nil when it fits everywhere.
    package func warning(for version: ImageVersion) -> String? {
        let root = (version.manifest.file("root.squashfs")?.byteCount ?? 0) >> 20 + 1
        let needed = root + Self.reserveMebibytes
        let small = (nodes[version.image] ?? []).prefix { $0.mebibytes < needed }
        guard let least = small.first else { return nil }
        let names = small.prefix(Self.nameLimit).map(\.name.text).joined(separator: ", ")
        let more = small.count > Self.nameLimit ? " and \(small.count - Self.nameLimit) more" : ""
        return
            "\(version.image)@\(version.number) needs \(needed) MiB of memory, but \(names)\(more) have less (\(least.mebibytes) MiB): "
            + "they use nbd instead; make the image smaller, or set root-mode=nbd for them"
    }
}

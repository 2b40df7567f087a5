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
        for node in snapshot.nodes.values {
            let settings = snapshot.settings(of: node)
            guard settings[Settings.rootMode] == .ram, let chosen = settings[Settings.image],
                let image = chosen?.image ?? only, let hardware = snapshot.hardware(of: node)
            else { continue }
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
            "\(version.image)@\(version.number) takes \(needed) MiB in memory, and \(names)\(more) have less (\(least.mebibytes) MiB): "
            + "they go on by nbd; make the image smaller, or set root-mode=nbd for them"
    }
}

package import Wire

/// The whole configuration at one revision: an immutable value that every data plane reads without a lock.
package final class FleetSnapshot: Sendable {
    /// Counts up with every change.
    package let revision: Int
    package let nodes: [NodeName: Node]
    package let groups: [GroupPath: NodeGroup]
    package let images: [ImageName: ImageCatalogue]
    /// For look-ups while booting.
    private let nameOfAddress: [MACAddress: NodeName]
    private let nameOfUUID: [MachineUUID: NodeName]
    private let reservedAddresses: Set<IPv4Address>
    private let versionOfDigest: [Digest: ImageVersion]

    package init(revision: Int, nodes: [Node], groups: [NodeGroup], images: [ImageCatalogue]) {
        self.revision = revision
        self.nodes = Dictionary(nodes.map { ($0.name, $0) }) { first, _ in first }
        self.groups = Dictionary(groups.map { ($0.path, $0) }) { first, _ in first }
        self.images = Dictionary(images.map { ($0.name, $0) }) { first, _ in first }
        nameOfAddress = Dictionary(nodes.flatMap { node in node.macAddresses.map { ($0, node.name) } }) {
            first, _ in first
        }
        nameOfUUID = Dictionary(nodes.compactMap { node in node.uuid.map { ($0, node.name) } }) { first, _ in
            first
        }
        reservedAddresses = Set(nodes.compactMap(\.address))
        versionOfDigest = Dictionary(images.flatMap(\.versions).map { ($0.digest, $0) }) { first, _ in first }
    }

    package static let empty = FleetSnapshot(revision: 0, nodes: [], groups: [], images: [])

    /// The node with this hardware address or, failing that, this UUID.
    package func node(at address: MACAddress?, uuid: MachineUUID? = nil) -> Node? {
        if let address, let name = nameOfAddress[address] { return nodes[name] }
        if let uuid, uuid.isMeaningful, let name = nameOfUUID[uuid] { return nodes[name] }
        return nil
    }

    /// Whether a node's record reserves `address` for it.
    package func hasReserved(_ address: IPv4Address) -> Bool { reservedAddresses.contains(address) }

    package func version(_ digest: Digest) -> ImageVersion? { versionOfDigest[digest] }

    package func version(_ reference: ImageReference) -> ImageVersion? {
        images[reference.image]?.version(reference.selector)
    }

    /// The settings of `node`; of an unknown machine (nil), those of the site.
    package func settings(of node: Node?) -> EffectiveSettings {
        var levels: [EffectiveSettings.Level] = (node?.group ?? .site).lineage.compactMap { path in
            groups[path].map { (.group(path), $0.settings) }
        }
        if let node { levels.append((.node(node.name), node.settings)) }
        return EffectiveSettings(levels: levels)
    }

    /// The same snapshot with other images: what publishing changes.
    package func replacing(images: [ImageCatalogue]) -> FleetSnapshot {
        FleetSnapshot(
            revision: revision, nodes: Array(nodes.values), groups: Array(groups.values), images: images)
    }
}

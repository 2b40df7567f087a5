/// One generation of a node's own root on the server, which the node mounts over NFS.
package struct TreeReference: Equatable, Sendable, Codable, CustomStringConvertible {
    /// The place of the node's volume.
    package var node: NodeName
    package var generation: Int

    package init(node: NodeName, generation: Int) {
        self.node = node
        self.generation = generation
    }

    /// - Parameter text: `NODE/GENERATION`.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let node = try? NodeName(String(parts[0])), let generation = Int(parts[1])
        else { return nil }
        self.init(node: node, generation: generation)
    }

    /// Its path relative to the directory of trees.
    package var description: String { "\(node)/\(generation)" }
}

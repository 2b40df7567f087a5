package import Fleet
package import Wire

/// A snapshot to take.
package struct SnapshotRequest: Codable, Sendable {
    package var name: String

    package init(name: String) { self.name = name }
}

/// A snapshot of a volume.
package struct SnapshotAnswer: Codable, Sendable {
    package var name: String
    @SecondTimestamp package var takenAt: Int
    package var usedByteCount: Int

    package init(name: String, takenAt: Int, usedByteCount: Int) {
        self.name = name
        self.takenAt = takenAt
        self.usedByteCount = usedByteCount
    }
}

/// A node's storage on the server: a disk or a tree.
package struct VolumeAnswer: Codable, Sendable {
    package var node: NodeName
    package var kind: Volume.Kind
    /// The image that its files overlay or were copied from.
    package var image: ImageName
    package var version: Int
    /// Left out for a tree, which has no fixed size.
    package var byteCount: Int?
    /// On the server's disk; left out when its file is missing, and for a tree.
    package var usedByteCount: Int?
    @SecondTimestamp package var createdAt: Int
    package var openConnections: Int
    /// Whether the server holds only ciphertext.
    package var isEncrypted: Bool
    /// The directory of its files, where it is not called like the node.
    package var directory: NodeName?
    /// Only when one volume is requested.
    package var snapshots: [SnapshotAnswer]?

    package init(_ volume: Volume, usedByteCount: Int?, openConnections: Int, snapshots: [SnapshotAnswer]?) {
        (node, kind, image, version) = (volume.node, volume.kind, volume.image, volume.version)
        byteCount = volume.kind == .disk ? volume.byteCount : nil
        createdAt = volume.createdAt
        isEncrypted = volume.isEncrypted
        directory = volume.directory
        self.usedByteCount = usedByteCount
        self.openConnections = openConnections
        self.snapshots = snapshots
    }
}

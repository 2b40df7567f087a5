package import API
package import Fleet

/// The files of volumes. Each function may take long, and throws errors for people.
package protocol VolumeFiles: Sendable {
    func make(_ volume: Volume) throws
    /// Exports all existing trees to their nodes.
    func export(_ volumes: [Volume]) throws
    func grow(_ volume: Volume) throws
    /// Deletes the files of all other generations.
    func removeOthers(than volume: Volume) throws
    func remove(_ volume: Volume) throws
    /// Nil when the file is missing.
    func usedByteCount(of volume: Volume) -> Int?
    func snapshots(of place: NodeName) throws -> [SnapshotAnswer]
    func takeSnapshot(of volume: Volume, _ name: String) throws
    /// Returns the volume with the snapshot's size and encryption.
    func restore(_ snapshot: String, as volume: Volume) throws -> Volume
    func removeSnapshot(of place: NodeName, _ name: String) throws
}

/// The SSH host keys of nodes.
package protocol HostKeys: Sendable {
    /// The public host key of a node, by its number: `ssh-ed25519 AAAA…`.
    func publicLine(of node: NodeName, number: Int) -> String
}

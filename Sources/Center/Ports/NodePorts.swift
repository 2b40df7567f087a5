package import API
package import Fleet

/// The files of volumes. Each function may take long, and throws what a user can read.
package protocol VolumeFiles: Sendable {
    func make(_ volume: Volume) throws
    /// Makes trees, all that there are, reachable for their nodes.
    func export(_ volumes: [Volume]) throws
    func grow(_ volume: Volume) throws
    /// Deletes the files of all other generations.
    func removeOthers(than volume: Volume) throws
    func remove(_ volume: Volume) throws
    /// Nil when there is no file.
    func usedByteCount(of volume: Volume) -> Int?
    func snapshots(of node: NodeName) throws -> [SnapshotAnswer]
    func takeSnapshot(of volume: Volume, _ name: String) throws
    /// Returns the volume as the snapshot is: as large, and encrypted or not.
    func restore(_ snapshot: String, as volume: Volume) throws -> Volume
    func removeSnapshot(of node: NodeName, _ name: String) throws
}

/// What SSH clients know nodes by.
package protocol HostKeys: Sendable {
    /// The public host key of a node, by its number: `ssh-ed25519 AAAA…`.
    func publicLine(of node: NodeName, number: Int) -> String
}

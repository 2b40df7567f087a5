package import API
package import Fleet
package import Wire

/// What the data planes have now, and what they have seen.
package protocol DataPlaneView: Sendable {
    func policy() async -> BootPolicy
    func leases() async -> [Lease]
    /// What machines last told DHCP that they boot with.
    func clients() async -> [MACAddress: BootClient]
    /// What machines do with the exports that their roots come from, by their address.
    func rootActivity() async -> [IPv4Address: RootActivity]
    /// Who is limited by them.
    func limitFigures() async -> LimitFigures
}

/// Who has which files open: those do not go.
package protocol OpenFiles: Sendable {
    /// Open NBD connections of each version, and nodes that read it by NFS.
    func openVersions() async -> [Digest: Int]
    /// Nodes that read each version by NFS.
    func mountedVersions() async -> [Digest: Int]
    /// Connections to each node's volume.
    func openVolumes() async -> [NodeName: Int]
}

/// What machines are told to do.
package protocol MachineOrders: Sendable {
    /// Asks running machines to restart.
    func restart(_ machines: [MACAddress]) async
    /// Opens a boot of a version for a machine that no data plane has seen, and names it.
    func openBoot(of machine: MACAddress, _ version: Digest) async -> String
}

/// The networks that are served, as the interfaces and the configuration make them.
package protocol NetworkView: Sendable {
    func networks() async -> [NetworkAnswer]
}

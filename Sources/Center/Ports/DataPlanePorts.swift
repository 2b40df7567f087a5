package import API
package import Fleet
package import Wire

/// The present state of the data planes, and their observations.
package protocol DataPlaneView: Sendable {
    func policy() async -> BootPolicy
    /// In no order.
    func leases() async -> [Lease]
    func leaseCount() async -> Int
    /// The machines' last DHCP requests.
    func clients() async -> [MACAddress: BootClient]
    /// When machines were last heard of.
    func heard() async -> HeardMachines
    /// The activity of machines on their roots' exports, by address.
    func rootActivity() async -> [IPv4Address: RootActivity]
    /// The peers that they limit.
    func limitFigures() async -> LimitFigures
}

/// Files in use, which must not be removed.
package protocol OpenFiles: Sendable {
    /// Open NBD connections of each version, and nodes that read it by NFS.
    func openVersions() async -> [Digest: Int]
    /// Nodes that read each version by NFS.
    func mountedVersions() async -> [Digest: Int]
    /// Connections to each node's volume.
    func openVolumes() async -> [NodeName: Int]
}

/// Orders to machines.
package protocol MachineOrders: Sendable {
    /// Asks running machines to restart.
    func restart(_ machines: [MACAddress]) async
    /// Asks running machines to switch themselves off.
    func powerOff(_ machines: [MACAddress]) async
    /// Sends what switches machines on (Wake-on-LAN).
    ///
    /// - Returns: whether there is a network to send it into.
    func wake(_ machines: [MACAddress]) async -> Bool
    /// The steps that a running machine would get now; nil: it has not asked for orders in its present boot.
    func currentSteps(of machine: MACAddress) async throws -> [CurrentStep]?
    /// Asks a running machine to carry out steps, each as it was when it had this mark.
    func apply(_ marks: [String: String], to machine: MACAddress) async
    /// Opens a boot of a version for a machine that no data plane has seen, and returns its identifier.
    func openBoot(of machine: MACAddress, _ version: Digest) async -> String
}

/// The served networks, as defined by the interfaces and the configuration.
package protocol NetworkView: Sendable {
    func networks() async -> [NetworkAnswer]
}

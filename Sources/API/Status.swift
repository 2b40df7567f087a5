package import Fleet
package import Wire

/// The server and its problems.
package struct StatusAnswer: Codable, Sendable {
    package var version: String
    package var revision: Int
    package var roles: [ServerRole]
    package var address: IPv4Address
    package var nodeCount: Int
    package var imageCount: Int
    package var leaseCount: Int
    package var openConnections: Int
    /// Public keys, one of which must have signed each version; empty: no signature is required.
    package var imageKeys: [String]
    /// Problems for the site's administrators to fix.
    package var warnings: [String]?
    /// Peers that are over their limit now; empty for callers who may not read the whole site.
    package var limited: [LimitLedger.Line]
    package var machines: [MachineAnswer]

    package init(
        version: String, revision: Int, roles: [ServerRole], address: IPv4Address, nodeCount: Int,
        imageCount: Int, leaseCount: Int, openConnections: Int, imageKeys: [String],
        warnings: [String]? = nil, limited: [LimitLedger.Line], machines: [MachineAnswer]
    ) {
        self.version = version
        self.revision = revision
        self.roles = roles
        self.address = address
        self.nodeCount = nodeCount
        self.imageCount = imageCount
        self.leaseCount = leaseCount
        self.openConnections = openConnections
        self.imageKeys = imageKeys
        self.warnings = warnings
        self.limited = limited
        self.machines = machines
    }
}

package import Fleet
package import Wire

/// The server, and what is wrong with it.
package struct StatusAnswer: Codable, Sendable {
    package var version: String
    package var revision: Int
    package var roles: [String]
    package var address: IPv4Address
    package var nodeCount: Int
    package var imageCount: Int
    package var leaseCount: Int
    package var openConnections: Int
    /// Public keys of which one has to have signed a version; none: no signature is wanted.
    package var imageKeys: [String]
    /// What administrators of the site should mend.
    package var warnings: [String]?
    /// Who asks for more than one peer may have, now; empty for those who may not read the whole site.
    package var limited: [LimitLedger.Line]
    package var machines: [MachineAnswer]

    package init(
        version: String, revision: Int, roles: [String], address: IPv4Address, nodeCount: Int,
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

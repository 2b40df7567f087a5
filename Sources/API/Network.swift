package import Wire

/// A served subnet.
package struct NetworkAnswer: Codable, Sendable {
    /// Empty for networks behind relays.
    package var interface: String
    package var server: IPv4Address
    package var network: String
    /// `10.77.0.100-10.77.0.200`.
    package var pools: [String]
    package var router: IPv4Address?
    /// Addresses in the pools.
    package var size: Int
    /// Addresses in the pools that are leased now.
    package var leased: Int

    package init(
        interface: String, server: IPv4Address, network: String, pools: [String], router: IPv4Address?,
        size: Int,
        leased: Int
    ) {
        self.interface = interface
        self.server = server
        self.network = network
        self.pools = pools
        self.router = router
        self.size = size
        self.leased = leased
    }
}

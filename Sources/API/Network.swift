package import Fleet
package import Wire

/// A served subnet.
package struct NetworkAnswer: Codable, Sendable {
    /// Its record's; nil: there is none, and the interface is served as it is.
    package var name: NetworkName?
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
    /// Whether another server gives the addresses, and this one only names boot files (ProxyDHCP).
    package var isProxy: Bool

    /// Why it is not served; nil: it is.
    package var problem: Sentence?

    package init(
        name: NetworkName? = nil, interface: String, server: IPv4Address, network: String, pools: [String],
        router: IPv4Address?,
        size: Int,
        leased: Int, isProxy: Bool = false, problem: Sentence? = nil
    ) {
        self.name = name
        self.interface = interface
        self.server = server
        self.network = network
        self.pools = pools
        self.router = router
        self.size = size
        self.leased = leased
        self.isProxy = isProxy
        self.problem = problem
    }

    private enum CodingKeys: String, CodingKey {
        case name, interface, server, network, pools, router, size, leased, problem
        case isProxy = "proxy"
    }
}

package import Wire

/// One subnet and what its clients are told.
package struct DHCPSubnet: Equatable, Sendable {
    package var network: IPv4Network
    /// Our address as the clients of this subnet reach it.
    package var server: IPv4Address
    package var pools: [ClosedRange<IPv4Address>]
    package var router: IPv4Address?
    package var nameServers: [IPv4Address]
    package var timeServers: [IPv4Address]
    package var domain: String
    package var mtu: UInt16?
    package var routes: [ClasslessRoute]
    /// Nil for leases without end.
    package var leaseSeconds: UInt32?
    /// Further options, by code, as bytes.
    package var options: [UInt8: [UInt8]]
    /// Whether machines that speak BOOTP get addresses from the pools, though they are no nodes.
    package var servesBOOTP: Bool

    package init(
        network: IPv4Network, server: IPv4Address, pools: [ClosedRange<IPv4Address>],
        router: IPv4Address? = nil,
        nameServers: [IPv4Address] = [], timeServers: [IPv4Address] = [], domain: String = "",
        mtu: UInt16? = nil,
        routes: [ClasslessRoute] = [], leaseSeconds: UInt32? = 43_200, options: [UInt8: [UInt8]] = [:],
        servesBOOTP: Bool = false
    ) {
        self.network = network
        self.server = server
        self.pools = pools
        self.router = router
        self.nameServers = nameServers
        self.timeServers = timeServers
        self.domain = domain
        self.mtu = mtu
        self.routes = routes
        self.leaseSeconds = leaseSeconds
        self.options = options
        self.servesBOOTP = servesBOOTP
    }

    func hasInPool(_ address: IPv4Address) -> Bool { pools.contains { $0.contains(address) } }
}

/// Subnets that share one wire (dhcpd's `shared-network`). A client gets an address from any of them.
package struct DHCPLink: Equatable, Sendable {
    /// The interface that this wire is attached to; nil when it is reached only through relays.
    package var interface: String?
    package var subnets: [DHCPSubnet]

    package init(interface: String?, subnets: [DHCPSubnet]) {
        self.interface = interface
        self.subnets = subnets
    }
}

/// An address kept for one machine.
package struct DHCPReservation: Equatable, Sendable {
    package enum Identity: Hashable, Sendable {
        case macAddress(MACAddress)
        case clientIdentifier([UInt8])
        case uuid(MachineUUID)
    }

    package var identity: Identity
    package var address: IPv4Address

    package init(_ identity: Identity, _ address: IPv4Address) {
        self.identity = identity
        self.address = address
    }
}

/// A mistake in the settings of the DHCP server, with what to do about it.
package struct DHCPSettingsProblem: Equatable, Sendable, CustomStringConvertible {
    package var description: String
    /// The server does not start with it.
    package var isFatal: Bool
}

/// Looks for the mistakes that people make.
package func problems(in links: [DHCPLink], reservations: [DHCPReservation]) -> [DHCPSettingsProblem] {
    var found: [DHCPSettingsProblem] = []
    func fatal(_ text: String) { found.append(DHCPSettingsProblem(description: text, isFatal: true)) }
    func warn(_ text: String) { found.append(DHCPSettingsProblem(description: text, isFatal: false)) }
    let subnets = links.flatMap(\.subnets)
    for (index, subnet) in subnets.enumerated() {
        for other in subnets[..<index] where other.network.overlaps(subnet.network) {
            fatal("subnets \(other.network) and \(subnet.network) overlap")
        }
        for pool in subnet.pools {
            let text = "\(pool.lowerBound)-\(pool.upperBound)"
            let hosts = subnet.network.hosts
            if !hosts.contains(pool.lowerBound) || !hosts.contains(pool.upperBound) {
                fatal(
                    "pool \(text) is not within \(subnet.network) (hosts \(hosts.lowerBound)-\(hosts.upperBound))"
                )
            }
            if pool.contains(subnet.server) {
                fatal("pool \(text) holds the server's own address \(subnet.server)")
            }
            if let router = subnet.router, pool.contains(router) {
                fatal("pool \(text) holds the router \(router)")
            }
        }
        for (position, pool) in subnet.pools.enumerated() {
            for other in subnet.pools[..<position] where other.overlaps(pool) {
                fatal(
                    "pools \(other.lowerBound)-\(other.upperBound) and \(pool.lowerBound)-\(pool.upperBound) overlap"
                )
            }
        }
        if let router = subnet.router, !subnet.network.contains(router) {
            fatal("router \(router) is not within \(subnet.network)")
        }
        if subnet.router == subnet.server {
            warn(
                "\(subnet.network): the router is this server's own address; nodes reach other networks only if it forwards"
            )
        }
        if subnet.pools.isEmpty {
            warn("subnet \(subnet.network) has no pool: only reserved addresses are given")
        }
    }
    for reservation in reservations {
        guard let subnet = subnets.first(where: { $0.network.contains(reservation.address) }) else {
            warn("reservation of \(reservation.address) is in no subnet that is served")
            continue
        }
        if subnet.hasInPool(reservation.address) {
            warn(
                "reservation of \(reservation.address) lies in a pool: it is never given to others, but plan it outside"
            )
        }
        if subnet.server == reservation.address {
            fatal("reservation of the server's own address \(subnet.server)")
        }
    }
    return found
}

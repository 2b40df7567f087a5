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
    /// Whether another server gives the addresses, and this one only names boot files (ProxyDHCP).
    package var isProxy: Bool

    package init(
        network: IPv4Network, server: IPv4Address, pools: [ClosedRange<IPv4Address>],
        router: IPv4Address? = nil,
        nameServers: [IPv4Address] = [], timeServers: [IPv4Address] = [], domain: String = "",
        mtu: UInt16? = nil,
        routes: [ClasslessRoute] = [], leaseSeconds: UInt32? = 43_200, options: [UInt8: [UInt8]] = [:],
        servesBOOTP: Bool = false, isProxy: Bool = false
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
        self.isProxy = isProxy
    }

    func hasInPool(_ address: IPv4Address) -> Bool { pools.contains { $0.contains(address) } }

    /// Whether a client may have `address`: records from before the check may name that of the server or of the router.
    func isForClients(_ address: IPv4Address) -> Bool {
        network.hosts.contains(address) && address != server && address != router
    }
}

/// Subnets that share one wire (dhcpd's `shared-network`). A client gets an address from any of them.
package struct DHCPLink: Equatable, Sendable {
    /// The interface that this wire is attached to; nil when it is reached only through relays.
    package var interface: String?
    package var subnets: [DHCPSubnet]
    /// Networks of the same wire that are not served as long as something is wrong with them: nothing is said to their machines.
    package var idle: [IPv4Network]

    package init(interface: String?, subnets: [DHCPSubnet], idle: [IPv4Network] = []) {
        self.interface = interface
        self.subnets = subnets
        self.idle = idle
    }
}

/// A mistake in the settings of the DHCP server, with what to do about it.
package struct DHCPSettingsProblem: Equatable, Sendable, CustomStringConvertible {
    package var sentence: Sentence
    /// What it is about cannot be served.
    package var isFatal: Bool
    /// What to do, where the sentence does not say it.
    package var fix: Sentence?
    /// Which of the subnets it is about, where it is one.
    var subnetIndex: Int?

    package init(_ sentence: Sentence, isFatal: Bool, fix: Sentence? = nil) {
        self.sentence = sentence
        self.isFatal = isFatal
        self.fix = fix
    }

    package var description: String { sentence.english }

    package static func == (left: Self, right: Self) -> Bool {
        (left.sentence, left.isFatal, left.fix) == (right.sentence, right.isFatal, right.fix)
    }
}

extension DHCPSettingsProblem: Hashable {
    package func hash(into hasher: inout Hasher) { hasher.combine(sentence) }
}

/// Looks for the mistakes that people make.
///
/// - Parameters:
///   - names: of the subnets, in their order; nil, or left out: it has none.
///   - forwards: whether this host forwards packets between its networks.
package func problems(
    in links: [DHCPLink], names: [String?] = [], reservations: [DHCPReservation], forwards: Bool = false
) -> [DHCPSettingsProblem] {
    var found: [DHCPSettingsProblem] = []
    var index = 0
    func fatal(_ text: Sentence) {
        var problem = DHCPSettingsProblem(text, isFatal: true)
        problem.subnetIndex = index
        found.append(problem)
    }
    func warn(_ text: Sentence) { found.append(DHCPSettingsProblem(text, isFatal: false)) }
    let subnets = links.flatMap(\.subnets)
    let isUnlikeItsWire = links.flatMap { link in
        zip(link.subnets, link.subnets.prefix(1) + link.subnets).map { $0.isProxy != $1.isProxy }
    }
    func named(_ number: Int) -> String {
        let name = names.indices.contains(number) ? names[number] : nil
        return "\(subnets[number].network)" + (name.map { " (\($0))" } ?? "")
    }
    for (number, subnet) in subnets.enumerated() {
        index = number
        for other in 0..<number where subnets[other].network.overlaps(subnet.network) {
            fatal("subnets \(named(other)) and \(named(number)) overlap")
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
                fatal("pool \(text) contains the server's own address \(subnet.server)")
            }
            if let router = subnet.router, pool.contains(router) {
                fatal("pool \(text) contains the router \(router)")
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
        } else if let router = subnet.router, !subnet.network.hosts.contains(router) {
            if router == subnet.network.broadcast {
                fatal("router \(router) is the broadcast address of \(subnet.network)")
            } else {
                fatal("router \(router) is the address of the network \(subnet.network) itself")
            }
        }
        if subnet.router == subnet.server, !forwards {
            found.append(
                DHCPSettingsProblem(
                    "\(subnet.network): the router is this server, which does not forward packets: nodes reach no other network",
                    isFatal: false,
                    fix:
                        "sysctl -w net.ipv4.ip_forward=1 (permanently: in /etc/sysctl.d/), and NAT where others have no route back: nft add rule ip nat postrouting ip saddr \(subnet.network) masquerade; or set the actual router"
                ))
        }
        // A client's DISCOVER does not say which of them it is for.
        if isUnlikeItsWire[number] {
            fatal(
                "\(named(number)) shares its interface with \(named(number - 1)): another server gives the addresses of all networks of an interface, or of none (proxy)"
            )
        }
        if subnet.isProxy {
            if !subnet.pools.isEmpty {
                fatal("\(named(number)) has a pool, though another server gives the addresses there (proxy)")
            }
        } else if subnet.pools.isEmpty {
            warn("subnet \(subnet.network) has no pool: only reserved addresses are given")
        }
    }
    return found + problems(of: reservations, in: AddressPlan(subnets: subnets, isComplete: true))
}

/// The same check as that of the nodes' own addresses, and reservations that are there twice.
private func problems(of reservations: [DHCPReservation], in plan: AddressPlan) -> [DHCPSettingsProblem] {
    var found: [DHCPSettingsProblem] = []
    var holders: [IPv4Address: DHCPReservation.Identity] = [:]
    var addresses: [DHCPReservation.Identity: IPv4Address] = [:]
    for reservation in reservations {
        let (identity, address) = (reservation.identity, reservation.address)
        if let problem = plan.problem(of: address) {
            found.append(
                DHCPSettingsProblem(
                    "reservation for \(identity): \(address) \(problem.text)",
                    isFatal: problem.outcome == .outage))
        }
        if let other = holders.updateValue(identity, forKey: address) {
            found.append(
                other == identity
                    ? DHCPSettingsProblem("\(address) is reserved twice for \(identity)", isFatal: false)
                    : DHCPSettingsProblem(
                        "\(address) is reserved for \(other) and for \(identity)", isFatal: true))
        } else if let other = addresses[identity] {
            found.append(
                DHCPSettingsProblem(
                    "\(identity) has two reservations, \(other) and \(address): the first one applies",
                    isFatal: false))
        }
        addresses[identity] = addresses[identity] ?? address
    }
    return found
}

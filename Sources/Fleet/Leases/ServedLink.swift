import Wire

extension DHCPServer {
    /// A subnet with its common options, prepared once.
    struct ServedSubnet {
        let subnet: DHCPSubnet
        /// For replies with an address.
        let granting: DHCPOptions
        /// For clients that have an address.
        let informing: DHCPOptions

        init(_ subnet: DHCPSubnet) {
            self.subnet = subnet
            func withOwn(_ options: DHCPOptions) -> DHCPOptions {
                var options = options
                for (code, value) in subnet.options { options[code] = value }
                return options
            }
            var options = DHCPOptions()
            if subnet.isProxy {
                // All else is said by the server that gives the addresses.
                options.set(.serverIdentifier, to: subnet.server)
            } else {
                options.setNetwork(subnet)
            }
            informing = withOwn(options)
            options.setTimes(subnet.leaseSeconds)
            granting = withOwn(options)
        }
    }

    struct ServedLink {
        let interface: String?
        let subnets: [ServedSubnet]
        let pools: [ClosedRange<IPv4Address>]
        let idle: [IPv4Network]
        /// Another server gives the addresses.
        let isProxy: Bool

        init(_ link: DHCPLink) {
            interface = link.interface
            subnets = link.subnets.map(ServedSubnet.init)
            pools = link.subnets.flatMap(\.pools)
            idle = link.idle
            isProxy = link.subnets.contains(where: \.isProxy)
        }

        /// Whether the server answers for an address on this wire, if only to refuse it: for all but those of networks that are idle
        /// (RFC 2131 §4.3.2: a server that has no part in an address is silent).
        func isAnswered(_ address: IPv4Address) -> Bool {
            subnets.contains { $0.subnet.network.contains(address) }
                || !idle.contains { $0.contains(address) }
        }

        func hasInPool(_ address: IPv4Address) -> Bool { pools.contains { $0.contains(address) } }
    }
}

extension DHCPOptions {
    mutating func setTimes(_ seconds: UInt32?) {
        let seconds = seconds ?? .max
        set(.leaseTime, to: seconds)
        guard seconds != .max else { return }
        set(.renewalTime, to: seconds / 2)
        set(.rebindingTime, to: UInt32(UInt64(seconds) * 7 / 8))
    }

    fileprivate mutating func setNetwork(_ subnet: DHCPSubnet) {
        set(.serverIdentifier, to: subnet.server)
        set(.subnetMask, to: subnet.network.mask)
        set(.broadcastAddress, to: subnet.network.broadcast)
        if let router = subnet.router { set(.routers, to: [router]) }
        if !subnet.nameServers.isEmpty { set(.domainNameServers, to: subnet.nameServers) }
        if !subnet.timeServers.isEmpty { set(.timeServers, to: subnet.timeServers) }
        if !subnet.domain.isEmpty { set(.domainName, to: subnet.domain) }
        if let mtu = subnet.mtu { set(.interfaceMTU, to: mtu) }
        if !subnet.routes.isEmpty {
            // A client that reads option 121 ignores option 3 (RFC 3442), so the default route is in both.
            var routes = subnet.routes
            if let router = subnet.router, let everything = IPv4Network("0.0.0.0/0"),
                !routes.contains(where: { $0.network == everything })
            {
                routes.append(ClasslessRoute(network: everything, router: router))
            }
            set(.classlessRoutes, to: routes)
        }
    }
}

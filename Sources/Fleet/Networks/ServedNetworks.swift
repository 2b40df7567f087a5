package import Wire

/// The networks that a host serves: those of the configuration, with what they leave open filled in from its interfaces. Without any,
/// each interface is served as it is.
package struct ServedNetworks: Equatable, Sendable {
    /// One subnet.
    package struct Entry: Equatable, Sendable {
        /// Nil: there is no record, the interface is served as it is.
        package var name: NetworkName?
        /// Nil: it is reached through relays.
        package var interface: String?
        package var subnet: DHCPSubnet
    }

    /// In the order of the interfaces, then of the names.
    package let entries: [Entry]
    /// Those that would be served if nothing were wrong with them.
    private let contradicted: [Entry]
    package let reservations: [DHCPReservation]
    /// In the order in which they are tried.
    package let loaderRules: [LoaderRule]
    /// What is wrong; a subnet with a fatal problem is not served.
    package let problems: [DHCPSettingsProblem]
    /// Networks of the configuration that are not served here, and why.
    package let idle: [NetworkName: Sentence]

    package init(_ records: NetworkRecords, on host: ServingHost) {
        let (reservations, rules) = (records.orderedReservations, records.orderedLoaderRules)
        var (idle, found): ([NetworkName: Sentence], [DHCPSettingsProblem]) = ([:], [])
        var candidates: [Entry] = []
        for network in Self.ordered(records, on: host) {
            guard let entry = Self.entry(network, on: host) else {
                let reason: Sentence = "this server does not serve on ‘\(network.interface ?? "")’"
                idle[network.name] = reason
                found.append(
                    DHCPSettingsProblem(
                        "network \(network.name) is not served: \(reason)", isFatal: false,
                        fix:
                            "add the interface to ‘interfaces’ in roost.yaml and restart, or choose another: roost network set \(network.name) --interface …"
                    ))
                continue
            }
            candidates.append(entry)
            found += Self.distance(of: network, as: entry, host) + Self.ownAddresses(in: entry, host)
        }
        if records.networks.isEmpty { candidates = host.interfaces.map { Self.entry($0, on: host) } }
        found += Fleet.problems(
            in: Self.links(of: candidates), names: candidates.map { $0.name?.text },
            reservations: reservations, forwards: host.forwards)
        found += rules.compactMap { $0.problem(on: host) } + Self.removals(candidates, host)
        var (served, contradicted): ([Entry], [Entry]) = ([], [])
        for (index, entry) in candidates.enumerated() {
            if let problem = found.first(where: { $0.isFatal && $0.subnetIndex == index }) {
                if let name = entry.name { idle[name] = problem.sentence }
                contradicted.append(entry)
            } else {
                served.append(entry)
            }
        }
        (entries, self.contradicted) = (served, contradicted)
        (self.reservations, loaderRules, problems, self.idle) = (reservations, rules, found, idle)
    }

    package var links: [DHCPLink] {
        var links = Self.links(of: entries)
        for index in links.indices {
            guard let interface = links[index].interface else { continue }
            links[index].idle = contradicted.filter { $0.interface == interface }.map(\.subnet.network)
        }
        return links
    }

    package var subnets: [DHCPSubnet] { entries.map(\.subnet) }

    /// Whether another server gives the addresses of the network of `address`.
    package func isProxy(at address: IPv4Address) -> Bool {
        entries.contains { $0.subnet.isProxy && $0.subnet.network.contains(address) }
    }

    /// Whether machines get it from a pool, or one by a reservation.
    package func gives(_ address: IPv4Address) -> Bool {
        entries.contains { $0.subnet.hasInPool(address) } || reservations.contains { $0.address == address }
    }

    /// The record of the network that the interface is served as when there is none.
    package static func network(of interface: ServingHost.Interface, named name: NetworkName) -> Network {
        Network(name: name, interface: interface.name, subnet: interface.addresses.first?.network)
    }

    // MARK: Filling in

    private static func ordered(_ records: NetworkRecords, on host: ServingHost) -> [Network] {
        func place(_ network: Network) -> Int {
            host.interfaces.firstIndex { $0.name == network.interface } ?? .max
        }
        return records.networks.values.sorted {
            (place($0), $0.interface ?? "", $0.name) < (place($1), $1.interface ?? "", $1.name)
        }
    }

    /// Nil where the host does not serve the network's interface.
    private static func entry(_ network: Network, on host: ServingHost) -> Entry? {
        let interface = network.interface.flatMap(host.interface)
        // Of an unknown host only what the record itself says.
        guard network.interface == nil || interface != nil || host.interfaces.isEmpty else { return nil }
        let own =
            interface?.addresses.first { network.subnet?.contains($0.address) ?? true }
            ?? interface?.addresses.first
        guard let prefix = network.subnet ?? own?.network else { return nil }
        let server =
            network.server ?? own?.address ?? host.interfaces.first?.addresses.first?.address ?? prefix.base
        let pools = network.isProxy ? [] : network.pools?.map(\.addresses)
        return Entry(
            name: network.name, interface: network.interface,
            subnet: DHCPSubnet(
                network: prefix, server: server,
                pools: pools
                    ?? defaultPools(
                        prefix, without: host.own.union([server, network.router].compactMap { $0 })),
                router: network.router, nameServers: network.nameServers, timeServers: network.timeServers,
                domain: network.domain ?? host.domain, mtu: network.mtu, routes: network.routes,
                leaseSeconds: network.lease.seconds, options: network.options.bytes,
                servesBOOTP: network.servesBOOTP, isProxy: network.isProxy))
    }

    private static func entry(_ interface: ServingHost.Interface, on host: ServingHost) -> Entry {
        let own = interface.addresses[0]
        return Entry(
            name: nil, interface: interface.name,
            subnet: DHCPSubnet(
                network: own.network, server: own.address,
                pools: defaultPools(own.network, without: host.own.union([own.address])), domain: host.domain)
        )
    }

    /// The upper half of the network's hosts, without the addresses that are `taken`: the server's and the router's.
    private static func defaultPools(_ network: IPv4Network, without taken: Set<IPv4Address>)
        -> [ClosedRange<IPv4Address>]
    {
        let hosts = network.hosts
        // 64 bits: what follows the last address of all does not fit in 32.
        let (first, last) = (UInt64(hosts.lowerBound.rawValue), UInt64(hosts.upperBound.rawValue))
        var start = first + (last - first + 1) / 2
        var ranges: [ClosedRange<IPv4Address>] = []
        for taken in taken.sorted() where taken.rawValue >= start && hosts.contains(taken) {
            if taken.rawValue > start {
                ranges.append(
                    IPv4Address(rawValue: UInt32(start))...IPv4Address(rawValue: taken.rawValue - 1))
            }
            start = UInt64(taken.rawValue) + 1
        }
        if start <= last { ranges.append(IPv4Address(rawValue: UInt32(start))...hosts.upperBound) }
        return ranges
    }

    /// Networks on one interface share its wire.
    private static func links(of entries: [Entry]) -> [DHCPLink] {
        var links: [DHCPLink] = []
        for entry in entries {
            if let index = links.firstIndex(where: {
                $0.interface != nil && $0.interface == entry.interface
            }) {
                links[index].subnets.append(entry.subnet)
            } else {
                links.append(DHCPLink(interface: entry.interface, subnets: [entry.subnet]))
            }
        }
        return links
    }

    /// Pools with a further address of the host, which a machine would be given.
    private static func ownAddresses(in entry: Entry, _ host: ServingHost) -> [DHCPSettingsProblem] {
        entry.subnet.pools.flatMap { pool in
            host.own.filter { pool.contains($0) && $0 != entry.subnet.server }.sorted().map { address in
                DHCPSettingsProblem(
                    "pool \(AddressRange(pool)) contains \(address), an address of this server",
                    isFatal: false, fix: "exclude it from the pool, or give the server another address")
            }
        }
    }

    /// Interfaces on which nothing is heard any more.
    private static func removals(_ entries: [Entry], _ host: ServingHost) -> [DHCPSettingsProblem] {
        Set(entries.compactMap(\.interface)).intersection(host.removedInterfaces).sorted().map { name in
            DHCPSettingsProblem(
                "interface \(name) was removed after the server had started: nothing is heard there, also when it is back",
                isFatal: false,
                fix: "restart the server (systemctl restart roost); running nodes keep their roots")
        }
    }

    /// A subnet in which its interface has no address.
    private static func distance(of network: Network, as entry: Entry, _ host: ServingHost)
        -> [DHCPSettingsProblem]
    {
        guard let name = network.interface, let subnet = network.subnet, network.server == nil,
            let interface = host.interface(name),
            !interface.addresses.contains(where: { subnet.contains($0.address) })
        else { return [] }
        return [
            DHCPSettingsProblem(
                "\(subnet) is not on \(name): its clients are told to reach this server at \(entry.subnet.server)",
                isFatal: false,
                fix:
                    "add an address of \(subnet) to \(name) (ip addr add), or set the address at which they reach this server (server)"
            )
        ]
    }
}

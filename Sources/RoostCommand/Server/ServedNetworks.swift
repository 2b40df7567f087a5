import API
import Fleet
import Foundation
import Linux
import Synchronization
import Wire

/// The networks to serve, with what the settings leave open filled in from the interfaces.
struct ServedNetworks {
    var links: [DHCPLink]
    /// The interfaces that are served, in the order of the settings.
    var interfaces: [NetworkInterface]
    /// Our first address: what the control center calls the server.
    var address: IPv4Address
    /// All that this host has, on whatever interface.
    private let ownAddresses: Swift.Set<IPv4Address>

    /// - Parameter named: interfaces of the settings and the command line.
    init(_ settings: ServerSettings, named: [String], available: [NetworkInterface]) throws {
        var names: [String] = []
        for name in named where !names.contains(name) { names.append(name) }
        for network in settings.dhcp.networks {
            if let name = network.interface, !names.contains(name) { names.append(name) }
        }
        guard !names.isEmpty else {
            throw InvalidSetting(
                "no interface is named to serve on; say which: --interface eth1, or ‘interfaces’ in the configuration (there are: \(available.map(\.name).joined(separator: ", ")))"
            )
        }
        interfaces = try names.map { name in
            guard let interface = available.first(where: { $0.name == name }) else {
                throw InvalidSetting(
                    "there is no interface ‘\(name)’ (there are: \(available.map(\.name).joined(separator: ", ")))"
                )
            }
            guard !interface.addresses.isEmpty else {
                throw InvalidSetting(
                    "interface \(name) has no IPv4 address; give it one: ip addr add 10.77.0.1/24 dev \(name)"
                )
            }
            return interface
        }
        address = interfaces[0].addresses[0].address
        ownAddresses = Swift.Set(available.flatMap(\.addresses).map(\.address))
        links = []
        var configured = settings.dhcp.networks
        for interface in interfaces where !configured.contains(where: { $0.interface == interface.name }) {
            // Without a word about it, an interface is served as it is.
            if settings.dhcp.networks.isEmpty {
                configured.append(ServerSettings.Network(interface: interface.name))
            }
        }
        for network in configured {
            let subnet = try Self.subnet(
                network, interfaces: interfaces, domain: settings.domain, ownAddress: address)
            if let index = links.firstIndex(where: {
                $0.interface != nil && $0.interface == network.interface
            }) {
                links[index].subnets.append(subnet)
            } else {
                links.append(DHCPLink(interface: network.interface, subnets: [subnet]))
            }
        }
    }

    private static func subnet(
        _ network: ServerSettings.Network, interfaces: [NetworkInterface], domain: String,
        ownAddress: IPv4Address
    ) throws -> DHCPSubnet {
        let interface = network.interface.flatMap { name in interfaces.first { $0.name == name } }
        let own =
            interface?.addresses.first { network.subnet?.contains($0.address) ?? true }
            ?? interface?.addresses.first
        guard let prefix = network.subnet ?? own?.network else {
            throw InvalidSetting("a network behind a relay needs its subnet")
        }
        let server = network.server ?? own?.address ?? ownAddress
        return DHCPSubnet(
            network: prefix, server: server,
            pools: network.pools ?? defaultPools(prefix, server: server, router: network.router),
            router: network.router, nameServers: network.nameServers, timeServers: network.timeServers,
            domain: network.domain ?? domain, mtu: network.mtu, routes: network.routes,
            leaseSeconds: network.leaseSeconds,
            options: network.options, servesBOOTP: network.servesBOOTP)
    }

    /// The upper half of the network's hosts, without the server and the router.
    private static func defaultPools(
        _ network: IPv4Network, server: IPv4Address, router: IPv4Address?
    ) -> [ClosedRange<IPv4Address>] {
        let hosts = network.hosts
        let count = hosts.upperBound.rawValue - hosts.lowerBound.rawValue + 1
        var start = hosts.lowerBound.rawValue + count / 2
        var ranges: [ClosedRange<IPv4Address>] = []
        for taken in [server, router].compactMap({ $0 }).sorted()
        where taken.rawValue >= start && hosts.contains(taken) {
            if taken.rawValue > start {
                ranges.append(IPv4Address(rawValue: start)...IPv4Address(rawValue: taken.rawValue - 1))
            }
            start = taken.rawValue + 1
        }
        if start <= hosts.upperBound.rawValue {
            ranges.append(IPv4Address(rawValue: start)...hosts.upperBound)
        }
        return ranges
    }
}

extension ServedNetworks {
    /// Where the control center listens unless the settings say otherwise: the first IPv4 address of each served interface, and the
    /// IPv6 addresses that stay.
    var centerHosts: [String] {
        interfaces.flatMap { interface in
            let lasting = InterfaceAddress6.all.filter { $0.interface == interface.name && $0.lasts }
            return [interface.addresses[0].address.description] + lasting.map(\.address.description)
        }
    }

    /// The mistakes that people make, with what this host's interfaces are.
    func problems(_ settings: ServerSettings) -> [DHCPSettingsProblem] {
        let forwards = (try? String(contentsOfFile: "/proc/sys/net/ipv4/ip_forward", encoding: .utf8))
        let found = Fleet.problems(
            in: links, reservations: settings.dhcp.reservations, forwards: forwards?.hasPrefix("1") == true)
        return found
            + settings.dhcp.networks.compactMap { network in
                guard let name = network.interface, let subnet = network.subnet, network.server == nil,
                    let interface = interfaces.first(where: { $0.name == name }),
                    !interface.addresses.contains(where: { subnet.contains($0.address) })
                else { return nil }
                let address = interface.addresses[0].address
                return DHCPSettingsProblem(
                    description:
                        "\(subnet) is not on \(name): its clients are told to reach this server at \(address)",
                    isFatal: false,
                    fix:
                        "ip addr add an address of \(subnet) on \(name), or say which address they reach (server)"
                )
            }
    }

    /// Which addresses nodes may have.
    func addressPlan(_ settings: ServerSettings) -> AddressPlan {
        AddressPlan(
            subnets: links.flatMap(\.subnets), own: ownAddresses, reservations: settings.dhcp.reservations,
            isComplete: settings.roles.contains(.dhcp))
    }

    /// The networks as the control center shows them.
    ///
    /// - Parameter now: seconds since 1970.
    func answers(leases: [Lease], now: Int) -> [NetworkAnswer] {
        let held = leases.filter { $0.expiresAt > now }
        return links.flatMap { link in
            link.subnets.map { subnet in
                let size = subnet.pools.reduce(0) {
                    $0 + Int($1.upperBound.rawValue - $1.lowerBound.rawValue) + 1
                }
                return NetworkAnswer(
                    interface: link.interface ?? "", server: subnet.server,
                    network: "\(subnet.network.base)/\(subnet.network.prefixLength)",
                    pools: subnet.pools.map { "\($0.lowerBound)-\($0.upperBound)" }, router: subnet.router,
                    size: size,
                    leased: held.count { lease in subnet.pools.contains { $0.contains(lease.address) } })
            }
        }
    }
}

/// The networks that are served at this moment, for other threads.
final class CurrentNetworks: Sendable {
    private let state: Mutex<ServedNetworks>

    init(_ networks: ServedNetworks) { state = Mutex(networks) }

    var value: ServedNetworks {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}

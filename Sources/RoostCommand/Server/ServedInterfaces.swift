import API
import Fleet
import Foundation
import Linux
import Wire

/// The interfaces that this host serves on.
struct ServedInterfaces: Equatable {
    /// In the order of the settings.
    var interfaces: [NetworkInterface]
    /// Our first address: what the control center calls the server.
    var address: IPv4Address
    /// Names of those that were removed since sockets were bound to them.
    var removed: Swift.Set<String> = []
    /// All that this host has, on whatever interface.
    private let ownAddresses: Swift.Set<IPv4Address>

    init(_ names: [String], available: [NetworkInterface]) throws {
        guard !names.isEmpty else {
            throw InvalidSetting(
                "no interface is chosen: name one with --interface eth1, or with ‘interfaces’ in the configuration (available: \(available.map(\.name).joined(separator: ", ")))"
            )
        }
        var seen: Swift.Set<String> = []
        interfaces = try names.filter { seen.insert($0).inserted }.map { name in
            guard let interface = available.first(where: { $0.name == name }) else {
                throw InvalidSetting(
                    "there is no interface ‘\(name)’ (available: \(available.map(\.name).joined(separator: ", ")))"
                )
            }
            guard !interface.addresses.isEmpty else {
                throw InvalidSetting(
                    "interface \(name) has no IPv4 address; assign one: ip addr add 10.77.0.1/24 dev \(name)"
                )
            }
            return interface
        }
        address = interfaces[0].addresses[0].address
        ownAddresses = Swift.Set(available.flatMap(\.addresses).map(\.address))
    }

    /// Where the control center listens unless the settings say otherwise: the first IPv4 address of each served interface, and the
    /// IPv6 addresses that stay.
    var centerHosts: [String] {
        interfaces.flatMap { interface in
            let lasting = InterfaceAddress6.all.filter { $0.interface == interface.name && $0.lasts }
            return [interface.addresses[0].address.description] + lasting.map(\.address.description)
        }
    }

    /// What people type to reach this server where the control center listens at `hosts`.
    func names(of hosts: [String]) -> [String] {
        Self.names(
            of: hosts, fours: interfaces.flatMap(\.addresses).map { IPAddress($0.address) },
            sixes: InterfaceAddress6.all.filter { address in
                address.lasts && interfaces.contains { $0.name == address.interface }
            }.map(\.address))
    }

    /// - Parameters:
    ///   - fours: the addresses that 0.0.0.0 and :: stand for.
    ///   - sixes: those that only :: stands for.
    static func names(of hosts: [String], fours: [IPAddress], sixes: [IPAddress]) -> [String] {
        hosts.flatMap { host in
            switch IPAddress(host).map(\.description) {
            case "0.0.0.0": fours.map(\.description)
            case "::": (fours + sixes).map(\.description)
            default: [host]
            }
        }
    }

    /// The addresses that came to these interfaces since `start`, when sockets were bound: nothing but DHCP is heard on them.
    func unheard(since start: Self) -> [(interface: String, address: IPv4Address)] {
        let bound = Swift.Set(start.interfaces.flatMap(\.addresses).map(\.address))
        return interfaces.flatMap { interface in
            interface.addresses.map(\.address).filter { !bound.contains($0) }.map { (interface.name, $0) }
        }
    }

    /// Those that are not there any more. One of the same name can be there again, which is another one.
    ///
    /// - Parameter name: the name of the interface with a number; nil: there is none.
    func gone(name: (UInt32) -> String? = NetworkInterface.name(of:)) -> Swift.Set<String> {
        Swift.Set(interfaces.filter { name($0.index) == nil }.map(\.name))
    }

    /// What the networks of the configuration meet here.
    ///
    /// - Parameter loaders: files that are there.
    func host(_ settings: ServerSettings, loaders: Swift.Set<String>? = nil) -> ServingHost {
        let forwards = try? String(contentsOfFile: "/proc/sys/net/ipv4/ip_forward", encoding: .utf8)
        return ServingHost(
            interfaces: interfaces.map { interface in
                ServingHost.Interface(
                    name: interface.name, addresses: interface.addresses.map { ($0.address, $0.network) })
            },
            own: ownAddresses, domain: settings.domain, givesAddresses: settings.roles.contains(.dhcp),
            forwards: forwards?.hasPrefix("1") == true, loaders: loaders, removedInterfaces: removed)
    }
}

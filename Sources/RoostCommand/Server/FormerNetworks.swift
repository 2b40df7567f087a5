import ConfigurationFile
import Fleet
import Wire

/// What a file says that was written before networks, reservations and loader rules were records: it is taken over once.
struct FormerNetworks: Equatable {
    private(set) var records = NetworkRecords()
    /// The keys that are there.
    private(set) var keys: [String] = []
    /// Reservations that a record cannot say: a second one for a machine.
    private(set) var leftOut: [String] = []

    /// What the file's networks are on, in its order: these are served even where `interfaces` does not name them.
    private(set) var interfaces: [String] = []

    mutating func takeNetworks(of section: inout YAMLSection) throws {
        for section in try taken("dhcp.networks", section.sections("networks")) {
            var section = section
            let network = try Self.network(&section)
            let name = try Self.name(of: network, among: records.networks)
            records.networks[name] = network
            records.networks[name]?.name = name
            if let interface = network.interface, !interfaces.contains(interface) {
                interfaces.append(interface)
            }
        }
        for section in try taken("dhcp.reservations", section.sections("reservations")) {
            var section = section
            let reservation = try Self.reservation(&section)
            if let other = records.reservations[reservation.identity] {
                leftOut.append(
                    "\(reservation.identity) has two reservations, \(other.address) and \(reservation.address): the first one applies"
                )
            } else {
                records.reservations[reservation.identity] = reservation
            }
        }
    }

    mutating func takeLoaderRules(of top: inout YAMLSection) throws {
        let sections = try taken("loader-rules", top.sections("loader-rules"))
        for (index, section) in sections.enumerated() {
            var section = section
            let name = try RuleName("rule-\(index + 1)")
            // The first that fits counted.
            records.loaderRules[name] = try Self.loaderRule(
                &section, name, priority: 10 * (sections.count - index))
        }
    }

    private mutating func taken(_ key: String, _ sections: [YAMLSection]?) -> [YAMLSection] {
        if sections != nil { keys.append(key) }
        return sections ?? []
    }

    /// A name that says which network it is: its interface's, or its first address.
    private static func name(of network: Network, among taken: [NetworkName: Network]) throws -> NetworkName {
        let allowed = "abcdefghijklmnopqrstuvwxyz0123456789.-_"
        let wish = network.interface.map { $0.lowercased().filter(allowed.contains) } ?? ""
        let subnet = network.subnet.map { "\($0.base)" } ?? ""
        let base = wish.first.map { $0.isLetter || $0.isNumber } == true ? wish : "net-\(subnet)"
        var name = try NetworkName(base)
        var number = 2
        while taken[name] != nil {
            name = try NetworkName("\(base)-\(number)")
            number += 1
        }
        return name
    }

    private static func network(_ section: inout YAMLSection) throws -> Network {
        var network = Network(name: try NetworkName("file"), interface: try section.text("interface"))
        network.subnet = try section.value("subnet", "a network such as 10.77.0.0/24") { IPv4Network($0) }
        network.server = try section.value("server", "an IPv4 address") { IPv4Address($0) }
        network.pools = try section.list("pools", AddressRange.form) { AddressRange($0) }
        network.router = try section.value("router", "an IPv4 address") { IPv4Address($0) }
        network.nameServers = try section.list("name-servers", "an IPv4 address") { IPv4Address($0) } ?? []
        network.timeServers = try section.list("time-servers", "an IPv4 address") { IPv4Address($0) } ?? []
        network.domain = try section.value("domain", "a domain", SettingLengths.domain)
        let mtu = (Int(Network.mtuRange.lowerBound), Int(Network.mtuRange.upperBound))
        network.mtu = try section.number("mtu", mtu.0...mtu.1).map(UInt16.init)
        network.routes = try section.list("routes", "NETWORK via ROUTER") { ClasslessRoute($0) } ?? []
        network.lease = try section.value("lease", LeaseTime.form) { LeaseTime($0) } ?? .standard
        network.servesBOOTP = try section.flag("bootp") ?? false
        if var map = try section.section("options") {
            let texts = try map.texts(joinsLists: true)
            do throws(InvalidSetting) {
                network.options = try NetworkOptions(texts)
            } catch { throw map.fail(error.description) }
        }
        if let problem = network.lengthProblem { throw section.fail(problem.english) }
        try section.finish(
            known:
                "interface, subnet, server, pools, router, name-servers, time-servers, domain, mtu, routes, lease, bootp, options"
        )
        return network
    }

    private static func reservation(_ section: inout YAMLSection) throws -> DHCPReservation {
        var identities: [DHCPReservation.Identity] = []
        if let mac = try section.value("mac", "a hardware address", { MACAddress($0) }) {
            identities.append(.macAddress(mac))
        }
        if let uuid = try section.value("uuid", "a UUID", { MachineUUID($0) }) {
            identities.append(.uuid(uuid))
        }
        let client = try section.value("client-id", "bytes in hexadecimal") {
            DHCPReservation.Identity("client:\($0)")
        }
        if let client { identities.append(client) }
        let address = try section.value("address", "an IPv4 address") { IPv4Address($0) }
        try section.finish(known: "mac, uuid, client-id, address")
        guard let address, identities.count == 1 else {
            throw section.fail("a reservation needs an address and exactly one of mac, uuid, client-id")
        }
        return DHCPReservation(identities[0], address)
    }

    private static func loaderRule(_ section: inout YAMLSection, _ name: RuleName, priority: Int) throws
        -> LoaderRule
    {
        let mac = try section.value("mac", MACPattern.form) { MACPattern($0) }
        let architecture = try section.number("architecture", 0...65_535)
            .map { ClientArchitecture(rawValue: UInt16($0)) }
        let vendorClass = try section.text("vendor-class")
        let loader = try section.value("loader", "a file's name", SettingLengths.loader)
        try section.finish(known: "mac, architecture, vendor-class, loader")
        guard let loader, mac != nil || architecture != nil || vendorClass != nil else {
            throw section.fail("a rule needs a loader and at least one of mac, architecture, vendor-class")
        }
        return LoaderRule(
            name: name, priority: priority, macPattern: mac, architecture: architecture,
            vendorClass: vendorClass, loader: loader)
    }
}

package import Wire

/// A subnet whose machines this server gives addresses, as it is written down. What it leaves open is taken from the interface.
package struct Network: Equatable, Sendable, Codable {
    package var name: NetworkName
    /// The interface that it is on; nil: it is reached through relays.
    package var interface: String?
    /// Nil: the interface's.
    package var subnet: IPv4Network?
    /// The server's address as machines reach it; nil: the interface's.
    package var server: IPv4Address?
    /// Nil: the upper half of the subnet. None: only nodes with addresses of their own, and reservations, get one.
    package var pools: [AddressRange]?
    /// The default router that machines are told.
    package var router: IPv4Address?
    package var nameServers: [IPv4Address]
    package var timeServers: [IPv4Address]
    /// Nil: the server's.
    package var domain: String?
    package var mtu: UInt16?
    package var routes: [ClasslessRoute]
    package var lease: LeaseTime
    package var options: NetworkOptions
    /// Whether machines that speak BOOTP get addresses from the pools, though they are no nodes.
    package var servesBOOTP: Bool
    /// Whether another server gives the addresses, and this one only names boot files (ProxyDHCP).
    package var isProxy: Bool

    package static let mtuRange: ClosedRange<UInt16> = 576...9_216
    /// Networks of a configuration, and pools of one of them: each is compared with each.
    private static let (countLimit, poolLimit) = (4_096, 1_000)

    package init(name: NetworkName, interface: String? = nil, subnet: IPv4Network? = nil) {
        self.name = name
        self.interface = interface
        self.subnet = subnet
        nameServers = []
        timeServers = []
        routes = []
        lease = .standard
        options = NetworkOptions()
        servesBOOTP = false
        isProxy = false
    }

    private enum CodingKeys: String, CodingKey {
        case name, interface, subnet, server, pools, router, nameServers, timeServers, domain, mtu, routes
        case lease, options
        case servesBOOTP = "bootp"
        case isProxy = "proxy"
    }

    /// What is left out is empty.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        self.init(name: try fields.decode(NetworkName.self, forKey: .name))
        interface = try fields.decodeIfPresent(String.self, forKey: .interface)
        subnet = try fields.decodeIfPresent(IPv4Network.self, forKey: .subnet)
        server = try fields.decodeIfPresent(IPv4Address.self, forKey: .server)
        pools = try fields.decodeIfPresent([AddressRange].self, forKey: .pools)
        router = try fields.decodeIfPresent(IPv4Address.self, forKey: .router)
        nameServers = try fields.decodeIfPresent([IPv4Address].self, forKey: .nameServers) ?? []
        timeServers = try fields.decodeIfPresent([IPv4Address].self, forKey: .timeServers) ?? []
        domain = try fields.decodeIfPresent(String.self, forKey: .domain)
        mtu = try fields.decodeIfPresent(UInt16.self, forKey: .mtu)
        routes = try fields.decodeIfPresent([ClasslessRoute].self, forKey: .routes) ?? []
        lease = try fields.decodeIfPresent(LeaseTime.self, forKey: .lease) ?? .standard
        options = try fields.decodeIfPresent(NetworkOptions.self, forKey: .options) ?? NetworkOptions()
        servesBOOTP = try fields.decodeIfPresent(Bool.self, forKey: .servesBOOTP) ?? false
        isProxy = try fields.decodeIfPresent(Bool.self, forKey: .isProxy) ?? false
    }
}

extension FleetEdit {
    /// - Parameter network: nil removes it.
    package static func network(_ name: NetworkName, _ network: Network?) -> Self { Self(name, network) }
}

extension Network: TableRecord, ListedRecord {
    package static let kind = "network"
    package static let shapesAddresses = true

    package static var table: WritableKeyPath<FleetSnapshot.Contents, [NetworkName: Self]> {
        \.network.networks
    }
    package var key: NetworkName { name }

    package static func checked(
        _ change: RecordChange<Network>, in draft: FleetSnapshot.Contents, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws -> Network? {
        try change.requireSomething(in: draft)
        guard var network = change.after else { return nil }
        network.name = change.key
        let others = draft.network.networks
        guard others[change.key] != nil || others.count < countLimit else {
            throw StoreError.conflict("there are \(others.count) networks; remove some first")
        }
        if let count = network.pools?.count, count > poolLimit {
            throw InvalidSetting("pools: \(count) are too many; a network has at most \(poolLimit)")
        }
        if network.isProxy, network.pools?.isEmpty == false {
            throw InvalidSetting("pools: another server gives the addresses of this network (proxy)")
        }
        network.domain = try network.domain.map { try SettingLengths.requireDomain($0) }
        if let mtu = network.mtu, !mtuRange.contains(mtu) {
            throw InvalidSetting("mtu: \(mtu) is not \(mtuRange.lowerBound) to \(mtuRange.upperBound)")
        }
        if let problem = network.lengthProblem { throw InvalidSetting(problem) }
        if let subnet = network.subnet, let problem = subnet.base.neverAHost {
            throw InvalidSetting("subnet: \(subnet.base) \(problem)")
        }
        if let server = network.server, let problem = server.neverAHost {
            throw InvalidSetting("server: \(server) \(problem)")
        }
        guard let interface = network.interface else {
            guard network.subnet != nil else {
                throw InvalidSetting("subnet: a network behind a relay needs one, such as 10.77.0.0/24")
            }
            return network
        }
        if interface != before.contents.network.networks[change.key]?.interface, let host = plan.host {
            try host.requireServed(interface)
        }
        return network
    }

    /// The networks as the host serves them contradict neither each other nor the host, unless they did before.
    package static func check(
        all changed: [NetworkName], in snapshot: FleetSnapshot, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws {
        try NetworkRecords.check(snapshot.contents.network, since: before.contents.network, within: plan)
    }

    package static func missing(_ key: NetworkName) -> Sentence {
        "there is no network \(key) (roost network list shows all)"
    }

    package static func existing(_ key: NetworkName) -> Sentence {
        "network \(key) already exists; use roost network set to change it"
    }
}

extension Network: DeclaredForm {
    package typealias Record = Network
    package static var declaredForm: (any DeclaredForm.Type)? { Self.self }
    package static let (member, keyMember) = ("networks", "name")
}

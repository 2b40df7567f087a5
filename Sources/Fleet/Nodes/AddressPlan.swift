package import Wire

/// The addresses that a machine may have: those that the served networks leave free.
package struct AddressPlan: Equatable, Sendable {
    /// Why an address is not allowed for a machine.
    package struct Problem: Equatable, Sendable {
        /// The consequence.
        package enum Outcome: Sendable {
            /// It works, but should be changed.
            case untidy
            /// The machine gets another address.
            case ineffective
            /// Machines are cut off.
            case outage
        }

        /// The text after the address: `is this server's own`.
        package var text: Sentence
        package var outcome: Outcome

        init(_ text: Sentence, _ outcome: Outcome = .outage) {
            self.text = text
            self.outcome = outcome
        }
    }

    /// What a plan of a configuration is made of.
    private struct Origin: Equatable, Sendable {
        var records: NetworkRecords
        var host: ServingHost
        var served: ServedNetworks
    }

    package let subnets: [DHCPSubnet]
    /// All addresses of this server.
    package let own: Set<IPv4Address>
    /// For whom addresses are kept.
    private let keepers: [IPv4Address: DHCPReservation.Identity]
    /// Whether a fixed address must be in one of the subnets: nothing else assigns it to the machine.
    package let isComplete: Bool
    /// Nil: the networks are not those of a configuration.
    private var origin: Origin?

    /// What the networks of a configuration meet; nil: they are not known.
    package var host: ServingHost? { origin?.host }

    /// The networks of the configuration as the host serves them; nil: they are not known.
    package var served: ServedNetworks? { origin?.served }

    package init(
        subnets: [DHCPSubnet] = [], own: Set<IPv4Address> = [], reservations: [DHCPReservation] = [],
        isComplete: Bool = false
    ) {
        self.subnets = subnets
        self.own = own
        keepers = Dictionary(reservations.map { ($0.address, $0.identity) }) { first, _ in first }
        self.isComplete = isComplete
    }

    /// What `records` leave free where they are served on `host`.
    package init(of records: NetworkRecords, on host: ServingHost) {
        let served = ServedNetworks(records, on: host)
        self.init(
            subnets: served.subnets, own: host.own, reservations: served.reservations,
            isComplete: host.givesAddresses)
        origin = Origin(records: records, host: host, served: served)
    }

    /// The same for another configuration; this one where it says the same of networks. Comparing is quick for the very same records.
    package func following(_ contents: FleetSnapshot.Contents) -> Self {
        guard let origin, origin.records != contents.network else { return self }
        return Self(of: contents.network, on: origin.host)
    }

    /// Nothing is known of the networks: what no host may ever have is refused all the same.
    package static let unknown = AddressPlan()

    /// The problem of `address` as a machine's fixed address; nil when there is none.
    package func problem(of address: IPv4Address) -> Problem? {
        if let text = address.neverAHost { return Problem(text) }
        if own.contains(address) || subnets.contains(where: { $0.server == address }) {
            return Problem("is this server's own")
        }
        guard let subnet = subnets.first(where: { $0.network.contains(address) }) else {
            let served = subnets.map(\.network.description).joined(separator: ", ")
            return isComplete ? Problem("is not in a served network (\(served))", .ineffective) : nil
        }
        if !subnet.network.hosts.contains(address) {
            return Problem(
                address == subnet.network.broadcast
                    ? "is the broadcast address of \(subnet.network)"
                    : "is the address of the network \(subnet.network) itself")
        }
        if subnet.router == address { return Problem("is the router's") }
        if let pool = subnet.pools.first(where: { $0.contains(address) }) {
            let range = "\(pool.lowerBound)-\(pool.upperBound)"
            return Problem("is in the pool \(range): choose one outside the pools", .untidy)
        }
        return nil
    }

    /// The problem of `address` for `node`; nil when there is none.
    func problem(of address: IPv4Address, for node: Node) -> Sentence? {
        if let problem = problem(of: address) { return problem.text }
        guard let other = keepers[address], !other.isMachine(of: node) else { return nil }
        return "is reserved for \(other) (roost network unreserve \(other))"
    }
}

extension IPv4Address {
    /// Why no host can have this address, in any network; nil when one can (RFC 6890).
    package var neverAHost: Sentence? {
        switch rawValue >> 24 {
        case 0: "is not the address of a host"
        case 127: "is a loopback address"
        case 224...239: "is a multicast address"
        case 240...: self == .broadcast ? "is the broadcast address" : "is in a reserved range (240.0.0.0/4)"
        default: nil
        }
    }
}

extension MACAddress {
    /// Why no card can have this MAC address; nil when one can (IEEE 802, section 8.2).
    package var neverACard: Sentence? {
        if rawValue == 0 { return "is empty: firmware shows it when it has no card" }
        if rawValue == 0xFFFF_FFFF_FFFF { return "is the broadcast address" }
        return rawValue >> 40 & 1 == 1 ? "is a multicast address" : nil
    }
}

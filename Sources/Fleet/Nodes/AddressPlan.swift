package import Wire

/// Which addresses a machine may have for itself: what the networks that are served leave free.
package struct AddressPlan: Equatable, Sendable {
    /// Why an address cannot be a machine's own.
    package struct Problem: Equatable, Sendable {
        /// What comes of it.
        package enum Outcome: Sendable {
            /// It works, and should not be so.
            case untidy
            /// The machine gets another address.
            case ineffective
            /// Machines are cut off.
            case outage
        }

        /// Behind the address: `is this server's own`.
        package var text: String
        package var outcome: Outcome

        init(_ text: String, _ outcome: Outcome = .outage) {
            self.text = text
            self.outcome = outcome
        }
    }

    package var subnets: [DHCPSubnet]
    /// Every address of this server.
    package var own: Set<IPv4Address>
    package var reservations: [DHCPReservation]
    /// Whether a fixed address has to lie in one of the subnets: nothing else gives it to the machine.
    package var isComplete: Bool
    /// What the networks of a configuration meet; nil: they are not known.
    package private(set) var host: ServingHost?

    package init(
        subnets: [DHCPSubnet] = [], own: Set<IPv4Address> = [], reservations: [DHCPReservation] = [],
        isComplete: Bool = false
    ) {
        self.subnets = subnets
        self.own = own
        self.reservations = reservations
        self.isComplete = isComplete
    }

    /// What `records` leave free where they are served on `host`.
    package init(of records: NetworkRecords, on host: ServingHost) {
        let served = ServedNetworks(records, on: host)
        self.init(
            subnets: served.subnets, own: host.own, reservations: served.reservations,
            isComplete: host.givesAddresses)
        self.host = host
    }

    /// The same for another configuration.
    func following(_ contents: FleetSnapshot.Contents) -> Self {
        host.map { Self(of: contents.network, on: $0) } ?? self
    }

    /// Nothing is known of the networks: what no host may ever have is refused all the same.
    package static let unknown = AddressPlan()

    /// What is wrong with `address` as the fixed one of a machine; nil when nothing is.
    package func problem(of address: IPv4Address) -> Problem? {
        if let text = address.neverAHost { return Problem(text) }
        if own.contains(address) || subnets.contains(where: { $0.server == address }) {
            return Problem("is this server's own")
        }
        guard let subnet = subnets.first(where: { $0.network.contains(address) }) else {
            let served = subnets.map(\.network.description).joined(separator: ", ")
            return isComplete ? Problem("is in no network that is served (\(served))", .ineffective) : nil
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
            return Problem("lies in the pool \(range), which is for others: take one outside", .untidy)
        }
        return nil
    }

    /// What is wrong with `address` as that of `node`; nil when nothing is.
    func problem(of address: IPv4Address, for node: Node) -> String? {
        if let problem = problem(of: address) { return problem.text }
        let other = reservations.first { $0.address == address && !$0.identity.isMachine(of: node) }
        return other.map { "is reserved for \($0.identity) (roost network unreserve \($0.identity))" }
    }
}

extension IPv4Address {
    /// Why no host has this address, whatever its network; nil when it may have it (RFC 6890).
    package var neverAHost: String? {
        switch rawValue >> 24 {
        case 0: "means no host at all"
        case 127: "is a loopback address"
        case 224...239: "is a multicast address"
        case 240...: self == .broadcast ? "is the broadcast address" : "is of a reserved range (240.0.0.0/4)"
        default: nil
        }
    }
}

extension MACAddress {
    /// Why no card has this hardware address; nil when one may have it (IEEE 802, section 8.2).
    package var neverACard: String? {
        if rawValue == 0 { return "is empty: firmware shows it when it has no card" }
        if rawValue == 0xFFFF_FFFF_FFFF { return "is the broadcast address" }
        return rawValue >> 40 & 1 == 1 ? "is a multicast address" : nil
    }
}

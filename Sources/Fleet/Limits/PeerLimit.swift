package import Wire

/// A part of the server with limits per peer.
package enum LimitedPlane: String, Sendable, CaseIterable, Codable {
    case dhcp, tftp, http, nbd, logs, reports, center
}

/// A limited resource with its limit.
package struct PeerLimit: Hashable, Sendable {
    /// What is counted. Its text follows the number.
    package enum Subject: String, Sendable {
        case connections = "connections per address"
        case strangersConnections = "connections of all addresses without a lease together"
        case allConnections = "connections in all"
        case agentConnections = "connections of one agent"
        case silentConnections = "seconds until a connection asks for something"
        case requests = "requests a second per address"
        case transfers = "transfers per address"
        case allTransfers = "transfers in all; this one gave way to another"
        case messages = "messages a second per machine"
        case portMessages = "messages a second of all unknown machines of one port"
        case strangersMessages = "messages a second of all unknown machines of one link"
        case bytes = "bytes a second per machine"
        case logIns = "log-ins a second per machine"
        case logLines = "log lines a second per peer"
        case allLogLines = "log lines a second in all"
        case bootReports = "repeated reports per boot"
        case bootBytes = "bytes of text in the reports of one boot"
        case newCards = "new cards a minute for the UUID of one node"
        case waitingMachines = "machines that wait on one link; the oldest was forgotten"
    }

    package var plane: LimitedPlane
    package var subject: Subject
    package var most: Int

    package init(_ plane: LimitedPlane, _ subject: Subject, most: Int) {
        self.plane = plane
        self.subject = subject
        self.most = most
    }
}

extension PeerLimit: CustomStringConvertible {
    package var description: String { "\(plane.rawValue): at most \(most) \(subject.rawValue)" }
}

/// The limited peer: an address, a machine by MAC address or UUID, a port of a relay or switch, or a whole link.
package enum LimitedPeer: Hashable, Sendable, CustomStringConvertible {
    case address(IPv4Address)
    case machine(MACAddress)
    case uuid(MachineUUID)
    /// - identifier: what the relay or switch calls it, as received (option 82).
    case port(relay: IPv4Address, identifier: [UInt8])
    case link(String)

    package var description: String {
        switch self {
        case .address(let address): address.description
        case .machine(let machine): machine.description
        case .uuid(let uuid): "UUID \(uuid)"
        case .port(let relay, let identifier):
            "the port \(Self.hexadecimal(identifier)) of \(relay == .any ? "a switch" : "the relay \(relay)")"
        case .link(let name): name
        }
    }
}

extension LimitedPeer {
    /// Bytes of a port's name that are shown.
    private static let shownByteCount = 32

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        let shown = bytes.prefix(shownByteCount).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        return shown.joined() + (bytes.count > shownByteCount ? "…" : "")
    }
}

/// Multiplies the limits of some addresses: a router with NAT, or a proxy, has many machines behind it.
package struct PeerAllowances: Equatable, Sendable {
    /// Addresses beside each other. Those of IPv6 are only of clients of the control center.
    package enum Addresses: Equatable, Sendable {
        case ipv4(IPv4Network)
        case ipv6(IPNetwork)

        /// `10.9.0.1/32`, `2001:db8::/64`; nil for anything else.
        package init?(_ text: String) {
            if let network = IPv4Network(text) {
                self = .ipv4(network)
            } else if text.contains(":"), text.contains("/"), let network = IPNetwork(text) {
                self = .ipv6(network)
            } else {
                return nil
            }
        }
    }

    package struct Network: Equatable, Sendable {
        package var addresses: Addresses
        /// The multiplier for one address there.
        package var times: Int

        package init(_ addresses: Addresses, times: Int) {
            self.addresses = addresses
            self.times = times
        }

        package init(_ network: IPv4Network, times: Int) { self.init(.ipv4(network), times: times) }
    }

    /// The first network that contains an address counts.
    package var networks: [Network]

    package init(_ networks: [Network] = []) { self.networks = networks }

    package func times(for peer: IPv4Address) -> Int {
        networks.first {
            if case .ipv4(let network) = $0.addresses { network.contains(peer) } else { false }
        }?
        .times ?? 1
    }

    package func times(for peer: IPAddress) -> Int {
        guard peer.isIPv6 else {
            return times(for: IPv4Address(rawValue: peer.bytes.reduce(0) { $0 << 8 | UInt32($1) }))
        }
        return networks.first {
            if case .ipv6(let network) = $0.addresses { network.contains(peer) } else { false }
        }?.times ?? 1
    }
}

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
    package struct Network: Equatable, Sendable {
        package var network: IPv4Network
        /// The multiplier for one address there.
        package var times: Int

        package init(_ network: IPv4Network, times: Int) {
            self.network = network
            self.times = times
        }
    }

    /// The first network that contains an address counts.
    package var networks: [Network]

    package init(_ networks: [Network] = []) { self.networks = networks }

    package func times(for peer: IPv4Address) -> Int {
        networks.first { $0.network.contains(peer) }?.times ?? 1
    }
}

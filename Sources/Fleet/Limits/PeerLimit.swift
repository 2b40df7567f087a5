package import Wire

/// A part of the server with limits per peer.
package enum LimitedPlane: String, Sendable, CaseIterable, Codable {
    case dhcp, tftp, http, nbd, logs, reports, center
}

/// A limited resource with its limit.
package struct PeerLimit: Hashable, Sendable {
    /// What is counted. Its text follows the number.
    package enum Subject: String, Sendable {
        case connections = "connections are the most for one address"
        case strangersConnections = "connections are the most for all addresses together that hold no lease"
        case allConnections = "connections are the most for all together"
        case silentConnections = "seconds are the most until a connection has said what it wants"
        case requests = "requests a second are the most for one address"
        case transfers = "transfers are the most for one address"
        case allTransfers = "transfers are the most for all together, and this one is the least missed"
        case messages = "messages a second are the most for one machine"
        case strangersMessages = "messages a second are the most for unknown machines of one link together"
        case bytes = "bytes a second are the most for one machine"
        case logLines = "lines a second are the most that one peer brings into this log"
        case allLogLines = "lines a second are the most that all peers together bring into this log"
        case bootReports = "reports are the most that one boot repeats"
        case bootBytes = "bytes of text are the most for the reports of one boot"
        case newCards = "new cards a minute are the most for the UUID of one node"
        case waitingMachines = "machines are the most that wait on one link, and the oldest goes"
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
    package var description: String { "\(plane.rawValue): \(most) \(subject.rawValue)" }
}

/// The limited peer: an address, a machine by MAC address or UUID, or a whole link.
package enum LimitedPeer: Hashable, Sendable, CustomStringConvertible {
    case address(IPv4Address)
    case machine(MACAddress)
    case uuid(MachineUUID)
    case link(String)

    package var description: String {
        switch self {
        case .address(let address): address.description
        case .machine(let machine): machine.description
        case .uuid(let uuid): "UUID \(uuid)"
        case .link(let name): name
        }
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

import Wire

/// A machine on which people have their sessions.
package struct TerminalServer: Equatable, Sendable, Codable {
    package var name: TerminalName
    /// The administrators of this group are its administrators.
    package var group: GroupPath
    /// Where nodes reach it: a host name or an address.
    package var address: String
    package var system: System
    /// The protocols that it offers, each with its port.
    package var ports: [SessionProtocol: Int]
    /// How much it takes compared with what its processors and memory say: 2 means twice as much.
    package var weight: Double
    /// Sessions that it never exceeds, if people set a limit.
    package var sessionLimit: Int?
    /// Of its image. The agent's word counts where this is nil.
    package var release: String?
    package var tags: [String]
    package var admission: Admission
    /// Whether its agent restarts it once it has no session left while it drains. When it is back, it takes log-ins again, and this is no
    /// longer set.
    package var restartsWhenEmpty: Bool
    /// When it takes log-ins; empty: always.
    package var hours: [OpeningHours]
    /// The node that it is, where it boots from here.
    package var node: NodeName?
    /// The SHA-256 of its certificate for RDP, as nodes pin it, where no agent tells it.
    package var certificate: String?

    package enum System: String, Sendable, Codable, CaseIterable {
        case linux
        case windows
    }

    /// Whether it takes log-ins.
    package enum Admission: String, Sendable, Codable, CaseIterable {
        case open
        /// No new sessions; people come back to those that they have.
        case draining
        /// The same, and nothing on it is a trouble.
        case maintenance
    }

    package init(
        name: TerminalName, group: GroupPath = .site, address: String, system: System = .linux,
        ports: [SessionProtocol: Int] = [.rdp: SessionProtocol.rdp.usualPort], weight: Double = 1,
        sessionLimit: Int? = nil, release: String? = nil, tags: [String] = [], admission: Admission = .open,
        restartsWhenEmpty: Bool = false, hours: [OpeningHours] = [], node: NodeName? = nil,
        certificate: String? = nil
    ) {
        self.name = name
        self.group = group
        self.address = address
        self.system = system
        self.ports = ports
        self.weight = weight
        self.sessionLimit = sessionLimit
        self.release = release
        self.tags = tags
        self.admission = admission
        self.restartsWhenEmpty = restartsWhenEmpty
        self.hours = hours
        self.node = node
        self.certificate = certificate
    }
}

extension TerminalServer {
    /// What is left out is as in a new one.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            name: try fields.decode(TerminalName.self, forKey: .name),
            address: try fields.decode(String.self, forKey: .address))
        group = try fields.decodeIfPresent(GroupPath.self, forKey: .group) ?? group
        system = try fields.decodeIfPresent(System.self, forKey: .system) ?? system
        ports = try fields.decodeIfPresent(WrittenPorts.self, forKey: .ports)?.ports ?? ports
        weight = try fields.decodeIfPresent(WrittenNumber.self, forKey: .weight)?.value ?? weight
        sessionLimit = try fields.decodeIfPresent(Int.self, forKey: .sessionLimit)
        release = try fields.decodeIfPresent(String.self, forKey: .release)
        tags = try fields.decodeIfPresent([String].self, forKey: .tags) ?? []
        admission = try fields.decodeIfPresent(Admission.self, forKey: .admission) ?? admission
        restartsWhenEmpty = try fields.decodeIfPresent(Bool.self, forKey: .restartsWhenEmpty) ?? false
        hours = try fields.decodeIfPresent([OpeningHours].self, forKey: .hours) ?? []
        node = try fields.decodeIfPresent(NodeName.self, forKey: .node)
        certificate = try fields.decodeIfPresent(String.self, forKey: .certificate)
    }
}

/// The ports of a terminal server as JSON and files have them: a member for each protocol.
private struct WrittenPorts: Decodable {
    var ports: [SessionProtocol: Int] = [:]

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case rdp, ssh, x2go, vnc
    }

    /// Any member, to find those that are no protocol.
    private struct Name: CodingKey {
        let stringValue: String
        let intValue: Int? = nil

        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        for key in CodingKeys.allCases {
            guard let port = try fields.decodeIfPresent(Int.self, forKey: key) else { continue }
            ports[SessionProtocol(rawValue: key.rawValue) ?? .rdp] = port
        }
        let names = try decoder.container(keyedBy: Name.self).allKeys.map(\.stringValue)
        if let other = names.first(where: { CodingKeys(rawValue: $0) == nil }) {
            throw DecodingError.unreadable(
                "‘\(other)’ is not a protocol: rdp, ssh, x2go or vnc", at: decoder.codingPath)
        }
    }
}

/// The name of a terminal server: 1 to 63 lower-case letters, digits and hyphens.
package struct TerminalName: Hashable, Sendable, Comparable, CheckedName, CustomStringConvertible {
    package let text: String

    package init(_ text: some StringProtocol) throws(InvalidName) { self.text = try RuleName(text).text }

    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
    package var description: String { text }
}

/// A way in which a node shows a session.
package enum SessionProtocol: String, Sendable, Codable, CaseIterable, CodingKeyRepresentable {
    case rdp
    case ssh
    case x2go
    case vnc

    /// The port that it has unless people say otherwise.
    package var usualPort: Int {
        switch self {
        case .rdp: 3389
        case .ssh, .x2go: 22
        case .vnc: 5900
        }
    }

    /// As a member of a set.
    package var set: SessionProtocols {
        switch self {
        case .rdp: .rdp
        case .ssh: .ssh
        case .x2go: .x2go
        case .vnc: .vnc
        }
    }
}

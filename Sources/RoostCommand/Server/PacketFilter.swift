import Wire

/// The rules of this host's firewall, as far as they say what becomes of a packet from a machine of a served network, or of an answer to it.
///
/// Some rules depend on what cannot be read from them: how many packets came before, or which addresses a list has. Then the answer is
/// «unknown», not a guess.
struct PacketFilter {
    /// Base chains in the order in which a packet meets them.
    var bases: [Base] = []
    /// By table and name.
    var chains: [String: [Rule]] = [:]

    /// A chain that packets enter by themselves.
    struct Base {
        /// As in ``chains``: `inet filter input`.
        var chain: String
        /// Packets meet those with the lower number first.
        var order: Int
        var dropsOthers: Bool
        /// Only packets of this interface enter it; nil: all.
        var interface: String?
        /// Packets of this host's own programs enter it, and no others.
        var isOutgoing = false
    }

    struct Rule {
        /// All of them.
        var conditions: [Condition]
        var action: Action
    }

    enum Action: Equatable {
        case accept, drop, leave, nothing, unknown
        case jump(String)
        case goTo(String)
    }

    indirect enum Condition {
        /// Names; `eth*` is a beginning.
        case interface([String])
        /// The same of one that a packet leaves by.
        case outInterface([String])
        /// `tcp`, `udp`, `icmp`.
        case transport([String])
        /// That a packet goes to.
        case port([ClosedRange<UInt32>])
        /// That it comes from.
        case sourcePort([ClosedRange<UInt32>])
        /// Of connections: `new`, `established`.
        case state([String])
        case source([ClosedRange<UInt32>])
        case destination([ClosedRange<UInt32>])
        /// `local`, `broadcast`.
        case destinationKind([String])
        case opensTCP
        case not(Condition)
        case always, never, unknown
    }

    /// The first packet of a machine to a port, one that follows an answer from here, or the first answer.
    struct Packet {
        /// That it comes by, or leaves by.
        var interface: String
        var isUDP: Bool
        /// This host's. Nil: any that it has chosen for an answer.
        var port: UInt16?
        /// Where it can come from; of an answer, where it can go to.
        var source: IPv4Network
        /// Where it goes to; of an answer, where it comes from.
        var destination: IPv4Address
        var isBroadcast = false
        /// Whether it is an answer.
        var isOutgoing = false
    }

    enum Outcome: Equatable {
        case open
        /// With the chain whose rule, or end, it is.
        case closed(String)
        case unknown(String)
    }

    enum Truth {
        case yes, no, maybe

        init(_ value: Bool) { self = value ? .yes : .no }

        static prefix func ! (_ value: Self) -> Self {
            switch value {
            case .yes: .no
            case .no: .yes
            case .maybe: .maybe
            }
        }
    }

    /// What becomes of a packet.
    func outcome(of packet: Packet) -> Outcome {
        var result = Outcome.open
        for base in bases.sorted(by: { $0.order < $1.order })
        where base.isOutgoing == packet.isOutgoing
            && (base.interface == nil || base.interface == packet.interface)
        {
            var walk = Walk(filter: self, packet: packet)
            switch walk.end(of: base.chain, isCertain: true, depth: 0) {
            case .drop: return walk.mayPass ? .unknown(base.chain) : .closed(base.chain)
            case .accept: if walk.mayDrop { result = .unknown(base.chain) }
            default:
                if base.dropsOthers {
                    return walk.mayPass ? .unknown(base.chain) : .closed(base.chain)
                }
                if walk.mayDrop { result = .unknown(base.chain) }
            }
        }
        return result
    }

    /// A packet on its way through the chains that one base chain leads to.
    private struct Walk {
        private static let depthLimit = 16

        let filter: PacketFilter
        let packet: Packet
        /// Rules that may let it through, or drop it, have been met.
        var mayPass = false
        var mayDrop = false

        /// `accept`, `drop`, or `leave`, when no rule decides.
        ///
        /// - Parameter isCertain: whether the packet gets here at all.
        mutating func end(of chain: String, isCertain: Bool, depth: Int) -> Action {
            guard depth < Self.depthLimit, let rules = filter.chains[chain] else {
                (mayPass, mayDrop) = (true, true)
                return .leave
            }
            var isCertain = isCertain
            for rule in rules {
                let truth = packet.fits(rule.conditions)
                if truth == .no { continue }
                let isSure = isCertain && truth == .yes
                switch rule.action {
                case .accept:
                    if isSure { return .accept }
                    mayPass = true
                case .drop:
                    if isSure { return .drop }
                    mayDrop = true
                case .unknown: (mayPass, mayDrop) = (true, true)
                case .nothing: break
                case .leave:
                    if isSure { return .leave }
                    isCertain = false
                case .jump(let name), .goTo(let name):
                    let end = end(of: name, isCertain: isSure, depth: depth + 1)
                    if end != .leave { return end }
                    if case .goTo = rule.action {
                        if isSure { return .leave }
                        isCertain = false
                    }
                }
            }
            return .leave
        }
    }
}

extension PacketFilter.Packet {
    private var hosts: ClosedRange<UInt32> {
        source.base.rawValue...(source.base.rawValue | ~source.mask.rawValue)
    }

    fileprivate func fits(_ conditions: [PacketFilter.Condition]) -> PacketFilter.Truth {
        var result = PacketFilter.Truth.yes
        for condition in conditions {
            switch fits(condition) {
            case .no: return .no
            case .maybe: result = .maybe
            case .yes: break
            }
        }
        return result
    }

    private func fits(_ condition: PacketFilter.Condition) -> PacketFilter.Truth {
        switch condition {
        case .interface(let names): isOutgoing ? .no : .init(isNamed(names))
        case .outInterface(let names): isOutgoing ? .init(isNamed(names)) : .no
        case .transport(let names): .init(names.contains(isUDP ? "udp" : "tcp"))
        case .port(let ranges): isOutgoing ? isClientPort(ranges) : isOwnPort(ranges)
        case .sourcePort(let ranges): isOutgoing ? isOwnPort(ranges) : .maybe
        case .state(let names): .init(names.contains(state))
        case .source(let ranges): isOutgoing ? isOwnAddress(ranges) : isClient(ranges)
        case .destination(let ranges): isOutgoing ? isClient(ranges) : isOwnAddress(ranges)
        case .destinationKind(let names):
            isOutgoing ? .maybe : .init(names.contains(isBroadcast ? "broadcast" : "local"))
        case .opensTCP: .init(!isOutgoing && !isUDP && port != nil)
        case .not(let condition): !fits(condition)
        case .always: .yes
        case .never: .no
        case .unknown: .maybe
        }
    }

    private func isNamed(_ names: [String]) -> Bool {
        names.contains { name in
            name.hasSuffix("*") ? interface.hasPrefix(name.dropLast()) : name == interface
        }
    }

    /// What conntrack calls it. An answer of DHCP goes to another address than the request came from, one of TFTP comes from another port:
    /// both begin a connection.
    private var state: String {
        let follows = isOutgoing ? port != nil && port != Self.dhcpPort : port == nil
        return follows ? "established" : "new"
    }

    private static let dhcpPort: UInt16 = 67
    private static let dhcpClientPort: UInt32 = 68
    /// Ports that programs get without asking for one are above those of services.
    private static let chosenPorts: ClosedRange<UInt32> = 32_768...60_999
    private static let firstClientPort: UInt32 = 1_024

    private func isOwnPort(_ ranges: [ClosedRange<UInt32>]) -> PacketFilter.Truth {
        if let port { return .init(ranges.contains { $0.contains(UInt32(port)) }) }
        return ranges.contains {
            $0.contains(Self.chosenPorts.lowerBound) && $0.contains(Self.chosenPorts.upperBound)
        }
            ? .yes : .maybe
    }

    private func isClientPort(_ ranges: [ClosedRange<UInt32>]) -> PacketFilter.Truth {
        if port == Self.dhcpPort { return .init(ranges.contains { $0.contains(Self.dhcpClientPort) }) }
        if ranges.contains(where: { $0.lowerBound <= Self.firstClientPort && $0.upperBound >= 65_535 }) {
            return .yes
        }
        return ranges.contains { $0.upperBound >= Self.firstClientPort } ? .maybe : .no
    }

    private func isClient(_ ranges: [ClosedRange<UInt32>]) -> PacketFilter.Truth {
        if ranges.contains(where: { $0.lowerBound <= hosts.lowerBound && $0.upperBound >= hosts.upperBound })
        {
            return .yes
        }
        return ranges.contains { $0.overlaps(hosts) } ? .maybe : .no
    }

    private func isOwnAddress(_ ranges: [ClosedRange<UInt32>]) -> PacketFilter.Truth {
        .init(ranges.contains { $0.contains(destination.rawValue) })
    }
}

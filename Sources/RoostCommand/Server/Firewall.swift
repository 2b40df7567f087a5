import API
import Center
import Fleet
import Foundation
import Glibc
import Images
import Linux
import NetworkErrors
import Wire

/// What this host's firewall does with packets to the ports that Roost serves on.
struct Firewall {
    /// A port, and who asks there.
    struct Port {
        /// For people: `dhcp`.
        var name: String
        var isUDP: Bool
        /// Nil: those that TFTP answers from.
        var number: UInt16?
        /// False: what comes here is only taken, as logs are.
        var isAnswered = true

        var text: String {
            "\(isUDP ? "udp" : "tcp") \(range("-")) (\(name))"
        }

        /// The number, or the first and the last of those that it can be.
        func range(_ separator: String) -> String { number.map { "\($0)" } ?? "32768\(separator)60999" }
    }

    /// An interface of machines.
    struct Link {
        var name: String
        /// The server's.
        var addresses: [IPv4Address]
        /// Of machines on the wire.
        var network: IPv4Network

        init(name: String, addresses: [IPv4Address], network: IPv4Network) {
            (self.name, self.addresses, self.network) = (name, addresses, network)
        }

        /// Nil without an address.
        init?(_ interface: NetworkInterface) {
            guard let first = interface.addresses.first else { return nil }
            self.init(
                name: interface.name, addresses: interface.addresses.map(\.address), network: first.network)
        }
    }

    var filter: PacketFilter

    /// What people set a chain with, which a fix should name.
    private func manager(of chain: String) -> Manager {
        if chain.hasPrefix("inet firewalld ") { return .firewalld }
        guard chain.hasPrefix("iptables") else { return .nft }
        return filter.chains.keys.contains { $0.contains(" ufw-") } ? .ufw : .iptables
    }

    private enum Manager { case firewalld, ufw, iptables, nft }

    /// The ports that it closes, and those of which that cannot be known, with the chain that decides.
    private func notOpen(_ ports: [Port], on link: Link, isOutgoing: Bool = false) -> (
        closed: [(port: Port, chain: String)], unknown: [(port: Port, chain: String)]
    ) {
        var (closed, unknown): ([(port: Port, chain: String)], [(port: Port, chain: String)]) = ([], [])
        for port in ports where port.isAnswered || !isOutgoing {
            switch filter.outcome(of: packet(of: port, on: link, isOutgoing: isOutgoing)) {
            case .open: break
            case .closed(let chain): closed.append((port, chain))
            case .unknown(let chain): unknown.append((port, chain))
            }
        }
        return (closed, unknown)
    }

    /// What it does on an interface: one finding, whatever the number of ports.
    func finding(_ ports: [Port], on link: Link) -> Finding {
        let (closed, unknown) = notOpen(ports, on: link)
        if !closed.isEmpty {
            return Finding(
                isGood: false,
                text:
                    "the firewall of this host drops what comes in on \(link.name) for \(Self.text(closed))",
                fix: fix(closed.map(\.port), chain: closed[0].chain, on: link.name))
        }
        guard unknown.isEmpty else {
            return Finding(
                isGood: true,
                text:
                    "whether the firewall of this host lets in what comes on \(link.name) for \(Self.text(unknown)) cannot be known: it depends on limits, marks or lists of addresses"
            )
        }
        return Finding(
            isGood: true, text: "the firewall of this host lets in what comes on \(link.name)")
    }

    /// What it does with answers that leave by an interface; nil where all of them leave.
    func answersFinding(_ ports: [Port], on link: Link) -> Finding? {
        let (closed, unknown) = notOpen(ports, on: link, isOutgoing: true)
        if !closed.isEmpty {
            return Finding(
                isGood: false,
                text:
                    "the firewall of this host drops what goes out on \(link.name) from \(Self.text(closed))",
                fix: answersFix(closed.map(\.port), chain: closed[0].chain, on: link.name))
        }
        guard !unknown.isEmpty else { return nil }
        return Finding(
            isGood: true,
            text:
                "whether the firewall of this host lets out what goes out on \(link.name) from \(Self.text(unknown)) cannot be known: it depends on limits, marks or lists of addresses"
        )
    }

    private func answersFix(_ ports: [Port], chain: String, on interface: String) -> String {
        var commands = [true, false].flatMap { isUDP -> [String] in
            let transport = isUDP ? "udp" : "tcp"
            return ports.filter { $0.isUDP == isUDP }.map { port in
                switch manager(of: chain) {
                case .firewalld:
                    "firewall-cmd --permanent --direct --add-rule ipv4 filter OUTPUT 0 -o \(interface) -p \(transport) --sport \(port.range(":")) -j ACCEPT"
                case .ufw:
                    "ufw allow out on \(interface) proto \(transport) from any port \(port.range(":"))"
                case .iptables:
                    "iptables -I OUTPUT -o \(interface) -p \(transport) --sport \(port.range(":")) -j ACCEPT"
                case .nft:
                    "nft 'insert rule \(chain) oifname \"\(interface)\" \(transport) sport \(port.range("-")) accept'"
                }
            }
        }
        if manager(of: chain) == .firewalld { commands.append("firewall-cmd --reload") }
        return commands.joined(separator: "; ")
    }

    private static func text(_ ports: [(port: Port, chain: String)]) -> String {
        let chains = ports.map(\.chain).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        return ports.map(\.port.text).joined(separator: ", ")
            + " (chain \(chains.map { "‘\($0)’" }.joined(separator: ", ")))"
    }

    private func packet(of port: Port, on link: Link, isOutgoing: Bool = false) -> PacketFilter.Packet {
        // A machine without an address asks everybody.
        let asks = port.number == 67 && !isOutgoing
        let nowhere = IPv4Network(containing: IPv4Address(rawValue: 0), prefixLength: 32)
        return PacketFilter.Packet(
            interface: link.name, isUDP: port.isUDP, port: port.number,
            source: asks ? nowhere ?? link.network : link.network,
            destination: asks ? IPv4Address(rawValue: .max) : link.addresses[0], isBroadcast: asks,
            isOutgoing: isOutgoing)
    }

    private func fix(_ ports: [Port], chain: String, on interface: String) -> String {
        func numbers(_ isUDP: Bool, _ separator: String) -> String? {
            let numbers = ports.filter { $0.isUDP == isUDP }.compactMap(\.number)
            return numbers.isEmpty ? nil : numbers.map { "\($0)" }.joined(separator: separator)
        }
        let transports = [("udp", numbers(true, ",")), ("tcp", numbers(false, ","))]
        let manager = self.manager(of: chain)
        var commands: [String] = []
        for case (let transport, let list?) in transports {
            switch manager {
            case .firewalld:
                commands += list.split(separator: ",").map {
                    "firewall-cmd --permanent --zone=$(firewall-cmd --get-zone-of-interface=\(interface)) --add-port=\($0)/\(transport)"
                }
            case .ufw: commands.append("ufw allow in on \(interface) to any port \(list) proto \(transport)")
            case .iptables:
                commands.append(
                    "iptables -I INPUT -i \(interface) -p \(transport) -m multiport --dports \(list) -j ACCEPT"
                )
            case .nft:
                commands.append(
                    "nft 'insert rule \(chain) iifname \"\(interface)\" \(transport) dport { \(list) } accept'"
                )
            }
        }
        if manager == .firewalld, !commands.isEmpty { commands.append("firewall-cmd --reload") }
        // Answers of connections that this host began are known by their state.
        if ports.contains(where: { $0.number == nil }) {
            switch manager {
            case .iptables:
                commands.append("iptables -I INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT")
            case .nft: commands.append("nft insert rule \(chain) ct state established,related accept")
            case .firewalld, .ufw: break
            }
        }
        return commands.isEmpty
            ? "let packets of established connections in" : commands.joined(separator: "; ")
    }
}

extension Firewall {
    /// The firewall of this host, read with its own programs; nil with a finding where they tell nothing.
    static func read() -> (firewall: Firewall?, finding: Finding?) {
        let nft = try? Program("nft", package: "nftables")
        let saving = try? Program("iptables-save", package: "iptables")
        guard nft != nil || saving != nil else {
            return (
                nil,
                Finding(
                    isGood: true,
                    text:
                        "neither nft nor iptables is installed, so whether a firewall of this host drops packets was not looked at"
                )
            )
        }
        guard geteuid() == 0 else {
            return (
                nil,
                Finding(
                    isGood: true,
                    text: "whether the firewall of this host drops packets cannot be seen: only root may look"
                )
            )
        }
        do {
            return (Firewall(filter: try filter(nft, saving)), nil)
        } catch {
            return (
                nil,
                Finding(
                    isGood: true,
                    text:
                        "whether the firewall of this host drops packets cannot be seen: \(ErrorText.of(error))"
                )
            )
        }
    }

    private static func filter(_ nft: Program?, _ saving: Program?) throws -> PacketFilter {
        let saved = try saving.map { String(decoding: try $0.run([]), as: UTF8.self) } ?? ""
        let tables = PacketFilter.tables(iptables: saved)
        var filter = PacketFilter()
        if let nft,
            let read = PacketFilter(nft: try nft.run(["-j", "list", "ruleset"]), except: tables.contains)
        {
            filter = read
        }
        filter.take(iptables: saved)
        // The older kernel interface, which the programs for nft do not see. To ask it where it has no tables would make some.
        if let older = try? String(contentsOfFile: "/proc/net/ip_tables_names", encoding: .utf8),
            !older.isEmpty,
            let saving = try? Program("iptables-legacy-save", package: "iptables")
        {
            filter.take(iptables: String(decoding: try saving.run([]), as: UTF8.self), as: "iptables-legacy")
        }
        return filter
    }
}

extension ServerSettings {
    /// The ports of an address that machines, people and other servers come to.
    func ports(of link: Firewall.Link) -> [Firewall.Port] {
        var ports: [Firewall.Port] = []
        func add(_ name: String, udp: Bool = false, _ number: UInt16?) {
            ports.append(Firewall.Port(name: name, isUDP: udp, number: number))
        }
        for role in roles {
            switch role {
            case .dhcp:
                add("dhcp", udp: true, 67)
                add("boot server", udp: true, DHCPServer.bootServerPort)
            case .tftp:
                add("tftp", udp: true, tftp.port)
                if !tftp.isSinglePort { add("tftp’s answers", udp: true, nil) }
            case .http: add("http", httpPort)
            case .nbd: add("nbd", nbdPort)
            case .nfs: add("nfs", 2_049)
            case .center:
                guard let own = center.https else {
                    add("pages", UInt16(Center.port))
                    break
                }
                for text in own {
                    guard let (host, port) = Center.parts(text),
                        link.addresses.contains(where: { $0.description == host })
                            || ["0.0.0.0", "::"].contains(host)
                    else { continue }
                    add("pages", UInt16(port))
                }
            }
        }
        return ports
            + logs.ports.map { Firewall.Port(name: "logs", isUDP: true, number: $0, isAnswered: false) }
    }
}

import Foundation
import Linux
import Testing
import Wire

@testable import RoostCommand

/// What the rules of a host's firewall do with packets to Roost's ports; the rules are as nft 1.0.6 and iptables 1.8.9 print them.
@Suite struct FirewallTests {
    private func packet(_ port: UInt16?, udp: Bool = false, on interface: String = "eth1") throws
        -> PacketFilter.Packet
    {
        let asks = port == 67
        return PacketFilter.Packet(
            interface: interface, isUDP: udp, port: port,
            source: try #require(IPv4Network(asks ? "0.0.0.0/32" : "10.88.0.0/24")),
            destination: try #require(IPv4Address(asks ? "255.255.255.255" : "10.88.0.1")), isBroadcast: asks)
    }

    private func nft(policy: String, _ rules: [String], others: [String] = []) throws -> PacketFilter {
        let chain =
            #"{"chain":{"family":"inet","table":"filter","name":"input","type":"filter","hook":"input","prio":0,"policy":"\#(policy)"}}"#
        let items =
            [chain] + others
            + rules.map { #"{"rule":{"family":"inet","table":"filter","chain":"input","expr":[\#($0)]}}"# }
        let json = #"{"nftables":[\#(items.joined(separator: ","))]}"#
        return try #require(PacketFilter(nft: Data(json.utf8)))
    }

    private static let drop = #"{"drop":null}"#
    private static let accept = #"{"accept":null}"#
    private static func port(_ transport: String, _ right: String, _ op: String = "==") -> String {
        #"{"match":{"op":"\#(op)","left":{"payload":{"protocol":"\#(transport)","field":"dport"}},"right":\#(right)}}"#
    }
    private static func meta(_ key: String, _ right: String, _ op: String = "==") -> String {
        #"{"match":{"op":"\#(op)","left":{"meta":{"key":"\#(key)"}},"right":\#(right)}}"#
    }
    private static let states =
        #"{"vmap":{"key":{"ct":{"key":"state"}},"data":{"set":[["invalid",{"drop":null}],["established",{"accept":null}],["related",{"accept":null}]]}}}"#

    @Test func `a firewall that drops what no rule lets in closes Roost's ports`() throws {
        let filter = try nft(
            policy: "drop",
            [
                Self.states, Self.meta("iifname", #""lo""#) + "," + Self.accept,
                Self.port("tcp", #"{"set":[22,80,{"range":[8443,8450]}]}"#) + "," + Self.accept,
            ])
        #expect(filter.outcome(of: try packet(80)) == .open)
        #expect(filter.outcome(of: try packet(8_443)) == .open)
        #expect(filter.outcome(of: try packet(67, udp: true)) == .closed("inet filter input"))
        #expect(filter.outcome(of: try packet(69, udp: true)) == .closed("inet filter input"))
        // What follows an answer from here is known by its state.
        #expect(filter.outcome(of: try packet(nil, udp: true)) == .open)
        #expect(filter.outcome(of: try packet(10_809, on: "lo")) == .open)
    }

    /// The chains in which firewalld 1.3 looks at packets to the host, with its zone ‘public’.
    @Test func `firewalld's rules close what its zone does not have`() throws {
        func rule(_ chain: String, _ expressions: String...) -> String {
            #"{"rule":{"family":"inet","table":"firewalld","chain":"\#(chain)","expr":[\#(expressions.joined(separator: ","))]}}"#
        }
        func chain(_ name: String) -> String {
            #"{"chain":{"family":"inet","table":"firewalld","name":"\#(name)"}}"#
        }
        func ct(_ key: String, _ right: String) -> String {
            #"{"match":{"op":"in","left":{"ct":{"key":"\#(key)"}},"right":\#(right)}}"#
        }
        let reject = #"{"reject":{"type":"icmpx","expr":"admin-prohibited"}}"#
        let items = [
            #"{"chain":{"family":"inet","table":"firewalld","name":"filter_INPUT","type":"filter","hook":"input","prio":10,"policy":"accept"}}"#,
            chain("filter_INPUT_ZONES"), chain("filter_IN_public"), chain("filter_IN_public_allow"),
            rule("filter_INPUT", ct("state", #"{"set":["established","related"]}"#), Self.accept),
            rule("filter_INPUT", ct("status", #""dnat""#), Self.accept),
            rule("filter_INPUT", Self.meta("iifname", #""lo""#), Self.accept),
            rule("filter_INPUT", ct("state", #"{"set":["invalid"]}"#), Self.drop),
            rule("filter_INPUT", #"{"jump":{"target":"filter_INPUT_ZONES"}}"#),
            rule("filter_INPUT", reject),
            rule(
                "filter_INPUT_ZONES", Self.meta("iifname", #""eth1""#),
                #"{"goto":{"target":"filter_IN_public"}}"#),
            rule("filter_IN_public", #"{"jump":{"target":"filter_IN_public_allow"}}"#),
            rule(
                "filter_IN_public", Self.meta("l4proto", #"{"set":["icmp","ipv6-icmp"]}"#), Self.accept),
            rule("filter_IN_public", reject),
            rule("filter_IN_public_allow", Self.port("tcp", "80"), Self.accept),
        ]
        let filter = try #require(
            PacketFilter(nft: Data(#"{"nftables":[\#(items.joined(separator: ","))]}"#.utf8)))
        let closed = PacketFilter.Outcome.closed("inet firewalld filter_INPUT")
        #expect(filter.outcome(of: try packet(80)) == .open)
        #expect(filter.outcome(of: try packet(67, udp: true)) == closed)
        #expect(filter.outcome(of: try packet(69, udp: true)) == closed)
        #expect(filter.outcome(of: try packet(nil, udp: true)) == .open)
        let link = Firewall.Link(
            name: "eth1", addresses: [try #require(IPv4Address("10.88.0.1"))],
            network: try #require(IPv4Network("10.88.0.0/24")))
        let finding = Firewall(filter: filter).finding(ServerSettings().ports(of: link), on: link)
        #expect(!finding.isGood && finding.fix?.contains("--add-port=67/udp") == true, "\(finding.text)")
    }

    @Test(arguments: [
        ("accept", [port("udp", "69") + "," + drop], PacketFilter.Outcome.closed("inet filter input")),
        (
            "accept", [port("udp", "69") + #",{"counter":{}},{"log":{"prefix":"x"}},{"reject":{}}"#],
            .closed("inet filter input")
        ),
        ("accept", [port("tcp", "69") + "," + drop], .open),
        ("accept", [port("udp", "69", "!=") + "," + drop], .open),
        ("drop", [port("udp", "69", "!=") + "," + accept], .closed("inet filter input")),
        ("drop", [meta("iifname", #""eth*""#) + "," + accept], .open),
        ("drop", [meta("iifname", #"{"set":["eth0","eth2"]}"#) + "," + accept], .closed("inet filter input")),
        (
            "drop",
            [meta("l4proto", #"{"set":["tcp","udp"]}"#) + "," + port("th", #""@boot""#) + "," + accept], .open
        ),
        (
            "drop",
            [
                #"{"match":{"op":"==","left":{"payload":{"protocol":"ip","field":"saddr"}},"right":{"prefix":{"addr":"10.88.0.0","len":16}}}},"#
                    + accept
            ], .open
        ),
        (
            "drop",
            [
                #"{"match":{"op":"==","left":{"payload":{"protocol":"ip","field":"saddr"}},"right":"10.1.0.1"}},"#
                    + accept
            ], .closed("inet filter input")
        ),
        (
            "drop",
            [
                #"{"match":{"op":"==","left":{"payload":{"protocol":"ip","field":"saddr"}},"right":"10.88.0.9"}},"#
                    + accept
            ], .unknown("inet filter input")
        ),
        ("drop", [#"{"limit":{"rate":10,"per":"second"}},"# + accept], .unknown("inet filter input")),
        (
            "accept", [#"{"limit":{"rate":10,"per":"second","inv":true}},"# + drop],
            .unknown("inet filter input")
        ),
        (
            "drop",
            [
                #"{"match":{"op":"==","left":{"payload":{"protocol":"ip6","field":"saddr"}},"right":"fe80::1"}},"#
                    + accept
            ], .closed("inet filter input")
        ),
        ("drop", [#"{"jump":{"target":"boot"}}"#], .open),
        ("drop", [#"{"goto":{"target":"empty"}}"#, accept], .closed("inet filter input")),
        (
            "drop",
            [
                #"{"vmap":{"key":{"payload":{"protocol":"udp","field":"dport"}},"data":{"set":[[69,{"jump":{"target":"boot"}}]]}}}"#
            ], .open
        ),
        ("drop", [#"{"some later":{"kind":1}},"# + accept], .unknown("inet filter input")),
    ])
    func `each kind of rule`(policy: String, rules: [String], expected: PacketFilter.Outcome) throws {
        let others = [
            #"{"set":{"family":"inet","name":"boot","table":"filter","elem":[67,{"range":[69,70]}]}}"#,
            #"{"chain":{"family":"inet","table":"filter","name":"boot"}}"#,
            #"{"chain":{"family":"inet","table":"filter","name":"empty"}}"#,
            #"{"rule":{"family":"inet","table":"filter","chain":"boot","expr":[\#(Self.port("udp", "69")),{"accept":null}]}}"#,
        ]
        let filter = try nft(policy: policy, rules, others: others)
        #expect(filter.outcome(of: try packet(69, udp: true)) == expected)
    }

    @Test func `iptables' own tables are read as iptables-save prints them`() throws {
        let text = """
            # Generated by iptables-save v1.8.9 (nf_tables)
            *filter
            :INPUT DROP [0:0]
            :FORWARD ACCEPT [0:0]
            :LOGDROP - [0:0]
            -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
            -A INPUT -i lo -j ACCEPT
            -A INPUT -p tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m conntrack --ctstate NEW -j DROP
            -A INPUT -p tcp -m multiport --dports 80,8000:9000 -m comment --comment "-j DROP it" -j ACCEPT
            -A INPUT -s 10.88.0.0/255.255.255.0 ! -i eth0 -p udp -m udp --dport 69 -j ACCEPT
            -A INPUT -p udp -m udp --dport 514 -m recent --name a --set -j ACCEPT
            -A INPUT -m addrtype --dst-type BROADCAST -j LOGDROP
            -A INPUT -j LOGDROP
            -A LOGDROP -m limit --limit 3/min -j LOG --log-prefix "[drop] "
            -A LOGDROP -j REJECT --reject-with icmp-port-unreachable
            COMMIT
            """
        var filter = PacketFilter()
        filter.take(iptables: text)
        #expect(PacketFilter.tables(iptables: text) == ["filter"])
        let closed = PacketFilter.Outcome.closed("iptables filter INPUT")
        #expect(filter.outcome(of: try packet(80)) == .open)
        #expect(filter.outcome(of: try packet(8_443)) == .open)
        #expect(filter.outcome(of: try packet(10_809)) == closed)
        #expect(filter.outcome(of: try packet(69, udp: true)) == .open)
        #expect(filter.outcome(of: try packet(69, udp: true, on: "eth0")) == closed)
        #expect(filter.outcome(of: try packet(67, udp: true)) == closed)
        #expect(filter.outcome(of: try packet(nil, udp: true)) == .open)
        #expect(filter.outcome(of: try packet(514, udp: true)) == .unknown("iptables filter INPUT"))
    }

    /// nft shows matches of iptables as names without their values: those tables are left to iptables-save.
    @Test func `a table is read once, by the program that shows all of it`() throws {
        let json =
            #"{"nftables":[{"chain":{"family":"ip","table":"filter","name":"INPUT","type":"filter","hook":"input","prio":0,"policy":"accept"}},{"rule":{"family":"ip","table":"filter","chain":"INPUT","expr":[{"xt":{"type":"match","name":"multiport"}},{"drop":null}]}}]}"#
        let udp = try packet(69, udp: true)
        #expect(
            try #require(PacketFilter(nft: Data(json.utf8))).outcome(of: udp) == .unknown("ip filter INPUT"))
        var filter = try #require(PacketFilter(nft: Data(json.utf8)) { $0 == "filter" })
        filter.take(
            iptables:
                "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m multiport --dports 25,26 -j DROP\nCOMMIT\n")
        #expect(filter.outcome(of: udp) == .open)
        #expect(PacketFilter(nft: Data("Operation not permitted".utf8)) == nil)
    }

    @Test func `the finding names ports and chain, and its fix is for the tool that made the rules`() throws {
        let link = Firewall.Link(
            name: "eth1", addresses: [try #require(IPv4Address("10.88.0.1"))],
            network: try #require(IPv4Network("10.88.0.0/24")))
        let ports = ServerSettings().ports(of: link)
        let closing = Firewall(filter: try nft(policy: "drop", [Self.port("tcp", "80") + "," + Self.accept]))
        let finding = closing.finding(ports, on: link)
        #expect(!finding.isGood)
        for part in [
            "udp 67 (dhcp)", "udp 69 (tftp)", "tcp 10809 (nbd)", "tcp 8443 (pages)", "‘inet filter input’",
        ] {
            #expect(finding.text.contains(part), "\(finding.text)")
        }
        #expect(!finding.text.contains("tcp 80 "))
        #expect(
            finding.fix?.contains(
                "nft 'insert rule inet filter input iifname \"eth1\" tcp dport { 10809,8443 } accept'")
                == true,
            "\(finding.fix ?? "")")
        #expect(finding.fix?.contains("ct state established,related accept") == true)
        let open = Firewall(filter: PacketFilter())
        #expect(open.finding(ports, on: link).isGood == true)
        var tables = PacketFilter()
        tables.take(iptables: "*filter\n:INPUT DROP [0:0]\n:ufw-user-input - [0:0]\nCOMMIT\n")
        #expect(
            Firewall(filter: tables).finding(ports, on: link).fix?.hasPrefix(
                "ufw allow in on eth1 to any port 67,4011,69") == true)
    }

    // MARK: Answers

    private func answer(_ port: UInt16?, udp: Bool = false, on interface: String = "eth1") throws
        -> PacketFilter.Packet
    {
        PacketFilter.Packet(
            interface: interface, isUDP: udp, port: port, source: try #require(IPv4Network("10.88.0.0/24")),
            destination: try #require(IPv4Address("10.88.0.1")), isOutgoing: true)
    }

    @Test func `iptables that let out only answers of connections keep DHCP's and TFTP's back`() throws {
        let text = """
            *mangle
            :PREROUTING ACCEPT [0:0]
            :POSTROUTING ACCEPT [0:0]
            -A POSTROUTING -o eth9 -j DROP
            COMMIT
            *filter
            :INPUT ACCEPT [0:0]
            :OUTPUT DROP [0:0]
            -A OUTPUT -o lo -j ACCEPT
            -A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
            -A OUTPUT -o eth2 -p udp -m udp --sport 67 --dport 68 -j ACCEPT
            -A OUTPUT -o eth3 -p udp -m multiport --sports 32768:60999 -j ACCEPT
            -A OUTPUT -o eth4 -s 10.88.0.1/32 -d 10.88.0.0/16 -j ACCEPT
            -A OUTPUT -o eth5 -p udp -m udp --dport 1024:65535 -j ACCEPT
            COMMIT
            """
        var filter = PacketFilter()
        filter.take(iptables: text)
        let closed = PacketFilter.Outcome.closed("iptables filter OUTPUT")
        for (port, isUDP) in [(80, false), (10_809, false), (69, true), (4_011, true)] as [(UInt16, Bool)] {
            #expect(filter.outcome(of: try answer(port, udp: isUDP)) == .open)
        }
        #expect(filter.outcome(of: try answer(67, udp: true)) == closed)
        #expect(filter.outcome(of: try answer(nil, udp: true)) == closed)
        #expect(filter.outcome(of: try answer(67, udp: true, on: "eth2")) == .open)
        #expect(filter.outcome(of: try answer(nil, udp: true, on: "eth2")) == closed)
        #expect(filter.outcome(of: try answer(nil, udp: true, on: "eth3")) == .open)
        #expect(filter.outcome(of: try answer(67, udp: true, on: "eth4")) == .open)
        #expect(filter.outcome(of: try answer(nil, udp: true, on: "eth5")) == .open)
        #expect(filter.outcome(of: try answer(67, udp: true, on: "eth5")) == closed)
        #expect(filter.outcome(of: try answer(80, on: "eth9")) == .closed("iptables mangle POSTROUTING"))
        // What comes in is another matter.
        #expect(filter.outcome(of: try packet(67, udp: true)) == .open)
    }

    @Test func `nft's output chain is looked at, and the fix is for it`() throws {
        let output =
            #"{"chain":{"family":"inet","table":"filter","name":"output","type":"filter","hook":"output","prio":0,"policy":"drop"}}"#
        func rule(_ expressions: String...) -> String {
            #"{"rule":{"family":"inet","table":"filter","chain":"output","expr":[\#(expressions.joined(separator: ","))]}}"#
        }
        func sport(_ right: String) -> String {
            #"{"match":{"op":"==","left":{"payload":{"protocol":"udp","field":"sport"}},"right":\#(right)}}"#
        }
        let filter = try nft(
            policy: "accept", [],
            others: [
                output, rule(Self.states), rule(Self.meta("oifname", #""eth2""#), Self.accept),
                rule(Self.meta("iifname", #""eth1""#), Self.accept),
                rule(sport(#"{"range":[32768,60999]}"#), Self.accept),
            ])
        #expect(filter.outcome(of: try answer(80)) == .open)
        #expect(filter.outcome(of: try answer(nil, udp: true)) == .open)
        #expect(filter.outcome(of: try answer(67, udp: true)) == .closed("inet filter output"))
        #expect(filter.outcome(of: try answer(67, udp: true, on: "eth2")) == .open)
        let link = Firewall.Link(
            name: "eth1", addresses: [try #require(IPv4Address("10.88.0.1"))],
            network: try #require(IPv4Network("10.88.0.0/24")))
        let firewall = Firewall(filter: filter)
        let ports = ServerSettings().ports(of: link)
        let finding = try #require(firewall.answersFinding(ports, on: link))
        #expect(!finding.isGood && finding.text.contains("goes out on eth1 from udp 67 (dhcp) (chain"))
        #expect(
            finding.fix
                == "nft 'insert rule inet filter output oifname \"eth1\" udp sport 67 accept'")
        #expect(firewall.finding(ports, on: link).isGood)
        // Nothing leaves from a port that only takes.
        let logs = ports.map {
            Firewall.Port(name: $0.name, isUDP: $0.isUDP, number: $0.number, isAnswered: false)
        }
        #expect(firewall.answersFinding(logs, on: link) == nil)
        #expect(Firewall(filter: PacketFilter()).answersFinding(ports, on: link) == nil)
    }
}

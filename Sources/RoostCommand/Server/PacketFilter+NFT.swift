import Foundation
import Wire

// The JSON is another program's, with values of any kind in the same place, and members that later versions add. Expressions are therefore
// read as they are, and one that is not known becomes a condition that is not known.

extension PacketFilter {
    /// Reads what `nft -j list ruleset` prints (libnftables-json(5)); nil when it is nothing of the kind.
    ///
    /// - Parameter isOthers: whether a table of IPv4 is left to ``take(iptables:)``: nft does not show what iptables asks for in its own ways.
    init?(nft json: Data, except isOthers: (_ table: String) -> Bool = { _ in false }) {
        guard let top = try? JSONSerialization.jsonObject(with: json) as? [String: Any],
            let items = top["nftables"] as? [[String: Any]]
        else { return nil }
        var reading = NFTReading()
        for item in items {
            for kind in ["set", "map"] {
                guard let set = item[kind] as? [String: Any], let name = set["name"] as? String else {
                    continue
                }
                reading.sets["\(Self.table(set)) @\(name)"] = set["elem"] ?? []
            }
        }
        for item in items {
            if let chain = item["chain"] as? [String: Any], let name = chain["name"] as? String {
                guard Self.isSeen(chain, isOthers) else { continue }
                let key = "\(Self.table(chain)) \(name)"
                chains[key] = chains[key] ?? []
                guard let base = Self.base(key, chain) else { continue }
                bases.append(base)
            } else if let rule = item["rule"] as? [String: Any], let chain = rule["chain"] as? String {
                guard Self.isSeen(rule, isOthers) else { continue }
                let table = Self.table(rule)
                chains["\(table) \(chain)", default: []] += reading.rules(
                    rule["expr"] as? [Any] ?? [], in: table)
            }
        }
    }

    private static func table(_ item: [String: Any]) -> String {
        "\(item["family"] as? String ?? "ip") \(item["table"] as? String ?? "")"
    }

    private static func isSeen(_ item: [String: Any], _ isOthers: (String) -> Bool) -> Bool {
        switch item["family"] as? String {
        case "inet", "netdev": true
        case "ip": !isOthers(item["table"] as? String ?? "")
        default: false
        }
    }

    private static func base(_ key: String, _ chain: [String: Any]) -> Base? {
        guard let hook = chain["hook"] as? String, chain["type"] as? String == "filter",
            let place = hooks.firstIndex(of: hook)
        else { return nil }
        let priority = (chain["prio"] as? NSNumber)?.intValue ?? 0
        return Base(
            chain: key, order: place << 40 + priority, dropsOthers: chain["policy"] as? String == "drop",
            interface: chain["dev"] as? String, isOutgoing: outgoingHooks.contains(hook))
    }

    /// In the order in which packets meet them.
    private static let hooks = ["ingress", "prerouting", "input"] + outgoingHooks
    private static let outgoingHooks = ["output", "postrouting", "egress"]
}

/// Translates the expressions of rules.
private struct NFTReading {
    typealias Condition = PacketFilter.Condition
    typealias Rule = PacketFilter.Rule

    /// The elements of named sets and maps.
    var sets: [String: Any] = [:]

    /// One rule, or several where it has a map of verdicts.
    func rules(_ expressions: [Any], in table: String) -> [Rule] {
        var conditions: [Condition] = []
        var rules: [Rule] = []
        for case let expression as [String: Any] in expressions {
            guard let (name, value) = expression.first else { continue }
            switch name {
            case "match": conditions += match(value as? [String: Any] ?? [:], table)
            case "vmap":
                let map = value as? [String: Any] ?? [:]
                for case let pair as [Any] in elements(map["data"], table) where pair.count == 2 {
                    let verdict = (pair[1] as? [String: Any])?.first
                    rules.append(
                        Rule(
                            conditions: conditions + condition(map["key"], is: [pair[0]], table),
                            action: verdict.flatMap { action($0.key, $0.value, table) } ?? .unknown))
                }
            case "counter", "log", "mangle", "notrack", "set", "comment", "dup", "secmark", "ct helper": break
            case "xt":
                let isTarget = (value as? [String: Any])?["type"] as? String == "target"
                if isTarget {
                    rules.append(Rule(conditions: conditions, action: .unknown))
                } else {
                    conditions.append(.unknown)
                }
            default:
                if let action = action(name, value, table) {
                    rules.append(Rule(conditions: conditions, action: action))
                } else {
                    // A limit, a quota, a count, or what later versions have.
                    conditions.append(.unknown)
                }
            }
        }
        return rules
    }

    private func action(_ name: String, _ value: Any, _ table: String) -> PacketFilter.Action? {
        let target = (value as? [String: Any])?["target"] as? String
        return switch name {
        case "accept": .accept
        case "drop", "reject": .drop
        case "return": .leave
        case "continue": .nothing
        case "queue": .unknown
        case "jump": target.map { .jump("\(table) \($0)") }
        case "goto": target.map { .goTo("\(table) \($0)") }
        default: nil
        }
    }

    private func match(_ match: [String: Any], _ table: String) -> [Condition] {
        let found = condition(match["left"], is: elements(match["right"], table), table)
        switch match["op"] as? String {
        case "==", "in", nil: return found
        case "!=":
            // `udp dport != 67` is of UDP, too.
            return found.dropLast() + (found.last.map { [.not($0)] } ?? [])
        default: return [.unknown]
        }
    }

    /// What a value is compared with: one, a list, a set, or a named one.
    private func elements(_ value: Any?, _ table: String) -> [Any] {
        switch value {
        case let name as String where name.hasPrefix("@"): elements(sets["\(table) \(name)"], table)
        case let list as [Any]: list
        case let object as [String: Any]:
            if let set = object["set"] { elements(set, table) } else { [object] }
        case let value?: [value]
        case nil: []
        }
    }

    /// Conditions of which the last is about the values.
    private func condition(_ left: Any?, is values: [Any], _ table: String) -> [Condition] {
        guard let (kind, value) = (left as? [String: Any])?.first else { return [.unknown] }
        let values = values.map { (($0 as? [String: Any])?["elem"] as? [String: Any])?["val"] ?? $0 }
        let names = values.compactMap { $0 as? String }
        func named(_ condition: Condition) -> [Condition] {
            [names.count == values.count ? condition : .unknown]
        }
        let field = value as? [String: Any] ?? [:]
        switch (kind, field["key"] as? String) {
        case ("meta", "iifname"), ("meta", "iif"): return named(.interface(names))
        case ("meta", "oifname"), ("meta", "oif"): return named(.outInterface(names))
        case ("meta", "l4proto"): return [transport(names, values)]
        case ("meta", "nfproto"): return named(names.contains("ipv4") ? .always : .never)
        case ("meta", "protocol"): return named(names.contains("ip") ? .always : .never)
        case ("meta", "pkttype"):
            return named(.destinationKind(names.map { ["host": "local", "unicast": "local"][$0] ?? $0 }))
        case ("ct", "state"): return named(.state(names))
        // What other rules have sent elsewhere, such as to a container, is nothing for Roost.
        case ("ct", "status"): return named(names == ["dnat"] ? .never : .unknown)
        case ("fib", _):
            let isDestination = (field["flags"] as? [String] ?? []).first == "daddr"
            return field["result"] as? String == "type" && isDestination
                ? named(.destinationKind(names)) : [.unknown]
        case ("payload", _): return payload(field, values, names)
        case ("&", _):
            let parts = value as? [Any] ?? []
            guard parts.count == 2, let of = (parts[0] as? [String: Any])?["payload"] as? [String: String],
                of["protocol"] == "tcp", of["field"] == "flags"
            else { return [.unknown] }
            let mask = parts[1] as? [String] ?? [parts[1] as? String ?? ""]
            return [.transport(["tcp"]), PacketFilter.flags(mask, are: names)]
        default: return [.unknown]
        }
    }

    private func payload(_ field: [String: Any], _ values: [Any], _ names: [String]) -> [Condition] {
        switch (field["protocol"] as? String, field["field"] as? String) {
        case ("ip", "saddr"): [ranges(values, Self.address).map { .source($0) } ?? .unknown]
        case ("ip", "daddr"): [ranges(values, Self.address).map { .destination($0) } ?? .unknown]
        case ("ip", "protocol"): [transport(names, values)]
        case ("th", "dport"): [ranges(values, Self.number).map { .port($0) } ?? .unknown]
        case ("udp", "dport"), ("tcp", "dport"):
            [
                .transport([field["protocol"] as? String ?? ""]),
                ranges(values, Self.number).map { .port($0) } ?? .unknown,
            ]
        case ("th", "sport"): [ranges(values, Self.number).map { .sourcePort($0) } ?? .unknown]
        case ("udp", "sport"), ("tcp", "sport"):
            [
                .transport([field["protocol"] as? String ?? ""]),
                ranges(values, Self.number).map { .sourcePort($0) } ?? .unknown,
            ]
        case ("udp", _), ("tcp", _): [.transport([field["protocol"] as? String ?? ""]), .unknown]
        case ("ip6", _), ("icmp", _), ("icmpv6", _), ("arp", _), ("esp", _), ("ah", _), ("sctp", _),
            ("dccp", _):
            [.never, .always]
        default: [.unknown]
        }
    }

    private func transport(_ names: [String], _ values: [Any]) -> Condition {
        .transport(names + values.compactMap { ($0 as? NSNumber)?.intValue == 17 ? "udp" : nil })
    }

    /// Nil where one of them is nothing of the kind.
    private func ranges(_ values: [Any], _ read: (Any) -> UInt32?) -> [ClosedRange<UInt32>]? {
        var found: [ClosedRange<UInt32>] = []
        for value in values {
            if let single = read(value) {
                found.append(single...single)
            } else if let pair = (value as? [String: Any])?["range"] as? [Any], pair.count == 2,
                let first = read(pair[0]), let last = read(pair[1]), first <= last
            {
                found.append(first...last)
            } else if let prefix = (value as? [String: Any])?["prefix"] as? [String: Any],
                let base = (prefix["addr"] as? String).flatMap({ IPv4Address($0) }),
                let length = (prefix["len"] as? NSNumber)?.intValue,
                let network = IPv4Network(containing: base, prefixLength: length)
            {
                found.append(network.base.rawValue...(network.base.rawValue | ~network.mask.rawValue))
            } else {
                return nil
            }
        }
        return found
    }

    private static func address(_ value: Any) -> UInt32? {
        (value as? String).flatMap { IPv4Address($0) }?.rawValue
    }

    private static func number(_ value: Any) -> UInt32? {
        (value as? NSNumber).flatMap { UInt32(exactly: $0.intValue) }
    }
}

extension PacketFilter {
    /// Whether the first packet of a connection has just these flags among `mask`.
    static func flags(_ mask: [String], are flags: [String]) -> Condition {
        let isSYN = mask.contains { ["syn", "all"].contains($0.lowercased()) }
        let wanted = flags.map { $0.lowercased() }.filter { $0 != "none" }
        guard isSYN else { return wanted.isEmpty ? .always : .never }
        return wanted == ["syn"] ? .opensTCP : .never
    }
}

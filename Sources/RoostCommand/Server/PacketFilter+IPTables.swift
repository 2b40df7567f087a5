import Wire

extension PacketFilter {
    /// The tables of iptables, in the order in which packets meet them, with the chains that lead to programs of this host.
    private static let tables = [
        "raw": (chains: ["PREROUTING"], order: 1 << 40 - 300),
        "mangle": (chains: ["PREROUTING", "INPUT"], order: 1 << 40 - 150),
        "filter": (chains: ["INPUT"], order: 2 << 40),
        "security": (chains: ["INPUT"], order: 2 << 40 + 50),
    ]
    /// Those that packets of programs of this host go through.
    private static let outgoingChains: Set = ["OUTPUT", "POSTROUTING"]

    /// Tables that a text of iptables-save has.
    static func tables(iptables text: String) -> [String] {
        text.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("*") }.map { String($0.dropFirst()) }
    }

    /// Adds what iptables-save prints.
    ///
    /// - Parameter kind: a name for its tables: those of nft and of the older kernel interface can both be there.
    mutating func take(iptables text: String, as kind: String = "iptables") {
        var table = ""
        var order = 0
        for line in text.split(whereSeparator: \.isNewline) {
            if line.hasPrefix("*") {
                table = String(line.dropFirst())
            } else if line.hasPrefix(":") {
                let parts = line.dropFirst().split(separator: " ")
                guard parts.count >= 2 else { continue }
                let chain = "\(kind) \(table) \(parts[0])"
                chains[chain] = chains[chain] ?? []
                let isOutgoing = Self.outgoingChains.contains(String(parts[0]))
                guard let known = Self.tables[table], isOutgoing || known.chains.contains(String(parts[0]))
                else { continue }
                order += 1
                bases.append(
                    Base(
                        chain: chain, order: known.order + order, dropsOthers: parts[1] == "DROP",
                        interface: nil, isOutgoing: isOutgoing))
            } else if line.hasPrefix("-A ") {
                var reading = IPTablesReading(Self.words(line), table: "\(kind) \(table)")
                let rule = reading.rule()
                chains[reading.chain, default: []].append(rule)
            }
        }
        // A target that is no chain is an extension's.
        for (name, rules) in chains where name.hasPrefix("\(kind) ") {
            chains[name] = rules.map { rule in
                guard case .jump(let target) = rule.action, chains[target] == nil else { return rule }
                return Rule(conditions: rule.conditions, action: .unknown)
            }
        }
    }

    /// With quotes as iptables-save writes them.
    private static func words(_ line: some StringProtocol) -> [String] {
        var words: [String] = []
        var word = ""
        var (isQuoted, isEscaped, isWord) = (false, false, false)
        for character in line {
            if isEscaped {
                word.append(character)
                isEscaped = false
            } else if isQuoted, character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                isQuoted.toggle()
                isWord = true
            } else if character == " ", !isQuoted {
                if isWord { words.append(word) }
                (word, isWord) = ("", false)
            } else {
                word.append(character)
                isWord = true
            }
        }
        return isWord ? words + [word] : words
    }
}

/// Reads one rule.
private struct IPTablesReading {
    typealias Condition = PacketFilter.Condition

    /// What only notes or marks a packet.
    private static let notes: Set = [
        "LOG", "NFLOG", "ULOG", "MARK", "CONNMARK", "CT", "NOTRACK", "TRACE", "SET", "AUDIT", "TCPMSS", "TOS",
        "DSCP", "CLASSIFY", "SECMARK", "CONNSECMARK", "CHECKSUM", "TTL",
    ]
    /// Matches that say nothing beyond their options.
    private static let plain: Set = [
        "tcp", "udp", "multiport", "comment", "addrtype", "conntrack", "state", "pkttype", "iprange",
    ]

    var chain: String
    private let table: String
    private var words: ArraySlice<String>

    init(_ words: [String], table: String) {
        self.table = table
        chain = "\(table) \(words.dropFirst().first ?? "")"
        self.words = words.dropFirst(2)
    }

    mutating func rule() -> PacketFilter.Rule {
        var conditions: [Condition] = []
        var isNegated = false
        while let word = words.popFirst() {
            if word == "!" {
                isNegated = true
                continue
            }
            if word == "-j" || word == "-g" {
                return PacketFilter.Rule(conditions: conditions, action: action(goes: word == "-g"))
            }
            let condition = condition(word)
            conditions.append(isNegated ? .not(condition) : condition)
            isNegated = false
        }
        // It only counts.
        return PacketFilter.Rule(conditions: conditions, action: .nothing)
    }

    private mutating func action(goes: Bool) -> PacketFilter.Action {
        let target = words.popFirst() ?? ""
        return switch target {
        case "ACCEPT": .accept
        case "DROP", "REJECT", "TARPIT": .drop
        case "RETURN": .leave
        case "QUEUE", "NFQUEUE": .unknown
        case _ where Self.notes.contains(target): .nothing
        default: goes ? .goTo("\(table) \(target)") : .jump("\(table) \(target)")
        }
    }

    private mutating func condition(_ option: String) -> Condition {
        switch option {
        case "-i":
            let name = value()
            return .interface([name.hasSuffix("+") ? "\(name.dropLast())*" : name])
        case "-o":
            let name = value()
            return .outInterface([name.hasSuffix("+") ? "\(name.dropLast())*" : name])
        case "-p":
            return .transport([["6": "tcp", "17": "udp"][words.first ?? ""] ?? words.first ?? ""]).after(
                value())
        case "-s": return addresses(value()).map { .source($0) } ?? .unknown
        case "-d": return addresses(value()).map { .destination($0) } ?? .unknown
        case "-f": return .never
        case "-m", "--match": return Self.plain.contains(value()) ? .always : .unknown
        case "--comment": return Condition.always.after(value())
        case "--dport", "--dports", "--ports":
            return ports(value()).map { .port($0) } ?? .unknown
        case "--sport", "--sports": return ports(value()).map { .sourcePort($0) } ?? .unknown
        case "--ctstate", "--state":
            return .state(value().split(separator: ",").map { $0.lowercased() })
        case "--dst-type": return .destinationKind(value().split(separator: ",").map { $0.lowercased() })
        case "--pkt-type":
            let kind = value()
            return .destinationKind([["unicast": "local", "host": "local"][kind] ?? kind])
        case "--syn": return .opensTCP
        case "--tcp-flags":
            let mask = value().split(separator: ",").map(String.init)
            return PacketFilter.flags(mask, are: value().split(separator: ",").map(String.init))
        default:
            while let word = words.first, !word.hasPrefix("-"), word != "!" { words.removeFirst() }
            return .unknown
        }
    }

    private mutating func value() -> String { words.popFirst() ?? "" }

    private func ports(_ text: String) -> [ClosedRange<UInt32>]? {
        var found: [ClosedRange<UInt32>] = []
        for part in text.split(separator: ",") {
            let ends = part.split(separator: ":", omittingEmptySubsequences: false)
            guard let first = ends.first.flatMap({ $0.isEmpty ? 0 : UInt32($0) }),
                let last = ends.last.flatMap({ $0.isEmpty ? 65_535 : UInt32($0) }), first <= last
            else { return nil }
            found.append(first...last)
        }
        return found
    }

    /// `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `10.0.0.1`; several with commas.
    private func addresses(_ text: String) -> [ClosedRange<UInt32>]? {
        var found: [ClosedRange<UInt32>] = []
        for part in text.split(separator: ",") {
            let ends = part.split(separator: "/")
            guard let address = ends.first.flatMap({ IPv4Address($0) }) else { return nil }
            let length = ends.count < 2 ? 32 : Int(ends[1]) ?? IPv4Address(ends[1])?.rawValue.nonzeroBitCount
            guard let length, let network = IPv4Network(containing: address, prefixLength: length) else {
                return nil
            }
            found.append(network.base.rawValue...(network.base.rawValue | ~network.mask.rawValue))
        }
        return found
    }
}

extension PacketFilter.Condition {
    /// The same, once a word has been taken.
    fileprivate func after(_: String) -> Self { self }
}

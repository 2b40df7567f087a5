import Wire

/// Works out an ``LTSPImport``, section by section.
struct LTSPImportWork {
    struct Rule {
        var rule: MatchRule
        /// `mac` or `name`.
        var attribute: String
        /// Whether its pattern matches a machine.
        var matches: @Sendable (LTSPMachine) -> Bool
    }

    let file: LTSPFile
    let fleet: LTSPImport.Fleet
    private let sections: [LTSPFile.Section]
    private(set) var rows: [LTSPImport.Row] = []
    private(set) var notes: [String] = []
    private(set) var site: [String: SettingValue] = [:]
    private(set) var groups: [GroupPath: NodeGroup] = [:]
    private(set) var rules: [Rule] = []
    private(set) var newNodes: [Node] = []
    private(set) var nodes: [NodeName: [String: SettingValue]] = [:]
    /// Where the settings of a section go; or why nowhere.
    private var target: [Int: Target] = [:]

    /// Whose a card, an address or a name is.
    private struct Owners {
        var ofCard: [MACAddress: NodeName] = [:]
        var ofAddress: [IPv4Address: NodeName] = [:]
        var names: Set<NodeName> = []

        init(_ nodes: [Node]) {
            for node in nodes {
                for card in node.macAddresses where ofCard[card] == nil { ofCard[card] = node.name }
                if let address = node.address, ofAddress[address] == nil { ofAddress[address] = node.name }
                names.insert(node.name)
            }
        }
    }

    private var owners: Owners
    /// The cards that sections have as their headers.
    private let namedCards: Set<MACAddress>
    /// The names of sections that others take over.
    private let takenOver: Set<String>
    /// The settings of machines that the file does not distinguish.
    private var wantedOfKind: [LTSPMachineKind: [String: SettingValue]] = [:]

    private enum Target {
        case place(String)
        case nowhere(String)
    }

    init(file: LTSPFile, fleet: LTSPImport.Fleet) {
        self.file = file
        self.fleet = fleet
        let sections = file.sections
        self.sections = sections
        takenOver = Set(sections.flatMap { $0.takesOver.map { sections[$0].name } })
        owners = Owners(fleet.nodes)
        namedCards = Set(
            sections.compactMap { if case .machine(let card) = $0.subject { card } else { nil } })
    }

    mutating func run() {
        let isReadable = !file.problems.contains(where: \.isError)
        site = isReadable ? settings(of: file.variables(of: LTSPMachine())) : [:]
        for (index, section) in sections.enumerated() {
            switch section.subject {
            case .all: target[index] = .place("the site")
            case .elsewhere(let name):
                target[index] = .nowhere(
                    name.contains("/")
                        ? "[\(name)] is for one program of LTSP, and neither a group nor a rule can be"
                        : "[\(name)] is for servers")
            default: break
            }
        }
        addRules()
        addMachines()
        addTakenOver()
        tell()
    }

    private func settings(of variables: [LTSPVariable]) -> [String: SettingValue] {
        LTSPTranslation.settings(of: variables, in: file.dialect, images: fleet.images)
    }

    // MARK: Patterns

    /// The first pattern that matches counts, for the MAC and, stronger, for the host name.
    private mutating func addRules() {
        var earlier: [String: [String]] = [:]
        var names: Set<String> = []
        for (index, section) in sections.enumerated() {
            guard case .pattern(let patterns) = section.subject, !section.isHidden else { continue }
            guard let attribute = Self.attribute(of: patterns) else {
                target[index] = .nowhere(
                    "no rule can say it, as rules do not depend on addresses; nodes with fixed addresses get it"
                )
                continue
            }
            let own = patterns.map { "\(attribute) ~ \"\($0)\"" }
            let others = earlier[attribute, default: []]
            let condition =
                own.joined(separator: " or ").inParentheses(own.count > 1)
                + others.map { " and not \($0)" }.joined()
            earlier[attribute, default: []] += own
            guard own.count + others.count <= Condition.comparisonLimit, (try? Condition(condition)) != nil,
                let name = Self.ruleName(section.name, &names)
            else {
                target[index] = .nowhere("as a rule, its condition would be too long")
                continue
            }
            let settings = settings(of: sectionVariables(index))
            target[index] = .place("rule \(name)")
            // In the file, what stands first is stronger, and a host name is stronger than a MAC.
            let priority = (attribute == "name" ? 20_000 : 10_000) - rules.count
            let globs = patterns.map { GlobPattern($0.lowercased()) }
            rules.append(
                Rule(
                    rule: MatchRule(name: name, priority: priority, condition: condition, settings: settings),
                    attribute: attribute
                ) {
                    let text = Array((attribute == "name" ? $0.hostName : $0.macAddress).lowercased().utf8)
                    return !text.isEmpty && globs.contains { $0.matches(text) }
                })
        }
    }

    /// `mac` or `name`; nil where a rule cannot say it.
    private static func attribute(of patterns: [String]) -> String? {
        if patterns.contains(where: { $0.contains { "[]\\\"/".contains($0) } }) { return nil }
        if patterns.allSatisfy({ $0.contains(":") }) { return "mac" }
        let isOfAddress = patterns.contains {
            $0.contains(":") || $0.contains(".") && $0.allSatisfy { $0.isNumber || ".*?".contains($0) }
        }
        return isOfAddress ? nil : "name"
    }

    private static func ruleName(_ text: String, _ names: inout Set<String>) -> RuleName? {
        let words = text.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
        // Short enough for the number of a second one.
        let base = "lts" + words.map { "-\($0)" }.joined().prefix(50)
        for number in 1...1_000 {
            let name = number == 1 ? base : "\(base)-\(number)"
            if names.insert(name).inserted { return try? RuleName(name) }
        }
        return nil
    }

    /// A section's variables with those that it takes over, each stronger than the next.
    private func sectionVariables(_ index: Int) -> [LTSPVariable] {
        var order = [index]
        var next = 0
        while next < order.count {
            order += sections[order[next]].takesOver.filter { !order.contains($0) }
            next += 1
        }
        var variables: [String: LTSPVariable] = [:]
        for index in order.reversed() {
            for variable in sections[index].variables { variables[variable.name] = variable }
        }
        return variables.values.filter { file.dialect == .ltsp || !$0.value.isNone }
            .sorted { $0.name < $1.name }
    }

    // MARK: Machines

    private mutating func addMachines() {
        for node in fleet.nodes { nodes[node.name] = settings(for: node, inherited: site) }
        for (index, section) in sections.enumerated() where !section.isHidden {
            switch section.subject {
            case .machine(let mac):
                if let node = owners.ofCard[mac] {
                    target[index] = .place("node \(node)")
                } else {
                    addNode(at: mac, index)
                }
            case .address(let address):
                if let node = owners.ofAddress[address] {
                    target[index] = .place("node \(node)")
                }
            case .hostName(let name):
                if let node = try? NodeName(name), owners.names.contains(node) {
                    target[index] = .place("node \(node)")
                }
            default: break
            }
        }
    }

    /// What is left for a node beside what it inherits.
    private mutating func settings(for node: Node, inherited: [String: SettingValue]) -> [String:
        SettingValue]
    {
        let macs = node.macAddresses.isEmpty ? [""] : node.macAddresses.map(\.description)
        let machines = macs.map {
            LTSPMachine(macAddress: $0, address: node.address?.description ?? "", hostName: node.name.text)
        }
        // With several cards, the one that a section names counts.
        let named = machines.first { machine in
            MACAddress(machine.macAddress).map(namedCards.contains) == true
        }
        guard let machine = named ?? machines.first, !problemsRefuse else { return [:] }
        let kind = file.kind(of: machine)
        let wanted = wantedOfKind[kind] ?? settings(of: file.variables(of: machine))
        wantedOfKind[kind] = wanted
        return left(of: wanted, for: machine, node.name, inherited: inherited)
    }

    private var problemsRefuse: Bool { file.problems.contains(where: \.isError) }

    private mutating func left(
        of wanted: [String: SettingValue], for machine: LTSPMachine, _ name: NodeName,
        inherited: [String: SettingValue]
    ) -> [String: SettingValue] {
        var inherited = inherited
        for attribute in ["mac", "name"] {
            let rule = rules.first { $0.attribute == attribute && $0.matches(machine) }
            for (name, value) in rule?.rule.settings ?? [:] {
                inherited[name] = SettingDefinition.named(name)?.merge.combined(
                    inherited[name] ?? value, value)
            }
        }
        var left: [String: SettingValue] = [:]
        for (name, value) in wanted where inherited[name] != value {
            let rest = value.without(inherited[name])
            if !rest.isNothing { left[name] = rest }
        }
        for (setting, value) in inherited.sorted(by: { $0.key < $1.key }) {
            let extra = wanted[setting].map { value.without($0) } ?? value
            guard wanted[setting] == nil || value.isJoined, !extra.isNothing else { continue }
            if !value.isJoined, let usual = SettingDefinition.named(setting)?.defaultValue {
                left[setting] = usual
            } else {
                notes.append("\(name) keeps \(setting)=\(extra) of its group or the site: lists are joined")
            }
        }
        return left
    }

    private mutating func addNode(at mac: MACAddress, _ index: Int) {
        guard !problemsRefuse else { return }
        let machine = LTSPMachine(macAddress: mac.description)
        let variables = file.variables(of: machine)
        let (path, groupSettings) = group(of: index)
        do {
            if let flaw = mac.neverACard { throw InvalidSetting("\(mac) \(flaw)") }
            let name = try nodeName(variables, mac)
            guard owners.names.insert(name).inserted else {
                throw InvalidSetting("there is another node \(name)")
            }
            let left = left(of: settings(of: variables), for: machine, name, inherited: groupSettings)
            newNodes.append(Node(name: name, group: path, macAddresses: [mac], settings: left))
            target[index] = .place("new node \(name)" + (path == .site ? "" : " in \(path)"))
        } catch { target[index] = .nowhere("no node can be made of it: \(error)") }
    }

    /// HOSTNAME; without it, as LTSP makes one of the MAC.
    private func nodeName(_ variables: [LTSPVariable], _ mac: MACAddress) throws -> NodeName {
        if let name = variables["HOSTNAME"]?.value, !name.isEmpty, !name.contains("%") {
            return try NodeName(name.split(separator: ".").first.map(String.init) ?? name)
        }
        let base = variables["HOSTNAME_BASE"]?.value ?? "ltsp"
        return try NodeName("\(base.isEmpty ? "ltsp" : base)-\(mac.text(separator: "-"))")
    }

    // MARK: Groups

    /// The group of a new node, with the settings that it inherits there: the first section that it takes over is its group, below the first
    /// that this one takes over.
    private mutating func group(of index: Int) -> (GroupPath, [String: SettingValue]) {
        var chain: [Int] = []
        var next = sections[index].takesOver.first
        while let section = next, !chain.contains(section), chain.count < GroupPath.depthLimit,
            sections[section].subject != .all
        {
            chain.append(section)
            next = sections[section].takesOver.first
        }
        var path = GroupPath.site
        var inherited = site
        for section in chain.reversed() {
            guard
                let below = try? GroupPath(
                    path == .site
                        ? "/\(Self.part(sections[section].name))"
                        : "\(path)/\(Self.part(sections[section].name))")
            else { break }
            path = below
            // Of two names that are one path, the first has the group.
            let own =
                groups[path]?.settings
                ?? settings(
                    of: sections[section].variables.filter { file.dialect == .ltsp || !$0.value.isNone })
            groups[path] = NodeGroup(path: path, settings: own)
            if target[section] == nil { target[section] = .place("group \(path)") }
            for (name, value) in own {
                inherited[name] =
                    inherited[name].flatMap {
                        SettingDefinition.named(name)?.merge.combined($0, value)
                    } ?? value
            }
        }
        return (path, inherited)
    }

    private static func part(_ name: String) -> String {
        let text = name.lowercased().map {
            $0.isASCII && ($0.isLetter || $0.isNumber || $0 == ".") ? $0 : "-"
        }
        return String(text.prefix(63))
    }

    /// Sections that others take over, and that are no group: those others have their settings.
    private mutating func addTakenOver() {
        var changed = true
        while changed {
            changed = false
            for (index, section) in sections.enumerated() where !section.isHidden {
                guard case .place(let place)? = target[index] else { continue }
                for other in section.takesOver where target[other] == nil {
                    target[other] = .place("\(place), and others that take it over")
                    changed = true
                }
            }
        }
    }

    // MARK: Report

    private mutating func tell() {
        for (index, section) in sections.enumerated() {
            for variable in section.variables { rows.append(row(variable, section, target[index])) }
            for link in section.links {
                let isThere = file.has(link.value) && !(file.dialect == .lts && section.subject == .all)
                rows.append(
                    LTSPImport.Row(
                        file: link.place.file, line: link.place.line, section: section.name,
                        variable: link.name, fate: isThere ? .translated : .notTaken,
                        text: isThere ? "takes over [\(link.value)]" : "there is nothing to take over"))
            }
        }
        rows.sort { ($0.file, $0.line) < ($1.file, $1.line) }
    }

    private func row(_ variable: LTSPVariable, _ section: LTSPFile.Section, _ target: Target?)
        -> LTSPImport.Row
    {
        var row = LTSPImport.Row(
            file: variable.place.file, line: variable.place.line, section: section.name,
            variable: variable.name, fate: .notTaken, text: "")
        let translation = LTSPTranslation(variable, in: file.dialect, images: fleet.images)
        switch target {
        case _ where translation.fate == .dropped: (row.fate, row.text) = (.dropped, translation.text)
        case _ where section.isHidden: row.text = "an earlier section of this name hides it"
        case .nowhere(let why): row.text = why
        case nil: row.text = lack(of: section)
        case .place(let place):
            row.fate = translation.fate
            if file.dialect == .lts, variable.value.isNone {
                row.text = "takes the variable away (\(place))"
            } else if variable.name == "HOSTNAME", !place.hasPrefix("new node ") {
                (row.fate, row.text) = (
                    .notTaken, "a name is given only to a new node, by the section of its card"
                )
            } else if translation.fate == .notTaken {
                row.text = translation.text
            } else if [.kept, .recorded].contains(translation.fate), translation.text.hasSuffix(")") {
                row.text = "\(translation.text.dropLast()); \(place))"
            } else {
                row.text = "\(translation.text) (\(place))"
            }
        }
        return row
    }

    /// Why no machine has a section.
    private func lack(of section: LTSPFile.Section) -> String {
        switch section.subject {
        case .hostName(let name) where takenOver.contains(section.name):
            "there is no node ‘\(name)’, and none that has a section which takes it over: add nodes (roost node add), and import again"
        case .hostName(let name):
            "there is no node ‘\(name)’, and no section takes it over: add it (roost node add), and import again"
        case .address(let address):
            "no node has the address \(address): give it to one (roost node set --address), and import again"
        default: "no machine has this section"
        }
    }
}

extension SettingValue {
    /// Whether levels add to it.
    fileprivate var isJoined: Bool {
        switch self {
        case .list, .map: true
        default: false
        }
    }

    fileprivate var isNothing: Bool { self == .list([]) || self == .map([:]) }
}

extension String {
    fileprivate func inParentheses(_ isNeeded: Bool) -> String { isNeeded ? "(\(self))" : self }
}

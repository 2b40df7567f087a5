import Wire

/// Works out an ``LTSPImport``, section by section.
struct LTSPImportWork {
    struct Rule {
        var rule: MatchRule
        var kind: RuleKind
        /// Whether its pattern matches a machine.
        var matches: @Sendable (LTSPMachine) -> Bool
    }

    let file: LTSPFile
    let fleet: LTSPImport.Fleet
    let sections: [LTSPFile.Section]
    var rows: [LTSPImport.Row] = []
    private(set) var notes: [String] = []
    private(set) var site: [String: SettingValue] = [:]
    private(set) var groups: [GroupPath: NodeGroup] = [:]
    var rules: [Rule] = []
    private(set) var newNodes: [Node] = []
    private(set) var nodes: [NodeName: [String: SettingValue]] = [:]
    /// Where the settings of a section go; or why nowhere.
    var target: [Int: Target] = [:]

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
    let takenOver: Set<String>
    /// The settings of machines that the file does not distinguish.
    private var wantedOfKind: [LTSPMachineKind: [String: SettingValue]] = [:]

    enum Target {
        /// - Parameter isNew: a node that the import adds.
        case place(String, isNew: Bool = false)
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

    func settings(of variables: [LTSPVariable]) -> [String: SettingValue] {
        LTSPTranslation.settings(of: variables, in: file.dialect, images: fleet.images)
    }

    // MARK: Machines

    private mutating func addMachines() {
        for node in fleet.nodes { nodes[node.name] = settings(for: node, inherited: site) }
        // The group of a new node is that of the section without init.
        let inOrder =
            sections.indices.filter { !sections[$0].isOfInit }
            + sections.indices.filter { sections[$0].isOfInit }
        var added: [MACAddress: Target] = [:]
        for index in inOrder where !sections[index].isHidden {
            switch sections[index].subject {
            case .machine(let mac):
                if let node = owners.ofCard[mac] {
                    target[index] = .place("node \(node)")
                } else if let known = added[mac] {
                    target[index] = known
                } else {
                    addNode(at: mac, index)
                    added[mac] = target[index]
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
        for kind in RuleKind.allCases {
            let rule = rules.first { $0.kind == kind && $0.matches(machine) }
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
            target[index] = .place(
                "new node \(name)" + (path == .site ? "" : " in \(path)"), isNew: true)
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
                guard case .place(let place, let isNew)? = target[index] else { continue }
                for other in section.takesOver where target[other] == nil {
                    target[other] = .place("\(place), and others that take it over", isNew: isNew)
                    changed = true
                }
            }
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

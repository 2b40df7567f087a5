package import Wire

/// The whole configuration at one revision: an immutable value that every data plane reads without a lock.
package final class FleetSnapshot: Sendable {
    /// What a snapshot is made of.
    package struct Contents: Sendable {
        package var nodes: [NodeName: Node] = [:]
        package var groups: [GroupPath: NodeGroup] = [:]
        package var rules: [RuleName: MatchRule] = [:]
        package var images: [ImageName: ImageCatalogue] = [:]
        package var network = NetworkRecords()
        /// What the machines last said that they are made of: match rules ask for it.
        package var hardware: [MACAddress: Hardware] = [:]
        package var volumes: [NodeName: Volume] = [:]
        /// The roll-outs that are not over, by their number.
        package var rollouts: [Int: Rollout] = [:]
        /// Machines whose last boots failed.
        package var troubles: [MACAddress: BootTrouble] = [:]
        /// Cards that no record names, and the nodes' machines that they are in. A snapshot takes over no others.
        package var cards = LearnedCards()

        package init() {}
    }

    /// Counts up with every change.
    package let revision: Int
    package let contents: Contents
    /// Every node in the order in which people count.
    package let nodeOrder: [NodeName]
    /// For look-ups while booting.
    private let nameOfAddress: [MACAddress: NodeName]
    private let nameOfUUID: [MachineUUID: NodeName]
    private let reservedAddresses: Set<IPv4Address>
    private let versionOfDigest: [Digest: ImageVersion]
    /// From the weakest to the strongest.
    let enrolmentRules: [(network: IPv4Network, enrolment: Enrolment)]
    private let compiledRules: [(rule: MatchRule, condition: Condition)]

    package var nodes: [NodeName: Node] { contents.nodes }
    package var groups: [GroupPath: NodeGroup] { contents.groups }
    package var rules: [RuleName: MatchRule] { contents.rules }
    package var images: [ImageName: ImageCatalogue] { contents.images }

    /// - Parameter order: the nodes in order, when whoever calls has it already.
    package init(revision: Int, contents: Contents, nodeOrder order: [NodeName]? = nil) {
        self.revision = revision
        let nodes = contents.nodes.values
        nodeOrder =
            order
            ?? nodes.map { ($0.name.countingKey, $0.name) }
            .sorted { $0.0.lexicographicallyPrecedes($1.0) }.map(\.1)
        let nameOfAddress = Dictionary(nodes.flatMap { node in node.macAddresses.map { ($0, node.name) } }) {
            first, _ in first
        }
        let nameOfUUID = Dictionary(nodes.compactMap { node in node.uuid.map { ($0, node.name) } }) {
            first, _ in first
        }
        var known = contents
        known.cards.keep { card, machine in nameOfAddress[card] == nil && nameOfUUID[machine] != nil }
        self.contents = known
        (self.nameOfAddress, self.nameOfUUID) = (nameOfAddress, nameOfUUID)
        reservedAddresses = Set(nodes.compactMap(\.address))
        versionOfDigest = Dictionary(contents.images.values.flatMap(\.versions).map { ($0.digest, $0) }) {
            first, _ in first
        }
        let site = contents.groups[.site].map { [(SettingOrigin.group(.site), $0.settings)] } ?? []
        enrolmentRules = Self.enrolmentRules(of: EffectiveSettings(levels: site))
        compiledRules = contents.rules.values
            .sorted { ($0.priority, $0.name) < ($1.priority, $1.name) }
            .compactMap { rule in (try? Condition(rule.condition)).map { (rule, $0) } }
    }

    package convenience init(
        revision: Int, nodes: [Node], groups: [NodeGroup], images: [ImageCatalogue], rules: [MatchRule] = []
    ) {
        var contents = Contents()
        contents.nodes = Dictionary(nodes.map { ($0.name, $0) }) { first, _ in first }
        contents.groups = Dictionary(groups.map { ($0.path, $0) }) { first, _ in first }
        contents.rules = Dictionary(rules.map { ($0.name, $0) }) { first, _ in first }
        contents.images = Dictionary(images.map { ($0.name, $0) }) { first, _ in first }
        self.init(revision: revision, contents: contents)
    }

    package static let empty = FleetSnapshot(revision: 0, contents: Contents())

    /// The node that a machine is: the one whose record has its card; else the one with the UUID that it says; else, when it says none,
    /// the one that the card was last seen in.
    package func node(at address: MACAddress?, uuid: MachineUUID? = nil) -> Node? {
        if let address, let node = node(withRecordOf: address) { return node }
        let said = uuid.flatMap { $0.isMeaningful ? $0 : nil }
        guard let machine = said ?? address.flatMap({ contents.cards.machine(of: $0) }) else { return nil }
        return nameOfUUID[machine].flatMap { nodes[$0] }
    }

    /// The node whose record has this card.
    package func node(withRecordOf card: MACAddress) -> Node? { nameOfAddress[card].flatMap { nodes[$0] } }

    /// Whether a card is a node's, by a record or because it was last seen there.
    package func knows(_ card: MACAddress) -> Bool {
        nameOfAddress[card] != nil || contents.cards.machine(of: card) != nil
    }

    /// The cards that a node boots with: those of its record, and those that it was seen with.
    package func cards(of node: Node) -> [MACAddress] {
        let learned = learnedCards(of: node)
        // Lists ask for each of ten thousand nodes: most have none.
        return learned.isEmpty ? node.macAddresses : node.macAddresses + learned
    }

    /// The cards that no record names, and that were last seen with this node's UUID, the newest first.
    package func learnedCards(of node: Node) -> [MACAddress] {
        node.uuid.map { contents.cards.cards(of: $0) } ?? []
    }

    /// Whether a node's record reserves `address` for it.
    package func hasReserved(_ address: IPv4Address) -> Bool { reservedAddresses.contains(address) }

    package func version(_ digest: Digest) -> ImageVersion? { versionOfDigest[digest] }

    package func version(_ reference: ImageReference) -> ImageVersion? {
        images[reference.image]?.version(reference.selector)
    }

    /// What is known of a node's hardware; nil while it has never reported any.
    package func hardware(of node: Node) -> Hardware? {
        cards(of: node).lazy.compactMap { self.contents.hardware[$0] }.first
    }

    package func facts(of node: Node) -> NodeFacts { NodeFacts(node, hardware: hardware(of: node)) }

    /// The settings of `node`; of an unknown machine (nil), those of the site.
    package func settings(of node: Node?) -> EffectiveSettings {
        var levels = levels(of: node?.group ?? .site)
        if let node {
            if !compiledRules.isEmpty {
                let facts = facts(of: node)
                for (rule, condition) in compiledRules where condition.holds(for: facts) {
                    levels.append((.rule(rule.name), rule.settings))
                }
            }
            levels.append((.node(node.name), node.settings))
        }
        return EffectiveSettings(levels: levels)
    }

    /// What holds in `group` before rules and nodes say something else.
    package func settings(of group: GroupPath) -> EffectiveSettings {
        EffectiveSettings(levels: levels(of: group))
    }

    private func levels(of group: GroupPath) -> [EffectiveSettings.Level] {
        group.lineage.compactMap { path in groups[path].map { (.group(path), $0.settings) } }
    }

    /// The nodes in `group` and below it, in order.
    package func nodes(below group: GroupPath) -> [Node] {
        nodeOrder.compactMap { nodes[$0] }.filter { group.contains($0.group) }
    }

    // MARK: Others like it

    /// The same, with what machines said they are made of.
    package func replacing(hardware new: [MACAddress: Hardware]) -> FleetSnapshot {
        var contents = contents
        contents.hardware.merge(new) { $1 }
        return FleetSnapshot(revision: revision, contents: contents, nodeOrder: nodeOrder)
    }

    /// The same, with what boots have shown since.
    package func replacing(rollouts: [Int: Rollout], troubles: [MACAddress: BootTrouble]) -> FleetSnapshot {
        var contents = contents
        contents.rollouts = rollouts
        contents.troubles = troubles
        return FleetSnapshot(revision: revision, contents: contents, nodeOrder: nodeOrder)
    }

    /// The same, with what one machine's last boot has shown.
    package func replacing(trouble: BootTrouble?, of machine: MACAddress) -> FleetSnapshot {
        var troubles = contents.troubles
        troubles[machine] = trouble
        return replacing(rollouts: contents.rollouts, troubles: troubles)
    }
    /// The same, with the cards that machines were seen with. What was known of the machines by `moved` cards is not known of the
    /// machines that they are in now.
    package func replacing(cards: LearnedCards, moved: [MACAddress] = []) -> FleetSnapshot {
        var contents = contents
        contents.cards = cards
        for card in moved { (contents.hardware[card], contents.troubles[card]) = (nil, nil) }
        return FleetSnapshot(revision: revision, contents: contents, nodeOrder: nodeOrder)
    }
}

package import Wire

/// The fleet at one moment: the configuration at one revision, and the observations so far. An immutable value that every data plane reads
/// without a lock.
///
/// The two change independently: a report makes a snapshot with new observations and the very same configuration.
package final class FleetSnapshot: Sendable {
    package typealias Contents = FleetConfiguration.Contents

    package let configuration: FleetConfiguration
    package let observations: FleetObservations

    package var revision: Int { configuration.revision }
    /// The records. For volumes and roll-outs they contain the state at the last revision: see ``volume(of:)`` and ``rollout(_:)``.
    package var contents: Contents { configuration.contents }
    /// Every node in natural order.
    package var nodeOrder: [NodeName] { configuration.nodeOrder }
    package var nodes: [NodeName: Node] { configuration.contents.nodes }
    package var groups: [GroupPath: NodeGroup] { configuration.contents.groups }
    package var rules: [RuleName: MatchRule] { configuration.contents.rules }
    package var images: [ImageName: ImageCatalogue] { configuration.contents.images }
    var enrolmentRules: EnrolmentRules { configuration.enrolmentRules }
    /// Whether a group, image or rule has an unreadable setting that is used in booting.
    var hasUnreadableLevels: Bool { configuration.hasUnreadableLevels }

    /// - Parameter observations: those that do not fit the configuration are left out.
    package init(_ configuration: FleetConfiguration, _ observations: FleetObservations) {
        self.configuration = configuration
        self.observations = observations.fitting(configuration)
    }

    private init(of configuration: FleetConfiguration, _ observations: FleetObservations) {
        self.configuration = configuration
        self.observations = observations
    }

    /// - Parameter order: the nodes in order, if known.
    package convenience init(
        revision: Int, contents: Contents, observations: FleetObservations = FleetObservations(),
        nodeOrder order: [NodeName]? = nil
    ) {
        self.init(
            FleetConfiguration(revision: revision, contents: contents, nodeOrder: order), observations)
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

    /// A machine's node: the one whose record has its card; else the one with the UUID that it states; else, if it states none, the one in
    /// which the card was last seen.
    package func node(at address: MACAddress?, uuid: MachineUUID? = nil) -> Node? {
        if let address, let node = node(withRecordOf: address) { return node }
        let said = uuid.flatMap { $0.isMeaningful ? $0 : nil }
        guard let machine = said ?? address.flatMap({ observations.cards.machine(of: $0) }) else {
            return nil
        }
        return configuration.node(with: machine)
    }

    /// The node whose record has this card.
    package func node(withRecordOf card: MACAddress) -> Node? {
        configuration.node(withRecordOf: card)
    }

    /// Whether a card belongs to a node, by a record or because it was last seen there.
    package func knows(_ card: MACAddress) -> Bool {
        configuration.nodeName(withRecordOf: card) != nil || observations.cards.machine(of: card) != nil
    }

    /// The cards that a node boots with: those in its record, and those that it was seen with.
    package func cards(of node: Node) -> [MACAddress] {
        let learned = learnedCards(of: node)
        // Lists call this for each of ten thousand nodes: most have none.
        return learned.isEmpty ? node.macAddresses : node.macAddresses + learned
    }

    /// The cards that no record names and that were last seen with this node's UUID, newest first.
    package func learnedCards(of node: Node) -> [MACAddress] {
        node.uuid.map { observations.cards.cards(of: $0) } ?? []
    }

    /// Whether a node's record reserves `address` for it.
    package func hasReserved(_ address: IPv4Address) -> Bool { configuration.hasReserved(address) }

    package func version(_ digest: Digest) -> ImageVersion? { configuration.version(digest) }

    package func version(_ reference: ImageReference) -> ImageVersion? {
        images[reference.image]?.version(reference.selector)
    }

    /// A node's hardware; nil if it never reported any.
    package func hardware(of node: Node) -> Hardware? { sharedHardware(of: node)?.report }

    /// The same, for lists.
    package func sharedHardware(of node: Node) -> SharedHardware? {
        cards(of: node).lazy.compactMap { self.observations.hardware[$0] }.first
    }

    package func facts(of node: Node) -> NodeFacts { NodeFacts(node, hardware: sharedHardware(of: node)) }

    /// The settings of `node`; for an unknown machine (nil), those of the site. They include what the image sets, and the version that it
    /// boots next.
    ///
    /// - Parameters:
    ///   - address: where the machine is now, for sections of kept files; nil: only fixed and reserved addresses are known.
    ///   - card: the one that it boots with.
    package func settings(
        of node: Node?, at address: IPv4Address? = nil, card: MACAddress? = nil
    ) -> EffectiveSettings {
        var levels = configuration.levels(of: node?.group ?? .site)
        if let node { levels += rules(fitting: node).map { (.rule($0.name), $0.settings) } }
        levels += keptLevels(
            of: machines(of: node, at: address, card: card), over: levels, under: node?.settings ?? [:])
        if let node { levels.append((.node(node.name), node.settings)) }
        return addingImage(to: EffectiveSettings(levels: levels), of: node, card: card)
    }

    /// The names of the rules that apply to a node, in order.
    func fittingRules(of node: Node) -> [RuleName] { rules(fitting: node).map(\.name) }

    private func rules(fitting node: Node) -> [MatchRule] {
        let rules = configuration.compiledRules
        if rules.isEmpty { return [] }
        let facts = facts(of: node)
        return rules.filter { $0.condition.holds(for: facts) }.map(\.rule)
    }

    /// The settings in `group`, before those of images, rules and nodes.
    package func settings(of group: GroupPath) -> EffectiveSettings {
        EffectiveSettings(levels: configuration.levels(of: group))
    }

    /// The nodes in `group` and below it, in order.
    package func nodes(below group: GroupPath) -> [Node] {
        nodeOrder.compactMap { nodes[$0] }.filter { group.contains($0.group) }
    }

    // MARK: Records, and what is known since they were revised

    /// A node's volume in its present state.
    package func volume(of node: NodeName) -> Volume? {
        observations.volumes[node] ?? configuration.contents.volumes[node]
    }

    /// All volumes in their present state.
    package var volumes: [NodeName: Volume] {
        if observations.volumes.isEmpty { return contents.volumes }
        var volumes = contents.volumes
        for (node, volume) in observations.volumes { volumes[node] = volume }
        return volumes
    }

    /// A roll-out that is not finished, in its present state.
    package func rollout(_ id: Int) -> Rollout? {
        configuration.contents.rollouts[id].map(current)
    }

    /// The roll-outs that are not finished, by number, in their present state.
    package var rollouts: [Int: Rollout] { contents.rollouts.mapValues(current) }

    func current(_ rollout: Rollout) -> Rollout {
        guard let progress = observations.progress[rollout.id] else { return rollout }
        var rollout = rollout
        rollout.progress = progress
        return rollout
    }

    /// The records in their present state: the starting point of an edit.
    var currentContents: Contents {
        var contents = contents
        (contents.volumes, contents.rollouts, contents.tpms) = (volumes, rollouts, tpms)
        return contents
    }

    // MARK: Others like it

    /// The same configuration with other observations. Only cards that no record names may be added, for machines that are nodes.
    package func observing(_ change: (inout FleetObservations) throws -> Void) rethrows -> FleetSnapshot {
        var observations = observations
        try change(&observations)
        return FleetSnapshot(of: configuration, observations)
    }

    /// The same, with the revision number given by the store.
    package func numbered(_ revision: Int) -> FleetSnapshot {
        FleetSnapshot(of: configuration.numbered(revision), observations)
    }
}

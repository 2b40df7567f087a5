import Wire

/// The configuration made by people, at one revision: an immutable value with the indexes needed while machines boot.
package final class FleetConfiguration: Sendable {
    /// The records of a configuration.
    package struct Contents: Sendable {
        package var nodes: [NodeName: Node] = [:]
        package var groups: [GroupPath: NodeGroup] = [:]
        package var rules: [RuleName: MatchRule] = [:]
        package var images: [ImageName: ImageCatalogue] = [:]
        package var network = NetworkRecords()
        package var access = AccessRecords()
        package var volumes: [NodeName: Volume] = [:]
        /// The roll-outs that are not finished, by number.
        package var rollouts: [Int: Rollout] = [:]

        package init() {}
    }

    /// Built once for each change to the records.
    private struct Indexes: Sendable {
        let nodeOrder: [NodeName]
        let nameOfAddress: [MACAddress: NodeName]
        let nameOfUUID: [MachineUUID: NodeName]
        let reservedAddresses: Set<IPv4Address>
        let versionOfDigest: [Digest: ImageVersion]
        let enrolmentRules: EnrolmentRules
        let hasUnreadableLevels: Bool
        let compiledRules: [(rule: MatchRule, condition: Condition)]

        init(_ contents: Contents, nodeOrder order: [NodeName]?) {
            let nodes = contents.nodes.values
            nodeOrder =
                order
                ?? nodes.map { ($0.name.countingKey, $0.name) }
                .sorted { $0.0.lexicographicallyPrecedes($1.0) }.map(\.1)
            nameOfAddress = Dictionary(nodes.flatMap { node in node.macAddresses.map { ($0, node.name) } }) {
                first, _ in first
            }
            nameOfUUID = Dictionary(nodes.compactMap { node in node.uuid.map { ($0, node.name) } }) {
                first, _ in first
            }
            reservedAddresses = Set(nodes.compactMap(\.address))
            versionOfDigest = Dictionary(contents.images.values.flatMap(\.versions).map { ($0.digest, $0) }) {
                first, _ in first
            }
            let site = contents.groups[.site].map { [(SettingOrigin.group(.site), $0.settings)] } ?? []
            enrolmentRules = EnrolmentRules(of: EffectiveSettings(levels: site))
            hasUnreadableLevels =
                contents.groups.values.contains { $0.settings.hasUnreadableBootSettings }
                || contents.rules.values.contains { $0.settings.hasUnreadableBootSettings }
            compiledRules = contents.rules.values
                .sorted { ($0.priority, $0.name) < ($1.priority, $1.name) }
                .compactMap { rule in (try? Condition(stored: rule.condition)).map { (rule, $0) } }
        }
    }

    /// Increases with every change.
    package let revision: Int
    package let contents: Contents
    private let indexes: Indexes

    /// - Parameter order: the nodes in order, if known.
    package convenience init(revision: Int, contents: Contents, nodeOrder order: [NodeName]? = nil) {
        self.init(revision, contents, Indexes(contents, nodeOrder: order))
    }

    private init(_ revision: Int, _ contents: Contents, _ indexes: Indexes) {
        self.revision = revision
        self.contents = contents
        self.indexes = indexes
    }

    /// The same records, with the revision number given by the store.
    func numbered(_ revision: Int) -> FleetConfiguration { FleetConfiguration(revision, contents, indexes) }

    /// Every node in natural order.
    package var nodeOrder: [NodeName] { indexes.nodeOrder }

    var enrolmentRules: EnrolmentRules { indexes.enrolmentRules }

    /// Whether a group or rule has an unreadable setting that is used in booting.
    var hasUnreadableLevels: Bool { indexes.hasUnreadableLevels }

    /// In the order of application.
    var compiledRules: [(rule: MatchRule, condition: Condition)] { indexes.compiledRules }

    /// The node whose record has this card.
    func node(withRecordOf card: MACAddress) -> Node? {
        indexes.nameOfAddress[card].flatMap { contents.nodes[$0] }
    }

    /// The node whose record has this UUID.
    func node(with machine: MachineUUID) -> Node? {
        indexes.nameOfUUID[machine].flatMap { contents.nodes[$0] }
    }

    func hasReserved(_ address: IPv4Address) -> Bool { indexes.reservedAddresses.contains(address) }

    func version(_ digest: Digest) -> ImageVersion? { indexes.versionOfDigest[digest] }
}

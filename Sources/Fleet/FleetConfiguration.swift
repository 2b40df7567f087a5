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
        package var keptFiles: [KeptScope: KeptFile] = [:]
        package var secrets: [SecretName: Secret] = [:]
        package var storedFiles: [StoredFileName: StoredFile] = [:]
        package var tpms: [NodeName: BoundTPM] = [:]
        package var hostKeyNames: [NodeName: HostKeyName] = [:]
        /// Names that SSH host keys of former nodes were made from, as the history tells: a disk that is thrown away has such a key.
        package var formerHostKeys: Set<NodeName> = []
        package var applied: [AppliedKey: AppliedRecord] = [:]
        package var terminals = TerminalRecords()
        package var schedules: [ScheduleName: Schedule] = [:]
        /// The roll-outs that are not finished, by number.
        package var rollouts: [Int: Rollout] = [:]

        package init() {}
    }

    /// What is looked up; what depends on unchanged records is kept from one configuration to the next.
    private struct Indexes: Sendable {
        var nodes: NodeIndexes
        var levels: SettingLevels
        var imageLevels: ImageLevels
        var keptLevels: KeptLevels
        var versionOfDigest: [Digest: ImageVersion]

        init(_ contents: Contents, nodeOrder: [NodeName]?) {
            nodes = NodeIndexes(of: contents.nodes, order: nodeOrder)
            levels = SettingLevels(groups: contents.groups, rules: contents.rules)
            imageLevels = ImageLevels(contents.images)
            keptLevels = KeptLevels(contents)
            versionOfDigest = Self.versions(of: contents.images)
        }

        /// The same for `after`, in which of all nodes only `changed` differ.
        ///
        /// Dictionaries that no edit touched are the very same, and quick to compare.
        func following(
            _ changed: Set<NodeName>, from before: Contents, to after: Contents
        ) -> Indexes {
            var next = self
            next.nodes = nodes.following(changed, from: before.nodes, to: after.nodes)
            if before.groups != after.groups || before.rules != after.rules {
                next.levels = SettingLevels(groups: after.groups, rules: after.rules)
            }
            if before.keptFiles != after.keptFiles
                || !after.keptFiles.isEmpty && before.images.keys != after.images.keys
            {
                next.keptLevels = KeptLevels(after)
            }
            if before.images != after.images {
                next.versionOfDigest = Self.versions(of: after.images)
                next.imageLevels = ImageLevels(after.images)
            }
            return next
        }

        private static func versions(of images: [ImageName: ImageCatalogue]) -> [Digest: ImageVersion] {
            Dictionary(images.values.flatMap(\.versions).map { ($0.digest, $0) }) { first, _ in first }
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

    /// The configuration after edits, in which of all nodes only `changed` differ.
    func following(_ contents: Contents, revision: Int, nodes changed: Set<NodeName>) -> FleetConfiguration {
        FleetConfiguration(
            revision, contents, indexes.following(changed, from: self.contents, to: contents))
    }

    /// Every node in natural order.
    package var nodeOrder: [NodeName] { indexes.nodes.order }

    /// Whether two nodes have a card, a UUID or a fixed address in common.
    var hasNodeConflict: Bool { indexes.nodes.hasConflict }

    var enrolmentRules: EnrolmentRules { indexes.levels.enrolmentRules }

    /// Whether a group, image or rule has an unreadable setting that is used in booting.
    var hasUnreadableLevels: Bool { indexes.levels.hasUnreadable || indexes.imageLevels.hasUnreadable }

    /// What images and versions set.
    var imageLevels: ImageLevels { indexes.imageLevels }

    /// What kept files set.
    var keptLevels: KeptLevels { indexes.keptLevels }

    /// In the order of application.
    var compiledRules: [(rule: MatchRule, condition: Condition)] { indexes.levels.rules }

    /// The settings of a group and of those above it, from the site down.
    func levels(of group: GroupPath) -> [EffectiveSettings.Level] {
        indexes.levels.levels(of: group, in: contents.groups)
    }

    /// The node whose record has this card.
    func node(withRecordOf card: MACAddress) -> Node? {
        indexes.nodes.nameOfCard[card].flatMap { contents.nodes[$0] }
    }

    /// The name of that node.
    func nodeName(withRecordOf card: MACAddress?) -> NodeName? {
        card.flatMap { indexes.nodes.nameOfCard[$0] }
    }

    /// The node whose record has this UUID.
    func node(with machine: MachineUUID) -> Node? {
        indexes.nodes.nameOfMachine[machine].flatMap { contents.nodes[$0] }
    }

    func hasReserved(_ address: IPv4Address) -> Bool { indexes.nodes.addresses.contains(address) }

    func version(_ digest: Digest) -> ImageVersion? { indexes.versionOfDigest[digest] }
}

package import Fleet

/// Several edits, made together as one revision or not at all.
package struct ChangeRequest: Codable, Sendable {
    /// One edit; exactly one of its parts is set.
    package struct Edit: Codable, Sendable {
        /// Adds the node or replaces the one with its name.
        package var node: Node?
        package var removeNode: NodeName?
        package var group: NodeGroup?
        package var removeGroup: GroupPath?
        package var moveGroup: GroupMove?
        package var rule: MatchRule?
        package var removeRule: RuleName?
        package var settings: SettingsChange?
        package var network: Network?
        package var removeNetwork: NetworkName?
        package var reservation: DHCPReservation?
        package var removeReservation: DHCPReservation.Identity?
        package var loaderRule: LoaderRule?
        package var removeLoaderRule: RuleName?
        /// Whether the edit adds a record: then it is refused where there is one. Nil: it may replace one.
        package var isNew: Bool?

        package init(
            node: Node? = nil, removeNode: NodeName? = nil, group: NodeGroup? = nil,
            removeGroup: GroupPath? = nil, moveGroup: GroupMove? = nil, rule: MatchRule? = nil,
            removeRule: RuleName? = nil, settings: SettingsChange? = nil, network: Network? = nil,
            removeNetwork: NetworkName? = nil, reservation: DHCPReservation? = nil,
            removeReservation: DHCPReservation.Identity? = nil, loaderRule: LoaderRule? = nil,
            removeLoaderRule: RuleName? = nil, isNew: Bool? = nil
        ) {
            self.node = node
            self.removeNode = removeNode
            self.group = group
            self.removeGroup = removeGroup
            self.moveGroup = moveGroup
            self.rule = rule
            self.removeRule = removeRule
            self.settings = settings
            self.network = network
            self.removeNetwork = removeNetwork
            self.reservation = reservation
            self.removeReservation = removeReservation
            self.loaderRule = loaderRule
            self.removeLoaderRule = removeLoaderRule
            self.isNew = isNew
        }
    }

    /// Moves or renames a group with everything below it.
    package struct GroupMove: Codable, Sendable {
        package var from: GroupPath
        package var to: GroupPath

        package init(from: GroupPath, to: GroupPath) {
            self.from = from
            self.to = to
        }
    }

    package var edits: [Edit]
    /// One line for people of at most ``summaryLength`` characters; derived from the edits when missing.
    package var summary: String?

    package static let summaryLength = 500

    package init(edits: [Edit], summary: String? = nil) {
        self.edits = edits
        self.summary = summary
    }
}

/// The configuration's revision after a change.
package struct RevisionAnswer: Codable, Sendable {
    package var revision: Int
    /// What is wrong with networks since the change, and was not before; nil where nothing is.
    package var warnings: [String]?

    package init(revision: Int, warnings: [String]? = nil) {
        self.revision = revision
        self.warnings = warnings
    }
}

import Wire

/// The effects of an edit of the configuration on nodes: the answer to "what if".
package struct ChangePlan: Equatable, Sendable, Codable {
    /// Nodes listed individually; the others are only counted.
    package static let nodeLimit = 500
    /// Settings of nodes listed individually: with that many, no further node is.
    package static let settingLimit = 20_000

    /// One node that would change.
    package struct NodeChange: Equatable, Sendable, Codable {
        package enum Kind: String, Sendable, Codable {
            case added, removed, changed
        }

        package var node: NodeName
        package var kind: Kind
        /// The settings with a new value, in the registry's order.
        package var settings: [SettingChange]
    }

    package struct SettingChange: Equatable, Sendable, Codable {
        /// A setting's name; or `group`, `version`, `address`.
        package var name: String
        /// Nil: there was none.
        package var before: SettingValue?
        package var after: SettingValue?
        /// The origin of the new value.
        package var origin: String
    }

    /// The edits, one line each.
    package var edits: [String]
    /// At most `nodeLimit`, and fewer where these have very many settings, in natural order.
    package var nodes: [NodeChange]
    /// All nodes that would change.
    package var nodeCount: Int
    /// The number of nodes that each setting changes on.
    package var counts: [String: Int]
    /// How networks change, faults that they then have, and warnings about new commands; nil where there are none.
    package var notes: [String]?
}

extension ChangePlan {
    /// Compares `before` with the result of `edits`; throws like making them.
    ///
    /// - Parameters:
    ///   - plan: the addresses that nodes may have.
    ///   - sees: whether those who read the plan may see what is in a group.
    package init(
        of edits: [FleetEdit], in before: FleetSnapshot, within plan: AddressPlan = .unknown,
        seeing sees: (GroupPath) -> Bool = { _ in true }
    ) throws {
        let renames = before.renames(by: edits)
        let after = try before.applying(
            edits + before.followers(of: renames, in: edits), revision: before.revision, within: plan)
        // What only follows is told to those who may see it.
        self.edits = edits.filter { !$0.isFollowing || sees($0.record?.place ?? .site) }
            .map { $0.summary(in: before) }
        nodes = []
        nodeCount = 0
        counts = [:]
        var settingCount = 0
        for name in Self.candidates(edits, before, after) {
            let changes = Self.changes(of: name, before, after)
            guard let change = changes else { continue }
            nodeCount += 1
            for setting in change.settings { counts[setting.name, default: 0] += 1 }
            guard nodes.count < Self.nodeLimit, settingCount < Self.settingLimit else { continue }
            nodes.append(change)
            settingCount += change.settings.count
        }
        let networks = plan.host.map { NetworkNotes.lines(from: before, to: after, on: $0) } ?? []
        let lines =
            before.notes(of: renames, to: after) + networks
            + CommandNotes.lines(of: edits, from: before, to: after)
            + LostNames.lines(of: edits, from: before, to: after, seeing: sees)
            + before.notes(ofRolesLostBy: edits, seeing: sees)
        notes = lines.isEmpty ? nil : lines
    }

    /// The nodes that can be affected at all, in order.
    private static func candidates(
        _ edits: [FleetEdit], _ before: FleetSnapshot, _ after: FleetSnapshot
    ) -> [NodeName] {
        var names: Set<NodeName> = []
        var groups: [GroupPath] = []
        for edit in edits {
            switch edit.reach {
            case .node(let name): names.insert(name)
            case .group(let path): groups.append(path)
            case .none: continue
            }
        }
        let gone = names.filter { after.nodes[$0] == nil }.sorted()
        if groups.contains(.site) { return after.nodeOrder + gone }
        if groups.isEmpty, names.count < 64 {
            return names.filter { after.nodes[$0] != nil }.sorted {
                $0.countingKey.lexicographicallyPrecedes($1.countingKey)
            } + gone
        }
        return after.nodeOrder.filter { name in
            names.contains(name)
                || after.nodes[name].map { node in groups.contains { $0.contains(node.group) } } == true
        } + gone
    }

    private static func changes(
        of name: NodeName, _ before: FleetSnapshot, _ after: FleetSnapshot
    ) -> NodeChange? {
        let (old, new) = (before.nodes[name], after.nodes[name])
        guard let new else { return old.map { _ in NodeChange(node: name, kind: .removed, settings: []) } }
        let (was, willBe) = (before.settings(of: old), after.settings(of: new))
        var changes: [SettingChange] = []
        if let old {
            changes = fields(of: old, new).map { field in
                SettingChange(
                    name: field.name, before: field.before.map { .text($0) },
                    after: field.after.map { .text($0) }, origin: "node \(name)")
            }
        }
        let names = was.namesSet.union(willBe.namesSet)
        for definition in SettingDefinition.among(names) {
            let value = willBe.shown(definition)
            let former = old == nil ? nil : was.shown(definition)
            guard former != value else { continue }
            changes.append(
                SettingChange(
                    name: definition.name, before: former.map(definition.redacted),
                    after: definition.redacted(value),
                    origin: willBe[definition].origin.description))
        }
        if let version = Self.version(willBe, after), old != nil {
            let former = Self.version(was, before)
            if former != version {
                changes.append(
                    SettingChange(
                        name: "version", before: former.map { .text($0) }, after: .text(version),
                        origin: willBe.origin(of: Settings.image).description))
            }
        }
        guard old == nil || !changes.isEmpty else { return nil }
        return NodeChange(node: name, kind: old == nil ? .added : .changed, settings: changes)
    }

    /// The differences between two records of a node, besides settings.
    private static func fields(of old: Node, _ new: Node) -> [(name: String, before: String?, after: String?)]
    {
        func text(_ addresses: [MACAddress]) -> String? {
            addresses.isEmpty ? nil : addresses.map(\.description).joined(separator: ", ")
        }
        func words(_ tags: [String]) -> String? { tags.isEmpty ? nil : tags.joined(separator: ", ") }
        return [
            ("group", old.group.description, new.group.description),
            ("address", old.address?.description, new.address?.description),
            ("mac", text(old.macAddresses), text(new.macAddresses)),
            ("uuid", old.uuid?.description, new.uuid?.description),
            ("tags", words(old.tags), words(new.tags)),
        ].filter { $0.1 != $0.2 }
    }

    /// A line for each difference between two records of a node: `address 10.77.0.5 → 10.77.0.6`.
    static func recordChanges(from old: Node, to new: Node) -> [String] {
        let fields = fields(of: old, new)
        let names = Set(old.settings.keys).union(new.settings.keys).sorted()
        let settings = names.filter { old.settings[$0] != new.settings[$0] }.map { name in
            let isSecret = SettingDefinition.isSecret(name)
            func shown(_ value: SettingValue?) -> String? {
                isSecret ? value.map { _ in RecordSettings.hidden.description } : value?.description
            }
            return (name: name, before: shown(old.settings[name]), after: shown(new.settings[name]))
        }
        return (fields + settings).map { "\($0.name) \($0.before ?? "-") → \($0.after ?? "-")" }
    }

    private static func version(_ settings: EffectiveSettings, _ snapshot: FleetSnapshot) -> String? {
        snapshot.version(for: settings).map { "\($0.image)@\($0.number)" }
    }
}

extension FleetSnapshot {
    /// The version that a node with these settings boots; nil when there is none.
    package func version(for settings: EffectiveSettings) -> ImageVersion? {
        // An unreadable setting means no version.
        guard let image = settings[Settings.image] else { return nil }
        guard let image else {
            return images.count == 1 ? images.values.first?.version(.channel(.stable)) : nil
        }
        return version(image)
    }
}

/// A place in the tree, with the settings for everything below it. `/` is the site.
package struct NodeGroup: Equatable, Sendable, Codable {
    package var path: GroupPath
    @RecordSettings package var settings: [String: SettingValue]

    package init(path: GroupPath, settings: [String: SettingValue] = [:]) {
        self.path = path
        self.settings = settings
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        path = try fields.decode(GroupPath.self, forKey: .path)
        _settings =
            try fields.decodeIfPresent(RecordSettings.self, forKey: .settings)
            ?? RecordSettings(wrappedValue: [:])
    }
}

extension FleetEdit {
    /// - Parameter group: nil removes it.
    package static func group(_ path: GroupPath, _ group: NodeGroup?) -> Self { Self(path, group) }
}

extension NodeGroup: TableRecord, SettingsRecord, ListedRecord {
    package static let kind = "group"

    package static var table: WritableKeyPath<FleetSnapshot.Contents, [GroupPath: Self]> { \.groups }
    package var key: GroupPath { path }

    package static func missing(_ key: GroupPath) -> Sentence {
        "there is no group \(key) (roost group add \(key))"
    }

    /// All settings of the site would go at a word.
    package static func requireRemovable(_ path: GroupPath) throws(InvalidSetting) {
        guard path == .site else { return }
        throw InvalidSetting("‘/’ is the whole site, which stays; --unset takes its settings away one by one")
    }

    package static func checked(
        _ change: RecordChange<NodeGroup>, in draft: FleetSnapshot.Contents, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws -> NodeGroup? {
        try change.requireSomething(in: draft)
        guard let group = change.after else { return nil }
        return NodeGroup(
            path: change.key,
            settings: try RecordSettings.checked(
                group.settings,
                since: change.isOld ? group.settings : draft.groups[change.key]?.settings,
                isSite: change.key == .site))
    }

    package static func check(_ key: GroupPath, in contents: FleetSnapshot.Contents) throws {
        if contents.groups[key] != nil {
            if let parent = key.parent { try contents.require(parent) }
            return
        }
        guard key != .site else { return }
        if let node = contents.nodes.values.first(where: { $0.group == key }) {
            throw StoreError.conflict("group \(key) still contains node \(node.name)")
        }
        if let secret = contents.secrets.values.first(where: { $0.group == key }) {
            throw StoreError.conflict("group \(key) still has secret \(secret.name)")
        }
        if let server = contents.terminals.servers.values.first(where: { $0.group == key }) {
            throw StoreError.conflict("group \(key) still has terminal server \(server.name)")
        }
        if let pool = contents.terminals.pools.values.first(where: { $0.group == key }) {
            throw StoreError.conflict("group \(key) still has pool \(pool.name)")
        }
        if let schedule = contents.schedules.values.first(where: { $0.group == key }) {
            throw StoreError.conflict("group \(key) still has schedule \(schedule.name)")
        }
        if let hook = contents.access.namedHooks.values.first(where: { $0.group == key }) {
            throw StoreError.conflict("group \(key) still has web hook \(hook.name)")
        }
        if let hook = contents.access.webHooks.values.first(where: { $0.group == key }) {
            throw StoreError.conflict("group \(key) still has web hook \(hook.id)")
        }
        if let below = contents.groups.keys.first(where: { $0 != key && key.contains($0) }) {
            throw StoreError.conflict("group \(key) still contains group \(below)")
        }
    }

    package static func summary(of change: RecordChange<NodeGroup>, in snapshot: FleetSnapshot) -> String {
        let path = change.key
        guard let group = change.after else { return "group \(path) removed" }
        let before = snapshot.groups[path]
        if path != .site, before == nil { return "group \(path) added" }
        let place = path == .site ? "the site" : "group \(path)"
        return "settings of \(place) changed" + group.namingChanges(since: before)
    }

    package static func places(
        of change: RecordChange<NodeGroup>, in snapshot: FleetSnapshot
    ) -> [GroupPath] { [change.key] }

    package var place: GroupPath { path }

    /// Roles in a group go with it.
    package static func grants(of change: RecordChange<NodeGroup>, in snapshot: FleetSnapshot) -> [Grant] {
        change.after == nil ? snapshot.roles(in: change.key) : []
    }

    package static func reach(of change: RecordChange<NodeGroup>) -> EditReach { .group(change.key) }
}

extension FleetSnapshot {
    /// The edits that move a group with everything below it; `to` must not exist yet.
    package func edits(moving from: GroupPath, to: GroupPath) throws -> [FleetEdit] {
        guard from != .site else {
            throw StoreError.conflict("‘/’ is the whole site, which has no other place")
        }
        guard groups[from] != nil else {
            throw StoreError.notFound(contents.missing(.group(from)))
        }
        guard to != .site, groups[to] == nil else {
            throw StoreError.conflict(NodeGroup.existing(to))
        }
        guard !from.contains(to) else {
            throw StoreError.conflict("group \(from) cannot be moved into itself")
        }
        func moved(_ path: GroupPath) throws -> GroupPath {
            try GroupPath(to.description + path.description.dropFirst(from.description.count))
        }
        let concerned = groups.values.filter { from.contains($0.path) }.sorted { $0.path < $1.path }
        // Parents are created before, and removed after, their contents.
        let moves = RecordMoves(group: from, to: to)
        let made = try concerned.map { group in
            var walk = NameWalk(moves)
            var group = group
            group.path = try moved(group.path)
            group.passNames(to: &walk)
            return FleetEdit(old: group.path, group)
        }
        let gone = concerned.reversed().map { FleetEdit.group($0.path, nil) }
        return made + self.edits(following: moves, besides: gone) + gone
    }
}

extension NodeGroup: DeclaredForm {
    package typealias Record = NodeGroup
    package static var declaredForm: (any DeclaredForm.Type)? { Self.self }
    package static let (member, keyMember) = ("groups", "path")
    package static let audience = DeclaredAudience.group
}

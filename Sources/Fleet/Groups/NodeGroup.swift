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
                group.settings, since: draft.groups[change.key]?.settings, isSite: change.key == .site))
    }

    package static func check(_ key: GroupPath, in contents: FleetSnapshot.Contents) throws {
        if contents.groups[key] != nil {
            guard let parent = key.parent, parent != .site, contents.groups[parent] == nil else { return }
            throw StoreError.notFound("there is no group \(parent) (roost group add \(parent))")
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
            throw StoreError.notFound("there is no group \(from)")
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
        var edits = try concerned.map { group in
            let path = try moved(group.path)
            return FleetEdit.group(path, NodeGroup(path: path, settings: group.settings))
        }
        edits += try nodes(below: from).map { node in
            var node = node
            node.group = try moved(node.group)
            return .node(node.name, node)
        }
        /// Records of one kind, each with its new group.
        func moving<Record: TableRecord>(
            _: Record.Type, in group: WritableKeyPath<Record, GroupPath>
        ) throws -> [FleetEdit] where Record.Key: Comparable {
            try contents[keyPath: Record.table].filter { from.contains($0.value[keyPath: group]) }
                .sorted { $0.key < $1.key }
                .map { key, record in
                    var record = record
                    record[keyPath: group] = try moved(record[keyPath: group])
                    return FleetEdit(key, record)
                }
        }
        edits += try moving(BoardLink.self, in: \.group) + moving(Secret.self, in: \.group)
        edits += try moving(TerminalServer.self, in: \.group) + moving(TerminalPool.self, in: \.group)
        let schedules = contents.schedules.values.filter { from.contains($0.group) }
        edits += try schedules.sorted { $0.name < $1.name }.map { schedule in
            var schedule = schedule
            schedule.group = try moved(schedule.group)
            if case .set(var settings) = schedule.act, let path = try? GroupPath(settings.target),
                from.contains(path)
            {
                settings.target = try moved(path).description
                schedule.act = .set(settings)
            }
            return .schedule(schedule.name, schedule)
        }
        let hooks = contents.access.namedHooks.values.filter { from.contains($0.group) }
        edits += try hooks.sorted { $0.name < $1.name }.map { hook in
            var hook = hook
            hook.group = try moved(hook.group)
            return .namedHook(hook.name, hook)
        }
        edits += try moving(WebHook.Record.self, in: \.group) + roleEdits(moving: from, moved)
        return edits + concerned.reversed().map { .group($0.path, nil) }
    }
}

/// What a record names beside itself.
package enum RecordName: Hashable, Sendable {
    /// The site is always there, and a group above may be meant by one below.
    case group(GroupPath)
    /// No record: an image is there as soon as it has a version.
    case image(ImageName)
    /// An image with a channel, a tag or a number: `debian@stable`.
    case version(ImageReference)
    /// A record of any other kind, with its key as text.
    case record(kind: String, key: String)
    /// A time zone, which the server has in its files.
    case zone(String)

    package init<Record: FleetRecord>(_ key: Record.Key, of _: Record.Type) {
        self = .record(kind: Record.kind, key: key.description)
    }
}

/// Which records get other names in a change: a group that moves with all below it, and nodes.
package struct RecordMoves: Sendable {
    package var group: (from: GroupPath, to: GroupPath)?
    package var nodes: [NodeName: NodeName] = [:]

    package init() {}

    package init(group from: GroupPath, to: GroupPath) { group = (from, to) }

    init(_ renames: [NodeRename]) {
        nodes = Dictionary(renames.map { ($0.from, $0.to) }) { first, _ in first }
    }

    /// Where a group is afterwards.
    package func moved(_ path: GroupPath) -> GroupPath {
        guard let group, group.from.contains(path) else { return path }
        let rest = path.description.dropFirst(group.from.description.count)
        // Too deep a path names no group, and stays as it is.
        return (try? GroupPath(group.to.description + rest)) ?? path
    }

    /// Where a group is afterwards that a text names; nil: the text names none, or one that stays.
    fileprivate func moved(_ text: some StringProtocol) -> String? {
        guard group != nil, let path = try? GroupPath(text) else { return nil }
        let moved = moved(path)
        return moved == path ? nil : moved.description
    }
}

/// Goes through the names of other records in a record: it collects them, and puts others in the place of those that move.
///
/// Each kind of record passes all its names, once, in ``FleetRecord/passNames(to:)``: what a change may name, and what follows a record that
/// moves, is known from there alone.
package struct NameWalk {
    package struct Found: Hashable, Sendable {
        package var name: RecordName
        /// The setting whose value has it; nil: a member of the record.
        package var setting: String?
        /// Whether it has to be there when it is named for the first time.
        package var isRequired: Bool
    }

    package private(set) var found: [Found] = []
    private let moves: RecordMoves
    private var setting: String?

    package init(_ moves: RecordMoves = RecordMoves()) { self.moves = moves }

    /// - Parameter name: of a record that has to be there when it is named for the first time.
    package mutating func pass(_ name: RecordName) {
        found.append(Found(name: name, setting: setting, isRequired: true))
    }

    package mutating func pass<Record: FleetRecord>(_ key: Record.Key, of kind: Record.Type) {
        pass(RecordName(key, of: kind))
    }

    /// A name whose record may come later: what uses it tells that it is not there.
    fileprivate mutating func mention<Record: FleetRecord>(_ key: Record.Key, of kind: Record.Type) {
        found.append(Found(name: RecordName(key, of: kind), setting: setting, isRequired: false))
    }

    package mutating func pass(_ path: inout GroupPath) {
        pass(.group(path))
        path = moves.moved(path)
    }

    package mutating func pass(_ name: inout NodeName) {
        pass(name, of: Node.self)
        name = moves.nodes[name] ?? name
    }

    package mutating func pass(_ name: inout NodeName?) {
        guard var node = name else { return }
        pass(&node)
        name = node
    }

    package mutating func pass(_ grants: inout [Grant]) {
        for index in grants.indices { pass(&grants[index].group) }
    }

    /// What only says where something was: it follows, and need not be there.
    package mutating func follow(_ path: inout GroupPath) { path = moves.moved(path) }

    // MARK: Texts

    /// A condition names groups, and it is for one node alone where it says only its name. What it names need not be there.
    package mutating func follow(condition text: inout String) {
        for (from, to) in moves.nodes {
            guard let moved = Condition.naming(from, in: text, becoming: to) else { continue }
            text = moved
            return
        }
        guard moves.group != nil else { return }
        text = ConditionParser.replacingValues(of: .group, in: text) { comparison, value in
            if let moved = moves.moved(value) { return moved }
            // A pattern of what is below a group: `/school/*`.
            guard comparison == .like, let group = moves.group,
                value.hasPrefix(group.from.description + "/")
            else { return nil }
            return group.to.description + value.dropFirst(group.from.description.count)
        }
    }

    /// The nodes that an act is for: one by its exact name, several by a condition.
    package mutating func pass(nodes text: inout String) {
        guard var name = try? NodeName(text) else { return follow(condition: &text) }
        let before = name
        pass(&name)
        if name != before { text = name.text }
    }

    /// Where settings are changed: a group's path, a node's name, `rule:NAME`, `image:NAME` or `image:NAME@VERSION`.
    package mutating func pass(target text: inout String) {
        if text.hasPrefix("/") {
            guard var path = try? GroupPath(text) else { return }
            pass(&path)
            text = path.description
        } else if text.hasPrefix("rule:") {
            if let name = try? RuleName(text.dropFirst("rule:".count)) { pass(name, of: MatchRule.self) }
        } else if text.hasPrefix("image:") {
            let image = text.dropFirst("image:".count).prefix { $0 != "@" }
            if let name = try? ImageName(image) { pass(.image(name)) }
        } else if (try? NodeName(text)) != nil {
            pass(nodes: &text)
        }
    }

    /// `5%`, or a group.
    package mutating func pass(share text: inout String) {
        guard var path = try? GroupPath(text) else { return }
        pass(&path)
        text = path.description
    }

    // MARK: Settings

    package mutating func pass(_ settings: inout [String: SettingValue]) {
        for (name, value) in settings {
            guard let names = NamingSettings.byName[name] else { continue }
            setting = name
            if let moved = names(value, &self) { settings[name] = moved }
            setting = nil
        }
    }
}

/// The settings whose values name records.
private enum NamingSettings {
    /// Passes the names of a value; what it is with others in their places, nil where it stays.
    typealias Names = @Sendable (SettingValue, inout NameWalk) -> SettingValue?

    static let byName: [String: Names] = [
        Settings.image.name: { version(Settings.image, $0, &$1) },
        Settings.rescueImage.name: { version(Settings.rescueImage, $0, &$1) },
        Settings.timeZone.name: { stored, walk in
            if case .text(let zone) = stored { walk.pass(.zone(zone)) }
            return nil
        },
        Settings.pool.name: { stored, walk in
            if let pool = (try? Settings.pool.value(of: stored)) ?? nil {
                walk.pass(pool, of: TerminalPool.self)
            }
            return nil
        },
        Settings.knownNodes.name: { stored, walk in
            guard let group = (try? Settings.knownNodes.value(of: stored)) ?? nil else { return nil }
            var moved = group
            walk.pass(&moved)
            return moved == group ? nil : Settings.knownNodes.stored(moved)
        },
        Settings.files.name: { stored, walk in
            guard case .map(let files) = stored else { return nil }
            for file in files.values.compactMap(ConfiguredFile.storedName) {
                walk.pass(file, of: StoredFile.self)
            }
            return nil
        },
        Settings.windowsAccounts.name: { stored, walk in
            let accounts = (try? Settings.windowsAccounts.value(of: stored)) ?? []
            for secret in accounts.compactMap(\.secret) { walk.mention(secret, of: Secret.self) }
            return nil
        },
        Settings.commands.name: { stored, walk in
            let commands = (try? Settings.commands.value(of: stored)) ?? []
            for secret in commands.flatMap(\.secrets.values) { walk.mention(secret, of: Secret.self) }
            return nil
        },
    ]

    private static func version(
        _ setting: Setting<ImageReference?>, _ stored: SettingValue, _ walk: inout NameWalk
    ) -> SettingValue? {
        if let reference = (try? setting.value(of: stored)) ?? nil { walk.pass(.version(reference)) }
        return nil
    }
}

import Wire

/// One record of the configuration replaced, added or removed.
package enum FleetEdit: Equatable, Sendable {
    /// Nil removes it.
    case node(NodeName, Node?)
    case group(GroupPath, NodeGroup?)
    case rule(RuleName, MatchRule?)
    /// Where a channel points; nil takes the channel away.
    case channel(ImageName, ChannelName, Int?)
    /// A name for a version that does not move; nil takes it away.
    case tag(ImageName, ChannelName, Int?)
    /// How many of the newest versions stay when a new one comes; nil: all.
    case keep(ImageName, Int?)
    /// A signed move of a channel is the last one from now on.
    case move(ImageName, ChannelMove)
    /// A roll-out begins, changes its state, or ends.
    case rollout(Rollout)
    /// Nil removes it.
    case volume(NodeName, Volume?)
}

extension FleetEdit {
    /// Edits that one change may hold: a school in one go.
    package static let countLimit = 50_000
    /// Characters of all settings of one level together.
    static let settingsLimit = 1 << 20
    /// Names of one image's versions.
    fileprivate static let tagLimit = 1_000

    /// One line for people.
    package func summary(in snapshot: FleetSnapshot) -> String {
        switch self {
        case .node(let name, nil): "node \(name) removed"
        case .node(let name, let node?):
            snapshot.nodes[name] == nil ? "node \(name) added to \(node.group)" : "node \(name) changed"
        case .group(let path, nil): "group \(path) removed"
        case .group(let path, _?):
            path == .site
                ? "settings of the site changed"
                : snapshot.groups[path] == nil ? "group \(path) added" : "settings of group \(path) changed"
        case .rule(let name, nil): "rule \(name) removed"
        case .rule(let name, _?): snapshot.rules[name] == nil ? "rule \(name) added" : "rule \(name) changed"
        case .channel(let image, let channel, let number):
            number.map { "\(image)@\(channel) now means \(image)@\($0)" }
                ?? "channel \(image)@\(channel) removed"
        case .tag(let image, let tag, let number):
            number.map { "\(image)@\($0) is tagged \(tag)" } ?? "tag \(image)@\(tag) removed"
        case .keep(let image, let number):
            number.map { "of \(image) the \($0) newest versions stay" } ?? "of \(image) all versions stay"
        case .move(let image, let move): "move of \(image)@\(move.channel) signed"
        case .volume(let name, nil): "volume of \(name) removed"
        case .volume(let name, let volume?): volume.summary(before: snapshot.contents.volumes[name])
        case .rollout(let rollout): rollout.summary(before: snapshot.contents.rollouts[rollout.id])
        }
    }

    /// The edit that would bring back what `snapshot` has now.
    package func inverse(in snapshot: FleetSnapshot) -> FleetEdit {
        switch self {
        case .node(let name, _): .node(name, snapshot.nodes[name])
        case .group(let path, _): .group(path, snapshot.groups[path])
        case .rule(let name, _): .rule(name, snapshot.rules[name])
        case .channel(let image, let channel, _):
            .channel(image, channel, snapshot.images[image]?.channels[channel])
        case .tag(let image, let tag, _): .tag(image, tag, snapshot.images[image]?.tags[tag])
        case .keep(let image, _): .keep(image, snapshot.images[image]?.keep)
        // What was signed stays so.
        case .move: self
        case .volume(let name, _): .volume(name, snapshot.contents.volumes[name])
        case .rollout(let rollout): .rollout(snapshot.contents.rollouts[rollout.id] ?? rollout)
        }
    }

    /// The group whose administrators may make this edit in `snapshot`; for a move, both the old and the new one.
    package func places(in snapshot: FleetSnapshot) -> [GroupPath] {
        switch self {
        case .node(let name, let node):
            [snapshot.nodes[name]?.group, node?.group].compactMap { $0 }
        case .group(let path, _): [path]
        case .volume(let name, _): [snapshot.nodes[name]?.group ?? .site]
        case .rule, .channel, .tag, .keep, .move, .rollout: [.site]
        }
    }
}

extension FleetSnapshot {
    /// The edits that move a group with everything below it; `to` must not be there yet.
    package func edits(moving from: GroupPath, to: GroupPath) throws -> [FleetEdit] {
        guard from != .site, groups[from] != nil else {
            throw StoreError.notFound("there is no group \(from)")
        }
        guard to != .site, groups[to] == nil else {
            throw StoreError.conflict("group \(to) is there already")
        }
        guard !from.contains(to) else { throw StoreError.conflict("group \(from) cannot move into itself") }
        func moved(_ path: GroupPath) throws -> GroupPath {
            try GroupPath(to.description + path.description.dropFirst(from.description.count))
        }
        let concerned = groups.values.filter { from.contains($0.path) }.sorted { $0.path < $1.path }
        // Parents are made before and taken away after what is in them.
        var edits = try concerned.map { group in
            let path = try moved(group.path)
            return FleetEdit.group(path, NodeGroup(path: path, settings: group.settings))
        }
        edits += try nodes(below: from).map { node in
            var node = node
            node.group = try moved(node.group)
            return .node(node.name, node)
        }
        return edits + concerned.reversed().map { .group($0.path, nil) }
    }

    /// This configuration with `edits` made, one after the other; throws when the result would contradict itself.
    ///
    /// - Parameters:
    ///   - revision: its number.
    ///   - plan: which addresses nodes may have.
    package func applying(_ edits: [FleetEdit], revision: Int, within plan: AddressPlan = .unknown) throws
        -> FleetSnapshot
    {
        guard edits.count <= FleetEdit.countLimit else {
            throw StoreError.conflict("one change holds at most \(FleetEdit.countLimit) edits")
        }
        var contents = contents
        var order: [NodeName]? = nodeOrder
        for edit in edits {
            switch edit {
            case .node(let name, let node):
                guard node != nil || contents.nodes[name] != nil else {
                    throw StoreError.notFound("there is no node \(name)")
                }
                if (contents.nodes[name] == nil) != (node == nil) { order = nil }
                contents.nodes[name] = try node.map {
                    try Self.checked($0, named: name, before: self.contents.nodes[name], within: plan)
                }
            case .group(let path, let group):
                guard group != nil || contents.groups[path] != nil else {
                    throw StoreError.notFound("there is no group \(path)")
                }
                contents.groups[path] = try group.map {
                    try Self.checked($0, at: path, before: contents.groups[path]?.settings)
                }
            case .rule(let name, let rule):
                guard rule != nil || contents.rules[name] != nil else {
                    throw StoreError.notFound("there is no rule \(name)")
                }
                contents.rules[name] = try rule.map {
                    try Self.checked($0, named: name, before: contents.rules[name]?.settings)
                }
            case .channel(let image, let channel, let number):
                let catalogue = contents.images[image]
                let version = number.flatMap { catalogue?.version(.number($0)) }
                guard let catalogue, number == nil || version != nil else {
                    throw StoreError.notFound("there is no version \(image)@\(number ?? 0)")
                }
                guard catalogue.tags[channel] == nil else {
                    throw StoreError.conflict("‘\(channel)’ is a tag of \(image), which does not move")
                }
                if catalogue.channels[channel] != number {
                    // Its nodes would wait at their next boot.
                    if let distrust = version?.distrust { throw StoreError.conflict(distrust) }
                    contents.images[image]?.formers[channel] = catalogue.channels[channel]
                }
                contents.images[image]?.channels[channel] = number
            case .tag(let image, let tag, let number):
                let tags = try Self.tags(of: contents.images[image], image, tag, number)
                contents.images[image]?.tags = tags
            case .keep(let image, let number):
                guard contents.images[image] != nil else {
                    throw StoreError.notFound("there is no image ‘\(image)’ (roost image list shows all)")
                }
                guard number.map((1...1_000).contains) != false else {
                    throw StoreError.conflict("at least one version stays, and at most 1000 do")
                }
                contents.images[image]?.keep = number
            case .move(let image, let move):
                guard contents.images[image] != nil else {
                    throw StoreError.notFound("there is no image ‘\(image)’ (roost image list shows all)")
                }
                contents.images[image]?.moves[move.channel] = move
            case .volume(let name, let volume):
                guard volume != nil || contents.volumes[name] != nil else {
                    throw StoreError.notFound("node \(name) has no volume")
                }
                contents.volumes[name] = volume
            case .rollout(let rollout):
                let another = contents.rollouts.values.first {
                    $0.image == rollout.image && $0.channel == rollout.channel && $0.id != rollout.id
                }
                if let another {
                    throw StoreError.conflict(
                        "roll-out \(another.id) of \(another.image)@\(another.candidate) is not over yet")
                }
                contents.rollouts[rollout.id] = rollout.state.isOver ? nil : rollout
            }
        }
        for edit in edits { try Self.check(edit, in: contents) }
        let result = FleetSnapshot(revision: revision, contents: contents, nodeOrder: order)
        try result.checkAddresses(of: edits)
        try result.checkCommandLines(of: edits, before: self)
        return result
    }

    /// The tags of `image` with one set or taken away.
    private static func tags(
        of catalogue: ImageCatalogue?, _ image: ImageName, _ tag: ChannelName, _ number: Int?
    ) throws -> [ChannelName: Int] {
        guard let catalogue else { throw StoreError.notFound("there is no image ‘\(image)’") }
        var tags = catalogue.tags
        if let number {
            guard catalogue.versions.contains(where: { $0.number == number }) else {
                throw StoreError.notFound("there is no version \(image)@\(number)")
            }
            guard catalogue.channels[tag] == nil else {
                throw StoreError.conflict("‘\(tag)’ is a channel of \(image)")
            }
            if let other = tags[tag], other != number {
                throw StoreError.conflict(
                    "\(image)@\(tag) is \(image)@\(other) already: a tag does not move (roost image tag --remove \(image) \(tag))"
                )
            }
            guard tags.count < FleetEdit.tagLimit else {
                throw StoreError.conflict("\(image) has \(tags.count) tags; remove some first")
            }
        } else if tags[tag] == nil {
            throw StoreError.notFound("\(image) has no tag ‘\(tag)’")
        }
        tags[tag] = number
        return tags
    }

    /// `node` as it is kept. What it had before stays, whatever rules came later.
    ///
    /// - Parameter before: the record that it takes the place of.
    static func checked(_ node: Node, named name: NodeName, before: Node?, within plan: AddressPlan) throws
        -> Node
    {
        var node = node
        node.name = name
        node.settings = try checked(node.settings, before: before?.settings)
        node.tags = try Tag.checked(node.tags)
        var seen: Set<MACAddress> = []
        node.macAddresses = node.macAddresses.filter { seen.insert($0).inserted }
        for mac in node.macAddresses where before?.macAddresses.contains(mac) != true {
            if let problem = mac.neverACard { throw InvalidSetting("hardware address \(mac) \(problem)") }
        }
        if let uuid = node.uuid, uuid != before?.uuid, !uuid.isMeaningful {
            throw InvalidSetting("UUID \(uuid) is what firmware says that has none")
        }
        if let address = node.address, address != before?.address,
            let problem = plan.problem(of: address, for: node)
        {
            throw InvalidSetting("address \(address) \(problem)")
        }
        return node
    }

    private static func checked(
        _ group: NodeGroup, at path: GroupPath, before: [String: SettingValue]?
    ) throws -> NodeGroup {
        NodeGroup(path: path, settings: try checked(group.settings, before: before, isSite: path == .site))
    }

    private static func checked(
        _ rule: MatchRule, named name: RuleName, before: [String: SettingValue]?
    ) throws -> MatchRule {
        var rule = rule
        rule.name = name
        rule.settings = try checked(rule.settings, before: before)
        let condition = try Condition(rule.condition)
        guard condition.isLasting else {
            throw InvalidCondition(
                text: rule.condition, problem: "a rule cannot depend on state, image or address")
        }
        return rule
    }

    private static func checked(
        _ settings: [String: SettingValue], before: [String: SettingValue]?, isSite: Bool = false
    ) throws -> [String: SettingValue] {
        var checked = settings
        var length = 0
        for (name, value) in settings {
            guard let definition = SettingDefinition.named(name) else {
                throw InvalidSetting("there is no setting ‘\(name)’ (roost set --list shows all)")
            }
            guard isSite || !definition.isSiteWide else {
                throw InvalidSetting("\(name) can only be set for the whole site")
            }
            checked[name] = try definition.checked(value)
            if before?[name] != value,
                let problem = SettingDefinition.problem(ofNew: value.without(before?[name]), in: name)
            {
                throw InvalidSetting("\(name): \(problem)")
            }
            length += value.description.utf8.count
        }
        guard length <= FleetEdit.settingsLimit else {
            throw InvalidSetting(
                "the settings of one level may be \(FleetEdit.settingsLimit >> 10) KiB together")
        }
        return checked
    }

    private static func check(_ edit: FleetEdit, in contents: Contents) throws {
        switch edit {
        case .node(let name, _):
            guard let node = contents.nodes[name] else { return }
            guard node.group == .site || contents.groups[node.group] != nil else {
                throw StoreError.notFound("there is no group \(node.group) (roost group add \(node.group))")
            }
        case .group(let path, _):
            if contents.groups[path] != nil {
                guard let parent = path.parent, parent != .site else { return }
                guard contents.groups[parent] != nil else {
                    throw StoreError.notFound("there is no group \(parent) (roost group add \(parent))")
                }
            } else {
                if let node = contents.nodes.values.first(where: { $0.group == path && path != .site }) {
                    throw StoreError.conflict("group \(path) still holds the node \(node.name)")
                }
                if let below = contents.groups.keys.first(where: { $0 != path && path.contains($0) }),
                    path != .site
                {
                    throw StoreError.conflict("group \(path) still holds the group \(below)")
                }
            }
        case .channel(let image, let channel, _):
            let underWay = contents.rollouts.values.first { $0.image == image && $0.channel == channel }
            if let underWay { throw StoreError.conflict(underWay.holdsItsChannel) }
        case .rule, .rollout, .volume, .tag, .keep, .move: return
        }
    }

    /// No network card and no fixed address belongs to two nodes.
    private func checkAddresses(of edits: [FleetEdit]) throws {
        let changed = edits.compactMap { edit -> Node? in
            if case .node(let name, _) = edit { nodes[name] } else { nil }
        }
        guard !changed.isEmpty else { return }
        var owners: [IPv4Address: NodeName] = [:]
        for node in nodes.values {
            guard let address = node.address else { continue }
            if let other = owners.updateValue(node.name, forKey: address) {
                throw StoreError.conflict(
                    "address \(address) belongs to \(min(other, node.name)) and \(max(other, node.name))")
            }
        }
        var ownerOfMachine: [MachineUUID: NodeName] = [:]
        for node in nodes.values {
            guard let uuid = node.uuid else { continue }
            if let other = ownerOfMachine.updateValue(node.name, forKey: uuid) {
                throw StoreError.conflict(
                    "UUID \(uuid) belongs to \(min(other, node.name)) and \(max(other, node.name))")
            }
        }
        var ownerOfCard: [MACAddress: NodeName] = [:]
        for node in nodes.values {
            for mac in node.macAddresses {
                if let other = ownerOfCard.updateValue(node.name, forKey: mac), other != node.name {
                    let isNew = changed.contains { $0.name == node.name }
                    throw StoreError.conflict(
                        "hardware address \(mac) belongs to node \(isNew ? other : node.name)")
                }
            }
        }
    }
}

extension Condition {
    /// Whether it asks for hardware and place only.
    var isLasting: Bool {
        switch self {
        case .always, .word, .names: true
        case .all(let parts), .any(let parts): parts.allSatisfy(\.isLasting)
        case .not(let part): part.isLasting
        case .comparison(let attribute, _, _): attribute.isLasting
        }
    }
}

package import Wire

/// A machine that boots from Roost.
package struct Node: Equatable, Sendable, Codable {
    package var name: NodeName
    package var group: GroupPath
    /// The network cards that it may boot from; unique in the fleet.
    package var macAddresses: [MACAddress]
    /// The SMBIOS UUID, if the firmware has a meaningful one.
    package var uuid: MachineUUID?
    /// A fixed address, which no other machine gets even if it lies in a pool; nil for one from the pool.
    package var address: IPv4Address?
    /// Words to search for, in order and without duplicates.
    package var tags: [String]
    /// The node's own settings, the strongest level.
    @RecordSettings package var settings: [String: SettingValue]

    package init(
        name: NodeName, group: GroupPath = .site, macAddresses: [MACAddress], uuid: MachineUUID? = nil,
        address: IPv4Address? = nil, tags: [String] = [], settings: [String: SettingValue] = [:]
    ) {
        self.name = name
        self.group = group
        self.macAddresses = macAddresses
        self.uuid = uuid
        self.address = address
        self.tags = tags
        self.settings = settings
    }

    /// Missing members are empty: a request with a name and a card is a complete node.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        name = try fields.decode(NodeName.self, forKey: .name)
        group = try fields.decodeIfPresent(GroupPath.self, forKey: .group) ?? .site
        macAddresses = try fields.decodeIfPresent([MACAddress].self, forKey: .macAddresses) ?? []
        uuid = try fields.decodeIfPresent(MachineUUID.self, forKey: .uuid)
        address = try fields.decodeIfPresent(IPv4Address.self, forKey: .address)
        tags = try fields.decodeIfPresent([String].self, forKey: .tags) ?? []
        _settings =
            try fields.decodeIfPresent(RecordSettings.self, forKey: .settings)
            ?? RecordSettings(wrappedValue: [:])
    }
}

extension FleetEdit {
    /// - Parameter node: nil removes it.
    package static func node(_ name: NodeName, _ node: Node?) -> Self { Self(name, node) }
}

extension Node: TableRecord, SettingsRecord, ListedRecord {
    package static let kind = "node"

    package static var table: WritableKeyPath<FleetSnapshot.Contents, [NodeName: Self]> { \.nodes }
    package var key: NodeName { name }

    package static func checked(
        _ change: RecordChange<Node>, in draft: FleetSnapshot.Contents, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws -> Node? {
        try change.requireSomething(in: draft)
        guard let node = change.after else { return nil }
        let present = before.nodes[change.key]
        // A node that goes in the same change, and has one of its cards, is the same machine under its former name.
        let former =
            present == nil
            ? node.macAddresses.lazy.compactMap { before.node(at: $0) }.first { draft.nodes[$0.name] == nil }
            : nil
        return try node.checked(
            as: change.key, since: present, within: plan,
            keeping: change.isOld ? node.settings : former?.settings)
    }

    /// The node as stored. Values that it had before stay, even if later rules forbid them.
    ///
    /// - Parameters:
    ///   - before: the record that it replaces.
    ///   - kept: settings that it had under another name or in the past; nil: those of `before`.
    func checked(
        as name: NodeName, since before: Node?, within plan: AddressPlan,
        keeping kept: [String: SettingValue]? = nil
    )
        throws -> Node
    {
        var node = self
        node.name = name
        if before == nil, name.text == "localhost" {
            throw InvalidSetting("‘localhost’ is every machine's name for itself: choose another")
        }
        node.settings = try RecordSettings.checked(node.settings, since: kept ?? before?.settings)
        node.tags = try Tag.checked(node.tags)
        var seen: Set<MACAddress> = []
        node.macAddresses = node.macAddresses.filter { seen.insert($0).inserted }
        for mac in node.macAddresses where before?.macAddresses.contains(mac) != true {
            if let problem = mac.neverACard { throw InvalidSetting("hardware address \(mac) \(problem)") }
        }
        if let uuid = node.uuid, uuid != before?.uuid, !uuid.isMeaningful {
            throw InvalidSetting(
                "UUID \(uuid) is a placeholder: many machines have it (name the node's card instead)")
        }
        if let address = node.address, address != before?.address,
            let problem = plan.problem(of: address, for: node)
        {
            throw InvalidSetting("address \(address) \(problem)")
        }
        return node
    }

    package static func check(_ key: NodeName, in contents: FleetSnapshot.Contents) throws {
        if let node = contents.nodes[key] { try contents.require(node.group) }
    }

    /// No network card, no UUID and no fixed address belongs to two nodes.
    package static func check(
        all changed: [NodeName], in snapshot: FleetSnapshot, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws {
        // Making the indexes has shown whether there is a conflict; which one, is looked for only then.
        guard snapshot.configuration.hasNodeConflict else { return }
        var owners: [IPv4Address: NodeName] = [:]
        var ownerOfMachine: [MachineUUID: NodeName] = [:]
        var ownerOfCard: [MACAddress: NodeName] = [:]
        let changed = Set(changed)
        for node in snapshot.nodes.values {
            func both(_ other: NodeName) -> String {
                "\(min(other, node.name)) and \(max(other, node.name))"
            }
            if let address = node.address, let other = owners.updateValue(node.name, forKey: address) {
                throw StoreError.conflict("address \(address) belongs to \(both(other))")
            }
            if let uuid = node.uuid, let other = ownerOfMachine.updateValue(node.name, forKey: uuid) {
                throw StoreError.conflict("UUID \(uuid) belongs to \(both(other))")
            }
            for mac in node.macAddresses {
                guard let other = ownerOfCard.updateValue(node.name, forKey: mac), other != node.name else {
                    continue
                }
                throw StoreError.conflict(
                    "hardware address \(mac) belongs to node \(changed.contains(node.name) ? other : node.name)"
                )
            }
        }
    }

    package static func missing(_ key: NodeName) -> Sentence {
        "there is no node \(key) (roost node list shows all)"
    }

    package static func existing(_ key: NodeName) -> Sentence {
        "node \(key) already exists; use roost node set to change it"
    }

    package static func summary(of change: RecordChange<Node>, in snapshot: FleetSnapshot) -> String {
        guard let node = change.after else { return "node \(change.key) removed" }
        guard let before = snapshot.nodes[change.key] else {
            return "node \(change.key) added to \(node.group)"
        }
        let members = [
            ("group", node.group != before.group), ("cards", node.macAddresses != before.macAddresses),
            ("UUID", node.uuid != before.uuid), ("address", node.address != before.address),
            ("tags", node.tags != before.tags),
        ].filter(\.1).map(\.0)
        return "node \(change.key) changed" + node.namingChanges(since: before, members)
    }

    /// A record that names a card seen in another node takes it from that node: its place counts, too.
    package static func places(of change: RecordChange<Node>, in snapshot: FleetSnapshot) -> [GroupPath] {
        [snapshot.nodes[change.key]?.group, change.after?.group].compactMap { $0 }
            + (change.after?.macAddresses ?? []).compactMap { card in
                snapshot.node(at: card).flatMap { $0.name == change.key ? nil : $0.group }
            }
    }

    /// A new node with the name of one that is gone and has left a volume gets what is on it, and volumes without a node are the site's. A
    /// node that undo brings back gets its own again: one that was there when the node was removed.
    package static func heritage(
        of change: RecordChange<Node>, in snapshot: FleetSnapshot, undoneSince date: Int?
    ) -> [GroupPath] {
        guard change.after != nil, snapshot.nodes[change.key] == nil,
            let volume = snapshot.volume(of: change.key)
        else { return [] }
        return date.map { volume.createdAt <= $0 } == true ? [] : [.site]
    }

    /// A new node without settings is an approval.
    package static func permission(for change: RecordChange<Node>, in snapshot: FleetSnapshot) -> Permission {
        guard let node = change.after, snapshot.nodes[change.key] == nil, node.settings.isEmpty else {
            return .configure
        }
        return .enrol
    }

    package var place: GroupPath { group }

    package static func reach(of change: RecordChange<Node>) -> EditReach { .node(change.key) }

    package var otherNames: [String] { macAddresses.map(\.description) }
}

extension Node: DeclaredForm {
    package typealias Record = Node
    package static var declaredForm: (any DeclaredForm.Type)? { Self.self }
    package static let (member, keyMember) = ("nodes", "name")
    package static let audience = DeclaredAudience.group

    package static func orderedKeys(in snapshot: FleetSnapshot) -> [NodeName] { snapshot.nodeOrder }
}

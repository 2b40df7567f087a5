package import Wire

/// A machine that boots from Roost.
package struct Node: Equatable, Sendable, Codable {
    package var name: NodeName
    package var group: GroupPath
    /// The network cards it may boot from; unique across the fleet.
    package var macAddresses: [MACAddress]
    /// SMBIOS UUID, when the firmware has a meaningful one.
    package var uuid: MachineUUID?
    /// A fixed address, which nobody else gets even if it lies in a pool; nil for one from the pool.
    package var address: IPv4Address?
    /// Words to find it by, in order and without doubles.
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

    /// What is left out is empty: a request that names a node and its card is a whole node.
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

/// A place in the tree, with the settings of everything below it. `/` is the site.
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

/// Settings for all nodes whose hardware fits a condition; stronger than groups, weaker than the node itself.
package struct MatchRule: Equatable, Sendable, Codable {
    package var name: RuleName
    /// Of two rules that fit a node, the one with the higher number is the stronger; at the same number, the later name.
    package var priority: Int
    /// As typed: `memory < 2 GiB`.
    package var condition: String
    @RecordSettings package var settings: [String: SettingValue]

    package init(
        name: RuleName, priority: Int = 0, condition: String, settings: [String: SettingValue] = [:]
    ) {
        self.name = name
        self.priority = priority
        self.condition = condition
        self.settings = settings
    }
}

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
    /// The node's own settings, the strongest level.
    package var settings: [String: SettingValue]

    package init(
        name: NodeName, group: GroupPath = .site, macAddresses: [MACAddress], uuid: MachineUUID? = nil,
        address: IPv4Address? = nil, settings: [String: SettingValue] = [:]
    ) {
        self.name = name
        self.group = group
        self.macAddresses = macAddresses
        self.uuid = uuid
        self.address = address
        self.settings = settings
    }
}

/// A place in the tree, with the settings of everything below it. `/` is the site.
package struct NodeGroup: Equatable, Sendable, Codable {
    package var path: GroupPath
    package var settings: [String: SettingValue]

    package init(path: GroupPath, settings: [String: SettingValue] = [:]) {
        self.path = path
        self.settings = settings
    }
}

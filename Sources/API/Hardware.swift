package import Fleet
package import Wire

/// A hardware change between two boots.
package struct HardwareChangeAnswer: Codable, Sendable {
    /// Seconds since 1970.
    @SecondTimestamp package var at: Int
    package var differences: [Hardware.Difference]
    /// Whether this is most likely a different machine.
    package var isAnotherMachine: Bool

    package init(at: Int, differences: [Hardware.Difference], isAnotherMachine: Bool) {
        self.at = at
        self.differences = differences
        self.isAnotherMachine = isAnotherMachine
    }
}

/// A machine's hardware and its changes.
package struct HardwareAnswer: Codable, Sendable {
    package var macAddress: MACAddress
    package var hardware: Hardware
    /// Newest first.
    package var changes: [HardwareChangeAnswer]

    package init(macAddress: MACAddress, hardware: Hardware, changes: [HardwareChangeAnswer]) {
        self.macAddress = macAddress
        self.hardware = hardware
        self.changes = changes
    }
}

/// One node's hardware, for export.
package struct InventoryEntry: Sendable, Codable {
    package var node: NodeName
    package var group: GroupPath
    package var macAddresses: [MACAddress]
    package var uuid: MachineUUID?
    package var hardware: Hardware

    package init(
        node: NodeName, group: GroupPath, macAddresses: [MACAddress], uuid: MachineUUID? = nil,
        hardware: Hardware
    ) {
        self.node = node
        self.group = group
        self.macAddresses = macAddresses
        self.uuid = uuid
        self.hardware = hardware
    }
}

package import Wire

/// Things that belong to one machine: no other machine gets them or speaks for it.
package enum MachineProperty: String, Equatable, Sendable, Codable {
    case script, configuration, report, registration, orders, volume, swap
    /// The configuration of a boot in which another key has received it.
    case secondConfiguration = "second-configuration"

    /// What another machine did, as a predicate.
    package var attempt: String {
        switch self {
        case .script: "asked for its boot script"
        case .configuration: "asked for its configuration"
        case .report: "reported in its name"
        case .registration: "named it"
        case .orders: "asked for its orders"
        case .volume: "asked for its volume"
        case .swap: "asked for its swap"
        case .secondConfiguration: "asked for its configuration a second time in one boot, with another key"
        }
    }
}

/// Another machine asked for something that belongs to a node, or spoke for it, and was refused.
package struct NodeAlarm: Equatable, Sendable, Codable {
    /// Seconds since 1970 of the last attempt.
    @SecondTimestamp package var at: Int
    /// The address that it came from.
    package var address: IPv4Address
    /// The machine with that address, if the server knows it.
    package var holder: MACAddress?
    /// The interface that it came in on, if that address is on another one.
    package var interface: String?
    package var property: MachineProperty
    /// The number of attempts, counting at most one per minute.
    package var count: Int

    package init(
        at: Int, address: IPv4Address, holder: MACAddress?, interface: String? = nil,
        property: MachineProperty, count: Int = 1
    ) {
        self.at = at
        self.address = address
        self.holder = holder
        self.interface = interface
        self.property = property
        self.count = count
    }

    /// `another machine (10.77.0.66, not an address from this server) asked for its volume, and was refused`
    package var summary: String {
        if property == .secondConfiguration {
            return
                "\(address) \(property.attempt), and was refused: another machine may have received the first one"
        }
        let place = interface.map { "on \($0), where that address is not" }
        let who = place ?? holder.map(\.description) ?? "not an address from this server"
        return "another machine (\(address), \(who)) \(property.attempt), and was refused"
    }
}

package import Wire

/// What is a machine's own: no other machine gets it, and none speaks for it.
package enum MachineProperty: String, Equatable, Sendable, Codable {
    case script, configuration, report, registration, orders, volume, swap
    /// The configuration of a boot in which another key has had it.
    case secondConfiguration = "second-configuration"

    /// What another machine did: the predicate of a sentence about it.
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

/// Another machine has asked for what is a node's own, or has spoken for it. It was refused.
package struct NodeAlarm: Equatable, Sendable, Codable {
    /// Seconds since 1970 of the last time.
    @SecondTimestamp package var at: Int
    /// Where it was asked from.
    package var address: IPv4Address
    /// Which machine has that address, as far as the server knows.
    package var holder: MACAddress?
    package var property: MachineProperty
    /// How often, with pauses of a minute.
    package var count: Int

    package init(
        at: Int, address: IPv4Address, holder: MACAddress?, property: MachineProperty, count: Int = 1
    ) {
        self.at = at
        self.address = address
        self.holder = holder
        self.property = property
        self.count = count
    }

    /// `another machine (10.77.0.66, no address of this server's) asked for its volume, and was refused`
    package var summary: String {
        if property == .secondConfiguration {
            return
                "\(address) \(property.attempt), and was refused: another machine may have got the first one"
        }
        let who = holder.map(\.description) ?? "no address of this server's"
        return "another machine (\(address), \(who)) \(property.attempt), and was refused"
    }
}

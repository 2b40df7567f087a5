package import Wire

/// A ``ConfigurationDelivery`` as it was on the disk before anything went out.
package struct WrittenDelivery: Equatable, Sendable {
    package var machine: MACAddress
    package var boot: String
    /// Milliseconds since 1970.
    package var at: Int
    package var delivery: ConfigurationDelivery

    package init(machine: MACAddress, boot: String, at: Int, delivery: ConfigurationDelivery) {
        self.machine = machine
        self.boot = boot
        self.at = at
        self.delivery = delivery
    }
}

extension BootTracker {
    /// Takes up deliveries that the earlier run of the server did not get to record with their boots.
    ///
    /// - Returns: the events to record.
    package mutating func restore(_ deliveries: [WrittenDelivery]) -> [BootEvent] {
        deliveries.compactMap { written in
            guard
                case .first(let event) = deliver(
                    written.delivery, boot: written.boot, machine: written.machine, at: written.at)
            else { return nil }
            return event
        }
    }
}

package import Wire

/// A machine asked for orders in a boot, for the first time: from then on it is expected to ask again.
package struct AttendedBoot: Equatable, Sendable {
    package var boot: String
    package var macAddress: MACAddress
    /// Milliseconds since 1970.
    package var at: Int

    package init(boot: String, macAddress: MACAddress, at: Int) {
        self.boot = boot
        self.macAddress = macAddress
        self.at = at
    }
}

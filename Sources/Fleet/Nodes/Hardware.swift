package import Wire

/// What a node found itself to be made of, as it reports it in its initramfs.
package struct Hardware: Equatable, Sendable, Codable {
    package struct Card: Equatable, Sendable, Codable {
        package var name: String
        package var macAddress: String
        /// Kernel driver; empty when unknown.
        package var driver: String
    }

    /// SMBIOS; empty where the firmware says nothing.
    package var vendor: String
    package var product: String
    package var serial: String
    package var board: String
    package var firmware: String
    /// `bios` or `uefi`.
    package var firmwareKind: String
    package var isSecureBootOn: Bool
    package var processor: String
    package var processorCount: Int
    /// MiB that the kernel has.
    package var memoryMebibytes: Int
    package var cards: [Card]
}

/// What the data planes hear from nodes, on its way to the store.
package enum NodeReport: Equatable, Sendable {
    case boot(BootEvent)
    /// A machine's hardware as JSON of `Hardware`, not yet read.
    case hardware(MACAddress, [UInt8])
}

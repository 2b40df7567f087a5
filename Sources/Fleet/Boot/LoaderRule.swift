package import Wire

/// A prefix of MAC addresses, `52:54:00:*`, or a whole address.
package struct MACPattern: Equatable, Sendable {
    private let bits: UInt64
    private let mask: UInt64

    /// Whole bytes separated by `:` or `-`, then `*`; or all six.
    package init?(_ text: String) {
        let isOpen = text.hasSuffix("*")
        let bytes = (isOpen ? text.dropLast() : text[...]).split { $0 == ":" || $0 == "-" }
        guard (1...6).contains(bytes.count), isOpen != (bytes.count == 6) else { return nil }
        var value: UInt64 = 0
        for byte in bytes {
            guard byte.count == 2, byte.allSatisfy(\.isHexDigit), let number = UInt64(byte, radix: 16) else {
                return nil
            }
            value = value << 8 | number
        }
        let open = UInt64(8 * (6 - bytes.count))
        bits = value << open
        mask = (0xFFFF_FFFF_FFFF >> open) << open
    }

    func fits(_ address: MACAddress) -> Bool { address.rawValue & mask == bits }
}

/// Gives some machines another first loader than their architecture's. A machine matches if it matches every condition present.
package struct LoaderRule: Equatable, Sendable {
    package var macPattern: MACPattern?
    package var architecture: ClientArchitecture?
    /// The prefix of option 60.
    package var vendorClass: String?
    /// The loader file.
    package var loader: String

    package init(
        macPattern: MACPattern? = nil, architecture: ClientArchitecture? = nil, vendorClass: String? = nil,
        loader: String
    ) {
        self.macPattern = macPattern
        self.architecture = architecture
        self.vendorClass = vendorClass
        self.loader = loader
    }

    func fits(_ client: BootClient) -> Bool {
        if let macPattern, client.macAddress.map(macPattern.fits) != true { return false }
        if let architecture, client.architecture != architecture { return false }
        if let vendorClass, !client.vendorClass.hasPrefix(vendorClass) { return false }
        return true
    }
}

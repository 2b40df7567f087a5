/// An IPv4 network in CIDR form, of any prefix length (RFC 4632).
package struct IPv4Network: Hashable, Sendable {
    /// The network's first address.
    package let base: IPv4Address
    /// 0 to 32.
    package let prefixLength: Int

    /// The network of `prefixLength` bits that `address` is in; nil unless 0 to 32.
    package init?(containing address: IPv4Address, prefixLength: Int) {
        guard (0...32).contains(prefixLength) else { return nil }
        self.prefixLength = prefixLength
        base = IPv4Address(rawValue: address.rawValue & Self.mask(prefixLength))
    }

    /// `10.0.0.0/8`; nil when malformed or when host bits are set.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPv4Address(parts[0]), let length = Int(parts[1]),
            let network = Self(containing: address, prefixLength: length), network.base == address
        else { return nil }
        self = network
    }

    private static func mask(_ length: Int) -> UInt32 { length == 0 ? 0 : UInt32.max << UInt32(32 - length) }

    package var mask: IPv4Address { IPv4Address(rawValue: Self.mask(prefixLength)) }

    package var broadcast: IPv4Address { IPv4Address(rawValue: base.rawValue | ~mask.rawValue) }

    package func contains(_ address: IPv4Address) -> Bool {
        address.rawValue & mask.rawValue == base.rawValue
    }

    package func overlaps(_ other: Self) -> Bool { contains(other.base) || other.contains(base) }

    /// The addresses that hosts may use: up to /30 without the network and broadcast addresses.
    package var hosts: ClosedRange<IPv4Address> {
        guard prefixLength < 31 else { return base...broadcast }
        return IPv4Address(rawValue: base.rawValue + 1)...IPv4Address(rawValue: broadcast.rawValue - 1)
    }
}

extension IPv4Network: CustomStringConvertible {
    package var description: String { "\(base)/\(prefixLength)" }
}

extension IPv4Network: TextCoded {
    package static var form: String { "an IPv4 network (write it as 10.77.0.0/24, host bits zero)" }
}

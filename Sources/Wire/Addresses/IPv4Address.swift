/// An IPv4 address.
package struct IPv4Address: RawRepresentable, Hashable, Sendable, Comparable {
    /// The address as a number: 10.0.0.1 is 0x0A00_0001.
    package var rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Four decimal numbers with dots; nil for anything else, including leading zeros (some readers take them as octal).
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard let byte = UInt8(part), part.count == 1 || part.first != "0", part.first != "+" else {
                return nil
            }
            value = value << 8 | UInt32(byte)
        }
        rawValue = value
    }

    package static let any = Self(rawValue: 0)
    package static let broadcast = Self(rawValue: 0xFFFF_FFFF)
    package static let loopback = Self(rawValue: 0x7F00_0001)

    /// Whether it never leaves its host: 127.0.0.0/8 (RFC 1122, section 3.2.1.3).
    package var isLoopback: Bool { rawValue >> 24 == 127 }

    /// Whether a single host can have it: not in 0.0.0.0/8 or 127.0.0.0/8, no group, and nothing reserved.
    package var isHost: Bool { !isLoopback && (1..<224).contains(rawValue >> 24) }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// Eight upper-case hexadecimal digits, as PXELINUX and GRUB name files: 10.0.0.1 is `0A000001`.
    package var hexadecimal: String {
        let digits = String(rawValue, radix: 16, uppercase: true)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}

extension IPv4Address: CustomStringConvertible {
    package var description: String {
        "\(rawValue >> 24).\(rawValue >> 16 & 0xFF).\(rawValue >> 8 & 0xFF).\(rawValue & 0xFF)"
    }
}

extension IPv4Address: WireCodable {
    package init(parsing wire: inout Span<UInt8>) throws(WireError) { rawValue = try wire.read() }
    package func write(to wire: inout [UInt8]) { wire.write(rawValue) }
}

extension IPv4Address: TextCoded {
    package static var form: String { "an IPv4 address" }
    package init(from decoder: any Decoder) throws { try self.init(textFrom: decoder) }
    package func encode(to encoder: any Encoder) throws { try encode(textTo: encoder) }
}

/// A hardware address of six bytes (Ethernet).
package struct MACAddress: RawRepresentable, Hashable, Sendable, Comparable {
    /// The address in the low 48 bits.
    package let rawValue: UInt64

    /// The low 48 bits of `rawValue`.
    package init(rawValue: UInt64) { self.rawValue = rawValue & 0xFFFF_FFFF_FFFF }

    /// Twelve hexadecimal digits with `:`, `-` or nothing between the bytes; PXELINUX's `01-` in front is dropped.
    package init?(_ text: some StringProtocol) {
        var digits = String(text).filter { $0 != ":" && $0 != "-" }
        if digits.count == 14, digits.hasPrefix("01") { digits.removeFirst(2) }
        guard digits.count == 12, digits.allSatisfy(\.isHexDigit), let value = UInt64(digits, radix: 16),
            text.count == digits.count || text.count >= 17
        else { return nil }
        rawValue = value
    }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// Lower-case bytes joined by `separator`.
    package func text(separator: String) -> String {
        (0..<6).map { index in
            let byte = UInt8(truncatingIfNeeded: rawValue >> UInt64(40 - 8 * index))
            return (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined(separator: separator)
    }
}

extension MACAddress: CustomStringConvertible {
    package var description: String { text(separator: ":") }
}

extension MACAddress: WireCodable {
    package init(parsing wire: inout Span<UInt8>) throws(WireError) {
        let high: UInt16 = try wire.read()
        let low: UInt32 = try wire.read()
        self.init(rawValue: UInt64(high) << 32 | UInt64(low))
    }

    package func write(to wire: inout [UInt8]) {
        wire.write(UInt16(truncatingIfNeeded: rawValue >> 32))
        wire.write(UInt32(truncatingIfNeeded: rawValue))
    }
}

extension MACAddress: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let address = Self(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "‘\(text)’ is not a hardware address (52:54:00:12:34:56)")
        }
        self = address
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

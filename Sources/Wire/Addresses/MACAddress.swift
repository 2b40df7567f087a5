/// A hardware address of six bytes (Ethernet).
package struct MACAddress: RawRepresentable, Hashable, Sendable, Comparable {
    /// The address in the low 48 bits.
    package let rawValue: UInt64

    /// The low 48 bits of `rawValue`.
    package init(rawValue: UInt64) { self.rawValue = rawValue & 0xFFFF_FFFF_FFFF }

    /// Twelve hexadecimal digits as people and programs write them; nil for anything else.
    ///
    /// `52:54:00:12:34:56`, also without leading zeros; `52-54-00-12-34-56` (Windows); `52 54 00 12 34 56`; `5254.0012.3456` (switches);
    /// `525400-123456`; `525400123456` (labels). A leading `01-`, as PXELINUX writes, is dropped.
    package init?(_ text: some StringProtocol) {
        let marks = text.utf8.filter { Self.separators.contains($0) }
        var groups = text.utf8.split(omittingEmptySubsequences: false) { Self.separators.contains($0) }
        if groups.count == 7, groups[0].elementsEqual("01".utf8) { groups.removeFirst() }
        if groups.count == 1, groups[0].count == 14, groups[0].starts(with: "01".utf8) {
            groups[0] = groups[0].dropFirst(2)
        }
        guard let width = Self.groupWidths[groups.count], Set(marks).count <= 1 else { return nil }
        var value: UInt64 = 0
        for group in groups {
            let mayBeShort = width == 2 && marks.first == UInt8(ascii: ":") && group.count == 1
            guard group.count == width || mayBeShort, group.allSatisfy(\.isHexDigit),
                let number = UInt64(String(decoding: group, as: UTF8.self), radix: 16)
            else { return nil }
            value = value << UInt64(4 * width) | number
        }
        rawValue = value
    }

    private static let separators = ":-. ".utf8.map { $0 }
    /// Digits per group, by the number of groups.
    private static let groupWidths = [1: 12, 2: 6, 3: 4, 6: 2]

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
            throw DecodingError.unreadable(
                "‘\(text)’ is not a hardware address (52:54:00:12:34:56)", in: container)
        }
        self = address
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension UInt8 {
    fileprivate var isHexDigit: Bool {
        (0x30...0x39).contains(self) || (0x61...0x66).contains(self | 0x20)
    }
}

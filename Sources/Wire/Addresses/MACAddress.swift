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
        var groups: [(value: UInt64, digitCount: Int)] = [(0, 0)]
        var mark: UInt8?
        for byte in text.utf8 {
            if let digit = byte.hexadecimalDigit {
                let (value, count) = groups[groups.count - 1]
                guard count < Self.digitLimit else { return nil }
                groups[groups.count - 1] = (value << 4 | UInt64(digit), count + 1)
            } else {
                guard Self.marks.utf8.contains(byte), mark == nil || mark == byte,
                    groups.count < Self.groupLimit
                else { return nil }
                mark = byte
                groups.append((0, 0))
            }
        }
        if groups.count == Self.groupLimit, groups[0] == (1, 2) { groups.removeFirst() }
        if groups.count == 1, groups[0].digitCount == Self.digitLimit, groups[0].value >> 48 == 1 {
            groups[0] = (groups[0].value & 0xFFFF_FFFF_FFFF, 12)
        }
        guard let width = Self.groupWidth(groups.count) else { return nil }
        var value: UInt64 = 0
        for group in groups {
            let mayBeShort = width == 2 && mark == UInt8(ascii: ":") && group.digitCount == 1
            guard group.digitCount == width || mayBeShort else { return nil }
            value = value << UInt64(4 * width) | group.value
        }
        rawValue = value
    }

    private static let marks = ":-. "
    /// With the hardware type before it.
    private static let (groupLimit, digitLimit) = (7, 14)

    /// Digits per group, by the number of groups.
    private static func groupWidth(_ count: Int) -> Int? {
        switch count {
        case 1: 12
        case 2: 6
        case 3: 4
        case 6: 2
        default: nil
        }
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

extension MACAddress: TextCoded {
    package static var form: String { "a hardware address (52:54:00:12:34:56)" }
    package init(from decoder: any Decoder) throws { try self.init(textFrom: decoder) }
    package func encode(to encoder: any Encoder) throws { try encode(textTo: encoder) }
}

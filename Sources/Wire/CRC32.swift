/// The checksum of IEEE 802.3, as gzip and zip use it (RFC 1952 §8).
package enum CRC32 {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
    }

    package static func of(_ bytes: borrowing Span<UInt8>) -> UInt32 {
        let table = table
        var value: UInt32 = ~0
        for index in bytes.indices { value = table[Int((value ^ UInt32(bytes[index])) & 0xFF)] ^ value >> 8 }
        return ~value
    }

    package static func of(_ bytes: [UInt8]) -> UInt32 { of(bytes.span) }
}

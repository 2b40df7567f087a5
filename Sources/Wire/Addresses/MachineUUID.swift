/// A machine's SMBIOS UUID (System Information, type 1), in the byte order of its text.
package struct MachineUUID: Hashable, Sendable {
    /// Sixteen bytes.
    package let bytes: [UInt8]

    /// The 16 bytes as option 97 and SMBIOS carry them: the first three fields are little-endian (SMBIOS 3.2 §7.2.1).
    package init?(smbios bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        self.bytes = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].map { bytes[$0] }
    }

    /// `8-4-4-4-12` hexadecimal digits as programs write them: in any case, with or without hyphens, spaces, braces and `urn:uuid:`.
    package init?(_ text: some StringProtocol) {
        let lowercase = text.lowercased()
        let bare = lowercase.hasPrefix("urn:uuid:") ? lowercase.dropFirst(9) : lowercase[...]
        let isBraced = bare.hasPrefix("{") && bare.hasSuffix("}")
        let digits = Array((isBraced ? bare.dropFirst().dropLast() : bare).filter { $0 != "-" && $0 != " " })
        guard digits.count == 32, digits.allSatisfy(\.isHexDigit) else { return nil }
        bytes = stride(from: 0, to: 32, by: 2).map { UInt8(String(digits[$0...$0 + 1]), radix: 16) ?? 0 }
    }

    /// The same with the first three fields the other way round: firmware disagrees on their order in DHCP.
    package var otherOrder: Self? { Self(smbios: bytes) }

    /// Whether it tells machines apart. Boards whose maker never set one send sixteen equal bytes, or the value of their firmware's vendor.
    package var isMeaningful: Bool {
        !bytes.allSatisfy { $0 == bytes[0] } && !Self.placeholders.contains(bytes)
    }

    /// What whole series of boards have: AMI's template (00 02 00 03 …) and numbered bytes, each with and without the first fields
    /// swapped; boards of others; the first LX2160A boards.
    private static let placeholders: Set<[UInt8]> = Set(
        [
            "03000200-0400-0500-0006-000700080009", "00020003-0004-0005-0006-000700080009",
            "03020100-0504-0706-0809-0a0b0c0d0e0f", "00010203-0405-0607-0809-0a0b0c0d0e0f",
            "10000000-0000-8000-0040-000000000000", "12345678-1234-5678-90ab-cddeefaabbcc",
            "78563412-3412-7856-90ab-cddeefaabbcc", "ffffff00-ffff-ffff-ffff-ffffffffffff",
            "8a95d198-7f46-11e5-bf8b-08002704d48e",
        ].compactMap { MachineUUID($0)?.bytes })
}

extension MachineUUID: CustomStringConvertible {
    package var description: String {
        let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        return [digits[0..<4], digits[4..<6], digits[6..<8], digits[8..<10], digits[10..<16]]
            .map { $0.joined() }.joined(separator: "-")
    }
}

extension MachineUUID: TextCoded {
    package static var form: String { "a UUID" }
}

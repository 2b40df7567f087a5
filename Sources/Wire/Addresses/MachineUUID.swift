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

    /// Boards whose maker never set a UUID send all zeros or all ones, which identifies nothing.
    package var isMeaningful: Bool { !bytes.allSatisfy { $0 == 0 } && !bytes.allSatisfy { $0 == 0xFF } }
}

extension MachineUUID: CustomStringConvertible {
    package var description: String {
        let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        return [digits[0..<4], digits[4..<6], digits[6..<8], digits[8..<10], digits[10..<16]]
            .map { $0.joined() }.joined(separator: "-")
    }
}

extension MachineUUID: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let uuid = Self(text) else {
            throw DecodingError.unreadable("‘\(text)’ is not a UUID", in: container)
        }
        self = uuid
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

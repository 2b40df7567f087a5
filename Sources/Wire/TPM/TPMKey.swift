/// The public half of a key that a TPM makes of one of the templates that Roost knows: the same in each boot, and in no other TPM.
///
/// It is the TPM's own structure (TPMT_PUBLIC), byte for byte: its name is a hash of these bytes.
package struct TPMKey: Equatable, Sendable {
    /// What a key is for, and how it is made.
    package enum Kind: String, Sendable, Codable, CaseIterable {
        /// The TPM's endorsement key on P-256 (template L-2 of TCG's EK Credential Profile): it decrypts, and nothing else.
        case curve = "ecc"
        /// The same as RSA of 2048 bits (template L-1): what most certificates are about.
        case rsa
        /// A key that signs only what the TPM itself says (P-256).
        case attestation
    }

    package let kind: Kind
    package let bytes: [UInt8]

    /// Throws unless `bytes` are those of a key of that kind, to the last attribute: a key that can be taken out of a TPM, or used for
    /// something else, is none.
    package init(_ kind: Kind, _ bytes: [UInt8]) throws(WireError) {
        let template = Self.template(kind)
        guard bytes.count == template.count, bytes.starts(with: template.prefix(kind.uniqueStart)) else {
            throw .invalid("public area")
        }
        self.kind = kind
        self.bytes = bytes
        switch kind {
        case .rsa:
            guard modulus.first.map({ $0 >= 0x80 }) == true, modulus.last.map({ $0 & 1 }) == 1 else {
                throw .invalid("modulus")
            }
        case .curve, .attestation:
            let halves = [bytes[kind.uniqueStart..<kind.uniqueStart + 2], bytes.suffix(34).prefix(2)]
            guard halves.allSatisfy({ Array($0) == [0, 32] }) else { throw .invalid("point") }
        }
    }

    /// Of an RSA key: most significant byte first.
    package var modulus: [UInt8] { Array(bytes.suffix(256)) }
    /// Of a key on a curve: the coordinates, 32 bytes each.
    package var point: (x: [UInt8], y: [UInt8]) {
        (Array(bytes[(kind.uniqueStart + 2)...].prefix(32)), Array(bytes.suffix(32)))
    }

    /// A public area of this kind without its key: what the TPM is given to make it.
    package static func template(_ kind: Kind) -> [UInt8] {
        var area: [UInt8] = []
        func write(_ numbers: UInt16...) { for number in numbers { area.write(number) } }
        write(kind == .rsa ? Algorithm.rsa : Algorithm.curve, Algorithm.sha256)
        switch kind {
        case .curve, .rsa:
            // fixedTPM, fixedParent, sensitiveDataOrigin, adminWithPolicy, restricted, decrypt; AES-128-CFB, no scheme.
            area.write(0x0003_00B2 as UInt32)
            area.write(sized: policy)
            write(Algorithm.aes, 128, Algorithm.cfb, Algorithm.null)
        case .attestation:
            // fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, noDA, restricted, sign; ECDSA with SHA-256.
            area.write(0x0005_0472 as UInt32)
            area.write(sized: [])
            write(Algorithm.null, Algorithm.ecdsa, Algorithm.sha256)
        }
        if kind == .rsa {
            write(2_048)
            area.write(0 as UInt32)
            area.write(sized: [UInt8](repeating: 0, count: 256))
        } else {
            write(3, Algorithm.null)
            area.write(sized: [UInt8](repeating: 0, count: 32))
            area.write(sized: [UInt8](repeating: 0, count: 32))
        }
        return area
    }

    /// PolicySecret of the endorsement hierarchy, as in both templates.
    private static let policy: [UInt8] = [
        0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xB3, 0xF8, 0x1A, 0x90, 0xCC, 0x8D, 0x46, 0xA5, 0xD7, 0x24,
        0xFD, 0x52, 0xD7, 0x6E, 0x06, 0x52, 0x0B, 0x64, 0xF2, 0xA1, 0xDA, 0x1B, 0x33, 0x14, 0x69, 0xAA,
    ]

    /// TPM_ALG_ID (part 2, §6.3).
    private enum Algorithm {
        static let rsa: UInt16 = 0x01
        static let aes: UInt16 = 0x06
        static let sha256: UInt16 = 0x0B
        static let null: UInt16 = 0x10
        static let ecdsa: UInt16 = 0x18
        static let curve: UInt16 = 0x23
        static let cfb: UInt16 = 0x43
    }
}

extension TPMKey.Kind {
    /// Where the key itself begins in the public area: all before it is the template's.
    fileprivate var uniqueStart: Int {
        switch self {
        // Both halves of a point, or the modulus, with their lengths.
        case .curve, .attestation: TPMKey.template(self).count - 68
        // The length of the modulus is the template's, too.
        case .rsa: TPMKey.template(self).count - 256
        }
    }
}

extension Span<UInt8> {
    /// Bytes after their count of 16 bits (TPM2B).
    package mutating func sized(_ field: StaticFieldName, limit: Int) throws(WireError) -> [UInt8] {
        let count: UInt16 = try read()
        guard count <= limit else { throw .tooLong(field, count: Int(count), limit: limit) }
        return try read(byteCount: Int(count))
    }
}

extension [UInt8] {
    /// Appends bytes after their count of 16 bits (TPM2B).
    package mutating func write(sized bytes: [UInt8]) {
        write(UInt16(bytes.count))
        append(contentsOf: bytes)
    }
}

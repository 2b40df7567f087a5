import CSodium
package import Wire

/// What a TPM that has opened a challenge can do with it: prove that it has, and open what is sealed for it.
package struct TPMCredential: Sendable {
    package static let byteCount = 32
    /// Of a proof.
    package static let proofByteCount = Int(crypto_auth_hmacsha256_BYTES)
    private static let head = Array("roost tpm 1\n".utf8)

    /// ``byteCount`` bytes: a secret of one boot.
    package let bytes: [UInt8]

    /// A new one.
    package init() { bytes = RandomBytes.make(Self.byteCount) }

    /// An opened one; nil unless it has ``byteCount`` bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    /// Proves that it was opened, for one key in one boot of one machine.
    package func proof(for key: [UInt8], of machine: MACAddress, in boot: String) -> [UInt8] {
        derive("proof\0\(machine) \(boot)\0", key)
    }

    /// Whether ``proof(for:of:in:)`` made `proof`.
    package func hasMade(
        _ proof: [UInt8], for key: [UInt8], of machine: MACAddress, in boot: String
    ) -> Bool {
        let own = self.proof(for: key, of: machine, in: boot)
        guard proof.count == own.count else { return false }
        return unsafe sodium_memcmp(proof, own, own.count) == 0
    }

    /// Seals a configuration once more, for the TPM.
    package func seal(_ content: [UInt8]) -> [UInt8] { Self.head + key.seal(content) }

    /// Whether content that a node has opened is sealed for its TPM, too.
    package static func isSealed(_ content: [UInt8]) -> Bool { content.starts(with: head) }

    package func open(_ sealed: [UInt8]) throws(SealingError) -> [UInt8] {
        guard Self.isSealed(sealed) else { throw .notASeal }
        guard let content = key.open(Array(sealed.dropFirst(Self.head.count))) else {
            throw .notForThisKey
        }
        return content
    }

    private var key: SecretKey { SecretKey(bytes: derive("seal", [])) }

    private func derive(_ purpose: String, _ content: [UInt8]) -> [UInt8] {
        Hashing.hmac(of: Array("roost tpm 1\0\(purpose)".utf8) + content, key: bytes)
    }
}

/// What a TPM's specification derives from secrets (TPM 2.0 Library, part 1, §11.4.10 and §24).
package enum TPMDerivation {
    /// The name of a key: TPM_ALG_SHA256, and the hash of its public area.
    package static func name(of key: TPMKey) -> [UInt8] { [0, 0x0B] + Hashing.sha256(key.bytes) }

    /// KDFa with SHA-256 and empty contexts but the first, for keys of up to 32 bytes.
    package static func kdfa(_ key: [UInt8], _ label: String, context: [UInt8], byteCount: Int) -> [UInt8] {
        precondition(byteCount <= 32, "one round gives 32 bytes")
        var message: [UInt8] = []
        message.write(1 as UInt32)
        message += Array(label.utf8) + [0] + context
        message.write(UInt32(8 * byteCount))
        return Array(Hashing.hmac(of: message, key: key).prefix(byteCount))
    }

    /// KDFe with SHA-256, for 32 bytes.
    ///
    /// - Parameters:
    ///   - shared: the shared secret of the curve (ECDH).
    ///   - ephemeral: x of the key that was made for it.
    ///   - recipient: x of the TPM's key.
    package static func kdfe(
        _ shared: [UInt8], _ label: String, ephemeral: [UInt8], recipient: [UInt8]
    ) -> [UInt8] {
        var message: [UInt8] = []
        message.write(1 as UInt32)
        return Hashing.sha256(message + shared + Array(label.utf8) + [0] + ephemeral + recipient)
    }
}

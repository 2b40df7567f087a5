import CSodium

/// The secret that nodes' keys are derived from, and that protects the server's other secrets. It opens everything that is stored.
package struct NodeSecrets: Sendable {
    package static let byteCount = Int(crypto_generichash_KEYBYTES)

    /// ``byteCount`` bytes: a secret.
    package let bytes: [UInt8]

    /// A new one.
    package init() { bytes = RandomBytes.make(Self.byteCount) }

    /// An existing one; nil unless it has ``byteCount`` bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    /// The key that identifies a node to SSH clients.
    ///
    /// - Parameter number: another number gives another key.
    package func hostKey(of node: String, number: Int) -> SSHHostKey {
        SSHHostKey(seed: derive("ssh host ed25519", node, String(number)), comment: node)
    }

    /// A secret as a store keeps it. The same secret always gives the same text, so that an unchanged one does not look changed.
    package func seal(secret: [UInt8]) -> [UInt8] { box(secret, for: Self.storing, isRepeatable: true) }

    /// The secret that ``seal(secret:)`` sealed; nil when it is damaged or was sealed with another key.
    package func open(secret sealed: [UInt8]) -> [UInt8]? { unbox(sealed, for: Self.storing) }

    private static let storing = "stored secret"

    /// The code of a backup, which only a server with this secret can make.
    ///
    /// - Parameter content: the hash of all that is in it.
    package func backupCode(of content: [UInt8]) -> [UInt8] {
        derive("backup", Hashing.hexadecimal(content))
    }

    /// Whether ``backupCode(of:)`` made `code`.
    package func hasMade(backupCode code: [UInt8], of content: [UInt8]) -> Bool {
        let own = backupCode(of: content)
        guard code.count == own.count else { return false }
        return unsafe sodium_memcmp(code, own, own.count) == 0
    }

    /// A fingerprint that tells whether two are the same: 32 hexadecimal digits.
    package var fingerprint: String {
        Hashing.hexadecimal(derive("fingerprint").prefix(16))
    }

    /// Encrypts a value for storage.
    ///
    /// - Parameter isRepeatable: whether equal content always gives equal bytes.
    func box(_ content: [UInt8], for purpose: String, isRepeatable: Bool = false) -> [UInt8] {
        let key = SecretKey(bytes: derive(purpose))
        return isRepeatable ? key.seal(content, nonceKey: derive("\(purpose) nonce")) : key.seal(content)
    }

    /// What ``box(_:for:isRepeatable:)`` encrypted for the same purpose; nil when it is damaged or from another secret.
    func unbox(_ sealed: [UInt8], for purpose: String) -> [UInt8]? {
        SecretKey(bytes: derive(purpose)).open(sealed)
    }

    /// 32 bytes that cannot be derived without the secret (BLAKE2b with a key, RFC 7693), different for each purpose.
    ///
    /// - Parameter parts: text without NUL.
    func derive(_ parts: String..., content: [UInt8] = []) -> [UInt8] {
        Sodium.start()
        let text = Array(parts.joined(separator: "\0").utf8) + (content.isEmpty ? [] : [0] + content)
        var key = [UInt8](repeating: 0, count: Int(crypto_generichash_BYTES))
        _ = unsafe crypto_generichash(&key, key.count, text, UInt64(text.count), bytes, bytes.count)
        return key
    }
}

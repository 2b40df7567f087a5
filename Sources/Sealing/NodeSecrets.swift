import CSodium

/// The secret from which keys of nodes are made, and with which the server keeps others: who has it, and what is kept, has them all.
package struct NodeSecrets: Sendable {
    package static let byteCount = Int(crypto_generichash_KEYBYTES)

    /// ``byteCount`` bytes: a secret.
    package let bytes: [UInt8]

    /// A new one.
    package init() {
        Sodium.start()
        var bytes = [UInt8](repeating: 0, count: Self.byteCount)
        unsafe randombytes_buf(&bytes, bytes.count)
        self.bytes = bytes
    }

    /// One that was made before; nil when it has not ``byteCount`` bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    /// The key by which a node is known to those who log in there by SSH.
    ///
    /// - Parameter number: another number is another key.
    package func hostKey(of node: String, number: Int) -> SSHHostKey {
        SSHHostKey(seed: derive("ssh host ed25519", node, String(number)), comment: node)
    }

    /// A secret as a store keeps it. The same secret always becomes the same text, so that what has not changed does not seem to have.
    package func seal(secret: [UInt8]) -> [UInt8] { box(secret, for: Self.storing, isRepeatable: true) }

    /// The secret of which ``seal(secret:)`` was kept; nil when that is damaged, or was made with another secret than this.
    package func open(secret sealed: [UInt8]) -> [UInt8]? { unbox(sealed, for: Self.storing) }

    private static let storing = "stored secret"

    /// By which to tell whether two are the same, in 32 hexadecimal digits.
    package var fingerprint: String {
        Hashing.hexadecimal(derive("fingerprint").prefix(16))
    }

    /// Encrypts what is to be kept.
    ///
    /// - Parameter isRepeatable: whether the same content always becomes the same bytes.
    func box(_ content: [UInt8], for purpose: String, isRepeatable: Bool = false) -> [UInt8] {
        let key = SecretKey(bytes: derive(purpose))
        return isRepeatable ? key.seal(content, nonceKey: derive("\(purpose) nonce")) : key.seal(content)
    }

    /// What ``box(_:for:isRepeatable:)`` has encrypted for the same purpose; nil when it is damaged, or another secret's.
    func unbox(_ sealed: [UInt8], for purpose: String) -> [UInt8]? {
        SecretKey(bytes: derive(purpose)).open(sealed)
    }

    /// 32 bytes that cannot be found without the secret (BLAKE2b with a key, RFC 7693), others for each purpose.
    ///
    /// - Parameter parts: text without NUL.
    private func derive(_ parts: String...) -> [UInt8] {
        Sodium.start()
        let text = Array(parts.joined(separator: "\0").utf8)
        var key = [UInt8](repeating: 0, count: Int(crypto_generichash_BYTES))
        _ = unsafe crypto_generichash(&key, key.count, text, UInt64(text.count), bytes, bytes.count)
        return key
    }
}

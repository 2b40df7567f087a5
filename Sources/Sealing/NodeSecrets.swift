import CSodium

/// The secret from which keys of nodes are made: the same node always has the same ones, and nothing of them has to be kept.
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

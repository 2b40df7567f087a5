import CSodium

/// A key pair of WireGuard (X25519) as its tools write it: 32 bytes in Base64.
package struct WireGuardKey: Equatable, Sendable {
    /// A secret.
    package let privateText: String
    package let publicText: String

    /// A new one.
    package init() {
        var secret = RandomBytes.make(Int(crypto_scalarmult_SCALARBYTES))
        // As wg(8) stores them (RFC 7748 §5).
        secret[0] &= 248
        secret[31] = secret[31] & 127 | 64
        self.init(secret: secret)
    }

    /// - Parameter secret: 32 bytes.
    package init(secret: [UInt8]) {
        Sodium.start()
        var publicBytes = [UInt8](repeating: 0, count: Int(crypto_scalarmult_BYTES))
        _ = unsafe crypto_scalarmult_base(&publicBytes, secret)
        privateText = SSHWire.base64(secret)
        publicText = SSHWire.base64(publicBytes)
    }
}

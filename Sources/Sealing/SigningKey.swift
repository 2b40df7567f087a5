import CSodium

/// An Ed25519 key that signs (RFC 8032).
package struct SigningKey: Sendable {
    package static let seedByteCount = Int(crypto_sign_SEEDBYTES)
    package static let publicByteCount = Int(crypto_sign_PUBLICKEYBYTES)
    package static let signatureByteCount = Int(crypto_sign_BYTES)

    /// ``seedByteCount`` bytes that give the same key again: a secret.
    package let seed: [UInt8]
    /// ``publicByteCount`` bytes.
    package let publicBytes: [UInt8]
    private let secretBytes: [UInt8]

    /// A new key.
    package init() { self.init(of: RandomBytes.make(Self.seedByteCount)) }

    /// The key made from a seed; nil unless that has ``seedByteCount`` bytes.
    package init?(seed: [UInt8]) {
        guard seed.count == Self.seedByteCount else { return nil }
        self.init(of: seed)
    }

    private init(of seed: [UInt8]) {
        Sodium.start()
        var publicBytes = [UInt8](repeating: 0, count: Self.publicByteCount)
        var secretBytes = [UInt8](repeating: 0, count: Int(crypto_sign_SECRETKEYBYTES))
        _ = unsafe crypto_sign_seed_keypair(&publicBytes, &secretBytes, seed)
        (self.seed, self.publicBytes, self.secretBytes) = (seed, publicBytes, secretBytes)
    }

    /// ``signatureByteCount`` bytes.
    package func signature(of message: [UInt8]) -> [UInt8] {
        var signature = [UInt8](repeating: 0, count: Self.signatureByteCount)
        _ = unsafe crypto_sign_detached(&signature, nil, message, UInt64(message.count), secretBytes)
        return signature
    }

    /// Whether the key with these public bytes signed `message`.
    package static func hasSigned(_ message: [UInt8], _ signature: [UInt8], by publicBytes: [UInt8]) -> Bool {
        Sodium.start()
        guard signature.count == signatureByteCount, publicBytes.count == publicByteCount else {
            return false
        }
        return unsafe crypto_sign_verify_detached(signature, message, UInt64(message.count), publicBytes) == 0
    }
}

import CSodium
package import Wire

/// The key by which nodes know their server (Ed25519): the archive that they start from has its public half.
package struct ServerKey: Sendable {
    package static let seedByteCount = Int(crypto_sign_SEEDBYTES)
    package static let publicByteCount = Int(crypto_sign_PUBLICKEYBYTES)
    static let signatureByteCount = Int(crypto_sign_BYTES)

    /// ``seedByteCount`` bytes, from which the same key is made again: a secret.
    package let seed: [UInt8]
    /// ``publicByteCount`` bytes.
    package let publicBytes: [UInt8]
    private let secretBytes: [UInt8]

    /// A new key.
    package init() {
        Sodium.start()
        var seed = [UInt8](repeating: 0, count: Self.seedByteCount)
        unsafe randombytes_buf(&seed, seed.count)
        self.init(of: seed)
    }

    /// The key that a seed makes; nil when it has not ``seedByteCount`` bytes.
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

    /// Seals `content` to a node's key and signs it: ``signatureByteCount`` bytes of signature, and the sealed box behind it.
    ///
    /// - Parameter node: ``NodeKey/publicBytes``, as the node has sent them.
    package func seal(
        _ content: [UInt8], to node: [UInt8], of machine: MACAddress, in boot: String
    ) throws(SealingError) -> [UInt8] {
        guard node.count == NodeKey.publicByteCount else { throw .badKey }
        var box = [UInt8](repeating: 0, count: content.count + crypto_box_sealbytes())
        // It refuses points of small order, with which the outcome would be known to all.
        guard unsafe crypto_box_seal(&box, content, UInt64(content.count), node) == 0 else {
            throw .badKey
        }
        let signed = Self.signedText(box, to: node, of: machine, in: boot)
        var signature = [UInt8](repeating: 0, count: Self.signatureByteCount)
        _ = unsafe crypto_sign_detached(&signature, nil, signed, UInt64(signed.count), secretBytes)
        return signature + box
    }

    /// What is signed: a box counts for one key in one boot of one machine only.
    ///
    /// Each part but the last has a length of its own, or ends with a byte that it cannot hold.
    static func signedText(_ box: [UInt8], to node: [UInt8], of machine: MACAddress, in boot: String)
        -> [UInt8]
    {
        Array("roost configuration 1\0\(machine) \(boot)\0".utf8) + node + box
    }
}

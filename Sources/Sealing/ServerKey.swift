import CSodium
package import Wire

/// The key by which nodes know their server (Ed25519): its public half is in the archive that they boot from.
package struct ServerKey: Sendable {
    package static let publicByteCount = SigningKey.publicByteCount
    static let signatureByteCount = SigningKey.signatureByteCount

    private let key: SigningKey
    /// ``SigningKey/seedByteCount`` bytes that give the same key again: a secret.
    package var seed: [UInt8] { key.seed }
    /// ``publicByteCount`` bytes.
    package var publicBytes: [UInt8] { key.publicBytes }

    /// A new key.
    package init() { key = SigningKey() }

    /// The key made from a seed; nil unless that has ``SigningKey/seedByteCount`` bytes.
    package init?(seed: [UInt8]) {
        guard let key = SigningKey(seed: seed) else { return nil }
        self.key = key
    }

    /// Seals `content` to a node's key and signs it: ``signatureByteCount`` bytes of signature, then the sealed box.
    ///
    /// - Parameter node: ``NodeKey/publicBytes``, as the node sent them.
    package func seal(
        _ content: [UInt8], to node: [UInt8], of machine: MACAddress, in boot: String
    ) throws(SealingError) -> [UInt8] {
        guard node.count == NodeKey.publicByteCount else { throw .badKey }
        var box = [UInt8](repeating: 0, count: content.count + crypto_box_sealbytes())
        // It refuses points of small order, for which everyone would know the result.
        guard unsafe crypto_box_seal(&box, content, UInt64(content.count), node) == 0 else {
            throw .badKey
        }
        let signed = Self.signedText(box, to: node, of: machine, in: boot)
        return key.signature(of: signed) + box
    }

    func signature(of message: [UInt8]) -> [UInt8] { key.signature(of: message) }

    /// The signed message: a box is valid for one key in one boot of one machine only.
    ///
    /// Each part but the last has a fixed length, or ends with a byte that it cannot contain.
    static func signedText(_ box: [UInt8], to node: [UInt8], of machine: MACAddress, in boot: String)
        -> [UInt8]
    {
        Array("roost configuration 1\0\(machine) \(boot)\0".utf8) + node + box
    }
}

import CSodium
package import Wire

/// With it a running node proves that it is the one that got the configuration of its boot: it came sealed with that, and only root can read
/// it there.
///
/// It seals nothing. For each delivery the node makes a new ``NodeKey``, whose public half it sends with a code by this key.
package struct RunKey: Sendable {
    private static let byteCount = Int(crypto_generichash_KEYBYTES)
    package static let codeByteCount = Int(crypto_generichash_BYTES)

    /// A secret of the node and the server.
    package let bytes: [UInt8]

    /// Nil unless `bytes` are ``bytes`` of one.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    /// What the node asks with: a public key, and its code.
    ///
    /// - Parameter order: the number of the order that it answers.
    package func request(
        with key: NodeKey, of machine: MACAddress, in boot: String, order: String
    ) -> [UInt8] {
        key.publicBytes + code(of: key.publicBytes, machine, boot, order)
    }

    /// The public key of a ``request(with:of:in:order:)``; nil: it was not made with this key, for this order in this boot of this machine.
    package func publicKey(
        in request: [UInt8], of machine: MACAddress, in boot: String, order: String
    ) -> [UInt8]? {
        guard request.count == NodeKey.publicByteCount + Self.codeByteCount else { return nil }
        let key = Array(request.prefix(NodeKey.publicByteCount))
        let (sent, own) = (Array(request.dropFirst(key.count)), code(of: key, machine, boot, order))
        guard unsafe sodium_memcmp(sent, own, own.count) == 0, NodeKey.isPublicKey(key) else { return nil }
        return key
    }

    private func code(of key: [UInt8], _ machine: MACAddress, _ boot: String, _ order: String) -> [UInt8] {
        Sodium.start()
        let text = Array("roost apply\0\(machine)\0\(boot)\0\(order)\0".utf8) + key
        var code = [UInt8](repeating: 0, count: Self.codeByteCount)
        _ = unsafe crypto_generichash(&code, code.count, text, UInt64(text.count), bytes, bytes.count)
        return code
    }
}

extension NodeSecrets {
    /// The run key of a boot: the same again after a restart of the server, and another one for each key that got a configuration.
    ///
    /// - Parameter key: the beginning of the public key that the configuration was sealed to, in hexadecimal.
    package func runKey(of machine: MACAddress, in boot: String, sealedTo key: String) -> RunKey? {
        RunKey(bytes: derive("run key", machine.description, boot, key))
    }

    /// The mark of a step: another one for another content, and nothing can be learned from it.
    package func stepMark(of content: [UInt8]) -> String {
        Hashing.hexadecimal(derive("step", content: content).prefix(12))
    }
}

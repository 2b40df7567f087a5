package import Wire

/// The address that a boot's configuration was sent to, and the key that it was sealed to. Each boot gets one: a second key gets nothing.
package struct ConfigurationDelivery: Equatable, Sendable {
    /// Bytes of a key that are shown: enough that no other key with the same prefix can be found.
    private static let keyByteCount = 16

    package var address: IPv4Address
    /// The prefix of the node's public key, in hexadecimal.
    package var key: String

    /// - Parameter publicKey: as sent by the node.
    package init(address: IPv4Address, publicKey: [UInt8]) {
        self.address = address
        key = publicKey.prefix(Self.keyByteCount).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }

    /// `to 10.77.0.5, sealed for key 0f1e2d3c4b5a69788796a5b4c3d2e1f0`: the detail of a boot's event.
    package var detail: String { "to \(address), sealed for key \(key)" }

    /// - Parameter detail: another one's ``detail``; nil when it is not one.
    package init?(detail: String) {
        let words = detail.split(separator: " ")
        guard words.count == 6, let address = IPv4Address(words[1].dropLast()),
            words[5].utf8.count == 2 * Self.keyByteCount
        else { return nil }
        self.address = address
        key = String(words[5])
    }
}

package import Wire

/// To which address, and sealed to which key, the configuration of a boot went. A boot has one: what a second key gets is nothing.
package struct ConfigurationDelivery: Equatable, Sendable {
    /// Bytes of a key that are told: none is found that begins with the same ones.
    private static let keyByteCount = 16

    package var address: IPv4Address
    /// The beginning of the node's public key, in hexadecimal.
    package var key: String

    /// - Parameter publicKey: as the node has sent it.
    package init(address: IPv4Address, publicKey: [UInt8]) {
        self.address = address
        key = publicKey.prefix(Self.keyByteCount).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }

    /// `to 10.77.0.5, sealed for key 0f1e2d3c4b5a69788796a5b4c3d2e1f0`: the detail of a boot's event.
    package var detail: String { "to \(address), sealed for key \(key)" }

    /// - Parameter detail: ``detail`` of another one; nil when it is none.
    package init?(detail: String) {
        let words = detail.split(separator: " ")
        guard words.count == 6, let address = IPv4Address(words[1].dropLast()),
            words[5].utf8.count == 2 * Self.keyByteCount
        else { return nil }
        self.address = address
        key = String(words[5])
    }
}

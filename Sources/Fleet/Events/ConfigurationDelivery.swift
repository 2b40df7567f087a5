package import Wire

/// The address that a boot's configuration was sent to, and the key that it was sealed to. Each boot gets one: a second key gets nothing.
package struct ConfigurationDelivery: Equatable, Sendable, Codable {
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

    /// ``key`` as bytes.
    package var keyBytes: [UInt8] {
        let digits = Array(key.utf8).compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        return stride(from: 0, to: digits.count - 1, by: 2).map {
            UInt8(truncatingIfNeeded: digits[$0] << 4 | digits[$0 + 1])
        }
    }

    /// For people: `to 10.77.0.5, sealed for key 0f1e2d3c4b5a69788796a5b4c3d2e1f0`.
    package var summary: String { "to \(address), sealed for key \(key)" }
}

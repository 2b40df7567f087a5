import CSodium

/// The key of an encrypted volume: two AES keys of 256 bits, for XTS (IEEE 1619).
package struct VolumeKey: Equatable, Sendable {
    package static let byteCount = 64

    /// ``byteCount`` bytes: a secret.
    package let bytes: [UInt8]

    /// A new one.
    package init() { bytes = RandomBytes.make(Self.byteCount) }

    init(bytes: [UInt8]) { self.bytes = bytes }
}

extension NodeSecrets {
    private static let purpose = "volume key"

    /// A volume's key as it is stored: useless without the secret.
    package func seal(_ key: VolumeKey) -> [UInt8] { box(key.bytes, for: Self.purpose) }

    /// The key that ``seal(_:)`` sealed; nil when it is damaged or from another secret.
    package func open(_ sealed: [UInt8]) -> VolumeKey? {
        guard let bytes = unbox(sealed, for: Self.purpose), bytes.count == VolumeKey.byteCount else {
            return nil
        }
        return VolumeKey(bytes: bytes)
    }
}

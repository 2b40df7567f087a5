import CSodium
package import Wire

/// The key that a node makes for one boot (X25519): only that node can open what is sealed to it.
package struct NodeKey: Sendable {
    package static let publicByteCount = Int(crypto_box_PUBLICKEYBYTES)
    private static let secretByteCount = Int(crypto_box_SECRETKEYBYTES)

    /// ``publicByteCount`` bytes.
    package let publicBytes: [UInt8]
    private let secretBytes: [UInt8]

    package init() {
        Sodium.start()
        var publicBytes = [UInt8](repeating: 0, count: Self.publicByteCount)
        var secretBytes = [UInt8](repeating: 0, count: Self.secretByteCount)
        _ = unsafe crypto_box_keypair(&publicBytes, &secretBytes)
        (self.publicBytes, self.secretBytes) = (publicBytes, secretBytes)
    }

    /// An existing key; nil unless `bytes` are ``bytes`` of one.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Self.publicByteCount + Self.secretByteCount else { return nil }
        publicBytes = Array(bytes.prefix(Self.publicByteCount))
        secretBytes = Array(bytes.dropFirst(Self.publicByteCount))
    }

    /// Whether `bytes` are a public key that can be sealed to. Points of small order are not: everyone would know the secret.
    package static func isPublicKey(_ bytes: [UInt8]) -> Bool {
        guard bytes.count == publicByteCount else { return false }
        let one: [UInt8] = [1] + [UInt8](repeating: 0, count: Int(crypto_scalarmult_SCALARBYTES) - 1)
        var product = [UInt8](repeating: 0, count: Int(crypto_scalarmult_BYTES))
        return unsafe crypto_scalarmult(&product, one, bytes) == 0
    }

    /// Both halves, for the next program of the same boot.
    package var bytes: [UInt8] { publicBytes + secretBytes }

    /// Opens what a server sealed to this key, in this boot of this machine.
    ///
    /// - Parameter server: ``ServerKey/publicBytes`` of the server that this node trusts.
    /// - Throws: when it belongs to another server, boot or machine, or was changed on the way.
    package func open(
        _ delivery: [UInt8], of machine: MACAddress, in boot: String, from server: [UInt8]
    ) throws(SealingError) -> [UInt8] {
        Sodium.start()
        guard server.count == ServerKey.publicByteCount else { throw .notASeal }
        guard delivery.count >= ServerKey.signatureByteCount + crypto_box_sealbytes() else {
            throw .notASeal
        }
        let signature = Array(delivery.prefix(ServerKey.signatureByteCount))
        let box = Array(delivery.dropFirst(ServerKey.signatureByteCount))
        let signed = ServerKey.signedText(box, to: publicBytes, of: machine, in: boot)
        guard SigningKey.hasSigned(signed, signature, by: server) else { throw .notFromTheServer }
        var content = [UInt8](repeating: 0, count: box.count - crypto_box_sealbytes())
        guard
            unsafe crypto_box_seal_open(&content, box, UInt64(box.count), publicBytes, secretBytes) == 0
        else { throw .notForThisKey }
        return content
    }
}

/// Why a sealed value cannot be opened, or nothing can be sealed.
package enum SealingError: Error, Equatable, CustomStringConvertible {
    case notASeal, notFromTheServer, notForThisKey, badKey, noMemory

    package var description: String {
        switch self {
        case .notASeal: "what came is not a sealed configuration"
        case .notFromTheServer:
            "what came is not signed, for this boot, by the server that this initramfs is from"
        case .notForThisKey: "what came is sealed for another key"
        case .badKey: "this is not the key of a node"
        case .noMemory: "there is too little memory to make a key of a passphrase"
        }
    }
}

/// libsodium (https://doc.libsodium.org/usage).
enum Sodium {
    private static let isReady = sodium_init() >= 0

    /// Chooses the implementations for this processor, once.
    static func start() { precondition(isReady, "libsodium finds no source of random numbers") }
}

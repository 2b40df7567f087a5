import Crypto
package import Fleet
import Foundation

/// Whose signatures make a version fit to be served.
package struct ImageTrust: Sendable {
    /// Public keys in Base64.
    let keys: Set<String>

    /// - Parameter keys: public keys in Base64; none: every version is served.
    package init(keys: [String]) throws {
        for key in keys where Self.publicKey(key) == nil {
            throw InvalidSetting(
                "image-keys: ‘\(key)’ is no Ed25519 public key of 32 bytes in Base64 (roost image key shows one)"
            )
        }
        self.keys = Set(keys)
    }

    /// What is said to who brings a version without one.
    package static let demand =
        "this server takes only versions that are signed by a key of its image-keys (--sign FILE)"

    package var isRequired: Bool { !keys.isEmpty }

    /// `snapshot` with each version marked as trusted or not.
    package func judged(_ snapshot: FleetSnapshot) -> FleetSnapshot {
        guard isRequired else { return snapshot }
        var contents = snapshot.contents
        for (name, image) in contents.images {
            contents.images[name]?.versions = image.versions.map { version in
                var version = version
                version.isTrusted = isTrusted(version.digest, version.signatures)
                return version
            }
        }
        return FleetSnapshot(revision: snapshot.revision, contents: contents, nodeOrder: snapshot.nodeOrder)
    }

    package func isTrusted(_ digest: Fleet.Digest, _ signatures: [ImageSignature]) -> Bool {
        !isRequired || signatures.contains { keys.contains($0.key) && Self.isValid($0, for: digest) }
    }

    /// Whether the key that `signature` names has made it.
    package static func isValid(_ signature: ImageSignature, for digest: Fleet.Digest) -> Bool {
        guard let key = publicKey(signature.key), let bytes = Data(base64Encoded: signature.signature) else {
            return false
        }
        return key.isValidSignature(bytes, for: Data(ImageSignature.message(for: digest).utf8))
    }

    private static func publicKey(_ text: String) -> Curve25519.Signing.PublicKey? {
        Data(base64Encoded: text).flatMap { try? Curve25519.Signing.PublicKey(rawRepresentation: $0) }
    }
}

/// The private half, in a file that only its owner reads: 32 bytes in Base64.
package struct ImageSigningKey: Sendable {
    private let key: Curve25519.Signing.PrivateKey

    /// Makes a key and writes it to `path`, which must not be there.
    package init(creatingAt path: String) throws {
        key = Curve25519.Signing.PrivateKey()
        let text = Data((key.rawRepresentation.base64EncodedString() + "\n").utf8)
        guard !FileManager.default.fileExists(atPath: path) else {
            throw StoreError.conflict("\(path) is there already; a key that is lost cannot be made again")
        }
        guard
            FileManager.default.createFile(
                atPath: path, contents: text, attributes: [.posixPermissions: 0o600])
        else { throw StoreError.conflict("\(path) cannot be written") }
    }

    package init(readingFrom path: String) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw StoreError.notFound("there is no key in \(path) (roost image key \(path) makes one)")
        }
        let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard let bytes = Data(base64Encoded: text),
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes)
        else { throw StoreError.conflict("\(path) holds no signing key") }
        self.key = key
    }

    /// In Base64, as `image-keys` of roost.yaml has it.
    package var publicKey: String { key.publicKey.rawRepresentation.base64EncodedString() }

    package func sign(_ digest: Fleet.Digest) throws -> ImageSignature {
        let bytes = try key.signature(for: Data(ImageSignature.message(for: digest).utf8))
        return ImageSignature(key: publicKey, signature: bytes.base64EncodedString())
    }
}

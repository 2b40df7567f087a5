/// A signature for a version: Ed25519 (RFC 8032) over its digest.
package struct ImageSignature: Hashable, Sendable, Codable {
    /// The public key, 32 bytes in Base64.
    package var key: String
    /// 64 bytes in Base64.
    package var signature: String

    package init(key: String, signature: String) {
        self.key = key
        self.signature = signature
    }

    /// The signed text: it cannot be mistaken for anything else that the same key might sign.
    package static func message(for digest: Digest) -> String { "roost image version \(digest)" }
}

/// Somebody's word for a version: an Ed25519 signature (RFC 8032) of its digest.
package struct ImageSignature: Hashable, Sendable, Codable {
    /// The public key, 32 bytes in Base64.
    package var key: String
    /// 64 bytes in Base64.
    package var signature: String

    package init(key: String, signature: String) {
        self.key = key
        self.signature = signature
    }

    /// What is signed: it can be taken for nothing else that the same key might sign.
    package static func message(for digest: Digest) -> String { "roost image version \(digest)" }
}

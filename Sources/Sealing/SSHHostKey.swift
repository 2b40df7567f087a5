import CSodium

/// A host's Ed25519 key in OpenSSH's formats.
package struct SSHHostKey: Equatable, Sendable {
    private static let kind = Array("ssh-ed25519".utf8)
    private static let lineLength = 70

    /// `ssh-ed25519 AAAA…`, as written after the names in `known_hosts`, and in `.pub` files.
    package let publicLine: String
    /// The text of `ssh_host_ed25519_key` (OpenSSH's PROTOCOL.key), without a passphrase.
    package let privateFile: String

    /// - Parameter seed: 32 bytes: a secret (RFC 8032 §5.1.5).
    init(seed: [UInt8], comment: String) {
        Sodium.start()
        var publicBytes = [UInt8](repeating: 0, count: Int(crypto_sign_PUBLICKEYBYTES))
        var secretBytes = [UInt8](repeating: 0, count: Int(crypto_sign_SECRETKEYBYTES))
        _ = unsafe crypto_sign_seed_keypair(&publicBytes, &secretBytes, seed)
        let publicBlob = Self.string(Self.kind) + Self.string(publicBytes)
        publicLine = "ssh-ed25519 \(Self.base64(publicBlob))"
        // The check number detects a wrong passphrase. There is none here, so any number will do, as long as it is always the same.
        var section = [UInt8](repeating: 0x52, count: 8)
        section += publicBlob + Self.string(secretBytes) + Self.string(Array(comment.utf8))
        var padding: UInt8 = 0
        while section.count % 8 != 0 {
            padding += 1
            section.append(padding)
        }
        let none = Self.string(Array("none".utf8))
        let whole =
            Array("openssh-key-v1\0".utf8) + none + none + Self.string([]) + [0, 0, 0, 1]
            + Self.string(publicBlob) + Self.string(section)
        var lines: [Substring] = []
        var rest = Self.base64(whole)[...]
        while !rest.isEmpty {
            lines.append(rest.prefix(Self.lineLength))
            rest = rest.dropFirst(Self.lineLength)
        }
        privateFile = """
            -----BEGIN OPENSSH PRIVATE KEY-----
            \(lines.joined(separator: "\n"))
            -----END OPENSSH PRIVATE KEY-----

            """
    }

    /// Bytes after their count (RFC 4251 §5).
    private static func string(_ bytes: [UInt8]) -> [UInt8] {
        (0..<4).reversed().map { UInt8(truncatingIfNeeded: bytes.count >> (8 * $0)) } + bytes
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        let length = sodium_base64_encoded_len(bytes.count, sodium_base64_VARIANT_ORIGINAL)
        var text = [CChar](repeating: 0, count: length)
        unsafe sodium_bin2base64(&text, length, bytes, bytes.count, sodium_base64_VARIANT_ORIGINAL)
        return String(decoding: text.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

import CSodium

/// A host's Ed25519 key in OpenSSH's formats.
package struct SSHHostKey: Equatable, Sendable {
    private static let lineLength = 70

    /// `ssh-ed25519 AAAA…`, as written after the names in `known_hosts`, and in `.pub` files.
    package let publicLine: String
    /// The text of `ssh_host_ed25519_key` (OpenSSH's PROTOCOL.key), without a passphrase.
    package let privateFile: String
    let publicBytes: [UInt8]

    /// - Parameter seed: 32 bytes: a secret (RFC 8032 §5.1.5).
    init(seed: [UInt8], comment: String) {
        Sodium.start()
        var publicBytes = [UInt8](repeating: 0, count: Int(crypto_sign_PUBLICKEYBYTES))
        var secretBytes = [UInt8](repeating: 0, count: Int(crypto_sign_SECRETKEYBYTES))
        _ = unsafe crypto_sign_seed_keypair(&publicBytes, &secretBytes, seed)
        self.publicBytes = publicBytes
        let publicBlob = SSHWire.key(publicBytes)
        publicLine = "ssh-ed25519 \(SSHWire.base64(publicBlob))"
        // The check number detects a wrong passphrase. There is none here, so any number will do, as long as it is always the same.
        var section = [UInt8](repeating: 0x52, count: 8)
        section += publicBlob + SSHWire.string(secretBytes) + SSHWire.string(Array(comment.utf8))
        var padding: UInt8 = 0
        while section.count % 8 != 0 {
            padding += 1
            section.append(padding)
        }
        let none = SSHWire.string(Array("none".utf8))
        let whole =
            Array("openssh-key-v1\0".utf8) + none + none + SSHWire.string([]) + [0, 0, 0, 1]
            + SSHWire.string(publicBlob) + SSHWire.string(section)
        var lines: [Substring] = []
        var rest = SSHWire.base64(whole)[...]
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
}

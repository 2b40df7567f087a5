/// An authority for SSH host keys (Ed25519): clients that know its one line trust every host that it signed for, by the names in the
/// certificate (OpenSSH, PROTOCOL.certkeys).
package struct SSHAuthority: Sendable {
    private static let kind = "ssh-ed25519-cert-v01@openssh.com"
    /// A certificate of a host, not of a user.
    private static let hostType: UInt32 = 2
    private static let nonceByteCount = 32

    private let key: SigningKey

    /// A new one.
    package init() { key = SigningKey() }

    /// The one with this ``seed``; nil unless that has the right length.
    package init?(seed: [UInt8]) {
        guard let key = SigningKey(seed: seed) else { return nil }
        self.key = key
    }

    /// A secret that gives the same authority again.
    package var seed: [UInt8] { key.seed }

    /// `ssh-ed25519 AAAA…`, as written behind `@cert-authority` in `known_hosts`.
    package var publicLine: String { "ssh-ed25519 \(SSHWire.base64(SSHWire.key(key.publicBytes)))" }

    /// What a certificate says of a host.
    package struct Terms: Equatable, Sendable {
        package var serial: UInt64
        /// For logs of clients and servers.
        package var identity: String
        /// Names and addresses of the host.
        package var names: [String]
        /// Seconds since 1970.
        package var validity: Range<Int>

        package init(serial: UInt64, identity: String, names: [String], validity: Range<Int>) {
            self.serial = serial
            self.identity = identity
            self.names = names
            self.validity = validity
        }
    }

    /// The line of a `-cert.pub` file.
    package func certificate(of host: SSHHostKey, _ terms: Terms) -> String {
        let empty = SSHWire.string("")
        var signed = SSHWire.string(Self.kind) + SSHWire.string(RandomBytes.make(Self.nonceByteCount))
        signed += SSHWire.string(host.publicBytes) + SSHWire.integer(terms.serial)
        signed += SSHWire.integer(Self.hostType) + SSHWire.string(terms.identity)
        signed += SSHWire.string(terms.names.flatMap { SSHWire.string($0) })
        signed += SSHWire.integer(UInt64(clamping: terms.validity.lowerBound))
        signed += SSHWire.integer(UInt64(clamping: terms.validity.upperBound))
        // No critical options, no extensions, and what is reserved.
        signed += empty + empty + empty + SSHWire.string(SSHWire.key(key.publicBytes))
        let signature = SSHWire.string(SSHWire.ed25519) + SSHWire.string(key.signature(of: signed))
        return "\(Self.kind) \(SSHWire.base64(signed + SSHWire.string(signature))) \(terms.identity)"
    }
}

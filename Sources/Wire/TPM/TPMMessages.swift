/// How a node introduces its TPM: the key of its boot, two public keys, and the certificate of the first one.
package struct TPMIntroduction: Equatable, Sendable {
    /// Bytes of the key of a boot.
    package static let bootKeyByteCount = 32
    /// A certificate has one to two thousand bytes.
    package static let certificateByteLimit = 4_096
    /// The most bytes of the whole.
    package static let byteLimit = 8_192
    private static let keyByteLimit = 512

    /// The public key of the node's boot: the proof counts for this one alone.
    package var bootKey: [UInt8]
    package var endorsement: TPMKey
    package var attestation: TPMKey
    /// X.509, in DER; nil where the TPM has none.
    package var certificate: [UInt8]?

    package init(
        bootKey: [UInt8], endorsement: TPMKey, attestation: TPMKey, certificate: [UInt8]?
    ) {
        self.bootKey = bootKey
        self.endorsement = endorsement
        self.attestation = attestation
        self.certificate = certificate
    }
}

extension TPMIntroduction: WireCodable {
    package init(parsing wire: inout Span<UInt8>) throws(WireError) {
        guard wire.count <= Self.byteLimit else {
            throw .tooLong("introduction", count: wire.count, limit: Self.byteLimit)
        }
        bootKey = try wire.read(byteCount: Self.bootKeyByteCount)
        let endorsement = try wire.sized("endorsement key", limit: Self.keyByteLimit)
        let isRSA = endorsement.count == TPMKey.template(.rsa).count
        self.endorsement = try TPMKey(isRSA ? .rsa : .curve, endorsement)
        attestation = try TPMKey(.attestation, wire.sized("attestation key", limit: Self.keyByteLimit))
        let certificate = try wire.sized("certificate", limit: Self.certificateByteLimit)
        self.certificate = certificate.isEmpty ? nil : certificate
        guard wire.isEmpty else { throw .trailing(byteCount: wire.count) }
    }

    package func write(to wire: inout [UInt8]) {
        wire += bootKey
        wire.write(sized: endorsement.bytes)
        wire.write(sized: attestation.bytes)
        wire.write(sized: certificate ?? [])
    }
}

/// What only one TPM can open, and only with the attestation key that it was made for (MakeCredential).
package struct TPMChallenge: Equatable, Sendable {
    private static let (blobByteLimit, secretByteLimit) = (128, 256)

    /// TPM2B_ID_OBJECT, without its length.
    package var blob: [UInt8]
    /// TPM2B_ENCRYPTED_SECRET, without its length.
    package var secret: [UInt8]

    package init(blob: [UInt8], secret: [UInt8]) {
        self.blob = blob
        self.secret = secret
    }
}

extension TPMChallenge: WireCodable {
    package init(parsing wire: inout Span<UInt8>) throws(WireError) {
        blob = try wire.sized("credential", limit: Self.blobByteLimit)
        secret = try wire.sized("secret", limit: Self.secretByteLimit)
        guard wire.isEmpty else { throw .trailing(byteCount: wire.count) }
    }

    package func write(to wire: inout [UInt8]) {
        wire.write(sized: blob)
        wire.write(sized: secret)
    }
}

/// What the server wants to see of a node's TPM.
package enum TPMWish: String, Sendable {
    /// Nothing: nothing depends on it.
    case nothing
    /// Any endorsement key; one with a certificate rather than another.
    case any
    /// The one that is known.
    case curve = "ecc"
    case rsa
}

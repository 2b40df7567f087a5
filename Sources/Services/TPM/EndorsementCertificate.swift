import COpenSSL
import Fleet
import Wire

/// The authorities whose word on a TPM this server takes: makers of TPMs, or parts of their chains.
@safe package final class TPMAuthorities: @unchecked Sendable {
    // Sendable: libcrypto locks its stores, and nothing is added to this one.
    fileprivate let store: OpaquePointer

    /// - Parameter pem: certificates; nil when it has none.
    package init?(pem: String) {
        let text = Array(pem.utf8).map { CChar(bitPattern: $0) }
        guard let store = unsafe roost_anchors(text, Int32(text.count)) else { return nil }
        unsafe self.store = store
    }

    deinit { unsafe X509_STORE_free(store) }
}

enum EndorsementCertificate {
    private static let issuerByteLimit = 256

    /// What a certificate says about a TPM's key; nil when it is none, or about another key.
    static func read(_ bytes: [UInt8], of key: TPMKey, trusting authorities: TPMAuthorities?)
        -> TPMIdentity.Certificate?
    {
        guard let certificate = unsafe roost_certificate(bytes, bytes.count) else { return nil }
        defer { unsafe X509_free(certificate) }
        let publicBytes = publicBytes(of: key)
        guard unsafe roost_certificate_has_key(certificate, publicBytes, Int32(publicBytes.count)) == 1 else {
            return nil
        }
        var issuer = [CChar](repeating: 0, count: issuerByteLimit)
        unsafe roost_certificate_issuer(certificate, &issuer, Int32(issuerByteLimit))
        let isTrusted =
            authorities.map { unsafe roost_is_trusted($0.store, certificate) == 1 } ?? false
        return TPMIdentity.Certificate(
            issuer: String(
                decoding: issuer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self),
            isTrusted: isTrusted)
    }

    /// The key as certificates write it (RFC 5480 §2.2, RFC 8017 §A.1.1). Its algorithm is not compared: some makers name OAEP there.
    private static func publicBytes(of key: TPMKey) -> [UInt8] {
        guard key.kind == .rsa else { return [4] + key.point.x + key.point.y }
        // A sequence of the modulus, which begins with a one and so needs a zero before it, and 65537.
        return [0x30, 0x82, 0x01, 0x0A, 0x02, 0x82, 0x01, 0x01, 0x00] + key.modulus
            + [0x02, 0x03, 0x01, 0x00, 0x01]
    }
}

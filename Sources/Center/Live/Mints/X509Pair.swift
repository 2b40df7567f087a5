import COpenSSL

/// A key with its certificate, both in PEM (RFC 5280, RFC 7468). The key is P-256.
struct X509Pair: Equatable, Sendable {
    /// PKCS 8: a secret.
    let key: String
    let certificate: String

    /// The first moment of 1970 and the last one of 9999, which means no end (RFC 5280 §4.1.2.5): valid by any clock.
    private static let always = 0..<253_402_300_799

    /// A new authority; nil when libcrypto has no memory or no random numbers.
    static func authority(named name: String) -> Self? {
        make(by: nil, subject: name, names: [], serial: 1, validity: always)
    }

    /// Of a host, signed by this authority; nil when this is none.
    ///
    /// - Parameters:
    ///   - names: `DNS:pc-1`, `IP:192.0.2.1`.
    ///   - validity: seconds since 1970.
    func pair(subject: String, names: [String], serial: UInt64, validity: Range<Int>) -> Self? {
        Self.make(by: self, subject: subject, names: names, serial: serial, validity: validity)
    }

    private static func make(
        by authority: Self?, subject: String, names: [String], serial: UInt64, validity: Range<Int>
    ) -> Self? {
        var key: UnsafeMutablePointer<CChar>?
        var certificate: UnsafeMutablePointer<CChar>?
        defer {
            unsafe roost_text_free(key)
            unsafe roost_text_free(certificate)
        }
        let isMade = unsafe roost_x509_make(
            authority?.key, authority?.certificate, subject, names.joined(separator: ","), serial,
            Int64(validity.lowerBound), Int64(validity.upperBound), &key, &certificate)
        guard isMade == 1, let key = unsafe key, let certificate = unsafe certificate else { return nil }
        return unsafe Self(key: String(cString: key), certificate: String(cString: certificate))
    }

    /// A client's certificate for the key of its request, in PEM; nil when the request is none, is not signed with its own key, or asks for
    /// another kind of key than P-256. Nothing else is taken from it.
    ///
    /// - Parameter validity: seconds since 1970.
    func certificate(
        forRequest request: String, subject: String, names: [String], serial: UInt64, validity: Range<Int>
    ) -> String? {
        var certificate: UnsafeMutablePointer<CChar>?
        defer { unsafe roost_text_free(certificate) }
        let isMade = unsafe roost_x509_sign_request(
            key, self.certificate, request, subject, names.joined(separator: ","), serial,
            Int64(validity.lowerBound), Int64(validity.upperBound), &certificate)
        guard isMade == 1, let certificate = unsafe certificate else { return nil }
        return unsafe String(cString: certificate)
    }

    /// Whether a certificate in PEM is an authority that can be trusted alone.
    static func isRoot(_ certificate: String) -> Bool { unsafe roost_x509_is_root(certificate) == 1 }

    init(key: String, certificate: String) {
        self.key = key
        self.certificate = certificate
    }

    /// The SHA-256 of a certificate in PEM as tools show it; nil when it is none.
    static func fingerprint(of certificate: String) -> String? {
        var hash = [UInt8](repeating: 0, count: 32)
        guard unsafe roost_x509_fingerprint(certificate, &hash) == 1 else { return nil }
        return hash.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined(
            separator: ":")
    }
}

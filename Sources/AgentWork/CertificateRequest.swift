import COpenSSL

/// A new key of the agent's, and its request for a certificate (RFC 2986), both in PEM.
struct CertificateRequest {
    /// PKCS 8: a secret.
    let key: String
    let text: String

    /// - Parameter name: for people; the center gives the name that counts.
    init(name: String) throws {
        var key: UnsafeMutablePointer<CChar>?
        var request: UnsafeMutablePointer<CChar>?
        defer {
            unsafe roost_text_free(key)
            unsafe roost_text_free(request)
        }
        guard unsafe roost_x509_request(String(name.unicodeScalars.prefix(60)), &key, &request) == 1,
            let key = unsafe key, let request = unsafe request
        else { throw AgentProblem("libcrypto cannot make a key") }
        (self.key, text) = unsafe (String(cString: key), String(cString: request))
    }
}

/// A certificate in PEM.
enum CertificateText {
    /// SHA-256, in hexadecimal digits; nil when it is none.
    static func fingerprint(of certificate: String) -> String? {
        var hash = [UInt8](repeating: 0, count: 32)
        guard unsafe roost_x509_fingerprint(certificate, &hash) == 1 else { return nil }
        return hash.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Seconds since 1970 in which it holds; nil when it is none.
    static func validity(of certificate: String) -> Range<Int>? {
        var (from, until): (Int64, Int64) = (0, 0)
        guard unsafe roost_x509_validity(certificate, &from, &until) == 1, from < until else { return nil }
        return Int(from)..<Int(until)
    }
}

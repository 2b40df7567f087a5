import NIOSSL

/// What a client shows of itself in a TLS handshake (RFC 8446 §4.4.2), and the name that it expects of the server.
package struct HTTPClientIdentity: Sendable {
    let chain: [NIOSSLCertificate]
    let key: NIOSSLPrivateKey
    let serverName: String?

    /// - Parameters:
    ///   - certificate: PEM.
    ///   - key: PEM.
    ///   - serverName: the name in the server's certificate, whatever address it is reached by; nil: that of the URL.
    ///   - place: where they are, for the error.
    package init(certificate: String, key: String, serverName: String?, at place: String)
        throws(HTTPClientError)
    {
        guard let chain = try? NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8)), !chain.isEmpty,
            let key = try? NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem)
        else { throw HTTPClientError(.certificateFile, at: place) }
        (self.chain, self.key, self.serverName) = (chain, key, serverName)
    }
}

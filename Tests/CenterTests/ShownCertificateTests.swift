import NIOSSL
import Testing

@testable import HTTPClient

/// The certificates that people look at before they trust them.
@Suite struct ShownCertificateTests {
    private static func lines(_ text: String) -> [Substring] { text.split(separator: "\n") }

    @Test(arguments: [TestCertificates.good, TestCertificates.expired])
    func `they are shown in PEM, whether they are valid or not`(certificate: String) async throws {
        let chain = try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8))
        let key = try NIOSSLPrivateKey(bytes: Array(TestCertificates.key.utf8), format: .pem)
        let tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        let server = try await ByteServer(tls: NIOSSLContext(configuration: tls)) { _ in .init(bytes: "") }
        let shown = try await ShownCertificates.fetch(from: "https://localhost:\(server.port)")
        #expect(shown.map(Self.lines) == [Self.lines(certificate)])
        try await server.stop()
    }

    @Test func `a server without TLS shows none, and an address without it is not asked`() async throws {
        let server = try await ByteServer { _ in .init(bytes: "HTTP/1.1 400 Bad Request\r\n\r\n") }
        let place = "localhost:\(server.port)"
        let plain = await #expect(throws: HTTPClientError.self) {
            try await ShownCertificates.fetch(from: "https://\(place)")
        }
        #expect(plain?.cause == .notEncrypted || plain?.cause == .closedEarly)
        let wrong = await #expect(throws: HTTPClientError.self) {
            try await ShownCertificates.fetch(from: "http://\(place)")
        }
        #expect(wrong?.cause == .address)
        try await server.stop()
    }
}

import Testing

@testable import RoostCommand

/// Addresses to listen on, as people write them.
@Suite struct ListeningAddressTests {
    @Test(
        arguments: [
            ("[::]:8443", "::", 8_443), ("[::1]:8080", "::1", 8_080), ("[fd00::1]:1", "fd00::1", 1),
            ("0.0.0.0:65535", "0.0.0.0", 65_535), ("roost.example:443", "roost.example", 443),
        ] as [(String, String, Int)])
    func `brackets are not part of an address`(text: String, host: String, port: Int) throws {
        let parts = try #require(ServerSettings.Center.parts(text))
        #expect(parts.host == host && parts.port == port)
        #expect(ServerSettings.Center.text(host: host, port: port) == text)
    }

    /// The end of the address cannot be determined, or the brackets do not contain one.
    @Test(arguments: [
        ":::8080", "::", "[::]", "[::]8080", "[[::]]:8080", "fd00::1:8443", "[10.0.0.1]:80", "[]:80", ":80",
        "a/b:80",
        "[::]:0", "[::]:65536", "[::]:port",
    ])
    func `ambiguous addresses are refused`(text: String) {
        #expect(ServerSettings.Center.parts(text) == nil)
    }
}

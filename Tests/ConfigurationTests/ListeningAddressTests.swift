import Testing
import Wire

@testable import RoostCommand

/// Addresses to listen on, as people write them.
@Suite struct ListeningAddressTests {
    @Test(
        arguments: [
            ("[::]:8443", "::", 8_443), ("[::1]:8080", "::1", 8_080), ("[fd00::1]:1", "fd00::1", 1),
            ("[fe80::1%eth1]:8443", "fe80::1%eth1", 8_443), ("0.0.0.0:65535", "0.0.0.0", 65_535),
            ("roost.example:443", "roost.example", 443),
        ] as [(String, String, Int)])
    func `brackets are not part of an address`(text: String, host: String, port: Int) throws {
        let parts = try #require(ServerSettings.Center.parts(text))
        #expect(parts.host == host && parts.port == port)
        // A zone means something here alone.
        let told = text.replacing("%eth1", with: "")
        #expect(ServerSettings.Center.text(host: host, port: port) == told)
    }

    @Test func `an address that stands for all is reached at those of the served interfaces`() throws {
        let fours = try ["10.77.0.1", "10.78.0.1"].map { try #require(IPAddress($0)) }
        let sixes = try [#require(IPAddress("fd00::1"))]
        for (host, names) in [
            ("0.0.0.0", ["10.77.0.1", "10.78.0.1"]), ("::", ["10.77.0.1", "10.78.0.1", "fd00::1"]),
            ("0:0::0", ["10.77.0.1", "10.78.0.1", "fd00::1"]), ("fd00::9", ["fd00::9"]),
            ("roost.example", ["roost.example"]),
        ] {
            #expect(ServedInterfaces.names(of: [host], fours: fours, sixes: sixes) == names)
        }
    }

    /// The end of the address cannot be determined, or the brackets do not contain one.
    @Test(arguments: [
        ":::8080", "::", "[::]", "[::]8080", "[[::]]:8080", "fd00::1:8443", "[10.0.0.1]:80", "[]:80", ":80",
        "a/b:80",
        "*:8443", "a b:80", "[fe80::1]:8443", "[fe80::1%]:8443", "[fd00::1%eth1]:8443", "[::]:0",
        "[::]:65536", "[::]:port",
    ])
    func `ambiguous addresses are refused`(text: String) {
        #expect(ServerSettings.Center.parts(text) == nil)
    }
}

import Fleet
import Testing
import Wire

@Suite struct BootPolicyTests {
    @Test func `machines are told the address that they asked, or the advertised one`() throws {
        let (own, advertised) = (
            try #require(IPv4Address("10.244.0.7")), try #require(IPv4Address("192.0.2.10"))
        )
        var policy = BootPolicy(server: .loopback, loaders: [], nodeArchives: [:])
        #expect(policy.on(server: own).httpBase == "http://10.244.0.7")
        policy.advertisedAddress = advertised
        #expect(policy.on(server: own).httpBase == "http://192.0.2.10")
    }
}

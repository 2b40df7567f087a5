import Testing
import Wire

@Suite struct RouterAdvertisementTests {
    @Test func `an advertisement says that there is no router and offers no address`() {
        var wire: [UInt8] = []
        RouterAdvertisement(source: MACAddress(rawValue: 0x5254_0012_3456)).write(to: &wire)
        // Type, code, checksum (filled in by the kernel), hop limit, flags, lifetime 0, reachable time and timer unspecified; then the
        // sender's hardware address as the only option (RFC 4861 §4.2, §4.6.1): no prefix.
        #expect(
            wire
                == bytes(
                    "86 00 00 00 40 00 00 00 00 00 00 00 00 00 00 00 01 01 52 54 00 12 34 56"))
    }
}

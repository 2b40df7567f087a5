import Linux
import Testing
import Wire

@Suite struct InterfaceAddress6Tests {
    @Test(arguments: [
        ("fd000000000000000000000000000002 04 40 00 82     eth0", "fd00::2", true),
        ("20010db8000000000000000000000001 02 40 00 80    eth0", "2001:db8::1", true),
        // Link-local; loopback; temporary; tentative; duplicate; deprecated.
        ("fe8000000000000000fc00fffe000001 04 40 20 80     eth0", "fe80::fc:ff:fe00:1", false),
        ("00000000000000000000000000000001 01 80 10 80       lo", "::1", false),
        ("20010db8000000000000000000000002 02 40 00 01    eth0", "2001:db8::2", false),
        ("20010db8000000000000000000000003 02 40 00 40    eth0", "2001:db8::3", false),
        ("20010db8000000000000000000000004 02 40 00 48    eth0", "2001:db8::4", false),
        ("20010db8000000000000000000000005 02 40 00 20    eth0", "2001:db8::5", false),
    ])
    func `a permanent address is distinguished from others`(line: String, address: String, lasts: Bool) throws
    {
        let found = try #require(InterfaceAddress6(line: line))
        #expect(found.address == IPAddress(address) && found.lasts == lasts)
        #expect(found.interface == (address == "::1" ? "lo" : "eth0"))
    }

    @Test(arguments: ["", "fd00 04 40 00 82 eth0", "zz000000000000000000000000000002 04 40 00 82 eth0"])
    func `an invalid line is ignored`(line: String) {
        #expect(InterfaceAddress6(line: line) == nil)
    }
}

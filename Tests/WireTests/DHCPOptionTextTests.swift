import Testing
import Wire

@Suite struct DHCPOptionTextTests {
    @Test(
        arguments: [
            (150, "10.0.0.5", [10, 0, 0, 5]), (42, "10.0.0.5,10.0.0.6", [10, 0, 0, 5, 10, 0, 0, 6]),
            (44, "10.0.0.5  10.0.0.6", [10, 0, 0, 5, 10, 0, 0, 6]), (66, "10.0.0.5", Array("10.0.0.5".utf8)),
            (26, "1400", [5, 0x78]), (23, "64", [64]), (2, "-3600", [0xFF, 0xFF, 0xF1, 0xF0]),
            (2, "3600", [0, 0, 0x0E, 0x10]),
            (27, "yes", [1]), (27, "False", [0]), (119, "a.bc, d", [1, 0x61, 2, 0x62, 0x63, 0, 1, 0x64, 0]),
            (119, "d.", [1, 0x64, 0]), (224, "5", [0x35]), (12, "", []),
        ] as [(UInt8, String, [UInt8])])
    func `text is parsed according to its option`(code: UInt8, text: String, bytes: [UInt8]) {
        #expect(DHCPOptionText.bytes(text, for: code) == bytes)
    }

    @Test(
        arguments: [
            (150, "tftp.example"), (150, ""), (42, "10.0.0.5, ntp"), (26, "65536"), (26, "-1"), (23, "256"),
            (27, "maybe"), (119, "a..b"), (119, ""),
        ] as [(UInt8, String)])
    func `a value of the wrong kind is refused, and the error names the right one`(code: UInt8, text: String)
    {
        #expect(DHCPOptionText.bytes(text, for: code) == nil)
        #expect(DHCPOptionText.expectation(of: code) != nil)
    }
}

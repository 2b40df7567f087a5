import Testing
import Wire

/// Hardware addresses as people and programs write them.
@Suite struct MACAddressTests {
    @Test(arguments: [
        "52:54:00:12:34:56", "52-54-00-12-34-56", "52 54 00 12 34 56", "52.54.00.12.34.56", "5254.0012.3456",
        "525400-123456", "525400123456", "52:54:0:12:34:56", "01-52-54-00-12-34-56", "01:52:54:00:12:34:56",
        "01525400123456",
    ])
    func `is read in each of its forms`(text: String) {
        #expect(MACAddress(text)?.rawValue == 0x5254_0012_3456)
        #expect(MACAddress(text.uppercased()) == MACAddress(text))
    }

    @Test(arguments: [
        "", ":", "52:54:00:12:34", "52:54:00:12:34:56:78", "02-52-54-00-12-34-56", "02525400123456",
        "1-52-54-00-12-34-56", "52:54:00-12:34:56", "52-54-0-12-34-56", "52:54::12:34:56",
        "52:54:00:12:34:5g",
        "52:54:00:12:34:567", "5254.0012.34567", "52540012345", "5254001234567", "015254001234567",
        "52_54_00_12_34_56", "５2:54:00:12:34:56", "52:54:00:12:34:56 ",
    ])
    func `is nothing else`(text: String) {
        #expect(MACAddress(text) == nil)
    }
}

import Testing
import Wire

@Suite struct MagicPacketTests {
    @Test func `it is six bytes of ones, and the address sixteen times`() throws {
        let machine = try #require(MACAddress("52:54:00:12:34:56"))
        var bytes: [UInt8] = []
        MagicPacket(machine).write(to: &bytes)
        #expect(bytes.count == 102 && bytes.prefix(6).allSatisfy { $0 == 0xFF })
        for copy in 0..<16 {
            #expect(Array(bytes[(6 + copy * 6)..<(12 + copy * 6)]) == [0x52, 0x54, 0x00, 0x12, 0x34, 0x56])
        }
    }
}

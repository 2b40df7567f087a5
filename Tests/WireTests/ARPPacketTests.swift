import Testing

import Wire

/// Packets by which the server asks whether an address is in use.
@Suite struct ARPPacketTests {
    private static let mac = MACAddress(rawValue: 0x5254_0012_3456)
    private static let address = IPv4Address(rawValue: 0x0A4D_0009)

    /// A reply as a host sends it, without the Ethernet header.
    private static let reply = bytes(
        "00 01 08 00 06 04 00 02 52 54 00 12 34 56 0A 4D 00 09 02 00 00 00 00 01 0A 4D 00 01")

    @Test func `a probe is a broadcast that claims no address (RFC 5227)`() {
        let frame = ARPPacket(probing: Self.address, from: Self.mac).broadcastFrame
        #expect(
            frame
                == bytes(
                    "FF FF FF FF FF FF 52 54 00 12 34 56 08 06 00 01 08 00 06 04 00 01 52 54 00 12 34 56"
                        + " 00 00 00 00 00 00 00 00 00 00 0A 4D 00 09"))
    }

    @Test func `a reply is read and written alike, with the padding of short frames`() throws {
        for padding in [0, 18] {
            let padded = Self.reply + [UInt8](repeating: 0, count: padding)
            var wire = padded.span
            let packet = try ARPPacket(parsing: &wire)
            #expect(packet.operation == .reply && packet.senderMAC == Self.mac)
            #expect(packet.senderAddress == Self.address)
            #expect(packet.targetAddress == IPv4Address(rawValue: 0x0A4D_0001))
            var written: [UInt8] = []
            packet.write(to: &written)
            #expect(written == Self.reply)
        }
    }

    @Test func `what is cut off, or of another hardware, protocol or operation, is refused`() {
        for count in 0..<Self.reply.count {
            #expect(throws: WireError.self) {
                let part = Array(Self.reply.prefix(count))
                var wire = part.span
                _ = try ARPPacket(parsing: &wire)
            }
        }
        for (index, value) in [(1, 6), (2, 0x86), (4, 8), (5, 16), (7, 3)] as [(Int, UInt8)] {
            var other = Self.reply
            other[index] = value
            let wrong = other
            #expect(throws: WireError.self) {
                var wire = wrong.span
                _ = try ARPPacket(parsing: &wire)
            }
        }
    }
}

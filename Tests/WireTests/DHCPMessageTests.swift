import Testing
import Wire

@Suite struct DHCPMessageTests {
    static func discover() -> DHCPMessage {
        var message = DHCPMessage(transaction: 0x1234_5678, from: MACAddress(rawValue: 0x5254_0012_3456))
        message.seconds = 4
        message.flags = 0x8000
        message.options.set(.messageType, to: .discover)
        message.options.set(.clientArchitecture, to: [.uefiX64])
        message.options.set(.vendorClass, to: "PXEClient:Arch:00007:UNDI:003010")
        message.options[55] = [1, 3, 6, 66, 67]
        return message
    }

    @Test func `a written message parses to the same value`() throws {
        let message = Self.discover()
        let wire = written(message)
        #expect(wire.count == 300)
        let again = try parse(DHCPMessage.self, wire)
        #expect(again.macAddress == MACAddress("52:54:00:12:34:56"))
        #expect(again.transaction == message.transaction)
        #expect(again.wantsBroadcast)
        #expect(try again.options.value(of: .clientArchitecture) == [.uefiX64])
        #expect(written(again) == wire)
    }

    @Test func `every message truncated before its options is refused`() throws {
        let wire = written(Self.discover())
        for length in 0..<236 {
            #expect(throws: WireError.self) { try parse(DHCPMessage.self, Array(wire[..<length])) }
        }
    }

    @Test func `a BOOTP message without options is read`() throws {
        let wire = Array(written(Self.discover())[..<236])
        #expect(try parse(DHCPMessage.self, wire).options.codes.isEmpty)
    }

    @Test func `options in the file and sname fields are read, and are not taken for a file name`() throws {
        var wire = written(Self.discover())
        // Option 52 = 3 as the first option; host name in sname, boot file name in file.
        wire.replaceSubrange(240..., with: bytes("34 01 03 35 01 01 FF"))
        wire.replaceSubrange(44..<49, with: bytes("0C 02 70 63 FF"))
        wire.replaceSubrange(108..<113, with: bytes("43 02 61 62 FF"))
        let message = try parse(DHCPMessage.self, wire)
        #expect(try message.options.value(of: .hostName) == "pc")
        #expect(try message.options.value(of: .bootFileName) == "ab")
        #expect(message.bootFile.isEmpty)
        #expect(message.serverName.isEmpty)
    }

    @Test func `a hardware address longer than its field is refused`() {
        var wire = written(Self.discover())
        wire[2] = 17
        #expect(throws: WireError.tooLong("hlen", count: 17, limit: 16)) { try parse(DHCPMessage.self, wire) }
    }

    @Test func `a message is padded to the 300 bytes that old relays need`() {
        #expect(written(DHCPMessage(transaction: 1, from: MACAddress(rawValue: 1))).count == 300)
    }
}

@Suite struct DHCPOptionsTests {
    @Test(arguments: [
        ("00 07", [ClientArchitecture.uefiX64]),
        ("00 00 00 10", [.biosX86, .uefiX64HTTP]),
        ("12 34", [ClientArchitecture(rawValue: 0x1234)]),
    ])
    func `option 93 round-trips`(hex: String, architectures: [ClientArchitecture]) throws {
        var options = DHCPOptions()
        options.set(.clientArchitecture, to: architectures)
        #expect(options[93] == bytes(hex))
        #expect(try options.value(of: .clientArchitecture) == architectures)
    }

    @Test(arguments: ["5D", "5D 04 00 07", "5D FF 00 07 FF", "52 09 01 02"])
    func `a truncated last option is dropped, and those before it are read`(hex: String) throws {
        let options = try parse(DHCPOptions.self, bytes("35 01 01 0C 02 70 63 " + hex))
        #expect(options.codes == [53, 12])
        #expect(try options.value(of: .hostName) == "pc")
    }

    @Test func `if an option of fixed length is repeated, the first one counts`() throws {
        let options = try parse(
            DHCPOptions.self, bytes("35 01 01 32 04 0A 4D 00 05 35 01 03 32 04 0A 4D 00 06 FF"))
        #expect(try options.value(of: .messageType) == .discover)
        #expect(try options.value(of: .requestedAddress) == IPv4Address("10.77.0.5"))
    }

    @Test func `options that do not fit are dropped, and requested ones are kept first, in order`() {
        var options = DHCPOptions()
        options.set(.messageType, to: .ack)
        options[12] = [UInt8](repeating: 1, count: 10)
        options[119] = [UInt8](repeating: 2, count: 300)
        options[121] = [UInt8](repeating: 3, count: 40)
        options[252] = [UInt8](repeating: 4, count: 20)
        let all = options.byteCount
        #expect(all == written(options).count)
        var same = options
        same.fit(all, wanted: [])
        #expect(same == options)
        options.fit(3 + 12 + 42 + 1, wanted: [53, 121, 252])
        #expect(options.codes == [53, 12, 121])
        #expect(options.byteCount == written(options).count)
    }

    @Test(arguments: [
        ("01 04 65 74 68 31 05 04 0A 4E 00 00", "01 04 65 74 68 31", "10.78.0.0", nil),
        ("0B 04 0A 4E 00 01 02 02 AA BB 09 09", "02 02 AA BB", nil, "10.78.0.1"),
        ("05 03 0A 4E 00 01", "", nil, nil), ("05", "", nil, nil),
    ])
    func `sub-options of a relay are read as far as they are valid`(
        hex: String, port: String, link: String?, server: String?
    ) {
        let agent = RelayAgentInformation(bytes(hex))
        #expect(agent.port == bytes(port))
        #expect(agent.linkSelection == link.flatMap { IPv4Address($0) })
        #expect(agent.serverIdentifier == server.flatMap { IPv4Address($0) })
    }

    @Test(arguments: [
        ("13 00", true), ("01 01 07 13 00", true), ("13 02 00 00", true), ("01 01 13", false), ("13", false),
        ("", false),
    ])
    func `a relay says with sub-option 19 that it hears on the port that it sent from`(
        hex: String, does: Bool
    ) {
        #expect(RelayAgentInformation(bytes(hex)).hearsOnSourcePort == does)
    }

    @Test func `an option in several parts is joined (RFC 3396)`() throws {
        let options = try parse(DHCPOptions.self, bytes("2B 02 01 02 2B 01 03 FF"))
        #expect(options[43] == [1, 2, 3])
    }

    @Test func `a value above 255 bytes is written in parts`() throws {
        var options = DHCPOptions()
        options[43] = [UInt8](repeating: 7, count: 300)
        let wire = written(options)
        #expect(wire.count == 300 + 4 + 1)
        #expect(try parse(DHCPOptions.self, wire)[43]?.count == 300)
    }

    @Test func `message type is first and relay information last, whatever the order of setting`() {
        var options = DHCPOptions()
        options[82] = [1, 1, 9]
        options[12] = [0x61]
        options.set(.messageType, to: .ack)
        #expect(written(options) == bytes("35 01 05 0C 01 61 52 03 01 01 09 FF"))
    }

    @Test func `a missing end mark and padding are tolerated`() throws {
        #expect(try parse(DHCPOptions.self, bytes("00 00 35 01 05 00")).codes == [53])
    }

    @Test(arguments: [
        ("69 50 58 45", ["iPXE"]),  // Bare, as QEMU's ROM sends it.
        ("04 69 50 58 45", ["iPXE"]),  // With its length (RFC 3004).
        ("04 69 50 58 45 03 61 62 63", ["iPXE", "abc"]),
        ("69 50 58 45 00", ["iPXE"]), ("05 69 50 58 45", ["iPXE"]), ("05 69 50 58 45 00", ["iPXE"]),
    ])
    func `a user class is read with and without its length`(hex: String, classes: [String]) throws {
        #expect(try parse(UserClass.self, bytes(hex)).classes == classes)
    }

    @Test func `a UUID in SMBIOS order becomes its text`() throws {
        let wire = bytes("00 78 56 34 12 34 12 78 56 12 34 56 78 9A BC DE F0")
        let uuid = try parse(ClientUUID.self, wire)
        #expect(uuid.uuid.description == "12345678-1234-5678-1234-56789abcdef0")
        #expect(written(uuid) == wire)
        // Without its type, and with another one.
        #expect(try parse(ClientUUID.self, Array(wire.dropFirst())) == uuid)
        #expect(try parse(ClientUUID.self, [1] + wire.dropFirst()) == uuid)
        #expect(throws: WireError.self) { try parse(ClientUUID.self, Array(wire.dropFirst(2))) }
    }

    @Test(arguments: [
        ("18 0A 4D 00 0A 4D 00 01", "10.77.0.0/24"), ("00 0A 4D 00 01", "0.0.0.0/0"),
        ("11 0A 4D 80 0A 4D 00 01", "10.77.128.0/17"),
    ])
    func `classless routes carry only the bytes of their prefix (RFC 3442)`(hex: String, network: String)
        throws
    {
        let route = try parse(ClasslessRoute.self, bytes(hex))
        #expect(route.network.description == network)
        #expect(written(route) == bytes(hex))
    }
}

@Suite struct ReplyDestinationTests {
    private func destination(_ change: (inout DHCPMessage) -> Void, isNegative: Bool = false)
        -> ReplyDestination
    {
        var request = DHCPMessage(transaction: 1, from: MACAddress(rawValue: 0x5254_0012_3456))
        change(&request)
        var reply = DHCPMessage(replyTo: request)
        reply.yourAddress = IPv4Address(rawValue: 0x0A4D_0064)
        return ReplyDestination(of: reply, to: request, isNegative: isNegative)
    }

    @Test func `RFC 2131 §4.1 decides where a reply goes`() {
        let relay = IPv4Address(rawValue: 0x0A01_0001)
        let own = IPv4Address(rawValue: 0x0A4D_0064)
        #expect(destination { $0.relay = relay } == .relay(relay))
        #expect(destination { $0.clientAddress = own } == .unicast(own))
        #expect(destination { $0.flags = 0x8000 } == .broadcast)
        #expect(destination { _ in } == .hardware(MACAddress(rawValue: 0x5254_0012_3456), own))
        #expect(destination({ $0.clientAddress = own }, isNegative: true) == .broadcast)
        #expect(destination({ $0.relay = relay }, isNegative: true) == .relay(relay))
    }
}

import Testing
import Wire

@testable import Fleet

/// Requests of PXE firmware to a boot server, port 4011 (PXE 2.1).
@Suite struct BootServerTests {
    /// As EDK2 sends it after an offer of a proxy: DHCPREQUEST with its address, and no requested one.
    private static func request(
        _ type: DHCPMessageType = .request, item: [UInt8]? = nil,
        _ change: (inout DHCPMessage) -> Void = { _ in }
    ) throws -> DHCPMessage {
        var message = DHCPMessage(transaction: 7, from: Sample.mac)
        message.clientAddress = try #require(IPv4Address("10.77.0.100"))
        message.options.set(.messageType, to: type)
        message.options[60] = Array("PXEClient:Arch:00000:UNDI:002001".utf8)
        message.options[93] = [0, 0]
        message.options[94] = [1, 2, 1]
        message.options[97] = [0] + [UInt8](1...16)
        if let item { message.options[43] = [71, 4] + item + [255] }
        change(&message)
        return message
    }

    private func answer(
        _ message: DHCPMessage, from source: String = "10.77.0.100", port: UInt16 = 68
    ) throws -> (DHCPOutcome, leases: Int) {
        let network = try DHCPNetwork()
        let outcome = network.server.bootServer(
            message, on: "br0", from: try #require(IPv4Address(source)), port: port, now: network.now,
            snapshot: network.snapshot, policy: Sample.policy())
        return (outcome, network.server.table.leaseCount)
    }

    @Test(arguments: [UInt16(68), 4_011]) func `firmware gets its boot file at the port that it asked from`(
        port: UInt16
    ) throws {
        let (outcome, leases) = try answer(Self.request(item: [0, 9, 0x80, 1]), port: port)
        let reply = try #require(outcome.reply)
        #expect(reply.port == port)
        #expect(reply.destination == .unicast(try #require(IPv4Address("10.77.0.100"))))
        let message = reply.message
        #expect(try message.options.value(of: .messageType) == .ack)
        #expect(message.transaction == 7 && message.yourAddress == .any)
        #expect(message.bootFile == "undionly.kpxe" && message.nextServer == Sample.server)
        #expect(try message.options.value(of: .vendorClass) == "PXEClient")
        #expect(try message.options.value(of: .serverIdentifier) == Sample.server)
        #expect(message.options[97] == [0] + [UInt8](1...16))
        // The item that was asked for, without the bit for credentials.
        #expect(message.options[43] == [71, 4, 0, 9, 0, 1, 255])
        #expect(!message.options.has(51) && outcome.lease == nil && leases == 0)
        #expect(!outcome.beginsBoot)
    }

    @Test func `without a boot item, the boot file is that of the message`() throws {
        let (outcome, _) = try answer(Self.request(.inform))
        #expect(outcome.reply?.message.options[43] == [6, 1, 8, 255])
        // Lengths that lie say nothing.
        for vendor: [UInt8] in [[71, 200, 0], [71], [6, 9, 1], [71, 2, 0, 0, 255], [0, 0, 0]] {
            let (outcome, _) = try answer(Self.request { $0.options[43] = vendor })
            #expect(outcome.reply?.message.options[43] == [6, 1, 8, 255])
        }
    }

    @Test func `iPXE gets its script, as it comes from a loader that another server named`() throws {
        let (outcome, leases) = try answer(Self.request { $0.options[175] = [0x13, 1, 1] })
        let message = try #require(outcome.reply?.message)
        #expect(message.bootFile.hasSuffix("/boot.ipxe") && leases == 0)
        #expect(try message.options.value(of: .vendorClass) == "PXEClient")
    }

    @Test func `what is no request of firmware here gets no answer`() throws {
        #expect(try answer(Self.request(.discover)).0.note == .notBootServer)
        #expect(try answer(Self.request(.release)).0.note == .notBootServer)
        #expect(
            try answer(
                Self.request {
                    $0.options[60] = nil; $0.options[93] = nil
                }
            ).0.note == .notBootServer)
        #expect(
            try answer(Self.request { $0.options[60] = Array("HTTPClient:Arch:00016".utf8) }).0.reply == nil)
        #expect(try answer(Self.request { $0.operation = .reply }).0.note == .notRequest)
        #expect(try answer(Self.request { $0.relay = Sample.server }).0.note == .notRequest)
        // A source that was invented: nothing goes to another port, or to an address that is not served.
        #expect(try answer(Self.request(), port: 53).0.note == .foreignPort(53))
        for source in ["192.0.2.1", "10.77.0.101"] {
            #expect(try answer(Self.request(), from: source).0.reply == nil)
        }
    }
}

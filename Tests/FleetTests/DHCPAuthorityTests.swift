import Testing
import Wire

@testable import Fleet

/// For which addresses the server speaks, and for which it is silent.
@Suite struct DHCPAuthorityTests {
    private func address(_ text: String) throws -> IPv4Address { try #require(IPv4Address(text)) }

    /// RFC 2131 §4.3.2: INIT-REBOOT of a client that this server does not know.
    @Test func `an unknown client that reboots is refused on a served wire, and gets no answer elsewhere`()
        throws
    {
        let far = DHCPLink(
            interface: nil, subnets: [try DHCPNetwork.subnet("10.80.0.0/24", pool: "10.80.0.10-10.80.0.20")])
        let near = DHCPLink(
            interface: "br0",
            subnets: [try DHCPNetwork.subnet("10.77.0.0/24", pool: "10.77.0.100-10.77.0.101")],
            idle: [try #require(IPv4Network("10.78.0.0/24")), try #require(IPv4Network("10.77.0.0/16"))])
        let relay = try address("10.80.0.1")
        for (wanted, interface, giaddr, type) in [
            // Outside of the pools, the server's own, and of another subnet: wherever that is.
            ("10.77.0.50", "br0", nil, DHCPMessageType.nak), ("10.77.0.1", "br0", nil, .nak),
            ("192.168.1.5", "br0", nil, .nak), ("10.80.0.15", "br0", nil, .nak),
            ("10.77.0.101", "br0", relay, .nak), ("10.80.0.99", "br0", relay, .nak),
            // Free and in a pool: it has it from a server that was here before.
            ("10.77.0.101", "br0", nil, .ack), ("10.80.0.15", "br0", relay, .ack),
            // A wire, or a relay, that is not served; a network that is not served for now.
            ("10.77.0.101", "br1", nil, nil), ("192.168.1.5", "br1", nil, nil),
            ("10.77.0.101", "br0", try address("10.81.0.1"), nil),
            ("10.78.0.5", "br0", nil, nil), ("10.77.9.9", "br0", nil, nil),
        ] as [(String, String, IPv4Address?, DHCPMessageType?)] {
            var network = DHCPNetwork([near, far])
            let requested = try address(wanted)
            let outcome = network.say(.request, interface: interface) {
                $0.options.set(.requestedAddress, to: requested)
                if let giaddr { $0.relay = giaddr }
            }
            let given = try outcome.reply?.message.options.value(of: .messageType)
            #expect(given == type, "\(wanted) on \(interface) by \(giaddr.map { "\($0)" } ?? "-")")
            #expect((outcome.lease != nil) == (type == .ack))
            guard type == .nak else { continue }
            let destination = giaddr.map { ReplyDestination.relay($0) } ?? .broadcast
            #expect(outcome.reply?.destination == destination)
        }
    }
}

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
            ("10.80.0.15", "br0", relay, .ack),
            // The same, but it can be asked first who uses the address.
            ("10.77.0.101", "br0", nil, nil),
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

    /// RFC 2131 §4.3.2: silence for an unknown client that reboots. Silence for good would cost all machines their addresses when leases
    /// are lost.
    @Test
    func `an unknown client gets a free address when it asks again, unless a machine uses that address`()
        throws
    {
        let wanted = try address("10.77.0.101")
        for isUsed in [false, true] {
            var network = try DHCPNetwork()
            func ask() -> DHCPOutcome {
                network.say(.request) { $0.options.set(.requestedAddress, to: wanted) }
            }
            let first = ask()
            #expect(first.reply == nil && first.lease == nil)
            #expect(first.note == .askingFirst(wanted))
            #expect(first.probes == [wanted])
            // Meanwhile the address is not given to others.
            #expect(network.take(mac: 2) == (try address("10.77.0.100")))
            if isUsed {
                #expect(
                    network.server.found(MACAddress(rawValue: 9), on: wanted, now: network.now)?.holder
                        == .foreign(wanted))
            }
            network.now += 4
            let second = ask()
            #expect(try second.reply?.message.options.value(of: .messageType) == (isUsed ? .nak : .ack))
            #expect(second.lease?.address == (isUsed ? nil : wanted))
        }
    }

    @Test func `an unknown client that uses its address, or names this server, is answered at once`() throws {
        let wanted = try address("10.77.0.101")
        var network = try DHCPNetwork()
        #expect(network.say(.request) { $0.clientAddress = wanted }.lease?.address == wanted)
        network = try DHCPNetwork()
        let chosen = network.say(.request) {
            $0.options.set(.requestedAddress, to: wanted)
            $0.options.set(.serverIdentifier, to: Sample.server)
        }
        #expect(chosen.lease?.address == wanted)
    }

    @Test func `requests without an offer cannot empty a pool from one port`() throws {
        var network = try DHCPNetwork(pool: "10.77.0.101-10.77.0.120")
        func leases(onPort port: UInt8, from first: UInt64) throws -> Int {
            try (0..<20).count { index in
                let wanted = try address("10.77.0.\(101 + index)")
                return network.say(.request, mac: first + UInt64(index)) {
                    $0.clientAddress = wanted
                    $0.options[82] = [1, 1, port]
                }.lease != nil
            }
        }
        #expect(try leases(onPort: 1, from: 1) == 18)
        #expect(try leases(onPort: 2, from: 101) == 2)
    }

    @Test(arguments: [DHCPMessageType.decline, .release])
    func `what a client says to another server changes nothing here`(type: DHCPMessageType) throws {
        var network = try DHCPNetwork()
        let taken = network.take()
        let own = try #require(taken)
        let other = try address("10.77.0.2")
        for server in [other, Sample.server] {
            let outcome = network.say(type) {
                if type == .release { $0.clientAddress = own }
                if type == .decline { $0.options.set(.requestedAddress, to: own) }
                $0.options.set(.serverIdentifier, to: server)
            }
            #expect((outcome.lease == nil) == (server == other))
            if server == other { #expect(outcome.note == .otherServerChosen(other)) }
        }
    }
}

import Testing
import Wire

@testable import Fleet

/// Clients that fill in a message differently from RFC 2131 §4.4.1, and get what they mean.
@Suite struct DHCPOddClientsTests {
    private func address(_ text: String) throws -> IPv4Address { try #require(IPv4Address(text)) }

    private func type(_ outcome: DHCPOutcome) throws -> DHCPMessageType? {
        try outcome.reply?.message.options.value(of: .messageType)
    }

    private static let pxe = Array("PXEClient:Arch:00000:UNDI:002001".utf8)

    /// A network on our own interface, and one behind a relay.
    private func twoNetworks() throws -> DHCPNetwork {
        DHCPNetwork([
            DHCPLink(
                interface: "br0",
                subnets: [try DHCPNetwork.subnet("10.77.0.0/24", pool: "10.77.0.100-10.77.0.109")]),
            DHCPLink(
                interface: nil,
                subnets: [try DHCPNetwork.subnet("10.78.0.0/24", pool: "10.78.0.100-10.78.0.101")]),
        ])
    }

    @Test(arguments: ["10.77.0.150", "10.78.0.100", "192.168.1.5"])
    func
        `a discover with the client's former address is answered on its own network, where the client receives it`(
            former: String
        ) throws
    {
        var network = try twoNetworks()
        let former = try address(former)
        let offer = network.say(.discover, from: .any) { $0.clientAddress = former }
        let own = try address("10.77.0.100")
        #expect(try type(offer) == .offer)
        #expect(offer.reply?.message.yourAddress == own)
        #expect(offer.reply?.destination == .hardware(Sample.mac, own))
        // The request still contains it.
        let ack = network.say(.request, from: .any) {
            $0.clientAddress = former
            $0.options.set(.requestedAddress, to: own)
            $0.options.set(.serverIdentifier, to: Sample.server)
        }
        #expect(try type(ack) == .ack)
        #expect(ack.reply?.message.yourAddress == own)
        #expect(ack.reply?.destination == .hardware(Sample.mac, own))
    }

    @Test func `a request with the offered address only in ciaddr accepts the offer`() throws {
        var network = try DHCPNetwork()
        let offer = network.say(.discover).reply?.message
        let own = try #require(offer?.yourAddress)
        let ack = network.say(.request, from: .any) {
            $0.clientAddress = own
            $0.options.set(.serverIdentifier, to: Sample.server)
        }
        #expect(try type(ack) == .ack)
        #expect(ack.reply?.destination == .hardware(Sample.mac, own))
    }

    @Test
    func `a client that sends without an address is answered by its MAC address, others by their address`()
        throws
    {
        var network = try DHCPNetwork()
        let taken = network.take()
        let own = try #require(taken)
        let fromNone = network.say(.request, from: .any) { $0.clientAddress = own }
        #expect(fromNone.reply?.destination == .hardware(Sample.mac, own))
        let fromOwn = network.say(.request, from: own) { $0.clientAddress = own }
        #expect(fromOwn.reply?.destination == .unicast(own))
    }

    @Test(arguments: [true, false])
    func `firmware that names no address, or no server, accepts the offer`(namesServer: Bool) throws {
        var network = try DHCPNetwork()
        let offer = try #require(network.say(.discover) { $0.options[60] = Self.pxe }.reply?.message)
        // The acknowledgement may be lost: the request is repeated.
        for _ in 0..<(namesServer ? 2 : 1) {
            let outcome = network.say(.request) {
                if namesServer { $0.options.set(.serverIdentifier, to: Sample.server) }
            }
            let ack = try #require(outcome.reply?.message)
            #expect(try type(outcome) == .ack)
            #expect(ack.yourAddress == offer.yourAddress)
            #expect(ack.bootFile == offer.bootFile)
        }
    }

    @Test func `a request without a server gets the boot answer of its own transaction only`() throws {
        var network = try DHCPNetwork()
        let offer = try #require(network.say(.discover) { $0.options[60] = Self.pxe }.reply?.message)
        for transaction: UInt32 in [7, 7, 8] {
            let ack = try #require(
                network.say(.request) {
                    $0.transaction = transaction
                    $0.options.set(.requestedAddress, to: offer.yourAddress)
                }.reply?.message)
            #expect(ack.bootFile == (transaction == 7 ? offer.bootFile : ""))
        }
    }

    @Test func `a server identifier of zeros counts as absent`() throws {
        var network = try DHCPNetwork()
        let offer = try #require(network.say(.discover).reply?.message)
        let ack = network.say(.request) {
            $0.options.set(.requestedAddress, to: offer.yourAddress)
            $0.options.set(.serverIdentifier, to: .any)
        }
        #expect(try type(ack) == .ack)
    }

    @Test func `a client that informs without its address is recognised by its source address`() throws {
        var network = try DHCPNetwork()
        let own = try address("10.77.0.50")
        let ack = network.say(.inform, from: own)
        #expect(try type(ack) == .ack)
        #expect(ack.reply?.destination == .unicast(own))
        #expect(ack.reply?.message.yourAddress == .any)
        #expect(network.say(.inform, from: .any).reply == nil)
    }

    @Test(arguments: [0, 0xFFFF_FFFF_FFFF, 0x0100_5E00_0001] as [UInt64])
    func `an impossible MAC address is not an identity, unless there is an identifier`(mac: UInt64) throws {
        var network = try DHCPNetwork()
        #expect(network.say(.discover, mac: mac).note == .withoutIdentity)
        #expect(try type(network.say(.discover, mac: mac) { $0.options[61] = [0, 1, 2, 3] }) == .offer)
    }

    @Test func `a default route among the routes appears once`() throws {
        var subnet = try DHCPNetwork.subnet("10.77.0.0/24", pool: "10.77.0.100-10.77.0.101")
        let router = try address("10.77.0.254")
        subnet.router = router
        subnet.routes = [ClasslessRoute(network: try #require(IPv4Network("0.0.0.0/0")), router: router)]
        var network = DHCPNetwork([DHCPLink(interface: "br0", subnets: [subnet])])
        let offer = network.say(.discover).reply?.message
        #expect(offer?.options[121] == [0, 10, 77, 0, 254])
    }

    /// pyke369/pdhcp#3, sargon/ddhcpd#13
    @Test(arguments: [0, 0x8000] as [UInt16])
    func `a relay gets the broadcast flag as the client set it, and the broadcast address of its network`(
        flags: UInt16
    ) throws {
        var network = try twoNetworks()
        let relay = try address("10.78.0.1")
        let offer = network.say(.discover) {
            $0.relay = relay
            $0.flags = flags
            $0.options[55] = [28]
        }
        #expect(offer.reply?.message.flags == flags)
        #expect(offer.reply?.message.options[28] == [10, 78, 0, 255])
    }

    /// eblot/pybootd#16, fortra/impacket#1901: what small programs send.
    @Test(
        arguments: [
            (61, []), (61, [1]), (12, []), (50, [0, 0, 0, 0]), (57, [0, 16]), (51, [255, 255, 255, 255]),
            (55, []),
            (118, [10, 5, 0, 0]), (80, []), (116, [1]), (52, [3]), (93, [0, 7, 0]), (93, []),
        ] as [(UInt8, [UInt8])])
    func `an option that is empty, too short or of no use here does not cost the client its address`(
        code: UInt8, value: [UInt8]
    ) throws {
        var network = try DHCPNetwork()
        let offer = network.say(.discover) {
            $0.options[60] = Self.pxe
            $0.options[code] = value
        }
        #expect(try type(offer) == .offer)
    }

    @Test func `an address declined in ciaddr is put on hold`() throws {
        var network = try DHCPNetwork()
        let taken = network.take()
        let own = try #require(taken)
        #expect(network.say(.decline) { $0.clientAddress = own }.note == .declined(own))
    }

    @Test func `a relay that represents the server is answered from the server's own address`() throws {
        var network = try twoNetworks()
        let relay = try address("10.78.0.1")
        for agent: [UInt8] in [[11, 4, 10, 78, 0, 1], [5, 4, 0, 0, 0, 0, 11, 4, 10, 78, 0, 1]] {
            let offer = try #require(
                network.say(.discover) {
                    $0.relay = relay
                    $0.options[82] = agent
                }.reply)
            #expect(try offer.message.options.value(of: .serverIdentifier) == relay)
            #expect(offer.source == Sample.server)
        }
        let refusal = network.say(.request, mac: 9) {
            $0.relay = relay
            $0.options[82] = [11, 4, 10, 78, 0, 1]
            $0.options.set(.requestedAddress, to: IPv4Address(rawValue: 0x0A4D_0064))
        }
        #expect(refusal.reply?.source == Sample.server)
    }

    @Test func `a relay that sends from another of its addresses is answered at the one that it names`()
        throws
    {
        let far = try DHCPNetwork.subnet("10.78.0.0/24", pool: "10.78.0.10-10.78.0.20")
        var network = DHCPNetwork([DHCPLink(interface: nil, subnets: [far])])
        let relay = try #require(IPv4Address("10.78.0.1"))
        let other = try #require(IPv4Address("192.0.2.7"))
        let offer = network.say(.discover, interface: nil, from: other) { $0.relay = relay }.reply
        let address = try #require(offer?.message.yourAddress)
        let ack = network.say(.request, interface: nil, from: other) {
            $0.relay = relay
            $0.options.set(.requestedAddress, to: address)
            $0.options.set(.serverIdentifier, to: Sample.server)
        }.reply
        for reply in [offer, ack] {
            #expect(reply?.destination == .relay(relay) && reply?.port == 67)
        }
    }

    @Test(
        arguments: [
            ([1, 1, 7], 1_067, 67), ([1, 1, 7, 19, 0], 1_067, 1_067), ([19, 2, 0, 0], 67, 67),
            ([19, 0], 0, 67),
        ] as [([UInt8], UInt16, UInt16)])
    func `a relay is answered at port 67, or where it says that it hears (RFC 8357)`(
        agent: [UInt8], port: UInt16, heard: UInt16
    ) throws {
        var network = try twoNetworks()
        let relay = try address("10.78.0.1")
        for type in [DHCPMessageType.discover, .request] {
            let reply = network.say(type, port: port) {
                $0.relay = relay
                $0.options[82] = agent
                // Of another network: a refusal.
                if type == .request {
                    $0.options.set(.requestedAddress, to: IPv4Address(rawValue: 0x0A4D_0064))
                }
            }.reply
            #expect(reply?.port == heard && reply?.destination == .relay(relay))
            #expect(reply?.message.options[82] == agent)
        }
    }

    @Test func `a client that informs through a relay is reached by broadcast, for it is given no address`()
        throws
    {
        var network = try twoNetworks()
        let relay = try address("10.78.0.1")
        let own = try address("10.78.0.15")
        let ack = network.say(.inform) {
            $0.relay = relay
            $0.clientAddress = own
        }.reply
        #expect(ack?.message.flags == 0x8000 && ack?.message.yourAddress == .any)
        #expect(ack?.destination == .relay(relay))
        // With an address the client's wish counts.
        #expect(network.say(.discover) { $0.relay = relay }.reply?.message.flags == 0)
    }

    @Test func `what a client gives back comes through a relay that stood for the server, said or not`()
        throws
    {
        var network = try twoNetworks()
        for (type, agent) in [
            (DHCPMessageType.release, [11, 4, 10, 78, 0, 1]), (.release, nil), (.decline, nil),
        ] as [(DHCPMessageType, [UInt8]?)] {
            let taken = network.take(relay: "10.78.0.1", agent: [11, 4, 10, 78, 0, 1])
            let own = try #require(taken)
            let outcome = network.say(type) {
                $0.relay = IPv4Address(rawValue: 0x0A4E_0001)
                $0.options[82] = agent
                $0.options.set(.serverIdentifier, to: IPv4Address(rawValue: 0x0A4E_0001))
                $0.clientAddress = own
            }
            #expect(outcome.note == (type == .release ? .released(own) : .declined(own)))
        }
        // Another server is another one, and so is a relay with a server of its own that a client chooses.
        let other = network.say(.release) {
            $0.relay = IPv4Address(rawValue: 0x0A4E_0001)
            $0.options.set(.serverIdentifier, to: IPv4Address(rawValue: 0x0A4E_0009))
        }
        #expect(other.note == .otherServerChosen(IPv4Address(rawValue: 0x0A4E_0009)))
        let chosen = network.say(.request) {
            $0.relay = IPv4Address(rawValue: 0x0A4E_0001)
            $0.options.set(.serverIdentifier, to: IPv4Address(rawValue: 0x0A4E_0001))
            $0.options.set(.requestedAddress, to: IPv4Address(rawValue: 0x0A4E_000F))
        }
        #expect(chosen.note == .otherServerChosen(IPv4Address(rawValue: 0x0A4E_0001)))
    }

    /// Each order says that it is about the address that another machine has.
    @Test(arguments: [
        DHCPMessageType.request, .decline, .release, .inform, .discover, nil,
    ])
    func `no odd order takes another machine's lease`(type: DHCPMessageType?) throws {
        var network = try DHCPNetwork(pool: "10.77.0.100-10.77.0.120", servesBOOTP: true)
        let (own, given) = (try address("10.77.0.1"), network.take(mac: 2))
        let held = try #require(given)
        let identity: [UInt8] = [1, 0, 0, 0, 0, 0, 2]
        let orders: [(inout DHCPMessage) -> Void] = [
            { $0.clientAddress = held }, { $0.options.set(.requestedAddress, to: held) },
            {
                $0.options.set(.requestedAddress, to: held)
                $0.options.set(.serverIdentifier, to: own)
            },
            // With the other machine's client identifier, with and without a card of its own.
            {
                $0.clientAddress = held
                $0.options[61] = identity
            },
            {
                $0.clientAddress = held
                $0.options[61] = identity
                $0.hardwareType = 32
            },
            // As if a relay had forwarded it, from the other machine's address and for its network.
            {
                $0.relay = held
                $0.options[82] = [5, 4, 10, 77, 0, 0, 11, 4, 10, 77, 0, 1]
                $0.clientAddress = held
            },
        ]
        for (number, order) in orders.enumerated() {
            for source in [nil, held, try address("10.77.0.9")] {
                let outcome = network.say(type, mac: 9, from: source, order)
                #expect(outcome.lease?.address != held, "\(number)")
                #expect(outcome.reply?.message.yourAddress != held, "\(number)")
                let lease = network.server.table.lease(at: held)
                #expect(lease?.holder == .macAddress(MACAddress(rawValue: 2)), "\(number)")
                #expect(lease.map { $0.expiresAt > network.now } == true, "\(number)")
            }
        }
        let again = network.take(mac: 2)
        #expect(again == held)
    }

    /// The answer would go to all, to a group, or to this server.
    @Test(arguments: [
        "255.255.255.255", "224.0.0.1", "240.0.0.1", "127.0.0.1", "0.0.0.1", "10.78.0.255", "10.78.0.0",
    ])
    func `a relay with an address that no host can have gets no answer`(text: String) throws {
        var network = try twoNetworks()
        let relay = try address(text)
        let outcome = network.say(.discover) {
            $0.relay = relay
            $0.options[82] = [5, 4, 10, 78, 0, 0]
        }
        #expect(outcome.reply == nil && outcome.note == .impossibleRelay(relay))
    }

    @Test func `a relay on this host is answered where its network is served`() throws {
        let subnet = try DHCPNetwork.subnet("127.0.0.0/8", pool: "127.16.0.0-127.16.0.9")
        var network = DHCPNetwork([DHCPLink(interface: nil, subnets: [subnet])])
        let relay = try address("127.0.0.2")
        let offer = network.say(.discover, interface: nil) { $0.relay = relay }.reply
        #expect(offer?.destination == .relay(relay))
    }
}

import Testing
import Wire

@testable import Fleet

@Suite struct DHCPServerTests {
    private struct Absent: Error {}

    /// `#require` for mutating calls, which the macro does not accept.
    private func present<T>(_ value: T?) throws -> T {
        guard let value else { throw Absent() }
        return value
    }

    private func address(_ text: String) throws -> IPv4Address { try #require(IPv4Address(text)) }

    @Test func `an accepted offer is acknowledged, with its lease`() throws {
        var network = try DHCPNetwork()
        let offer = try #require(network.say(.discover).reply)
        #expect(offer.destination == .hardware(Sample.mac, try address("10.77.0.100")))
        #expect(offer.message.options.has(51))
        #expect(network.take() == (try address("10.77.0.100")))
    }

    @Test
    func `PXE, loader and system of one machine get one address though their client identifiers differ`()
        throws
    {
        var network = try DHCPNetwork()
        let first = network.take(clientIdentifier: [0] + [UInt8](repeating: 9, count: 16))
        #expect(network.take(clientIdentifier: [1, 0x52, 0x54, 0, 0x12, 0x34, 0x56]) == first)
        #expect(network.take(clientIdentifier: [255, 1, 2, 3, 4]) == first)
    }

    @Test func `a full pool is reported, and the lease expired longest is reused first`() throws {
        var network = try DHCPNetwork()
        #expect(network.take(mac: 1) == (try address("10.77.0.100")))
        network.now += 10
        #expect(network.take(mac: 2) == (try address("10.77.0.101")))
        #expect(network.take(mac: 3) == nil)
        network.now += 3_595
        #expect(network.take(mac: 3) == (try address("10.77.0.100")))
        #expect(network.take(mac: 1) == nil)
        network.now += 10
        #expect(network.take(mac: 1) == (try address("10.77.0.101")))
    }

    @Test func `a client gets its old address back after its lease has expired`() throws {
        var network = try DHCPNetwork(pool: "10.77.0.100-10.77.0.110")
        let first = network.take(mac: 1)
        network.now += 100_000
        #expect(network.take(mac: 2) != first)
        #expect(network.take(mac: 1) == first)
    }

    @Test func `an offer that is not accepted becomes free again`() throws {
        var network = try DHCPNetwork()
        _ = network.say(.discover, mac: 1)
        _ = network.say(.discover, mac: 2)
        #expect(network.say(.discover, mac: 3).reply == nil)
        network.now += 31
        #expect(network.say(.discover, mac: 3).reply != nil)
    }

    @Test func `a renewal goes to the client itself and extends the lease`() throws {
        var network = try DHCPNetwork()
        let own = try present(network.take())
        network.now += 1_800
        let outcome = network.say(.request) { $0.clientAddress = own }
        #expect(outcome.reply?.destination == .unicast(own))
        #expect(outcome.lease?.expiresAt == network.now + 3_600)
    }

    @Test(arguments: ["10.78.0.5", "10.77.0.50", "10.77.0.101"])
    func `a request for another client's address gets a NAK`(wrong: String) throws {
        var network = try DHCPNetwork()
        #expect(network.take(mac: 1) != nil)
        #expect(network.take(mac: 2) == (try address("10.77.0.101")))
        let outcome = network.say(.request, mac: 3) {
            $0.options.set(.requestedAddress, to: IPv4Address(wrong) ?? .any)
        }
        #expect(try outcome.reply?.message.options.value(of: .messageType) == .nak)
        #expect(outcome.reply?.destination == .broadcast)
        #expect(outcome.lease == nil)
    }

    @Test func `a request for another server is ignored`() throws {
        var network = try DHCPNetwork()
        let outcome = network.say(.request) {
            $0.options.set(.requestedAddress, to: IPv4Address(rawValue: 0x0A4D_0064))
            $0.options.set(.serverIdentifier, to: IPv4Address(rawValue: 0x0A4D_0002))
        }
        #expect(outcome.reply == nil)
    }

    @Test func `a declined address is not used, and the client gets another`() throws {
        var network = try DHCPNetwork()
        let first = try present(network.take())
        let outcome = network.say(.decline) { $0.options.set(.requestedAddress, to: first) }
        #expect(outcome.lease?.holder == .foreign(first))
        // Meanwhile the address is probed.
        #expect(outcome.probes == [first])
        #expect(network.take() == (try address("10.77.0.101")))
    }

    @Test func `a machine found on an offered address keeps it, and the client gets another`() throws {
        var network = try DHCPNetwork()
        let offer = network.say(.discover)
        let first = try #require(offer.probes.first)
        #expect(network.server.found(Sample.mac, on: first, now: network.now) == nil)
        #expect(
            network.server.found(MACAddress(rawValue: 9), on: first, now: network.now)?.holder
                == .foreign(first))
        let request = network.say(.request) { $0.options.set(.requestedAddress, to: first) }
        #expect(try request.reply?.message.options.value(of: .messageType) == .nak)
        #expect(network.take() == (try address("10.77.0.101")))
        #expect(network.say(.discover).probes.isEmpty)
    }

    @Test func `a machine that still runs after its lease expired, by a clock that leapt, keeps its address`()
        throws
    {
        var network = try DHCPNetwork(pool: "10.77.0.100-10.77.0.100")
        let address = try present(network.take(mac: 1))
        network.now += 7_200
        let offer = network.say(.discover, mac: 2)
        #expect(offer.probes == [address])
        let kept = network.server.found(MACAddress(rawValue: 1), on: address, now: network.now)
        #expect(kept?.holder == .macAddress(MACAddress(rawValue: 1)))
        #expect(kept?.expiresAt == network.now + LeaseTable.foreignSeconds)
        let request = network.say(.request, mac: 2) { $0.options.set(.requestedAddress, to: address) }
        #expect(try request.reply?.message.options.value(of: .messageType) == .nak)
        #expect(network.take(mac: 1) == address)
    }

    @Test func `expired leases are reused last, the oldest first`() throws {
        var network = try DHCPNetwork(pool: "10.77.0.100-10.77.0.102")
        let first = try present(network.take(mac: 1))
        network.now += 1
        let second = try present(network.take(mac: 2))
        network.now += 80 * 365 * 86_400
        let third = try present(network.take(mac: 3))
        #expect(Set([first, second, third]).count == 3)
        #expect(network.say(.discover, mac: 4).reply?.message.yourAddress == first)
        #expect(network.take(mac: 2) == second)
    }

    @Test func `a released address comes back to its client`() throws {
        var network = try DHCPNetwork(pool: "10.77.0.100-10.77.0.110")
        let first = try present(network.take())
        #expect(network.say(.release) { $0.clientAddress = first }.lease?.expiresAt == network.now)
        #expect(network.take(mac: 9) != first)
        #expect(network.take() == first)
    }

    @Test func `through a relay the answer goes to the relay, with its option 82 last and unchanged`() throws
    {
        var network = try DHCPNetwork()
        let relay = try address("10.77.0.2")
        let outcome = network.say(.discover, interface: "other") {
            $0.relay = relay
            $0.options[82] = [1, 2, 0xAB, 0xCD]
        }
        let reply = try #require(outcome.reply)
        #expect(reply.destination == .relay(relay))
        #expect(reply.port == 67)
        var wire: [UInt8] = []
        reply.message.options.write(to: &wire)
        #expect(wire.suffix(7) == [82, 4, 1, 2, 0xAB, 0xCD, 255])
    }

    @Test func `a relay of an unserved network, and another interface, get no answer`() throws {
        var network = try DHCPNetwork()
        #expect(network.say(.discover) { $0.relay = IPv4Address(rawValue: 0x0B00_0001) }.reply == nil)
        #expect(network.say(.discover, interface: "eth9").reply == nil)
    }

    @Test
    func `reservations by address, client identifier and UUID are outside the pool and exclusive`()
        throws
    {
        let uuid = try #require(MachineUUID("12345678-1234-5678-1234-56789abcdef0"))
        var network = try DHCPNetwork(reservations: [
            DHCPReservation(.macAddress(Sample.mac), try address("10.77.0.10")),
            DHCPReservation(.clientIdentifier([1, 2, 3]), try address("10.77.0.11")),
            DHCPReservation(.uuid(uuid), try address("10.77.0.12")),
        ])
        #expect(network.take() == (try address("10.77.0.10")))
        #expect(network.take(mac: 5, clientIdentifier: [1, 2, 3]) == (try address("10.77.0.11")))
        let offer = network.say(.discover, mac: 6) { $0.options.set(.clientUUID, to: ClientUUID(uuid)) }
        #expect(offer.reply?.message.yourAddress == (try address("10.77.0.12")))
        let thief = network.say(.request, mac: 7) {
            $0.options.set(.requestedAddress, to: IPv4Address(rawValue: 0x0A4D_000A))
        }
        #expect(try thief.reply?.message.options.value(of: .messageType) == .nak)
    }

    @Test func `a node has its address with a learned card, and a stranger on the same dock does not`() throws
    {
        let mine = try #require(MachineUUID("12345678-1234-5678-1234-56789abcdef0"))
        let other = try #require(MachineUUID("12345678-1234-5678-1234-56789abcdef1"))
        var network = try DHCPNetwork()
        let reserved = try address("10.77.0.10")
        var contents = FleetSnapshot.Contents()
        let name = try NodeName("pc1")
        contents.nodes[name] = Node(name: name, macAddresses: [], uuid: mine, address: reserved)
        network.snapshot = FleetSnapshot(revision: 1, contents: contents).observing {
            _ = $0.cards.note(Sample.mac, in: mine)
        }
        // Its system states no UUID.
        #expect(network.take() == reserved)
        let stranger = network.say(.discover) { $0.options.set(.clientUUID, to: ClientUUID(other)) }
        #expect(stranger.reply?.message.yourAddress != reserved)
    }

    @Test func `an address reserved in a node's record is exclusive, though it lies in the pool`()
        throws
    {
        var network = try DHCPNetwork(pool: "10.77.0.100-10.77.0.102")
        let reserved = try address("10.77.0.100")
        let node = Node(name: try NodeName("pc1"), macAddresses: [Sample.mac], address: reserved)
        network.snapshot = FleetSnapshot(revision: 1, nodes: [node], groups: [], images: [])
        #expect(network.take(mac: 1) == (try address("10.77.0.101")))
        let thief = network.say(.request, mac: 2) { $0.options.set(.requestedAddress, to: reserved) }
        #expect(try thief.reply?.message.options.value(of: .messageType) == .nak)
        #expect(network.take() == reserved)
        // The record goes: the skipped address returns to the pool.
        network.snapshot = .empty
        #expect(network.take(mac: 3) == (try address("10.77.0.102")))
        network.now += 4_000
        #expect(Set((4...6).compactMap { network.take(mac: $0) }).count == 3)
    }

    @Test
    func
        `a reserved address that another machine still holds is given when it is free, and another until then`()
        throws
    {
        var network = try DHCPNetwork()
        let reserved = try address("10.77.0.100")
        #expect(network.take(mac: 1) == reserved)
        let node = Node(name: try NodeName("pc1"), macAddresses: [Sample.mac], address: reserved)
        network.snapshot = FleetSnapshot(revision: 1, nodes: [node], groups: [], images: [])
        let other = try present(network.take())
        #expect(other == (try address("10.77.0.101")))
        // The holder may not renew, and then neither may the node: it belongs on the reserved one.
        let renewal = network.say(.request, mac: 1) { $0.clientAddress = reserved }
        #expect(try renewal.reply?.message.options.value(of: .messageType) == .nak)
        network.now += 3_601
        #expect(
            try network.say(.request) { $0.clientAddress = other }.reply?.message.options.value(
                of: .messageType)
                == .nak)
        #expect(network.take() == reserved)
    }

    @Test func `offers that are not accepted become free even while longer leases last`() throws {
        var network = try DHCPNetwork(pool: "10.77.0.100-10.77.0.109", lease: 43_200)
        #expect(network.take(mac: 1) != nil)
        for mac: UInt64 in 2...10 { #expect(network.say(.discover, mac: mac).reply != nil) }
        #expect(network.say(.discover, mac: 11).reply == nil)
        network.now += 31
        #expect((11...19).allSatisfy { network.take(mac: $0) != nil })
        #expect(network.take(mac: 20) == nil)
    }

    @Test func `an address released early is given before the end of its lease`() throws {
        var network = try DHCPNetwork(lease: 43_200)
        let first = try present(network.take(mac: 1))
        #expect(network.take(mac: 2) != nil)
        #expect(network.take(mac: 3) == nil)
        _ = network.say(.release, mac: 1) { $0.clientAddress = first }
        #expect(network.take(mac: 3) == first)
    }

    @Test func `infinite leases are encoded as such`() throws {
        var network = try DHCPNetwork(lease: nil)
        let offer = try #require(network.say(.discover).reply?.message)
        #expect(try offer.options.value(of: .leaseTime) == .max)
        #expect(!offer.options.has(58))
        #expect(network.take() != nil)
        network.now += 1 << 40
        #expect(network.take(mac: 2) == (try address("10.77.0.101")))
        #expect(network.take(mac: 3) == nil)
    }

    @Test func `an INFORM gets neither an address nor times`() throws {
        var network = try DHCPNetwork()
        let outcome = network.say(.inform) { $0.clientAddress = IPv4Address(rawValue: 0x0A4D_0032) }
        let message = try #require(outcome.reply?.message)
        #expect(message.yourAddress == .any)
        #expect(!message.options.has(51))
        #expect(outcome.lease == nil)
    }

    @Test func `the boot file is in the header and in options 66 and 67, with option 43 for PXE`() throws {
        var network = try DHCPNetwork()
        let message = try #require(
            network.say(.discover) { $0.options[60] = Array("PXEClient:Arch:00000:UNDI:002001".utf8) }.reply?
                .message)
        #expect(message.bootFile == "undionly.kpxe")
        #expect(message.nextServer == Sample.server)
        // Old ROMs read up to the next zero.
        #expect(message.options[67] == Array("undionly.kpxe".utf8) + [0])
        #expect(try message.options.value(of: .tftpServerName) == "10.77.0.1")
        #expect(message.options[43] == [6, 1, 8, 255])
        #expect(!message.options.has(52))
    }

    @Test func `HTTP boot gets HTTPClient back and a URL; iPXE is told not to wait for a proxy`() throws {
        var network = try DHCPNetwork()
        let http = try #require(
            network.say(.discover) { $0.options[60] = Array("HTTPClient:Arch:00016:UNDI:003000".utf8) }.reply?
                .message)
        #expect(try http.options.value(of: .vendorClass) == "HTTPClient")
        #expect(try http.options.value(of: .bootFileName) == "http://10.77.0.1/ipxe.efi")
        // A length before it, which looks like a letter.
        let counted = network.say(.discover) {
            $0.options[60] = Array("!HTTPClient:Arch:00016:UNDI:003000".utf8)
        }
        #expect(try counted.reply?.message.options.value(of: .vendorClass) == "HTTPClient")
        let ipxe = try #require(network.say(.discover) { $0.options[175] = [0x13, 1, 1] }.reply?.message)
        #expect(ipxe.options[175] == [0xB0, 1, 1])
    }

    @Test func `a BOOTP node gets a permanent address, and others none from a pool`() throws {
        var network = try DHCPNetwork()
        #expect(network.say(nil).note == .bootpNotAllowed)
        network.snapshot = FleetSnapshot(
            revision: 1, nodes: [Node(name: try NodeName("pc1"), macAddresses: [Sample.mac])], groups: [],
            images: [])
        let outcome = network.say(nil)
        #expect(outcome.lease?.expiresAt == Lease.never)
        #expect(outcome.reply?.message.bootFile == "undionly.kpxe")
    }

    @Test func `if a network allows it, BOOTP gets an address from the pool for the length of a lease`()
        throws
    {
        var network = try DHCPNetwork(servesBOOTP: true)
        #expect(network.say(nil, mac: 1).lease?.expiresAt == network.now + 3_600)
        #expect(network.say(nil, mac: 2).lease != nil)
        #expect(network.take(mac: 3) == nil)
        network.now += 3_601
        #expect(network.take(mac: 3) == (try address("10.77.0.100")))
    }

    @Test func `twenty thousand clients keep their addresses through two rounds`() throws {
        var network = try DHCPNetwork(pool: "10.77.0.1-10.77.0.1")
        let subnet = DHCPSubnet(
            network: try #require(IPv4Network("10.0.0.0/8")), server: try address("10.255.255.254"),
            pools: [try address("10.0.0.1")...(try address("10.0.100.0"))])
        network.server = DHCPServer(
            links: [DHCPLink(interface: "br0", subnets: [subnet])], reservations: [], leases: [])
        func round() -> [IPv4Address?] {
            (1...20_000).map { mac in
                let offer = network.say(.discover, mac: UInt64(mac))
                return network.say(.request, mac: UInt64(mac)) {
                    $0.options.set(.requestedAddress, to: offer.reply?.message.yourAddress ?? .any)
                }.lease?.address
            }
        }
        let first = round()
        #expect(Set(first.compactMap { $0 }).count == 20_000)
        #expect(round() == first)
    }
}

@Suite struct DHCPSettingsProblemTests {
    private func found(_ change: (inout DHCPSubnet) -> Void, reservations: [DHCPReservation] = []) throws
        -> [String]
    {
        let range = try #require(IPv4Address("10.77.0.100"))...(try #require(IPv4Address("10.77.0.200")))
        var subnet = DHCPSubnet(
            network: try #require(IPv4Network("10.77.0.0/24")), server: Sample.server, pools: [range])
        change(&subnet)
        return problems(in: [DHCPLink(interface: "br0", subnets: [subnet])], reservations: reservations).map(
            \.description)
    }

    @Test func `valid settings have no problem`() throws {
        #expect(try found { _ in } == [])
    }

    @Test func `common mistakes are found`() throws {
        #expect(try found { $0.router = Sample.server }.first?.contains("router is this server") == true)
        #expect(
            try found { $0.router = IPv4Address(rawValue: 0x0A4E_0001) }.first?.contains("not within") == true
        )
        #expect(
            try found { $0.server = IPv4Address(rawValue: 0x0A4D_0065) }.first?.contains("own address")
                == true)
        let address = IPv4Address(rawValue: 0x0A4D_0065)
        #expect(
            try found({ _ in }, reservations: [DHCPReservation(.macAddress(Sample.mac), address)]).first?
                .contains("in the pool") == true)
        #expect(
            try found { $0.pools = [address...IPv4Address(rawValue: 0x0A4E_0000)] }.first?.contains(
                "not within") == true)
    }
}

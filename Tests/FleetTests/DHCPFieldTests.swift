import Testing
import Wire

@testable import Fleet

/// Messages of machines, relays and switches in the field, and the server's answers.
@Suite struct DHCPFieldTests {
    private func address(_ text: String) throws -> IPv4Address { try #require(IPv4Address(text)) }

    /// Two networks behind relays, with two addresses each.
    private func relayed() throws -> DHCPNetwork {
        DHCPNetwork([
            DHCPLink(
                interface: "br0",
                subnets: [try DHCPNetwork.subnet("10.77.0.0/24", pool: "10.77.0.100-10.77.0.109")]),
            DHCPLink(
                interface: nil,
                subnets: [try DHCPNetwork.subnet("10.78.0.0/24", pool: "10.78.0.100-10.78.0.101")]),
            DHCPLink(
                interface: nil,
                subnets: [try DHCPNetwork.subnet("10.79.0.0/24", pool: "10.79.0.100-10.79.0.101")]),
        ])
    }

    private struct Absent: Error {}

    /// `#require` for mutating calls, which the macro does not accept.
    private func present<T>(_ value: T?) throws -> T {
        guard let value else { throw Absent() }
        return value
    }

    private func type(_ outcome: DHCPOutcome) throws -> DHCPMessageType? {
        try outcome.reply?.message.options.value(of: .messageType)
    }

    // MARK: Links

    @Test func `one card in two networks has a lease in each`() throws {
        var network = try relayed()
        #expect(network.take(mac: 1, relay: "10.78.0.1") == (try address("10.78.0.100")))
        #expect(network.take(mac: 2, relay: "10.78.0.1") == (try address("10.78.0.101")))
        #expect(network.take(mac: 1, relay: "10.79.0.1") == (try address("10.79.0.100")))
        #expect(network.take(mac: 1) == (try address("10.77.0.100")))
        // The first lease stays: a third machine gets nothing, and the renewal is granted.
        #expect(network.take(mac: 3, relay: "10.78.0.1") == nil)
        let first = try address("10.78.0.100")
        #expect(try type(network.say(.request, mac: 1) { $0.clientAddress = first }) == .ack)
        #expect(network.server.table.all.count == 4)
        // A release in one network does not affect another.
        #expect(network.say(.release, mac: 1) { $0.clientAddress = first }.note == .released(first))
        #expect(network.server.table.lease(at: try address("10.79.0.100"))?.expiresAt == network.now + 3_600)
    }

    @Test func `a unicast renewal from behind a router is granted on the client's link`() throws {
        var network = try relayed()
        let own = try address("10.78.0.100")
        #expect(network.take(relay: "10.78.0.1") == own)
        for interface in ["br0", nil] {
            let outcome = network.say(.request, interface: interface) { $0.clientAddress = own }
            #expect(try type(outcome) == .ack)
            #expect(outcome.reply?.destination == .unicast(own))
        }
        // A machine moved to another local network must request an address there.
        let local = try present(network.take(mac: 9))
        network.server = DHCPServer(
            links: [
                DHCPLink(
                    interface: "br0",
                    subnets: [try DHCPNetwork.subnet("10.77.0.0/24", pool: "10.77.0.100-10.77.0.109")]),
                DHCPLink(
                    interface: "br1",
                    subnets: [try DHCPNetwork.subnet("10.80.0.0/24", pool: "10.80.0.100-10.80.0.109")]),
            ], reservations: [], leases: network.server.table.all)
        let moved = network.say(.request, mac: 9, interface: "br1") { $0.clientAddress = local }
        #expect(try type(moved) == .nak)
    }

    @Test func `a relay names the link by its address, by sub-option 5, or forwards a renewal of it`() throws
    {
        var network = try relayed()
        let far = try address("10.79.0.100")
        // The relay's address is a loopback of the switch (RFC 3527).
        let chosen: [UInt8] = [1, 4, 0x65, 0x74, 0x68, 0x31, 5, 4, 10, 79, 0, 0]
        #expect(network.take(relay: "10.250.0.7", agent: chosen) == far)
        let renewal = network.say(.request) {
            $0.relay = IPv4Address(rawValue: 0x0AFA_0007)
            $0.clientAddress = far
        }
        #expect(try type(renewal) == .ack)
        #expect(renewal.reply?.destination == .relay(try address("10.250.0.7")))
        // An unserved link does not become another one.
        let unserved = network.say(.discover) {
            $0.relay = IPv4Address(rawValue: 0x0A4E_0001)
            $0.options[82] = [5, 4, 10, 90, 0, 0]
        }
        #expect(unserved.reply == nil)
        #expect(network.say(.discover) { $0.relay = IPv4Address(rawValue: 0x7F00_0001) }.reply == nil)
        // Without a relay, a snooping switch (DHCP snooping) moves no client to another link.
        let local = network.say(.discover, mac: 5) { $0.options[82] = chosen }
        #expect(local.reply?.message.yourAddress == (try address("10.77.0.100")))
        #expect(local.reply?.message.options[82] == chosen)
    }

    @Test func `a relay that represents the server is the server for its clients (RFC 5107)`() throws {
        var network = try relayed()
        let agent: [UInt8] = [11, 4, 10, 78, 0, 1]
        #expect(network.take(relay: "10.78.0.1", agent: agent) == (try address("10.78.0.100")))
        let offer = network.say(.discover, mac: 2) {
            $0.relay = IPv4Address(rawValue: 0x0A4E_0001)
            $0.options[82] = agent
        }
        #expect(try offer.reply?.message.options.value(of: .serverIdentifier) == address("10.78.0.1"))
        // Loaders connect to the server itself.
        #expect(network.server.links[1].subnets[0].subnet.server == Sample.server)
    }

    // MARK: Odd messages

    private static let pxe = "PXEClient:Arch:00000:UNDI:002001"

    @Test func `an offer is acknowledged in its transaction, however incomplete the request`() throws {
        var network = try DHCPNetwork()
        let offer = try #require(
            network.say(.discover) { $0.options[60] = Array(Self.pxe.utf8) }.reply?.message)
        // The acknowledgement may be lost: the request is repeated.
        for _ in 0..<2 {
            let ack = try #require(
                network.say(.request) {
                    $0.options.set(.requestedAddress, to: offer.yourAddress)
                    $0.options.set(.serverIdentifier, to: Sample.server)
                }.reply?.message)
            #expect(ack.bootFile == offer.bootFile)
            #expect(ack.nextServer == offer.nextServer)
            for code: UInt8 in [43, 60, 66, 67] { #expect(ack.options[code] == offer.options[code]) }
        }
        // The system that runs next uses its own transaction.
        let system = try #require(network.say(.discover).reply?.message)
        let ack = network.say(.request) {
            $0.options.set(.requestedAddress, to: system.yourAddress)
            $0.options.set(.serverIdentifier, to: Sample.server)
        }
        #expect(ack.reply?.message.bootFile == "")
    }

    @Test func `a node known by its UUID keeps its name when the request omits the UUID`() throws {
        let uuid = try #require(MachineUUID("12345678-1234-5678-1234-56789abcdef0"))
        var network = try DHCPNetwork()
        var node = Node(name: try NodeName("pc1"), macAddresses: [])
        node.uuid = uuid
        network.snapshot = FleetSnapshot(revision: 1, nodes: [node], groups: [], images: [])
        let offer = try #require(
            network.say(.discover) {
                $0.options[60] = Array(Self.pxe.utf8)
                $0.options.set(.clientUUID, to: ClientUUID(uuid))
            }.reply?.message)
        let ack = network.say(.request) {
            $0.options.set(.requestedAddress, to: offer.yourAddress)
            $0.options.set(.serverIdentifier, to: Sample.server)
        }
        #expect(try ack.reply?.message.options.value(of: .hostName) == "pc1")
    }

    @Test(
        arguments: [
            ("PXEClient", nil, ClientArchitecture.biosX86), ("PXEClient\0", nil, .biosX86),
            ("\u{9}PXEClient", nil, .biosX86), ("PXEClient:Arch:00007", nil, .uefiX64),
            ("PXEClient:Arch:7:UNDI:3", nil, .uefiX64),
            ("PXEClient:Arch:00000:UNDI:002001", [0, 7], .uefiX64),
            ("PXEClient", [7], .uefiX64), ("PXEClient", [0, 9, 0, 0], .uefiX64Alternate),
            ("PXEClient:Arch:00007\n", nil, .uefiX64), ("PXEClient:Arch:00011\u{FF}", nil, .uefiARM64),
            ("!PXEClient:Arch:00007:UNDI:003016", nil, .uefiX64),
            ("PXEClient:Arch:00007:UNDI:003016", [7, 0], .uefiX64),
            ("PXEClient", [7, 0], .init(rawValue: 1_792)),
            ("PXEClient", [0, 6, 0, 7], .uefiX64), ("PXEClient", [0, 6, 0, 10], .uefiIA32),
            ("PXEClient", [0, 7, 0], .uefiX64), ("PXEClient:Arch:00007", [], .uefiX64),
            ("", [0, 0], .biosX86),
        ] as [(String, [UInt8]?, ClientArchitecture)])
    func `firmware is recognised by every form of its class`(
        vendorClass: String, option93: [UInt8]?, architecture: ClientArchitecture
    ) {
        var message = DHCPMessage(transaction: 1, from: Sample.mac)
        message.options.set(.messageType, to: .discover)
        if !vendorClass.isEmpty { message.options[60] = Array(vendorClass.utf8) }
        message.options[93] = option93
        let client = BootClient(message)
        #expect(client.program == .firmware)
        #expect(client.architecture == architecture)
    }

    @Test func `firmware is recognised by its vendor-identifying class, and wireless cards by their address`()
    {
        var message = DHCPMessage(transaction: 1, from: Sample.mac)
        message.options.set(.messageType, to: .discover)
        message.options[124] = [0, 0, 1, 0x57, 32] + Array("PXEClient:Arch:00007:UNDI:003016".utf8)
        message.hardwareType = 6
        let client = BootClient(message)
        #expect(client.architecture == .uefiX64)
        #expect(client.macAddress == Sample.mac)
    }

    @Test(arguments: [
        (6, "32-bit x86 UEFI"), (21, "32-bit ARM U-Boot"), (22, "arm64 U-Boot"), (27, "RISC-V"),
    ])
    func `an architecture without a loader here gets an address, and the answer says what is missing`(
        number: UInt16, name: String
    ) throws {
        var network = try DHCPNetwork()
        let outcome = network.say(.discover) {
            $0.options.set(.clientArchitecture, to: [ClientArchitecture(rawValue: number)])
        }
        let reply = try #require(outcome.reply?.message)
        #expect(reply.bootFile == "")
        #expect(try reply.options.value(of: .message)?.contains(name) == true)
        #expect(
            outcome.decision?.reason.description.contains("has no loader for client architecture") == true)
    }

    @Test func `a NAK contains nothing else, and returns through the relay that asked`() throws {
        var network = try relayed()
        let agent: [UInt8] = [1, 4, 1, 2, 3, 4]
        let outcome = network.say(.request) {
            $0.relay = IPv4Address(rawValue: 0x0A4E_0001)
            $0.options[82] = agent
            $0.options[61] = [1, 2, 3]
            $0.options.set(.requestedAddress, to: IPv4Address(rawValue: 0x0A4D_0064))
        }
        let refusal = try #require(outcome.reply)
        #expect(try refusal.message.options.value(of: .messageType) == .nak)
        #expect(refusal.message.options.codes == [53, 54, 56, 61, 82])
        #expect(refusal.message.options[82] == agent)
        #expect(refusal.message.nextServer == .any)
        #expect(refusal.message.yourAddress == .any)
        #expect(refusal.port == 67)
        #expect(refusal.message.wantsBroadcast)
    }

    @Test func `unused options may have any contents`() throws {
        var network = try DHCPNetwork()
        let offer = network.say(.discover) {
            // A fully qualified name with flags that must be zero; a parameter list with everything twice.
            $0.options[81] = [0x6F, 0, 0] + Array("pc".utf8)
            $0.options[55] = [1, 3, 6, 1, 3, 6, 0, 255]
            $0.options[57] = [1]
        }
        #expect(offer.reply?.message.yourAddress == (try address("10.77.0.100")))
    }

    @Test func `a machine can decline only what it holds`() throws {
        var network = try DHCPNetwork()
        let held = try present(network.take(mac: 1))
        let outcome = network.say(.decline, mac: 2) { $0.options.set(.requestedAddress, to: held) }
        #expect(outcome.note == .declinedUnheld)
        #expect(network.server.table.lease(at: held)?.holder == .macAddress(MACAddress(rawValue: 1)))
    }

    // MARK: Size

    @Test(arguments: [(nil, 548), (400, 548), (576, 548), (700, 672), (1_500, 1_472), (9_000, 1_472)])
    func `a reply is no larger than the client accepts, with requested options first`(
        stated: UInt16?, limit: Int
    ) throws {
        var subnet = try DHCPNetwork.subnet("10.77.0.0/24", pool: "10.77.0.100-10.77.0.101")
        subnet.options = [119: [UInt8](repeating: 1, count: 200), 252: [UInt8](repeating: 2, count: 600)]
        subnet.domain = "lab.school.example"
        subnet.nameServers = [Sample.server]
        var network = DHCPNetwork([DHCPLink(interface: "br0", subnets: [subnet])])
        let reply = try #require(
            network.say(.discover) {
                $0.options[60] = Array(Self.pxe.utf8)
                $0.options[55] = [1, 3, 119, 6]
                $0.options[82] = [1, 2, 3, 4]
                if let stated { $0.options.set(.maximumMessageSize, to: stated) }
            }.reply?.message)
        var wire: [UInt8] = []
        reply.write(to: &wire)
        #expect(wire.count <= limit)
        for code: UInt8 in [53, 54, 51, 1, 6, 43, 60, 66, 67, 82, 119] { #expect(reply.options.has(code)) }
        #expect(reply.options.has(252) == (limit > 1_000))
        #expect(!reply.options.has(52))
    }

    @Test func `a BOOTP reply fits its 300 bytes`() throws {
        var subnet = try DHCPNetwork.subnet(
            "10.77.0.0/24", pool: "10.77.0.100-10.77.0.101", servesBOOTP: true)
        subnet.options = [119: [UInt8](repeating: 1, count: 60)]
        subnet.domain = "a-long-name-of-a-domain.lab.school.example"
        var network = DHCPNetwork([DHCPLink(interface: "br0", subnets: [subnet])])
        var wire: [UInt8] = []
        try #require(network.say(nil).reply?.message).write(to: &wire)
        #expect(wire.count == 300)
    }

    // MARK: Scarcity

    @Test func `a machine that declines everything uses up half of a pool at most, and others get the rest`()
        throws
    {
        var network = try DHCPNetwork(pool: "10.77.0.100-10.77.0.104")
        var relayedNetwork = network
        for _ in 0..<8 {
            guard let taken = network.take(mac: 1) else { break }
            _ = network.say(.decline, mac: 1) { $0.options.set(.requestedAddress, to: taken) }
        }
        #expect(network.take(mac: 2) != nil)
        // No machine answered there: all addresses are free again at once.
        network.now += 3
        #expect((3...6).allSatisfy { network.take(mac: $0) != nil })
        // Behind a relay addresses cannot be probed, and two are on hold for ten minutes.
        for _ in 0..<8 {
            guard let taken = relayedNetwork.take(mac: 1, relay: "10.77.0.2") else { break }
            _ = relayedNetwork.say(.decline, mac: 1) {
                $0.relay = IPv4Address(rawValue: 0x0A4D_0002)
                $0.options.set(.requestedAddress, to: taken)
            }
        }
        relayedNetwork.now += 3
        #expect((2...4).allSatisfy { relayedNetwork.take(mac: $0, relay: "10.77.0.2") != nil })
        #expect(relayedNetwork.take(mac: 5, relay: "10.77.0.2") == nil)
        relayedNetwork.now += 600
        #expect(relayedNetwork.take(mac: 5, relay: "10.77.0.2") != nil)
    }

    @Test func `a declined address is on hold while a machine answers on it`() throws {
        var network = try DHCPNetwork()
        let first = try address("10.77.0.100")
        #expect(network.take(mac: 1) == first)
        _ = network.say(.decline, mac: 1) { $0.options.set(.requestedAddress, to: first) }
        #expect(
            network.server.found(MACAddress(rawValue: 9), on: first, now: network.now)?.expiresAt
                == network.now + LeaseTable.foreignSeconds)
        network.now += 3
        #expect(network.take(mac: 1) == (try address("10.77.0.101")))
        #expect(network.take(mac: 2) == nil)
    }

    @Test func `a router that answers for all addresses takes none of them`() throws {
        var network = try DHCPNetwork(pool: "10.77.0.100-10.77.0.119")
        let router = MACAddress(rawValue: 9)
        let rested = (1...10).filter { mac in
            let offer = network.say(.discover, mac: UInt64(mac))
            return offer.probes.first.map { network.server.found(router, on: $0, now: network.now) != nil }
                ?? false
        }
        #expect(rested.count == 2)
    }

    @Test func `offers to fake machines do not block clients that accept`() throws {
        var network = try DHCPNetwork(pool: "10.77.0.100-10.77.0.104")
        let offer = try #require(network.say(.discover, mac: 1).reply?.message)
        for mac: UInt64 in 100..<104 { _ = network.say(.discover, mac: mac) }
        #expect(network.say(.discover, mac: 104).reply == nil)
        network.now += 2
        for mac: UInt64 in 200..<220 { _ = network.say(.discover, mac: mac) }
        // Its offer went to another client meanwhile; it requests first.
        let ack = network.say(.request, mac: 1) {
            $0.options.set(.requestedAddress, to: offer.yourAddress)
            $0.options.set(.serverIdentifier, to: Sample.server)
        }
        #expect(try type(ack) == .ack)
        // A machine that only remembers an address cannot take it.
        let thief = network.say(.request, mac: 2) {
            $0.options.set(.requestedAddress, to: IPv4Address(rawValue: 0x0A4D_0066))
        }
        #expect(try type(thief) == .nak)
        network.now += 2
        #expect(network.take(mac: 3) != nil)
    }

    @Test func `machines that are gone lose their addresses when a pool is empty, nodes never`() throws {
        var network = try DHCPNetwork(pool: "10.77.0.100-10.77.0.102", lease: 43_200)
        network.snapshot = FleetSnapshot(
            revision: 1, nodes: [Node(name: try NodeName("pc1"), macAddresses: [MACAddress(rawValue: 1)])],
            groups: [], images: [])
        for mac: UInt64 in 1...3 { #expect(network.take(mac: mac) != nil) }
        let present = try address("10.77.0.102")
        for _ in 0..<2 {
            network.now += 4
            let outcome = network.say(.discover, mac: 4)
            #expect(outcome.note == .noFreeAddress)
            #expect(outcome.probes == [try address("10.77.0.101"), present])
            #expect(network.server.found(MACAddress(rawValue: 3), on: present, now: network.now) == nil)
        }
        network.now += 4
        #expect(network.take(mac: 4) == (try address("10.77.0.101")))
        #expect(network.take(mac: 5) == nil)
    }

    @Test func `a port with more than half of the addresses gets none of the last tenth`() throws {
        var network = try DHCPNetwork(pool: "10.77.0.100-10.77.0.119")
        let (busy, other): ([UInt8], [UInt8]) = ([1, 1, 7], [1, 1, 8])
        let taken = (1...30).filter { network.take(mac: $0, relay: "10.77.0.2", agent: busy) != nil }
        #expect(taken.count == 18)
        network.now += 1
        // Present holders keep theirs, and another port and a node get theirs.
        #expect(network.take(mac: 1, relay: "10.77.0.2", agent: busy) != nil)
        #expect(network.take(mac: 31, relay: "10.77.0.2", agent: other) != nil)
        network.snapshot = FleetSnapshot(
            revision: 1, nodes: [Node(name: try NodeName("pc1"), macAddresses: [MACAddress(rawValue: 32)])],
            groups: [], images: [])
        #expect(network.take(mac: 32, relay: "10.77.0.2", agent: busy) != nil)
        #expect(network.server.table.tally(now: network.now + 1).first?.used == 20)
    }
}

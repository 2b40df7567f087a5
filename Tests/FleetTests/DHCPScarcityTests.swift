import Testing
import Wire

@testable import Fleet

/// Addresses are scarce, and a neighbour tries to get all of them under false identities.
@Suite struct DHCPScarcityTests {
    @Test func `a node's UUID from ever new cards makes no room in a pool`() throws {
        let uuid = try #require(MachineUUID("12345678-1234-5678-1234-56789abcdef0"))
        var network = try DHCPNetwork(pool: "10.77.0.100-10.77.0.103")
        var contents = FleetSnapshot.Contents()
        let name = try NodeName("pc1")
        contents.nodes[name] = Node(name: name, macAddresses: [], uuid: uuid)
        network.snapshot = FleetSnapshot(revision: 1, contents: contents).observing {
            for mac: UInt64 in 1...4 { _ = $0.cards.note(MACAddress(rawValue: mac), in: uuid) }
        }
        // BOOTP leases never end: a permanent address needs a record of its card, or a reservation.
        for mac: UInt64 in 1...8 {
            let outcome = network.say(nil, mac: mac) { $0.options.set(.clientUUID, to: ClientUUID(uuid)) }
            #expect(outcome.note == .bootpNotAllowed && outcome.lease == nil)
        }
        // Learned cards that do not answer lose their addresses.
        for mac: UInt64 in 1...4 { #expect(network.take(mac: mac) != nil) }
        for _ in 0..<2 {
            network.now += 4
            let outcome = network.say(.discover, mac: 9)
            #expect(outcome.note == .noFreeAddress)
        }
        network.now += 4
        #expect(network.take(mac: 9) != nil)
        // Nor does the UUID open the last tenth to a port that has more than half.
        var (relayed, taken) = (try DHCPNetwork(pool: "10.77.0.100-10.77.0.119"), 0)
        relayed.snapshot = network.snapshot
        for mac: UInt64 in 1...30 {
            let offer = relayed.say(.discover, mac: mac) {
                $0.relay = IPv4Address(rawValue: 0x0A4D_0002)
                $0.options[82] = [1, 1, 7]
                $0.options.set(.clientUUID, to: ClientUUID(uuid))
            }
            taken += offer.reply == nil ? 0 : 1
        }
        #expect(taken == 18)
    }

    @Test func `behind a relay that says no port, invented machines have a pool for ten minutes`() throws {
        let subnet = try DHCPNetwork.subnet("10.78.0.0/24", pool: "10.78.0.100-10.78.0.109")
        var network = DHCPNetwork([DHCPLink(interface: nil, subnets: [subnet])])
        for mac: UInt64 in 1...12 { _ = network.take(mac: mac, relay: "10.78.0.1") }
        #expect(network.take(mac: 99, relay: "10.78.0.1") == nil)
        network.now += 300
        // A real one renews, and has the usual time from then on.
        let relay = IPv4Address(rawValue: 0x0A4E_0001)
        let renewal = network.say(.request, mac: 8) {
            $0.relay = relay
            $0.clientAddress = IPv4Address(rawValue: 0x0A4E_006B)
        }
        #expect(renewal.lease?.expiresAt == network.now + 3_600)
        #expect(try renewal.reply?.message.options.value(of: .leaseTime) == 3_600)
        network.now += 301
        let offer = try #require(network.say(.discover, mac: 99) { $0.relay = relay }.reply?.message)
        #expect(try offer.options.value(of: .leaseTime) == DHCPServer.trialSeconds)
        #expect(try offer.options.value(of: .renewalTime) == DHCPServer.trialSeconds / 2)
        #expect(network.take(mac: 99, relay: "10.78.0.1") != nil)
        // The first half have what they were given, and so has the one that renewed.
        #expect(
            (1...5).allSatisfy {
                network.server.table.lease(of: .macAddress(.init(rawValue: $0)), on: 0)?.expiresAt == 4_600
            })
        #expect(network.server.table.lease(at: IPv4Address(rawValue: 0x0A4E_006B))?.expiresAt == 4_900)
        // One address is no crowd.
        let small = try DHCPNetwork.subnet("10.79.0.0/24", pool: "10.79.0.100-10.79.0.100")
        var lone = DHCPNetwork([DHCPLink(interface: nil, subnets: [small])])
        _ = lone.take(mac: 1, relay: "10.79.0.1")
        #expect(lone.server.table.all.map(\.expiresAt) == [4_600])
        // On the server's own wire those that are gone are found by ARP; behind a port they are counted.
        var direct = try DHCPNetwork(pool: "10.77.0.100-10.77.0.103")
        for mac: UInt64 in 1...4 { _ = direct.take(mac: mac) }
        #expect(direct.server.table.all.allSatisfy { $0.expiresAt == 4_600 })
    }

    @Test
    func `clients without a MAC address lose their address when they are gone, and keep it when they answer`()
        throws
    {
        var network = try DHCPNetwork(pool: "10.77.0.100-10.77.0.102")
        var taken: [IPv4Address] = []
        for number: UInt8 in 1...3 {
            let address = network.take(mac: 0, clientIdentifier: [255, 0, 0, 0, number])
            taken.append(try #require(address))
        }
        for _ in 0..<2 {
            network.now += 4
            let outcome = network.say(.discover, mac: 9)
            #expect(outcome.note == .noFreeAddress)
            // The first of them answers, with any card.
            let found = network.server.found(MACAddress(rawValue: 77), on: taken[0], now: network.now)
            #expect(found == nil)
        }
        network.now += 4
        #expect(network.take(mac: 9) == taken[1])
        #expect(network.server.table.lease(at: taken[0])?.holder == .clientIdentifier([255, 0, 0, 0, 1]))
    }
}

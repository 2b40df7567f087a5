import Testing
import Wire

@testable import Fleet

/// What a plan says of a change of networks.
@Suite struct NetworkNotesTests {
    private let host: ServingHost
    private let school: NetworkName

    init() throws {
        let own = try #require(IPv4Address("10.77.0.250"))
        let network = try #require(IPv4Network("10.77.0.0/24"))
        host = ServingHost(
            interfaces: [ServingHost.Interface(name: "eth1", addresses: [(own, network)])], own: [own])
        school = try NetworkName("school")
    }

    private func fleet(_ networks: Network..., nodes: [Node] = []) -> FleetSnapshot {
        var contents = FleetSnapshot.empty.contents
        for network in networks { contents.network.networks[network.name] = network }
        for node in nodes { contents.nodes[node.name] = node }
        return FleetSnapshot(revision: 1, contents: contents)
    }

    private func network(_ pool: String) throws -> Network {
        var network = Network(name: school, interface: "eth1")
        network.pools = [try #require(AddressRange(pool))]
        return network
    }

    private func notes(_ before: FleetSnapshot, _ after: FleetSnapshot) -> [String] {
        NetworkNotes.lines(from: before, to: after, on: host)
    }

    @Test func `no change, no notes`() throws {
        let fleet = fleet(try network("10.77.0.100-10.77.0.110"))
        #expect(notes(fleet, fleet).isEmpty)
    }

    @Test func `a field that machines are told otherwise is shown with both values`() throws {
        let before = fleet(try network("10.77.0.100-10.77.0.110"))
        var other = try network("10.77.0.100-10.77.0.120")
        other.router = IPv4Address("10.77.0.1")
        let notes = notes(before, fleet(other))
        #expect(
            notes.contains(
                "10.77.0.0/24: pools 10.77.0.100-10.77.0.110 → 10.77.0.100-10.77.0.120"))
        #expect(notes.contains("10.77.0.0/24: router - → 10.77.0.1"))
        #expect(notes.count == 2)
    }

    @Test func `the first network, the last one, and a relay's are told`() throws {
        let own = try network("10.77.0.100-10.77.0.110")
        let first = notes(fleet(), fleet(own))
        #expect(
            first.contains {
                $0.hasPrefix("10.77.0.0/24: pools ") && $0.hasSuffix("→ 10.77.0.100-10.77.0.110")
            })
        #expect(
            notes(fleet(own), fleet()).first
                == "no network is left: each interface is served with its own addresses")
        let annex = Network(name: try NetworkName("annex"), subnet: IPv4Network("10.78.0.0/22"))
        let relayed = notes(fleet(own), fleet(own, annex))
        #expect(relayed.contains { $0.hasPrefix("10.78.0.0/22 behind relays is served: pools ") })
        let gone = notes(fleet(own, annex), fleet(own))
        #expect(gone.contains { $0.hasPrefix("10.78.0.0/22 behind relays is no longer served") })
    }

    @Test func `nodes whose addresses are good no longer are named, ten of them`() throws {
        let nodes = try (1...12).map { number in
            Node(
                name: try NodeName("n\(number)"), macAddresses: [MACAddress(rawValue: UInt64(number))],
                address: IPv4Address(rawValue: UInt32(0x0A4D_0000 + 20 + number)))
        }
        let before = fleet(try network("10.77.0.100-10.77.0.110"), nodes: nodes)
        let lines = notes(before, fleet(try network("10.77.0.20-10.77.0.110"), nodes: nodes))
            .filter { $0.hasPrefix("node ") || $0.hasPrefix("and ") }
        #expect(lines.count == 11 && lines.last == "and 2 more nodes")
        #expect(lines.first?.hasPrefix("node n1: its address 10.77.0.21 ") == true)
    }
}

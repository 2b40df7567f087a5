import Foundation
import Testing
import Wire

@testable import Fleet

/// Networks, reservations and loader rules as records: what may not be saved, and what a plan says of them.
@Suite struct NetworkTests {
    private static func address(_ text: String) throws -> IPv4Address { try #require(IPv4Address(text)) }

    /// A host with two interfaces, of which one is served.
    static func host(_ addresses: [String] = ["10.77.0.1/24"]) throws -> ServingHost {
        let own = try addresses.map { text in
            let parts = text.split(separator: "/").map(String.init)
            let address = try address(parts[0])
            let length = try #require(Int(parts[1]))
            return (address, try #require(IPv4Network(containing: address, prefixLength: length)))
        }
        return ServingHost(
            interfaces: [ServingHost.Interface(name: "eth1", addresses: own)],
            own: Set(own.map(\.0) + [try address("192.0.2.1")]), domain: "school.example",
            loaders: ["ipxe.efi"])
    }

    static func network(
        _ name: String = "school", _ interface: String? = "eth1", _ subnet: String? = nil,
        _ change: (inout Network) throws -> Void = { _ in }
    ) throws -> FleetEdit {
        var network = Network(
            name: try NetworkName(name), interface: interface, subnet: subnet.flatMap { IPv4Network($0) })
        try change(&network)
        return .network(network.name, network)
    }

    static func pools(_ texts: String...) throws -> [AddressRange] {
        try texts.map { try #require(AddressRange($0)) }
    }

    func applying(_ edits: [FleetEdit], to snapshot: FleetSnapshot = .empty) throws -> FleetSnapshot {
        let plan = AddressPlan(of: snapshot.contents.network, on: try Self.host())
        return try snapshot.applying(edits, revision: snapshot.revision + 1, within: plan)
    }

    private func refusal(_ edits: [FleetEdit], in snapshot: FleetSnapshot = .empty) throws -> String {
        do {
            _ = try applying(edits, to: snapshot)
            return ""
        } catch { return "\(error)" }
    }

    // MARK: What is refused

    static var refused: [(String, (inout Network) throws -> Void)] {
        [
            ("does not serve on ‘eth5’", { $0.interface = "eth5" }),
            ("a network behind a relay needs one", { $0.interface = nil }),
            ("is not within 10.77.0.0/24", { $0.pools = try pools("10.77.0.200-10.78.0.5") }),
            ("contains the server's own address", { $0.pools = try pools("10.77.0.1-10.77.0.9") }),
            (
                "contains the router",
                {
                    $0.pools = try pools("10.77.0.100-10.77.0.200")
                    $0.router = try address("10.77.0.150")
                }
            ),
            ("router 10.78.0.1 is not within", { $0.router = try address("10.78.0.1") }),
            ("is the address of the network 10.77.0.0/24 itself", { $0.router = try address("10.77.0.0") }),
            ("is the broadcast address of 10.77.0.0/24", { $0.router = try address("10.77.0.255") }),
            ("overlap", { $0.pools = try pools("10.77.0.100-10.77.0.150", "10.77.0.150-10.77.0.160") }),
            (
                "a network has at most 1000",
                {
                    let pool = try pools("10.77.0.100-10.77.0.100")
                    $0.pools = (0...1_000).flatMap { _ in pool }
                }
            ),
            ("127.0.0.0 is a loopback address", { $0.subnet = IPv4Network("127.0.0.0/8") }),
            ("server: 0.0.0.0 is not the address of a host", { $0.server = try address("0.0.0.0") }),
            ("0.0.0.0 is not the address of a host", { $0.subnet = IPv4Network("0.0.0.0/0") }),
            ("mtu: 100 is not 576 to 9216", { $0.mtu = 100 }),
            ("domain: ‘a b’ is not a domain", { $0.domain = "a b" }),
            (
                "another server gives the addresses of this network",
                {
                    $0.isProxy = true
                    $0.pools = try pools("10.77.0.100-10.77.0.200")
                }
            ),
            (
                "name-servers: 256 bytes do not fit",
                { $0.nameServers = (1...64).map { IPv4Address(rawValue: 0x0A4D_0000 + $0) } }
            ),
        ]
    }

    @Test(arguments: refused.indices)
    func `a network that machines could not use is refused, with what is wrong`(index: Int) throws {
        let (text, change) = Self.refused[index]
        let refusal = try refusal([try Self.network("school", "eth1", nil, change)])
        #expect(refusal.contains(text), "\(refusal)")
    }

    @Test func `an option has one value`() {
        #expect(throws: InvalidSetting("option 66 is given twice")) {
            try NetworkOptions(["66": "a", "066": "b"])
        }
    }

    @Test func `subnets do not overlap, whichever change makes them`() throws {
        let first = try applying([try Self.network()])
        let second = try Self.network("annex", nil, "10.77.0.0/25")
        #expect(
            try refusal([second], in: first)
                == "subnets 10.77.0.0/24 (school) and 10.77.0.0/25 (annex) overlap")
        #expect(try refusal([try Self.network(), second]).contains("overlap"))
        // Two on one interface share its wire.
        let both = try applying([try Self.network("annex", "eth1", "10.78.0.0/22")], to: first)
        let served = ServedNetworks(both.contents.network, on: try Self.host())
        #expect(served.links.map(\.subnets.count) == [2] && served.idle.isEmpty)
    }

    /// It took minutes, in which the center answered no request, when each reservation was compared with all others.
    @Test(.timeLimit(.minutes(10)))
    func `thousands of reservations are one change, and what follows is checked against them`() throws {
        var edits = [try Self.network("annex", nil, "10.80.0.0/16") { $0.pools = [] }]
        for number in 1...5_000 as ClosedRange<UInt32> {
            let machine = DHCPReservation.Identity.macAddress(MACAddress(rawValue: UInt64(number)))
            let address = IPv4Address(rawValue: 0x0A50_0000 + number)
            edits.append(.reservation(machine, DHCPReservation(machine, address)))
        }
        let snapshot = try applying(edits)
        #expect(snapshot.contents.network.reservations.count == 5_000)
        let node = Node(
            name: try NodeName("pc-1"), macAddresses: [Sample.mac], address: try Self.address("10.80.0.9"))
        #expect(try refusal(edits + [.node(node.name, node)]).contains("is reserved for"))
        #expect(
            try refusal([edits[0], .node(node.name, node)] + edits.dropFirst())
                .contains("is the address of node pc-1"))
    }

    @Test func `an interface that was removed is a problem of what is served there, and of nothing else`()
        throws
    {
        var host = try Self.host()
        host.removedInterfaces = ["eth1", "eth7"]
        let far = try Self.network("annex", nil, "10.80.0.0/16") { $0.pools = [] }
        let snapshot = try applying([try Self.network(), far])
        for records in [snapshot.contents.network, NetworkRecords()] {
            let served = ServedNetworks(records, on: host)
            let found = served.problems.map(\.description).filter { $0.contains("removed") }
            #expect(
                found == [
                    "interface eth1 was removed after the server had started: nothing is heard there, also when it is back"
                ])
            #expect(served.links.contains { $0.interface == "eth1" })
        }
    }

    /// A machine was given it, and the server was cut off.
    @Test func `no pool has a further address of the server, unless it is asked for`() throws {
        let host = try Self.host(["10.77.0.1/24", "10.77.0.200/24"])
        let asIs = ServedNetworks(NetworkRecords(), on: host)
        #expect(asIs.subnets.map(\.pools.count) == [2] && asIs.problems.isEmpty)
        #expect(
            asIs.subnets[0].pools.map { "\(AddressRange($0))" }
                == ["10.77.0.128-10.77.0.199", "10.77.0.201-10.77.0.254"])
        let snapshot = try applying([
            try Self.network { $0.pools = try Self.pools("10.77.0.100-10.77.0.220") }
        ])
        let served = ServedNetworks(snapshot.contents.network, on: host)
        #expect(served.entries.count == 1)
        #expect(
            served.problems.map(\.description)
                == ["pool 10.77.0.100-10.77.0.220 contains 10.77.0.200, an address of this server"])
    }

    @Test func `what was wrong before hinders no other change`() throws {
        let snapshot = try applying([
            try Self.network { $0.pools = try Self.pools("10.77.0.100-10.77.0.200") }
        ])
        // The host has another address now, which is in the pool: the network is not served, and the rest goes on.
        let host = try Self.host(["10.77.0.150/24"])
        let served = ServedNetworks(snapshot.contents.network, on: host)
        #expect(served.entries.isEmpty && served.problems.contains { $0.isFatal })
        #expect(served.idle.values.first?.english.contains("own address") == true)
        let plan = AddressPlan(of: snapshot.contents.network, on: host)
        let other = try Self.network("annex", nil, "10.78.0.0/22")
        let after = try snapshot.applying([other], revision: 2, within: plan)
        #expect(ServedNetworks(after.contents.network, on: host).entries.count == 1)
        // On the same wire as one that is served, too: its machines are not told to leave.
        let wire = try Self.network("wire", "eth1", "10.79.0.0/24")
        let shared = try snapshot.applying([wire], revision: 2, within: plan)
        let links = ServedNetworks(shared.contents.network, on: host).links
        let school = try #require(IPv4Network("10.77.0.0/24"))
        #expect(links.map(\.subnets.count) == [1] && links.map(\.idle) == [[school]])
    }

    @Test func `an address is kept for one machine, and for none that a node has`() throws {
        let node = Node(
            name: try NodeName("pc-1"), macAddresses: [Sample.mac], address: try Self.address("10.77.0.5"))
        let snapshot = try applying([try Self.network(), .node(node.name, node)])
        func reserve(_ mac: UInt64, _ address: String) throws -> FleetEdit {
            let machine = DHCPReservation.Identity.macAddress(MACAddress(rawValue: mac))
            return .reservation(machine, DHCPReservation(machine, try Self.address(address)))
        }
        #expect(try refusal([try reserve(9, "10.77.0.5")], in: snapshot).contains("address of node pc-1"))
        #expect(try refusal([try reserve(9, "10.77.0.1")], in: snapshot).contains("server's own"))
        #expect(try refusal([try reserve(0, "10.77.0.6")], in: snapshot).contains("is empty"))
        #expect(
            try refusal([try reserve(8, "10.77.0.9"), try reserve(9, "10.77.0.9")], in: snapshot)
                .contains("is reserved for"))
        // The node's own machine may have both.
        let kept = try applying([try reserve(Sample.mac.rawValue, "10.77.0.5")], to: snapshot)
        #expect(kept.contents.network.reservations.count == 1)
        // Then no node takes a reserved address of another machine: in the same change neither.
        var other = Node(name: try NodeName("pc-2"), macAddresses: [MACAddress(rawValue: 7)])
        other.address = try Self.address("10.77.0.9")
        let edits: [FleetEdit] = [try reserve(9, "10.77.0.9"), .node(other.name, other)]
        #expect(try refusal(edits, in: snapshot).contains("roost network unreserve"))
        // A reservation in a pool is told, and works.
        let plan = AddressPlan(of: snapshot.contents.network, on: try Self.host())
        let inPool = try ChangePlan(of: [try reserve(9, "10.77.0.200")], in: snapshot, within: plan)
        #expect(inPool.notes?.contains { $0.contains("is in the pool") } == true)
    }

    @Test func `a reservation that a node's own address makes idle is told`() throws {
        let machine = try #require(MachineUUID("12345678-1234-5678-1234-56789abcdef0"))
        func node(_ address: String?) throws -> FleetEdit {
            let node = Node(
                name: try NodeName("pc-1"), macAddresses: [Sample.mac], uuid: machine,
                address: try address.map(Self.address))
            return .node(node.name, node)
        }
        func notes(_ own: String?, _ kept: String, of identity: DHCPReservation.Identity) throws -> [String] {
            let networks = [
                try Self.network(), try Self.network("wire", "eth1", "10.78.0.0/22"),
                try Self.network("annex", nil, "10.79.0.0/24"), try node(own),
            ]
            let snapshot = try applying(networks)
            let plan = AddressPlan(of: snapshot.contents.network, on: try Self.host())
            let edit = FleetEdit.reservation(identity, DHCPReservation(identity, try Self.address(kept)))
            let plans = try ChangePlan(of: [edit], in: snapshot, within: plan)
            return (plans.notes ?? []).filter { $0.contains("is not given") }
        }
        let card = DHCPReservation.Identity.macAddress(Sample.mac)
        let idle = try notes("10.77.0.5", "10.77.0.6", of: card)
        #expect(
            idle == [
                "reservation for \(Sample.mac): 10.77.0.6 is not given, because node pc-1 has the address 10.77.0.5 (roost network unreserve \(Sample.mac))"
            ])
        // By its UUID, and in another subnet on the same wire.
        #expect(try notes("10.77.0.5", "10.77.0.6", of: .uuid(machine)).count == 1)
        #expect(try notes("10.77.0.5", "10.78.0.6", of: card).count == 1)
        // Elsewhere it counts, without an own address, too, and two that are equal are one.
        #expect(try notes("10.77.0.5", "10.79.0.6", of: card).isEmpty)
        #expect(try notes(nil, "10.77.0.6", of: card).isEmpty)
        #expect(try notes("10.77.0.5", "10.77.0.5", of: card).isEmpty)
        #expect(try notes("10.77.0.5", "10.77.0.6", of: .macAddress(MACAddress(rawValue: 9))).isEmpty)
    }

    @Test func `a loader rule names whom it is for, and a file`() throws {
        func rule(_ change: (inout LoaderRule) -> Void) throws -> FleetEdit {
            var rule = LoaderRule(name: try RuleName("old"), vendorClass: "PXEClient", loader: "ipxe.efi")
            change(&rule)
            return .loaderRule(rule.name, rule)
        }
        #expect(try refusal([try rule { $0.vendorClass = "" }]).contains("at least one of"))
        #expect(try refusal([try rule { $0.loader = "" }]).contains("a file's name is required"))
        let long = String(repeating: "l", count: 128)
        #expect(try refusal([try rule { $0.loader = long }]).contains("room for 127"))
        let plan = AddressPlan(of: NetworkRecords(), on: try Self.host())
        let missing = try ChangePlan(of: [try rule { $0.loader = "x.efi" }], in: .empty, within: plan)
        #expect(missing.notes?.first?.contains("x.efi, which is not on this server") == true)
    }

    @Test func `the highest priority is tried first, then the earlier name`() throws {
        var records = NetworkRecords()
        for (name, priority) in [("b", 1), ("a", 1), ("c", 5)] {
            let name = try RuleName(name)
            records.loaderRules[name] = LoaderRule(
                name: name, priority: priority, vendorClass: "P", loader: "x")
        }
        #expect(records.orderedLoaderRules.map(\.name.text) == ["c", "a", "b"])
    }

    // A look at all reservations for each of them took minutes.
    @Test(.timeLimit(.minutes(10)))
    func `many reservations in one change are checked together, and with the nodes behind them`() throws {
        let start = try Self.address("10.64.0.10").rawValue
        var edits = [try Self.network("wide", nil, "10.64.0.0/10") { $0.pools = [] }]
        for number in 0..<UInt32(5_000) {
            let machine = DHCPReservation.Identity.macAddress(MACAddress(rawValue: 1 + UInt64(number)))
            let address = IPv4Address(rawValue: start + number)
            edits.append(.reservation(machine, DHCPReservation(machine, address)))
        }
        #expect(try applying(edits).contents.network.reservations.count == 5_000)
        var node = Node(name: try NodeName("pc-1"), macAddresses: [MACAddress(rawValue: 9_000)])
        node.address = IPv4Address(rawValue: start + 4_999)
        #expect(try refusal(edits + [.node(node.name, node)]).contains("is reserved for"))
        // Nor may an address be taken that the same change has taken away from the node's network.
        let gone = FleetEdit.network(try NetworkName("wide"), nil)
        node.address = IPv4Address(rawValue: start + 6_000)
        #expect(try refusal(edits + [gone, .node(node.name, node)]).contains("not in a served network"))
    }

    // MARK: What is served

    @Test(
        arguments: [
            ("255.255.255.255/32", "255.255.255.255", nil, []),
            ("255.255.255.254/31", "255.255.255.255", nil, []),
            ("255.255.255.254/31", "255.255.255.254", nil, ["255.255.255.255-255.255.255.255"]),
            ("255.255.255.254/31", "255.255.255.254", "255.255.255.255", []),
            ("0.0.0.0/0", "255.255.255.254", nil, ["128.0.0.0-192.0.2.0", "192.0.2.2-255.255.255.253"]),
            ("10.77.0.0/32", "10.77.0.0", nil, []),
        ] as [(String, String, String?, [String])])
    func `pools that are left out end with the last address`(
        subnet: String, server: String, router: String?, pools: [String]
    ) throws {
        var records = NetworkRecords()
        var network = Network(name: try NetworkName("end"), subnet: IPv4Network(subnet))
        network.server = try Self.address(server)
        network.router = try router.map(Self.address)
        records.networks[network.name] = network
        let served = ServedNetworks(records, on: try Self.host())
        #expect(served.subnets.first?.pools.map { "\(AddressRange($0))" } == pools)
    }

    @Test
    func
        `without a record an interface is served as it is, and a plan says what the first and the last change`()
        throws
    {
        let host = try Self.host()
        let bare = ServedNetworks(NetworkRecords(), on: host)
        #expect(bare.entries.map(\.name) == [nil])
        #expect(bare.subnets.first?.pools.map { "\(AddressRange($0))" } == ["10.77.0.128-10.77.0.254"])
        #expect(bare.subnets.first?.domain == "school.example")
        let plan = AddressPlan(of: NetworkRecords(), on: host)
        let add = try Self.network { $0.pools = try Self.pools("10.77.0.100-10.77.0.200") }
        let first = try ChangePlan(of: [add], in: .empty, within: plan)
        #expect(
            first.notes == ["10.77.0.0/24: pools 10.77.0.128-10.77.0.254 → 10.77.0.100-10.77.0.200"])
        let relay = try ChangePlan(
            of: [try Self.network("annex", nil, "10.78.0.0/22")], in: .empty, within: plan)
        #expect(relay.notes?.contains { $0.hasPrefix("10.77.0.0/24 on eth1 is no longer served") } == true)
        #expect(relay.notes?.contains { $0.hasPrefix("10.78.0.0/22 behind relays is served") } == true)
        let snapshot = try applying([add])
        let remove = FleetEdit.network(try NetworkName("school"), nil)
        let last = try ChangePlan(
            of: [remove], in: snapshot, within: AddressPlan(of: snapshot.contents.network, on: host))
        #expect(last.notes?.first == "no network is left: each interface is served with its own addresses")
    }

    @Test func `a plan names nodes whose addresses would be good no longer`() throws {
        let node = Node(
            name: try NodeName("pc-1"), macAddresses: [Sample.mac], address: try Self.address("10.77.0.5"))
        let snapshot = try applying([try Self.network(), .node(node.name, node)])
        let plan = AddressPlan(of: snapshot.contents.network, on: try Self.host())
        let router = try Self.network { $0.router = try Self.address("10.77.0.5") }
        let notes = try ChangePlan(of: [router], in: snapshot, within: plan).notes
        #expect(notes?.contains("node pc-1: its address 10.77.0.5 is the router's") == true)
        // Nodes are no part of a plan that leaves networks alone.
        #expect(try ChangePlan(of: [.node(node.name, nil)], in: snapshot, within: plan).notes == nil)
    }

    @Test func `a network of an interface that is gone waits, and says so`() throws {
        let snapshot = try applying([try Self.network()])
        let host = ServingHost(
            interfaces: [
                ServingHost.Interface(
                    name: "eth2",
                    addresses: [
                        (try Self.address("10.9.0.1"), try #require(IPv4Network("10.9.0.0/24")))
                    ])
            ])
        let served = ServedNetworks(snapshot.contents.network, on: host)
        #expect(served.entries.isEmpty && served.idle.count == 1)
        #expect(served.problems.first?.description.contains("does not serve on ‘eth1’") == true)
    }
}

import API
import Fleet
import Testing
import Wire

@testable import Center

/// Networks as acts show and change them, on a host that is known.
@Suite struct NetworkActsTests {
    private let fleet: SmallFleet

    init() async throws { fleet = try await SmallFleet() }

    private func acts(serving interface: String) throws -> Acts {
        let services = fleet.services
        let own = try #require(IPv4Address("10.77.0.250"))
        let network = try #require(IPv4Network("10.77.0.0/24"))
        services.fleet.host = ServingHost(
            interfaces: [ServingHost.Interface(name: interface, addresses: [(own, network)])], own: [own])
        return Acts(services: services, caller: .local)
    }

    private static func school(_ pool: String, on interface: String = "eth1") throws -> ChangeRequest {
        var network = Network(name: try NetworkName("school"), interface: interface)
        network.pools = [try #require(AddressRange(pool))]
        return ChangeRequest(edits: [ChangeRequest.Edit(.network(network.name, network))])
    }

    @Test func `a plan counts the leases that would be in no pool`() async throws {
        let acts = try acts(serving: "eth1")
        _ = try await acts.make(Self.school("10.77.0.1-10.77.0.6"))
        let kept = try await acts.notingLeases(acts.plan(Self.school("10.77.0.1-10.77.0.5")))
        #expect(kept.plan.notes?.contains { $0.contains("would be in no pool") } == false)
        let moved = try await acts.notingLeases(acts.plan(Self.school("10.77.0.50-10.77.0.59")))
        let note = try #require(moved.plan.notes?.last)
        #expect(note.contains("leases would be in no pool"), "\(note)")
    }

    @Test func `a network that cannot be served is listed with the reason, and refused anew`() async throws {
        let acts = try acts(serving: "eth1")
        _ = try await acts.make(Self.school("10.77.0.100-10.77.0.200"))
        #expect(throws: InvalidSetting.self) {
            try acts.plan(Self.school("10.77.0.100-10.77.0.200", on: "eth9"))
        }
        #expect(throws: InvalidSetting.self) { try acts.plan(Self.school("10.77.0.240-10.77.0.254")) }
        var host = try #require(acts.services.fleet.host)
        host.interfaces[0].name = "eth2"
        acts.services.fleet.host = host
        let network = try await acts.networks().first { $0.problem != nil }
        #expect(network?.name?.text == "school" && network?.problem?.english.contains("eth1") == true)
        let warnings = try await acts.status().warnings
        #expect(warnings?.contains { $0.contains("network school is not served") } == true)
    }

    @Test func `networks are searched and come page by page`() async throws {
        let edits = try (10..<40).map { number in
            let network = Network(
                name: try NetworkName("room-\(number)"), interface: "eth\(number)",
                subnet: IPv4Network("10.90.\(number).0/24"))
            return ChangeRequest.Edit(.network(network.name, network))
        }
        _ = try await Acts(services: fleet.services, caller: .local).make(ChangeRequest(edits: edits))
        // None of them is on the host's only interface.
        let acts = try acts(serving: "eth1")
        let count = try await acts.networks().count
        #expect(count >= 30)
        var (names, offset) = ([String](), 0 as Int?)
        while let start = offset {
            let page = try await acts.networks(fitting: "", offset: start, limit: 7)
            #expect(page.count == count && page.rows.count <= 7)
            names += page.rows.map { $0.name?.text ?? $0.interface }
            offset = page.next
        }
        #expect(names.count == count && Set(names).count == count)
        let found = try await acts.networks(fitting: "ROOM 10.90.17.", offset: 0, limit: 7)
        #expect(found.count == 1 && found.rows.first?.name?.text == "room-17")
        #expect(try await acts.networks(fitting: "nowhere", offset: 0, limit: 7).rows.isEmpty)
    }

    @Test func `reservations are searched and come page by page`() async throws {
        let acts = Acts(services: fleet.services, caller: .local)
        let own = fleet.services.fleet.snapshot.contents.network.reservations.count
        let edits = try (1...250).map { number in
            let mac = try #require(
                MACAddress("02:00:00:00:01:" + (number < 16 ? "0" : "") + String(number, radix: 16)))
            let address = IPv4Address(rawValue: 0x0A4D_0100 | UInt32(number))
            let kept = DHCPReservation(.macAddress(mac), address)
            return ChangeRequest.Edit(.reservation(kept.identity, kept))
        }
        _ = try await acts.make(ChangeRequest(edits: edits))
        let first = try await acts.reservations("", offset: 0, limit: 100)
        #expect(first.count == 250 + own && first.rows.count == 100 && first.next == 100)
        let last = try await acts.reservations("", offset: 200, limit: 100)
        #expect(last.rows.count == 50 + own && last.next == nil)
        for (query, count) in [
            ("10.77.1.0/25", 127), ("02-00-00-00-01-0A", 1), ("00:00:01:0", 15), ("77.1.25", 2),
            ("02:00 10.77.1.128/25", 123), ("nothing", 0),
        ] {
            let page = try await acts.reservations(query, offset: 0, limit: 10)
            #expect(page.count == count && page.rows.count == min(count, 10), "\(query): \(page.count)")
        }
    }

    @Test func `a change that is made without a plan says what is wrong since`() async throws {
        let acts = try acts(serving: "eth1")
        _ = try await acts.make(Self.school("10.77.0.100-10.77.0.200"))
        func reserve(_ mac: UInt64, _ address: String) async throws -> [String]? {
            let kept = DHCPReservation(
                .macAddress(MACAddress(rawValue: mac)), try #require(IPv4Address(address)))
            let edit = ChangeRequest.Edit(.reservation(kept.identity, kept))
            return try await acts.makeNoting(ChangeRequest(edits: [edit])).warnings
        }
        #expect(try await reserve(8, "10.77.0.8") == nil)
        let inPool = try await reserve(9, "10.77.0.150")
        #expect(inPool?.count == 1 && inPool?.first?.contains("is in the pool") == true)
        // Only what is new.
        #expect(try await reserve(10, "10.77.0.9") == nil)
        let warnings = try await acts.status().warnings
        #expect(warnings?.contains { $0.contains("is in the pool") } == true)
    }

    @Test func `the first network says which interfaces it leaves without addresses`() async throws {
        let acts = try acts(serving: "eth1")
        _ = try await acts.make(ChangeRequest(edits: [.init(.network(NetworkName("school"), nil))]))
        func add(_ network: Network) async throws -> [String] {
            let edit = ChangeRequest.Edit(.network(network.name, network))
            return try await acts.makeNoting(ChangeRequest(edits: [edit])).warnings ?? []
        }
        var annex = Network(name: try NetworkName("annex"))
        annex.subnet = IPv4Network("10.78.0.0/22")
        let first = try await add(annex)
        #expect(first.contains { $0.hasPrefix("10.77.0.0/24 on eth1 is no longer served") }, "\(first)")
        // Afterwards it is no news.
        annex.mtu = 1_400
        #expect(try await add(annex).allSatisfy { !$0.contains("no longer served") })
    }

    @Test func `a plan of addresses follows the networks and the host, and nothing else`() async throws {
        let acts = try acts(serving: "eth1")
        let live = acts.services.fleet
        let plan = live.addressPlan
        _ = try await acts.make(Self.school("10.77.0.100-10.77.0.200"))
        #expect(live.addressPlan != plan)
        #expect(live.addressPlan.subnets.first?.pools.count == 1)
        var host = try #require(live.host)
        host.own.insert(try #require(IPv4Address("10.77.0.9")))
        live.host = host
        #expect(live.addressPlan.own == host.own)
        live.host = nil
        #expect(live.addressPlan == .unknown)
    }
}

import Fleet
import Foundation
import StoreSQLite
import Testing
import Wire

@testable import RoostCommand

/// What becomes of the networks of a file from before they were records.
@Suite final class NetworkImportTests {
    private static let file = """
        interfaces: [eth0]
        loader-rules:
          - {mac: "52:54:00:*", loader: first.efi}
          - {vendor-class: PXEClient, loader: second.efi}
        dhcp:
          networks:
            - {interface: eth1, pools: [10.77.0.100-10.77.0.200], lease: infinite, options: {150: [10.0.0.5, 10.0.0.6]}}
            - {interface: eth1, subnet: 10.78.0.0/22}
            - {subnet: 10.79.0.0/24}
          reservations:
            - {mac: "52:54:00:12:34:56", address: 10.77.0.10}
            - {mac: "52:54:00:12:34:56", address: 10.77.0.11}
            - {client-id: "01:02", address: 10.77.0.12}
        """
    private let directory = FileManager.default.temporaryDirectory.appendingPathComponent("roost-\(UUID())")
        .path

    init() throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    private func former(_ text: String) throws -> FormerNetworks {
        try ServerSettings(parsing: text, file: "roost.yaml").formerNetworks
    }

    private static func host() throws -> ServingHost {
        let own = try #require(IPv4Address("10.77.0.1"))
        let network = try #require(IPv4Network("10.77.0.0/24"))
        return ServingHost(
            interfaces: [ServingHost.Interface(name: "eth1", addresses: [(own, network)])], own: [own])
    }

    private func take(_ text: String, into store: any FleetStore) async throws -> NetworkRecords {
        try await NetworkImport(former: try former(text), store: store, host: Self.host()).run()
        return try await store.snapshot().contents.network
    }

    @Test
    func `old keys become records with names of their own, and interfaces that only they name stay served`()
        throws
    {
        let settings = try ServerSettings(parsing: Self.file, file: "roost.yaml")
        let records = settings.formerNetworks.records
        #expect(records.networks.keys.map(\.text).sorted() == ["eth1", "eth1-2", "net-10.79.0.0"])
        let first = try #require(records.networks[NetworkName("eth1")])
        #expect(first.lease.seconds == nil && first.options.bytes[150]?.count == 8)
        #expect(records.orderedLoaderRules.map(\.loader) == ["first.efi", "second.efi"])
        #expect(records.reservations.count == 2 && settings.formerNetworks.leftOut.count == 1)
        #expect(settings.formerNetworks.keys == ["loader-rules", "dhcp.networks", "dhcp.reservations"])
        #expect(settings.interfaceNames(settings.interfaces) == ["eth0", "eth1"])
        let without = try ServerSettings(parsing: "interfaces: [eth0, eth1]\n", file: "roost.yaml")
        #expect(without.differencesThatNeedRestart(from: settings).isEmpty)
    }

    @Test func `they are imported once, also when that is taken back`() async throws {
        let store = try SQLiteStore(path: "\(directory)/store")
        let records = try await take(Self.file, into: store)
        #expect(records.networks.count == 3 && records.reservations.count == 2)
        let revision = try await store.revision(1)
        #expect(revision.who == "roost.yaml")
        #expect(revision.what.hasPrefix("3 networks, 2 reservations, 2 loader rules imported"))
        // The file is another one now, and does not count.
        let other = Self.file.replacing("10.77.0.200", with: "10.77.0.210")
        #expect(try await take(other, into: store) == records)
        // Nor when people undo the import.
        let before = try await store.snapshot()
        let undo = try before.checking(before.undoing(await store.edits(of: 1), of: 1))
        _ = try await store.apply(undo, by: "ann", what: "undo")
        #expect(try await take(Self.file, into: store) == NetworkRecords())
    }

    @Test func `a fleet with a network of its own takes nothing from a file`() async throws {
        let store = try SQLiteStore(path: "\(directory)/store")
        let network = Network(name: try NetworkName("own"), interface: "eth1")
        let change = try await store.snapshot().checking([.network(network.name, network)])
        _ = try await store.apply(change, by: "ann", what: "added")
        #expect(try await take(Self.file, into: store).networks.count == 1)
    }

    @Test func `what contradicts itself ends the start, and an address of a node is left out`() async throws {
        let store = try SQLiteStore(path: "\(directory)/store")
        let node = Node(
            name: try NodeName("pc-1"), macAddresses: [MACAddress(rawValue: 7)],
            address: IPv4Address("10.77.0.10"))
        let change = try await store.snapshot().checking([.node(node.name, node)])
        _ = try await store.apply(change, by: "ann", what: "added")
        let wrong = Self.file.replacing("10.77.0.100-", with: "10.77.0.1-")
        let error = await #expect(throws: InvalidSetting.self) { try await take(wrong, into: store) }
        #expect(error?.description.hasPrefix("dhcp: ") == true)
        #expect(try await store.snapshot().contents.network == NetworkRecords())
        let records = try await take(Self.file, into: store)
        #expect(records.reservations.values.map(\.address) == [IPv4Address("10.77.0.12")])
    }
}

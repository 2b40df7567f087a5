import Foundation
import Testing
import Wire

@testable import Fleet

/// A network as JSON, and what becomes of its leases.
extension NetworkTests {
    // MARK: JSON

    @Test func `a record is read as it is written, and what is left out is empty`() throws {
        let text = """
            {"name":"school","interface":"eth1","pools":["10.77.0.100-10.77.0.200"],"lease":"90m","bootp":true,\
            "routes":["192.168.0.0/16 via 10.77.0.253"],"options":{"150":"10.77.0.9","43":"0x0102"}}
            """
        let network = try JSONDecoder().decode(Network.self, from: Data(text.utf8))
        #expect(network.lease.seconds == 5_400 && network.options.bytes[150] == [10, 77, 0, 9])
        #expect(network.options.bytes[43] == [1, 2] && network.servesBOOTP && network.nameServers.isEmpty)
        let again = try JSONDecoder().decode(Network.self, from: JSONEncoder().encode(network))
        #expect(again == network)
        for (field, problem) in [
            (#""lease":"5x""#, "is not a duration"), (#""pools":["10.77.0.9"]"#, "is not a range"),
            (#""options":{"53":"1"}"#, "set by the server itself"), (#""routes":["x"]"#, "is not a route"),
            (#""options":{"150":"x"}"#, "one or more IPv4 addresses"),
        ] {
            let error = #expect(throws: DecodingError.self) {
                try JSONDecoder().decode(Network.self, from: Data(#"{"name":"a",\#(field)}"#.utf8))
            }
            #expect("\(error.map { "\($0)" } ?? "")".contains(problem))
        }
        let rule = LoaderRule(
            name: try RuleName("old"), macPattern: MACPattern("52:54:00:*"), architecture: .uefiX64,
            loader: "ipxe.efi")
        #expect(try JSONDecoder().decode(LoaderRule.self, from: JSONEncoder().encode(rule)) == rule)
    }

    @Test(arguments: [("infinite", nil), ("90s", 90), ("2h", 7_200), ("7d", 604_800), ("100m", 6_000)])
    func `a lease's time is written as it was typed`(text: String, seconds: UInt32?) throws {
        let time = try #require(LeaseTime(text))
        #expect(time.seconds == seconds && time.description == text)
    }

    @Test(arguments: ["", "59s", "5x", "0h", "99999999d", "-1h"])
    func `what is no lease's time is refused`(text: String) { #expect(LeaseTime(text) == nil) }

    // MARK: Leases

    @Test func `a lease stays when its network changes, and the new pool is used`() throws {
        let host = try Self.host()
        var network = DHCPNetwork(ServedNetworks(NetworkRecords(), on: host).links)
        var taken = network.take(mac: 0x0200_0000_0001, interface: "eth1")
        let first = try #require(taken)
        let records = try applying([
            try Self.network { $0.pools = try Self.pools("10.77.0.50-10.77.0.59") }
        ]).contents.network
        network.server = DHCPServer(
            links: ServedNetworks(records, on: host).links, reservations: [],
            leases: network.server.table.all)
        #expect(network.server.table.all.contains { $0.address == first })
        taken = network.take(mac: 0x0200_0000_0002, interface: "eth1")
        let second = try #require(taken)
        #expect(second.description.hasPrefix("10.77.0.5"))
    }
}

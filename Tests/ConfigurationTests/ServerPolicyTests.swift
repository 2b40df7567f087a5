import Fleet
import Linux
import Sealing
import Services
import Synchronization
import Testing
import Wire

@testable import RoostCommand

/// What the data planes go by when records or the file change.
@Suite struct ServerPolicyTests {
    private func host(_ text: String = "") throws -> ServerPolicy.Host {
        let interfaces = try ServedInterfaces(["lo"], available: NetworkInterface.all())
        let policy = BootPolicy(server: interfaces.address, loaders: [], nodeArchives: [:])
        let context = BootContext.Settings(
            policy: policy, imageStore: "", volumeDirectory: "", nodeArchiveDirectory: "", loaders: [:],
            key: ServerKey(), secrets: NodeSecrets())
        return ServerPolicy.Host(
            try ServerSettings(parsing: text, file: "roost.yaml"), interfaces, context: context)
    }

    private func records(pool: String) throws -> NetworkRecords {
        var records = NetworkRecords()
        var network = Network(name: try NetworkName("own"), subnet: IPv4Network("10.77.0.0/24"))
        network.pools = [try #require(AddressRange(pool))]
        network.server = IPv4Address("10.77.0.1")
        records.networks[network.name] = network
        let rule = LoaderRule(name: try RuleName("old"), vendorClass: "P", loader: "x.efi")
        records.loaderRules[rule.name] = rule
        return records
    }

    @Test func `a change of records is followed at once, and one of something else is none`() throws {
        let policy = CurrentPolicy(try host(), NetworkRecords())
        #expect(policy.value.networks.entries.first?.interface == "lo")
        let uses = Mutex(0)
        func follow(_ records: NetworkRecords) -> Int {
            policy.follow(records) { _ in uses.withLock { $0 += 1 } }
            return uses.withLock { $0 }
        }
        #expect(follow(NetworkRecords()) == 0)
        let first = try records(pool: "10.77.0.100-10.77.0.200")
        #expect(follow(first) == 1 && follow(first) == 1)
        #expect(policy.value.context.policy.loaderRules.map(\.loader) == ["x.efi"])
        #expect(try follow(records(pool: "10.77.0.50-10.77.0.59")) == 2)
        let pools = policy.value.networks.subnets.flatMap(\.pools).map { "\(AddressRange($0))" }
        #expect(pools == ["10.77.0.50-10.77.0.59"])
    }

    @Test func `a file that is read anew keeps the records`() throws {
        let policy = CurrentPolicy(try host(), try records(pool: "10.77.0.50-10.77.0.59"))
        var used: String?
        policy.follow(try host("domain: school.example\nlimits: [{network: 10.9.0.1/32, times: 2}]")) {
            used = $0.context.policy.domain
        }
        #expect(used == "school.example" && policy.value.networks.subnets.first?.domain == used)
        #expect(policy.value.context.policy.loaderRules.count == 1)
        #expect(policy.value.allowances.networks.count == 1)
    }

    @Test func `an interface that was removed is gone, also when one of its name is there again`() throws {
        let start = try ServedInterfaces(["lo"], available: NetworkInterface.all())
        #expect(start.gone().isEmpty)
        #expect(start.gone { _ in nil } == ["lo"])
        // A new name changes nothing for what is bound to it.
        #expect(start.gone { _ in "lan0" }.isEmpty)
    }

    @Test func `addresses that came after the start wait for a restart`() throws {
        var available = try NetworkInterface.all()
        let start = try ServedInterfaces(["lo"], available: available)
        #expect(start.unheard(since: start).isEmpty)
        let index = try #require(available.firstIndex { $0.name == "lo" })
        var address = available[index].addresses[0]
        address.address = try #require(IPv4Address("192.0.2.7"))
        available[index].addresses.append(address)
        let now = try ServedInterfaces(["lo"], available: available)
        #expect(now.unheard(since: start).map { "\($0.address) on \($0.interface)" } == ["192.0.2.7 on lo"])
        #expect(start.unheard(since: now).isEmpty)
    }
}

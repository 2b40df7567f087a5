import Fleet
import Foundation
import Glibc
import Linux
import Sealing
import Testing
import Wire

@testable import Services

/// One sender that pretends to be many: the source of a datagram can be forged.
@Suite final class InventedPeersTests {
    private let path = NSTemporaryDirectory() + "roost-\(UUID()).journal"
    private let server = IPv4Address(rawValue: 0x0A4D_0001)
    private let loop: EventLoop
    private let lines = LoopbackPlanes.Lines()

    init() throws { loop = try EventLoop() }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    private func context(_ limits: PeerLimits) throws -> BootContext {
        try BootContext(
            loop: loop,
            settings: BootContext.Settings(
                policy: BootPolicy(server: server, loaders: [], nodeArchives: [:]), imageStore: "",
                volumeDirectory: "", nodeArchiveDirectory: "", loaders: [:], key: ServerKey(),
                secrets: NodeSecrets()),
            snapshot: .empty, tracker: BootTracker(), limits: limits, send: { _ in })
    }

    private func service(_ context: BootContext) throws -> DHCPService {
        let subnet = DHCPSubnet(
            network: try #require(IPv4Network("10.77.0.0/24")), server: server,
            pools: [IPv4Address(rawValue: 0x0A4D_0064)...IPv4Address(rawValue: 0x0A4D_0065)])
        let service = DHCPService(
            links: [DHCPLink(interface: nil, subnets: [subnet])], reservations: [], leases: [],
            committer: try LeaseCommitter(journal: try LeaseJournal(path), log: { _ in }), context: context,
            log: { _ in })
        var ends: [Int32] = [0, 0]
        let isMade = unsafe socketpair(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0, &ends) == 0
        try #require(isMade)
        close(ends[1])
        try service.listen(
            on: FileDescriptor(owning: ends[0]), frames: nil, neighbours: nil,
            at: DHCPService.Endpoint(interface: nil), loop: loop)
        return service
    }

    /// - Parameter agent: option 82.
    private func discover(_ number: UInt32, agent: [UInt8]?, relay: UInt32? = nil) -> [UInt8] {
        var message = DHCPMessage(transaction: number, from: MACAddress(rawValue: UInt64(number) + 1))
        message.relay = IPv4Address(rawValue: relay ?? 0x0B00_0001 + number)
        message.options.set(.messageType, to: .discover)
        message.options[82] = agent
        var bytes: [UInt8] = []
        message.write(to: &bytes)
        return bytes
    }

    /// From a network that is not served, and with sub-option 5, which names one that is.
    @Test(arguments: [
        (nil, "a relay of another network"),
        ([5, 4, 10, 77, 0, 0], "the network 10.77.0.0/24 behind relays"),
    ])
    func `invented relays together have one share of the server's time and of its log`(
        agent: [UInt8]?, name: String
    ) throws {
        let lines = lines
        var maxima = PeerLimits.Maxima()
        maxima.dhcpStrangersMessages = PeerRates(perSecond: 1, burst: 500)
        let limits = PeerLimits(maxima: maxima, log: { lines.add($0) })
        let service = try service(try context(limits))
        service.take((0..<5_000).map { discover($0, agent: agent) })
        #expect(lines.has("\(name) was limited: dhcp: at most 1 messages a second"))
        #expect(limits.figures.totals[.dhcp, default: 0] >= 4_000)
        #expect(lines.all.count < 100)
    }

    @Test func `a flood from one port of a relay leaves half of its link's share to other ports`() throws {
        let lines = lines
        var maxima = PeerLimits.Maxima()
        maxima.dhcpStrangersMessages = PeerRates(perSecond: 1, burst: 500)
        maxima.dhcpPortMessages = PeerRates(perSecond: 1, burst: 250)
        // Refused lines would count as well.
        maxima.logLines = PeerRates(perSecond: 1, burst: 100_000)
        maxima.allLogLines = PeerRates(perSecond: 1, burst: 100_000)
        let limits = PeerLimits(maxima: maxima, log: { lines.add($0) })
        let service = try service(try context(limits))
        func refused(_ numbers: Range<UInt32>, port: UInt8) -> Int {
            let before = limits.figures.totals[.dhcp, default: 0]
            service.take(
                numbers.map { discover($0, agent: [1, 1, port, 5, 4, 10, 77, 0, 0], relay: 0x0A4D_0002) })
            return limits.figures.totals[.dhcp, default: 0] - before
        }
        #expect(refused(0..<1_000, port: 7) >= 700)
        #expect(
            lines.has("the port 010107 of the relay 10.77.0.2 was limited: dhcp: at most 1 messages a second")
        )
        #expect(refused(1_000..<1_200, port: 8) == 0)
        // Together they have no more than the link.
        #expect(refused(1_200..<2_000, port: 9) >= 700)
    }

    @Test func `a machine in whose name another host asks is still answered while its link has room`() {
        var maxima = PeerLimits.Maxima()
        maxima.dhcpMessages = PeerRates(perSecond: 1, burst: 2)
        maxima.dhcpSpareMessages = PeerRates(perSecond: 1, burst: 5)
        let lines = lines
        let limits = PeerLimits(maxima: maxima, log: { lines.add($0) })
        func takes(_ machine: UInt64) -> Bool {
            limits.takes(
                \.dhcpMessages, orSpare: \.dhcpSpareMessages, of: .link("eth0"), .dhcp, .messages,
                .machine(MACAddress(rawValue: machine)))
        }
        let heard = (0..<20).map { _ in takes(1) }
        #expect(heard == Array(repeating: true, count: 7) + Array(repeating: false, count: 13))
        // Others keep their own share.
        let other = takes(2)
        #expect(other && lines.has("was limited: dhcp: at most 1 messages a second"))
    }

    @Test func `the log accepts a limited number of lines per plane, from any number of addresses`() {
        let lines = lines
        let limits = PeerLimits(log: { lines.add($0) })
        for number in 0..<20_000 {
            limits.say(.tftp, .address(IPv4Address(rawValue: UInt32(number))), "line \(number)")
        }
        let said = lines.all.count { $0.hasPrefix("tftp: line ") }
        // A second or two may pass meanwhile.
        #expect((600...700).contains(said))
        #expect(lines.all.count <= said + LimitLedger.peerLimit + 1)
        limits.say(.nbd, .address(.loopback), "another plane's")
        #expect(lines.has("nbd: another plane's"))
    }

    @Test func `a node's refusals are reported, whatever the number of invented machines and addresses`()
        throws
    {
        var log = RefusalLog()
        let node = MACAddress(rawValue: 1)
        func told(_ machine: MACAddress, isNode: Bool, _ peer: UInt32, at now: Int) -> Bool {
            log.isNew(machine, isNode: isNode, IPv4Address(rawValue: peer), now: now)
        }
        let invented = (0..<10_000).count {
            told(MACAddress(rawValue: 100 + UInt64($0)), isNode: false, 1, at: 1_000)
        }
        #expect(invented == 256)
        #expect(told(node, isNode: true, 1, at: 1_000))
        #expect(!told(node, isNode: true, 1, at: 2_000))
        #expect(told(node, isNode: true, 1, at: 62_000))
        let addresses: UInt32 = 4_200
        let pairs = (0..<addresses).count { told(node, isNode: true, 10 + $0, at: 70_000) }
        #expect((4_000...4_100).contains(pairs))
        #expect(told(MACAddress(rawValue: 2), isNode: true, 1, at: 70_000))
        #expect(told(MACAddress(rawValue: 3), isNode: true, 1, at: 70_000))
        #expect(!told(MACAddress(rawValue: 3), isNode: true, 1, at: 70_001))
    }
}

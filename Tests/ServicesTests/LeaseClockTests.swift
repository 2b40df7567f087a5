import Fleet
import Foundation
import Glibc
import Linux
import Sealing
import Synchronization
import Testing
import Wire

@testable import Services

/// The DHCP service while its clock is set.
@Suite final class LeaseClockTests {
    /// Clocks that the test controls.
    private final class Clocks: Sendable {
        let reading: Mutex<ClockReading>
        init(second: Int) { reading = Mutex(ClockReading(wall: second * 1_000, boot: 60_000)) }

        func pass(_ seconds: Int) {
            reading.withLock {
                $0 = ClockReading(wall: $0.wall + seconds * 1_000, boot: $0.boot + seconds * 1_000)
            }
        }
        func set(_ second: Int) { reading.withLock { $0.wall = second * 1_000 } }
    }

    private static let (now, never) = (1_795_000_000, 86_400)
    private let path = NSTemporaryDirectory() + "roost-\(UUID()).journal"
    private let relay = IPv4Address(rawValue: 0x0A4D_0002)
    private let server = IPv4Address(rawValue: 0x0A4D_0001)
    private let loop: EventLoop
    private let reports = Reports()

    private final class Reports: Sendable {
        let jumps = Mutex<[ClockJump]>([])
    }

    init() throws { loop = try EventLoop() }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    private func service(_ clocks: Clocks, _ pool: ClosedRange<UInt32> = 0x0A4D_0064...0x0A4D_0064) throws
        -> DHCPService
    {
        let policy = BootPolicy(server: server, loaders: [], nodeArchives: [:])
        let reports = reports
        let context = try BootContext(
            loop: loop,
            settings: BootContext.Settings(
                policy: policy, imageStore: "", volumeDirectory: "", nodeArchiveDirectory: "", loaders: [:],
                key: ServerKey(), secrets: NodeSecrets()),
            snapshot: FleetSnapshot(revision: 1, contents: FleetSnapshot.Contents()), tracker: BootTracker(),
            readClocks: { clocks.reading.withLock { $0 } }
        ) { report in
            if case .clock(let jump) = report { reports.jumps.withLock { $0.append(jump) } }
        }
        let subnet = DHCPSubnet(
            network: try #require(IPv4Network("10.77.0.0/24")), server: server,
            pools: [IPv4Address(rawValue: pool.lowerBound)...IPv4Address(rawValue: pool.upperBound)],
            leaseSeconds: 3_600)
        let leases = try LeaseJournal.leases(at: path)
        let committer = try LeaseCommitter(journal: try LeaseJournal(path), log: { _ in })
        let links = [DHCPLink(interface: nil, subnets: [subnet])]
        let leap = ClockJump.betweenRuns(
            lastSecond: Lease.lastGiven(of: leases, on: links), now: clocks.reading.withLock { $0 },
            longest: Lease.longestSeconds(on: links))
        let service = DHCPService(
            links: links, reservations: [], leases: leases, leap: leap, committer: committer,
            context: context, log: { _ in })
        var ends: [Int32] = [0, 0]
        guard unsafe socketpair(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0, &ends) == 0 else {
            throw SystemError("make a pair of sockets")
        }
        close(ends[1])
        try service.listen(
            on: FileDescriptor(owning: ends[0]), frames: nil, neighbours: nil,
            at: DHCPService.Endpoint(interface: nil), loop: loop)
        return service
    }

    /// DISCOVER and REQUEST of a machine behind a relay, for the pool's first address.
    private func ask(_ service: DHCPService, mac: UInt64) {
        let messages = [DHCPMessageType.discover, .request].map { type in
            var message = DHCPMessage(transaction: 7, from: MACAddress(rawValue: mac))
            message.relay = relay
            message.options.set(.messageType, to: type)
            if type == .request {
                message.options.set(.requestedAddress, to: IPv4Address(rawValue: 0x0A4D_0064))
                message.options.set(.serverIdentifier, to: server)
            }
            var bytes: [UInt8] = []
            message.write(to: &bytes)
            return bytes
        }
        service.take(messages)
    }

    /// The journal's content once everything given to it is there.
    private func journal(until isThere: ([Lease]) -> Bool) throws -> [Lease] {
        for _ in 0..<1_000 {
            let leases = try LeaseJournal.leases(at: path)
            if isThere(leases) { return leases }
            usleep(5_000)
        }
        return try LeaseJournal.leases(at: path)
    }

    @Test(arguments: [
        (never, now), (now, now + 63_000_000), (now, never), (now, now - 63_000_000), (now, now + 7_200),
    ])
    func `a held lease stays held when the clock is set, and ends when its time is over`(
        before: Int, after: Int
    )
        throws
    {
        let clocks = Clocks(second: before)
        let service = try service(clocks)
        ask(service, mac: 1)
        #expect(service.leases.map(\.expiresAt) == [before + 3_600])
        clocks.pass(600)
        clocks.set(after)
        ask(service, mac: 2)
        #expect(service.leases.map(\.holder) == [.macAddress(MACAddress(rawValue: 1))])
        #expect(service.leases.map(\.expiresAt) == [after + 3_000])
        #expect(
            reports.jumps.withLock { $0 } == [ClockJump(before: (before + 600) * 1_000, after: after * 1_000)]
        )
        #expect(try journal { $0.first?.expiresAt == after + 3_000 }.count == 1)
        // The client's own clock kept running all the time.
        clocks.pass(2_999)
        ask(service, mac: 2)
        #expect(service.leases.map(\.holder) == [.macAddress(MACAddress(rawValue: 1))])
        clocks.pass(2)
        ask(service, mac: 2)
        #expect(service.leases.map(\.holder) == [.macAddress(MACAddress(rawValue: 2))])
    }

    @Test func `a lease from 1970 is held when the server starts again with the right time`() throws {
        let clocks = Clocks(second: Self.never)
        do {
            let service = try service(clocks)
            ask(service, mac: 1)
            _ = try journal { !$0.isEmpty }
        }
        clocks.set(Self.now)
        let service = try service(clocks)
        ask(service, mac: 2)
        #expect(service.leases.map(\.holder) == [.macAddress(MACAddress(rawValue: 1))])
        #expect(service.leases.map(\.expiresAt) == [Self.now + 3_600])
    }

    @Test func `after a start in 1970 earlier leases are held, and become right once NTP sets the clock`()
        throws
    {
        let clocks = Clocks(second: Self.now)
        do {
            let service = try service(clocks)
            ask(service, mac: 1)
            _ = try journal { !$0.isEmpty }
        }
        clocks.set(Self.never)
        let service = try service(clocks)
        ask(service, mac: 2)
        clocks.pass(60)
        clocks.set(Self.now + 120)
        ask(service, mac: 2)
        #expect(service.leases.map(\.holder) == [.macAddress(MACAddress(rawValue: 1))])
        #expect(service.leases.map(\.expiresAt) == [Self.now + 3_600])
    }

    // MARK: A start with a clock that is years ahead

    private static let ahead = 4_080_000_000

    /// A server that gave the only address to the first machine, stopped, and starts with the clock at `second`.
    private func restarted(at second: Int, _ clocks: Clocks) throws -> DHCPService {
        do {
            let service = try service(clocks)
            ask(service, mac: 1)
            _ = try journal { !$0.isEmpty }
        }
        clocks.pass(600)
        clocks.set(second)
        return try service(clocks)
    }

    @Test func `a start in 2099 takes no lease from its machine, and no lease lasts until then`() throws {
        let clocks = Clocks(second: Self.now)
        let service = try restarted(at: Self.ahead, clocks)
        ask(service, mac: 2)
        #expect(service.leases.map(\.holder) == [.macAddress(MACAddress(rawValue: 1))])
        #expect(service.leases.map(\.expiresAt) == [Self.ahead + 3_600])
        #expect(try journal { $0.first?.expiresAt == Self.ahead + 3_600 }.count == 1)
        clocks.pass(60)
        clocks.set(Self.now + 700)
        ask(service, mac: 2)
        #expect(service.leases.map(\.holder) == [.macAddress(MACAddress(rawValue: 1))])
        #expect(service.leases.map(\.expiresAt) == [Self.now + 700 + 3_540])
        clocks.pass(3_541)
        ask(service, mac: 2)
        #expect(service.leases.map(\.holder) == [.macAddress(MACAddress(rawValue: 2))])
    }

    @Test func `a lease given in 2099 ends on time when the server starts with the right clock`()
        throws
    {
        let clocks = Clocks(second: Self.ahead)
        let service = try restarted(at: Self.now, clocks)
        #expect(service.leases.map(\.expiresAt) == [Self.now + 3_600])
        clocks.pass(3_601)
        ask(service, mac: 2)
        #expect(service.leases.map(\.holder) == [.macAddress(MACAddress(rawValue: 2))])
    }

    @Test func `a second start in 2099 changes nothing more`() throws {
        let clocks = Clocks(second: Self.now)
        _ = try restarted(at: Self.ahead, clocks)
        _ = try journal { $0.first?.expiresAt == Self.ahead + 3_600 }
        clocks.pass(60)
        let service = try service(clocks)
        #expect(service.leases.map(\.expiresAt) == [Self.ahead + 3_600])
    }

    @Test func `a night without the server ends a lease as usual`() throws {
        let clocks = Clocks(second: Self.now)
        let service = try restarted(at: Self.now + 43_200, clocks)
        ask(service, mac: 2)
        #expect(service.leases.map(\.holder) == [.macAddress(MACAddress(rawValue: 2))])
    }
}

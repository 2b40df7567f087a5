import Fleet
import Glibc
import Linux
import Sealing
import Testing
import Wire

@testable import Services

/// Greedy clients on loopback, against the real services on a real loop. Each address of 127.0.0.0/8 is a peer.
@Suite struct PeerLimitsTests {
    private static func request(_ options: String = "") -> [UInt8] {
        [0, 1] + Array("hosts\0octet\0\(options)".utf8)
    }

    private static let (options, busy) = ("blksize\0001024\0timeout\000255\0", 5 as UInt8)

    @Test func `an address has a limited number of NBD connections, and ended ones make room`()
        throws
    {
        let planes = try LoopbackPlanes { $0.nbdConnections = 4 }
        do {
            let held = try (0..<4).map { _ in
                try LoopbackClient(SOCK_STREAM, at: "127.0.0.2", to: planes.ports.nbd)
            }
            for one in held { #expect(one.hear().starts(with: Array("NBDMAGIC".utf8))) }
            let refused = try LoopbackClient(SOCK_STREAM, at: "127.0.0.2", to: planes.ports.nbd)
            #expect(refused.hear().isEmpty)
            let other = try LoopbackClient(SOCK_STREAM, at: "127.0.0.3", to: planes.ports.nbd)
            #expect(other.hear().starts(with: Array("NBDMAGIC".utf8)))
        }
        #expect(
            planes.lines.all == ["127.0.0.2 was limited: nbd: at most 4 connections per address"])
        // The order in which the server learns of the ends and of the next one is undefined.
        let hasRoom = try (0..<100).contains { _ in
            usleep(20_000)
            let again = try LoopbackClient(SOCK_STREAM, at: "127.0.0.2", to: planes.ports.nbd)
            return again.hear().starts(with: Array("NBDMAGIC".utf8))
        }
        #expect(hasRoom)
    }

    @Test func `a silent connection is closed, by NBD and by HTTP, even if bytes trickle in`() throws {
        let planes = try LoopbackPlanes {
            $0.nbdHandshake = 500
            $0.httpRequest = 500
        }
        let silent = try LoopbackClient(SOCK_STREAM, at: "127.0.0.2", to: planes.ports.nbd)
        #expect(!silent.hear().isEmpty)
        let slow = try LoopbackClient(SOCK_STREAM, at: "127.0.0.3", to: planes.ports.http)
        slow.say(Array("GET / HT".utf8))
        #expect(silent.hear().isEmpty)
        slow.say(Array("TP/1.".utf8))
        #expect(slow.hear().isEmpty)
        #expect(planes.lines.has("127.0.0.2 was limited: nbd: at most 0 seconds"))
        #expect(planes.lines.has("127.0.0.3 was limited: http: at most 0 seconds"))
    }

    @Test func `a client that sends too many HTTP requests is slowed down, and others are not`() throws {
        let planes = try LoopbackPlanes { $0.httpRequests = PeerRates(perSecond: 10, burst: 10) }
        let greedy = try LoopbackClient(SOCK_STREAM, at: "127.0.0.2", to: planes.ports.http)
        let wanted = 20
        greedy.say(
            Array(String(repeating: "GET /health HTTP/1.1\r\nHost: a\r\n\r\n", count: wanted).utf8))
        let modest = try LoopbackClient(SOCK_STREAM, at: "127.0.0.3", to: planes.ports.http)
        modest.say(Array("GET /health HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        let start = EventLoop.now()
        #expect(!modest.hear().isEmpty)
        var heard = ""
        while heard.split(separator: "200 OK").count <= wanted {
            let more = greedy.hear()
            try #require(!more.isEmpty)
            heard += String(decoding: more, as: UTF8.self)
        }
        #expect(EventLoop.now() - start >= 800)
        #expect(
            planes.lines.all == [
                "127.0.0.2 was limited: http: at most 10 requests a second per address"
            ])
    }

    @Test func `an address shared by many machines gets their number of connections`() throws {
        let network = try #require(IPv4Network("127.0.0.2/32"))
        let planes = try LoopbackPlanes(allowances: PeerAllowances([.init(network, times: 3)])) {
            $0.httpConnections = 2
        }
        var held: [LoopbackClient] = []
        for _ in 0..<6 {
            let one = try LoopbackClient(SOCK_STREAM, at: "127.0.0.2", to: planes.ports.http)
            one.say(Array("GET /health HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
            #expect(!one.hear().isEmpty)
            held.append(one)
        }
        let refused = try LoopbackClient(SOCK_STREAM, at: "127.0.0.2", to: planes.ports.http)
        #expect(refused.hear().isEmpty)
        #expect(planes.lines.has("127.0.0.2 was limited: http: at most 6 connections"))
    }

    @Test func `each address has a limited number of TFTP transfers, and the log names excesses`() throws {
        let planes = try LoopbackPlanes { $0.tftpTransfers = 3 }
        var held: [LoopbackClient] = []
        for _ in 0..<3 {
            let one = try LoopbackClient(SOCK_DGRAM, at: "127.0.0.2", to: planes.ports.tftp)
            one.say(Self.request())
            #expect(one.hear().prefix(4) == [0, 3, 0, 1])
            held.append(one)
        }
        let refused = try LoopbackClient(SOCK_DGRAM, at: "127.0.0.2", to: planes.ports.tftp)
        refused.say(Self.request())
        #expect(refused.hear().prefix(2) == [0, Self.busy])
        let other = try LoopbackClient(SOCK_DGRAM, at: "127.0.0.3", to: planes.ports.tftp)
        other.say([0, 1] + Array("missing\0octet\0".utf8))
        #expect(String(decoding: other.hear(), as: UTF8.self).contains("not found"))
        #expect(planes.lines.has("127.0.0.2 was limited: tftp: at most 3 transfers per address"))
    }

    @Test func `an address that repeats its request too often gets no more, and is named`() throws {
        let planes = try LoopbackPlanes { $0.tftpRequests = PeerRates(perSecond: 1, burst: 2) }
        let loud = try LoopbackClient(SOCK_DGRAM, at: "127.0.0.2", to: planes.ports.tftp)
        for _ in 0..<10 { loud.say(Self.request()) }
        #expect(loud.hear().prefix(4) == [0, 3, 0, 1])
        // The server has looked at all of them when it answers this one.
        let other = try LoopbackClient(SOCK_DGRAM, at: "127.0.0.3", to: planes.ports.tftp)
        other.say([0, 1] + Array("missing\0octet\0".utf8))
        #expect(String(decoding: other.hear(), as: UTF8.self).contains("not found"))
        #expect(planes.lines.has("127.0.0.2 was limited: tftp: "))
        #expect(!planes.lines.has("127.0.0.3 was limited"))
    }

    @Test func `transfers without a client give way to a requested one, oldest first`() throws {
        // Four in total, and so two for strangers.
        let planes = try LoopbackPlanes(transfers: 4) { _ in }
        var held: [LoopbackClient] = []
        // Requests from addresses that never answer, as with forged sources.
        for number in 2..<40 {
            let one = try LoopbackClient(SOCK_DGRAM, at: "127.0.0.\(number)", to: planes.ports.tftp)
            one.say(Self.request(Self.options))
            held.append(one)
        }
        let machine = try LoopbackClient(SOCK_DGRAM, at: "127.0.0.99", to: planes.ports.tftp)
        machine.say(Self.request())
        #expect(machine.hear().prefix(4) == [0, 3, 0, 1])
        #expect(planes.lines.has("127.0.0.2 was limited: tftp: at most 2 transfers in all"))
        #expect(!planes.lines.has("127.0.0.99 was limited"))
    }
}

@Suite struct DescriptorBudgetTests {
    @Test(arguments: [64, 256, 1_024, 2_000, 20_000, 65_536])
    func `what strangers can open leaves descriptors for everything else`(limit: Int) {
        let budget = DescriptorBudget(limit: limit)
        let all = budget.nbd + budget.http + budget.center + budget.tftp + budget.files
        #expect(all <= limit - min(4_096, limit / 4))
        #expect(limit < 256 || min(budget.nbd, budget.http, budget.center, budget.tftp) > 8)
        #expect(limit < 65_536 || budget.nbd == 20_000)
    }

    @Test func `a flood of log messages is named, though strangers have no log`() throws {
        let lines = LoopbackPlanes.Lines()
        var maxima = PeerLimits.Maxima()
        maxima.strangersLogMessages = PeerRates(perSecond: 1, burst: 2)
        let loop = try EventLoop()
        let context = try BootContext(
            loop: loop,
            settings: BootContext.Settings(
                policy: BootPolicy(server: .loopback, loaders: [], nodeArchives: [:]), imageStore: "",
                volumeDirectory: "", nodeArchiveDirectory: "", loaders: [:], key: ServerKey(),
                secrets: NodeSecrets()),
            snapshot: FleetSnapshot(revision: 1, nodes: [], groups: [], images: []), tracker: BootTracker(),
            limits: PeerLimits(maxima: maxima) { lines.add($0) }, send: { _ in })
        let receiver = try LogReceiver(
            socket: Socket.datagram(.loopback, port: 0), loop: loop, context: context)
        let message = Array("<13>nobody: hello".utf8)
        let (loud, quiet) = (
            try #require(IPv4Address("10.77.0.66")), try #require(IPv4Address("10.77.0.67"))
        )
        for _ in 0..<2 { receiver.take(message.span, from: quiet) }
        #expect(lines.all.isEmpty)
        for _ in 0..<10 { receiver.take(message.span, from: loud) }
        #expect(lines.all.count == 1 && lines.has("10.77.0.66 was limited: logs: "))
    }
}

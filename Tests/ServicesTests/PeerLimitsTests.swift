import Fleet
import Glibc
import Linux
import Sealing
import Synchronization
import Testing
import Wire

@testable import Services

/// Greedy clients on loopback, against the real services on a real loop. Each address of 127.0.0.0/8 is a peer.
@Suite struct PeerLimitsTests {
    /// What was logged; the loop's thread adds to it.
    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        func add(_ line: String) { lines.withLock { $0.append(line) } }
        var all: [String] { lines.withLock { $0 } }
        func has(_ text: String) -> Bool { all.contains { $0.contains(text) } }
    }

    /// The services on a thread of their own, with limits that a test reaches at once.
    private final class Planes: Sendable {
        struct Ports { var (nbd, http, tftp): (UInt16, UInt16, UInt16) = (0, 0, 0) }

        /// Only the loop's thread opens it.
        private final class Home: @unchecked Sendable {
            // Sendable: the loop's thread alone reads and writes it.
            var services: [AnyObject] = []
        }

        private final class Found: Sendable {
            let ports = Mutex(Ports())
        }

        let lines = Lines()
        let ports: Ports
        private let mailbox: EventLoop.Mailbox

        init(
            allowances: PeerAllowances = PeerAllowances(), transfers: Int = 4_096,
            _ adjust: @escaping @Sendable (inout PeerLimits.Maxima) -> Void
        ) throws {
            let (lines, home, found) = (lines, Home(), Found())
            mailbox = try EventLoop.start(name: "test-loop") { loop in
                var maxima = PeerLimits.Maxima()
                adjust(&maxima)
                var budget = DescriptorBudget(limit: 65_536)
                budget.tftp = transfers
                let limits = PeerLimits(maxima: maxima, allowances: allowances, budget: budget) {
                    lines.add($0)
                }
                let context = try BootContext(
                    loop: loop,
                    settings: BootContext.Settings(
                        policy: BootPolicy(server: .loopback, loaders: [], nodeArchives: [:]),
                        imageStore: "", volumeDirectory: "", nodeArchiveDirectory: "",
                        loaders: ["hosts": "/etc/passwd"], key: ServerKey(), secrets: NodeSecrets()),
                    snapshot: .empty, tracker: BootTracker(), limits: limits, send: { _ in })
                var ports = Ports()
                let nbd = try Socket.listening(.any, port: 0)
                ports.nbd = try Socket.localPort(nbd)
                let http = try Socket.listening(.any, port: 0)
                ports.http = try Socket.localPort(http)
                let tftp = try Socket.datagram(.any, port: 0)
                ports.tftp = try Socket.localPort(tftp)
                home.services = [
                    try NBDService(listener: nbd, loop: loop, context: context) { lines.add($0) },
                    try HTTPService(listener: http, loop: loop, context: context) { lines.add($0) },
                    try TFTPService(socket: tftp, loop: loop, context: context),
                ]
                found.ports.withLock { $0 = ports }
            }
            ports = found.ports.withLock { $0 }
        }

        deinit { mailbox.submit { $0.stop() } }
    }

    /// A client at an address of its own; it waits for an answer ten seconds at most.
    private struct Client: ~Copyable {
        let socket: FileDescriptor
        private let destination: sockaddr_in

        init(_ kind: __socket_type, at address: String, to port: UInt16) throws {
            socket = FileDescriptor(owning: Glibc.socket(AF_INET, Int32(kind.rawValue), 0))
            var limit = timeval(tv_sec: 10, tv_usec: 0)
            unsafe setsockopt(
                socket.number, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            destination = Self.name("127.0.0.1", port)
            let number = socket.number
            let isBound = unsafe Self.with(Self.name(address, 0)) { unsafe Glibc.bind(number, $0, $1) == 0 }
            try #require(isBound)
            // Answers by TFTP come from other ports.
            guard kind == SOCK_STREAM else { return }
            let isOpen = unsafe Self.with(destination) { unsafe Glibc.connect(number, $0, $1) == 0 }
            try #require(isOpen)
        }

        private static func name(_ address: String, _ port: UInt16) -> sockaddr_in {
            var name = sockaddr_in()
            name.sin_family = sa_family_t(AF_INET)
            name.sin_port = port.bigEndian
            name.sin_addr.s_addr = (IPv4Address(address)?.rawValue ?? 0).bigEndian
            return name
        }

        private static func with<T>(
            _ name: sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) -> T
        ) -> T {
            var name = name
            return unsafe withUnsafePointer(to: &name) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }

        func say(_ bytes: [UInt8]) {
            let number = socket.number
            // A connected one goes where it is connected to, whatever is named.
            _ = unsafe Self.with(destination) {
                unsafe sendto(number, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, $1)
            }
        }

        /// What comes next; empty: the other side has closed, or says nothing.
        func hear() -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: 65_536)
            let count = unsafe recv(socket.number, &bytes, bytes.count, 0)
            return Array(bytes.prefix(max(0, count)))
        }
    }

    private static func request(_ options: String = "") -> [UInt8] {
        [0, 1] + Array("hosts\0octet\0\(options)".utf8)
    }

    private static let (options, busy) = ("blksize\0001024\0timeout\000255\0", 5 as UInt8)

    @Test func `an address has so many NBD connections, another one its own, and what ends makes room`()
        throws
    {
        let planes = try Planes { $0.nbdConnections = 4 }
        do {
            let held = try (0..<4).map { _ in
                Held(try Client(SOCK_STREAM, at: "127.0.0.2", to: planes.ports.nbd))
            }
            for one in held { #expect(one.client.hear().starts(with: Array("NBDMAGIC".utf8))) }
            let refused = try Client(SOCK_STREAM, at: "127.0.0.2", to: planes.ports.nbd)
            #expect(refused.hear().isEmpty)
            let other = try Client(SOCK_STREAM, at: "127.0.0.3", to: planes.ports.nbd)
            #expect(other.hear().starts(with: Array("NBDMAGIC".utf8)))
        }
        #expect(
            planes.lines.all == ["127.0.0.2 was limited: nbd: 4 connections are the most for one address"])
        // Which of their ends and the next one the server hears of first is open.
        let hasRoom = try (0..<100).contains { _ in
            usleep(20_000)
            let again = try Client(SOCK_STREAM, at: "127.0.0.2", to: planes.ports.nbd)
            return again.hear().starts(with: Array("NBDMAGIC".utf8))
        }
        #expect(hasRoom)
    }

    @Test func `a connection that says nothing is closed, by NBD and by HTTP, however it trickles`() throws {
        let planes = try Planes {
            $0.nbdHandshake = 500
            $0.httpRequest = 500
        }
        let silent = try Client(SOCK_STREAM, at: "127.0.0.2", to: planes.ports.nbd)
        #expect(!silent.hear().isEmpty)
        let slow = try Client(SOCK_STREAM, at: "127.0.0.3", to: planes.ports.http)
        slow.say(Array("GET / HT".utf8))
        #expect(silent.hear().isEmpty)
        slow.say(Array("TP/1.".utf8))
        #expect(slow.hear().isEmpty)
        #expect(planes.lines.has("127.0.0.2 was limited: nbd: 0 seconds"))
        #expect(planes.lines.has("127.0.0.3 was limited: http: 0 seconds"))
    }

    @Test func `who asks by HTTP too often is answered later, not refused, and others at once`() throws {
        let planes = try Planes { $0.httpRequests = PeerRates(perSecond: 10, burst: 10) }
        let greedy = try Client(SOCK_STREAM, at: "127.0.0.2", to: planes.ports.http)
        let wanted = 20
        greedy.say(
            Array(String(repeating: "GET /health HTTP/1.1\r\nHost: a\r\n\r\n", count: wanted).utf8))
        let modest = try Client(SOCK_STREAM, at: "127.0.0.3", to: planes.ports.http)
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
                "127.0.0.2 was limited: http: 10 requests a second are the most for one address"
            ])
    }

    @Test func `an address behind which there are many has as many connections as they`() throws {
        let network = try #require(IPv4Network("127.0.0.2/32"))
        let planes = try Planes(allowances: PeerAllowances([.init(network, times: 3)])) {
            $0.httpConnections = 2
        }
        var held: [Held] = []
        for _ in 0..<6 {
            let one = Held(try Client(SOCK_STREAM, at: "127.0.0.2", to: planes.ports.http))
            one.client.say(Array("GET /health HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
            #expect(!one.client.hear().isEmpty)
            held.append(one)
        }
        let refused = try Client(SOCK_STREAM, at: "127.0.0.2", to: planes.ports.http)
        #expect(refused.hear().isEmpty)
        #expect(planes.lines.has("127.0.0.2 was limited: http: 6 connections"))
    }

    @Test func `TFTP has so many transfers for one address, and says who wants more`() throws {
        let planes = try Planes { $0.tftpTransfers = 3 }
        var held: [Held] = []
        for _ in 0..<3 {
            let one = Held(try Client(SOCK_DGRAM, at: "127.0.0.2", to: planes.ports.tftp))
            one.client.say(Self.request())
            #expect(one.client.hear().prefix(4) == [0, 3, 0, 1])
            held.append(one)
        }
        let refused = try Client(SOCK_DGRAM, at: "127.0.0.2", to: planes.ports.tftp)
        refused.say(Self.request())
        #expect(refused.hear().prefix(2) == [0, Self.busy])
        let other = try Client(SOCK_DGRAM, at: "127.0.0.3", to: planes.ports.tftp)
        other.say([0, 1] + Array("missing\0octet\0".utf8))
        #expect(String(decoding: other.hear(), as: UTF8.self).contains("not found"))
        #expect(planes.lines.has("127.0.0.2 was limited: tftp: 3 transfers are the most for one address"))
    }

    @Test func `transfers to nobody go for one that is asked for, the oldest first`() throws {
        // Four together, and so two for strangers.
        let planes = try Planes(transfers: 4) { _ in }
        var held: [Held] = []
        // Requests from addresses that say nothing more, as forged ones do.
        for number in 2..<40 {
            let one = Held(try Client(SOCK_DGRAM, at: "127.0.0.\(number)", to: planes.ports.tftp))
            one.client.say(Self.request(Self.options))
            held.append(one)
        }
        let machine = try Client(SOCK_DGRAM, at: "127.0.0.99", to: planes.ports.tftp)
        machine.say(Self.request())
        #expect(machine.hear().prefix(4) == [0, 3, 0, 1])
        #expect(planes.lines.has("127.0.0.2 was limited: tftp: 2 transfers are the most for all together"))
        #expect(!planes.lines.has("127.0.0.99 was limited"))
    }

    /// A client in an array.
    private final class Held {
        let client: Client
        init(_ client: consuming Client) { self.client = client }
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
}

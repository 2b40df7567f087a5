import API
import Fleet
import Foundation
import HTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Testing
import Wire

@testable import AgentWork
@testable import Center

/// What a terminal server that is hostile, or that stole something, can do at the agents' port: nothing to others.
@Suite struct AgentAttackTests {
    private let bench: AgentPortBench
    private var services: CenterServices { bench.services }

    init() async throws { bench = try await AgentPortBench() }

    // MARK: Connections

    @Test func `reports come over one connection, and one that was closed meanwhile is made anew`()
        async throws
    {
        try await bench.serving(.init(between: .seconds(2))) { port, connections in
            let line = try CenterLine(try await bench.identity("ts1", port: port))
            for _ in 0..<5 { _ = try await line.report(AgentPortBench.report) }
            #expect(connections.count == 1 && connections.madeCount == 1)
            // The center closes one on which nothing comes.
            try await Self.wait { connections.count == 0 }
            _ = try await line.report(AgentPortBench.report)
            #expect(connections.madeCount == 2)
        }
    }

    @Test func `a revoked certificate ends its connections at once`() async throws {
        let services = services
        try await bench.serving { port, connections in
            let (gone, stays) = (
                try CenterLine(try await bench.identity("ts1", port: port)),
                try CenterLine(try await bench.identity("ts2", port: port))
            )
            let (connected, feed) = AsyncStream.makeStream(of: Void.self)
            for line in [gone, stays] { _ = try await line.report(AgentPortBench.report) }
            let listening = Task { try? await gone.orders(connected: { feed.yield() }) { _ in } }
            var starts = connected.makeAsyncIterator()
            await starts.next()
            let name = try TerminalName("ts1")
            #expect(services.terminals.isListening(name))
            try await bench.acts.revokeAgent(of: name)
            await listening.value
            try await Self.wait { connections.count == 1 && !services.terminals.isListening(name) }
            _ = try await stays.report(AgentPortBench.report)
            await #expect(throws: AgentProblem.self) { try await gone.report(AgentPortBench.report) }
        }
    }

    @Test func `an agent whose connection has ended does not count as connected`() async throws {
        let services = services
        try await bench.serving { port, _ in
            let line = try CenterLine(try await bench.identity("ts1", port: port))
            let (connected, feed) = AsyncStream.makeStream(of: Void.self)
            let (orders, given) = AsyncStream.makeStream(of: AgentOrder.self)
            let listening = Task {
                try? await line.orders(connected: { feed.yield() }) { given.yield($0) }
            }
            var (starts, taken) = (connected.makeAsyncIterator(), orders.makeAsyncIterator())
            await starts.next()
            let name = try TerminalName("ts1")
            // What it has taken and not answered ends with it, long before its time.
            let waiting = Task { try await services.terminals.order(.restart, on: name, seconds: 300) }
            _ = await taken.next()
            listening.cancel()
            await #expect(throws: AgentOrderProblem.gone(name)) { try await waiting.value }
            try await Self.wait(seconds: 30) { !services.terminals.isListening(name) }
            await #expect(throws: AgentOrderProblem.notConnected(name)) {
                try await services.terminals.order(.restart, on: name)
            }
        }
    }

    @Test func `connections that say nothing, or little by little, are closed`() async throws {
        try await bench.serving(.init(first: .seconds(2), whole: .seconds(2))) { port, _ in
            let identity = try await bench.identity("ts1", port: port)
            let silent = try await SlowPeer(port: port)
            let trickling = try await SlowPeer(port: port, showing: identity)
            // The head of a report whose body never ends.
            try await trickling.send(
                "POST /agent/v1/report HTTP/1.1\r\nHost: roost-agents\r\nContent-Length: 1000000\r\n\r\n")
            let drops = Task {
                while !Task.isCancelled {
                    try? await trickling.send(" ")
                    try? await Task.sleep(for: .milliseconds(50))
                }
            }
            try await silent.closed()
            try await trickling.closed()
            drops.cancel()
            _ = try await CenterLine(identity).report(AgentPortBench.report)
        }
    }

    @Test func `one address has a bounded number of connections, and others are not affected`() async throws {
        let services = services
        // Beside all other tests, the first connections wait long for the last.
        try await bench.serving(.init(first: .seconds(180), whole: .seconds(180))) { port, _ in
            let identity = try await bench.identity("ts1", port: port)
            // All at once: one after the other, each would wait for its turn among all tests, and the first is closed as idle meanwhile.
            let peers = try await SlowPeer.many(CenterLimits.connectionLimit, port: port)
            // They count once they are accepted.
            try await Self.wait { !Self.takes(from: "127.0.0.1", services.limits) }
            await #expect(throws: (any Error).self) {
                try await CenterLine(identity).report(AgentPortBench.report)
            }
            #expect(Self.takes(from: "127.0.0.2", services.limits))
            for peer in peers { peer.close() }
            try await Self.wait { (try? await CenterLine(identity).report(AgentPortBench.report)) != nil }
        }
    }

    @Test
    func `connections that have shown whose they are count for that agent, and not for a shared address`()
        async throws
    {
        let services = services
        try await bench.serving { port, connections in
            let identity = try await bench.identity("ts1", port: port)
            // Each line has a connection of its own, which stays.
            let lines = try (0..<CenterLimits.agentConnectionLimit).map { _ in try CenterLine(identity) }
            try await withThrowingTaskGroup { group in
                for line in lines { group.addTask { try await line.tell(AgentResult(order: "none")) } }
                try await group.waitForAll()
            }
            #expect(connections.count == CenterLimits.agentConnectionLimit)
            // All of them are of one address, which has all of its own left.
            let places = (0..<CenterLimits.connectionLimit).compactMap { _ in
                services.limits.takeConnection(from: "127.0.0.1", isProxied: false)
            }
            #expect(places.count == CenterLimits.connectionLimit)
            for place in places { services.limits.release(place) }
            // One agent has no more, and another one of the same address is not affected.
            await #expect(throws: (any Error).self) {
                try await CenterLine(identity).tell(AgentResult(order: "none"))
            }
            let other = try CenterLine(try await bench.identity("ts2", port: port))
            _ = try await other.report(AgentPortBench.report)
            #expect(lines.count == CenterLimits.agentConnectionLimit)
        }
    }

    // MARK: Who it is

    @Test func `a result for an order to another server ends nothing`() async throws {
        let services = services
        try await bench.serving { port, _ in
            let honest = try CenterLine(try await bench.identity("ts1", port: port))
            let thief = try CenterLine(try await bench.identity("ts2", port: port))
            let (orders, feed) = AsyncStream.makeStream(of: AgentOrder.self)
            let (connected, ready) = AsyncStream.makeStream(of: Void.self)
            let listening = Task {
                try? await honest.orders(connected: { ready.yield() }) { feed.yield($0) }
            }
            defer { listening.cancel() }
            var (starts, given) = (connected.makeAsyncIterator(), orders.makeAsyncIterator())
            await starts.next()
            let result = Task { try await services.terminals.order(.restart, on: TerminalName("ts1")) }
            let order = try #require(await given.next())
            try await thief.tell(AgentResult(order: order.id, problem: "mine"))
            try await honest.tell(AgentResult(order: order.id))
            #expect(try await result.value.problem.isEmpty)
        }
    }

    @Test func `the name in a request, in a certificate and in a report is that of the stored certificate`()
        async throws
    {
        let services = services
        try await bench.serving { port, _ in
            // It asks for a name that another one has, in the request and by the way that it says it.
            _ = try await bench.identity("ts1", port: port)
            var forged = try await bench.identity("ts2", port: port)
            forged.server = "ts1"
            var report = AgentPortBench.report
            report.sessions = [Self.session(of: "anna")]
            _ = try await CenterLine(forged).report(report)
            let now = services.terminals.now(at: Clock.steadyMillisecond)
            #expect(now[try TerminalName("ts1")]?.report == nil)
            #expect(now[try TerminalName("ts2")]?.report?.sessions.count == 1)
        }
    }

    @Test func `twenty agents with one token at one moment are one`() async throws {
        let token = try bench.acts.makeAgentToken(AgentTokenRequest()).token
        let services = services
        let joined = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<20 {
                group.addTask {
                    guard let request = try? CertificateRequest(name: "ts") else { return false }
                    let answer = try? await Door(to: services).join(
                        AgentJoinRequest(
                            token: token, certificateRequest: request.text, name: "ts\(number)", address: nil,
                            ports: [:]), from: "10.77.1.\(number + 1)")
                    return answer != nil
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(joined == 1)
        #expect(services.fleet.snapshot.contents.terminals.servers.count == 1)
    }

    // MARK: What it says

    /// What stands in a report in place of every number, and whether it is taken.
    private static let numbers: [(text: String, isTaken: Bool)] = [
        ("NaN", false), ("Infinity", false), ("1e999", false), ("-1", true), ("-9223372036854775808", true),
        ("9223372036854775807", true), ("9223372036854775808", false), ("1.5", false), ("\"1\"", false),
        ("null", false), (String(repeating: "[", count: 10_000), false),
        (String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000), false),
    ]

    @Test func `numbers that are none, negative and huge ones harm no one`() async throws {
        let services = services
        try await bench.serving { port, _ in
            let identity = try await bench.identity("ts1", port: port)
            for (number, isTaken) in Self.numbers {
                let text = """
                    {"version": "1", "bootID": "b", "load": {"processorCount": \(number), "loadAverage": \(number),
                    "memoryByteCount": \(number), "usedMemoryByteCount": \(number),
                    "idleMemoryByteCount": \(number), "sessionCount": \(number)},
                    "rooms": [{"path": "/", "byteCount": \(number), "freeByteCount": \(number)}],
                    "sessions": [{"id": "1", "user": "anna", "kind": "rdp", "display": ":1", "age": \(number),
                    "idle": \(number), "isConnected": true, "from": ""}], "ports": {"rdp": \(number)},
                    "hostKeys": [], "troubles": [], "events": [{"number": \(number), "age": \(number),
                    "kind": "failed", "user": "", "id": "", "text": ""}]}
                    """
                let status = try await Self.post(text, by: identity)
                #expect(status == (isTaken ? 200 : 422), "\(number.prefix(30))")
                // All that is computed with it still is.
                let now = Clock.steadyMillisecond
                _ = services.terminals.now(at: now)
                _ = services.terminals.troubles(at: now)
                #expect(try bench.acts.terminals("", offset: 0, limit: 10).rows.count == 1)
                _ = try await CenterLine(identity).report(AgentPortBench.report)
            }
        }
    }

    @Test func `an agent of a later release may say more than this server knows`() async throws {
        let services = services
        try await bench.serving { port, _ in
            let identity = try await bench.identity("ts1", port: port)
            let text = #"""
                {"version": "9", "bootID": "b", "load": {"processorCount": 1, "loadAverage": 0,
                "memoryByteCount": 1, "usedMemoryByteCount": 1, "idleMemoryByteCount": 1, "sessionCount": 0},
                "rooms": [], "sessions": [], "ports": {}, "hostKeys": [], "troubles": [], "events": [],
                "colour": "green", "abilities": ["proof", "one-session", "flight"]}
                """#
            #expect(try await Self.post(text, by: identity) == 200)
            #expect(services.terminals.troubles(at: Clock.steadyMillisecond).isEmpty)
        }
    }

    @Test func `a report of sixteen megabytes is refused before it is there`() async throws {
        try await bench.serving { port, _ in
            let identity = try await bench.identity("ts1", port: port)
            #expect(try await Self.post(String(repeating: " ", count: 16 << 20), by: identity) == 413)
            _ = try await CenterLine(identity).report(AgentPortBench.report)
        }
    }

    @Test func `sessions that are claimed for people of other servers, and lies about load, move no one`()
        async throws
    {
        let services = services
        try await bench.serving { port, _ in
            let lines = [
                try CenterLine(try await bench.identity("liar", port: port)),
                try CenterLine(try await bench.identity("ts1", port: port)),
                try CenterLine(try await bench.identity("ts2", port: port)),
            ]
            let pool = TerminalPool(
                name: try PoolName("room"),
                levels: [.init(servers: try ["liar", "ts1", "ts2"].map { try TerminalName($0) })])
            try await services.fleet.change(by: "test") { _ in [.pool(pool.name, pool)] }
            var honest = AgentPortBench.report
            honest.sessions = [Self.session(of: "anna")]
            // Nothing runs there, it says, and everyone is there.
            var lie = AgentPortBench.report
            lie.load = TerminalLoad(
                processorCount: 1 << 40, loadAverage: -5, memoryByteCount: .max, usedMemoryByteCount: -1,
                sessionCount: -7)
            lie.sessions = ["anna", "bert"].map { Self.session(of: $0) }
            _ = try await lines[1].report(honest)
            _ = try await lines[2].report(AgentPortBench.report)
            let now = Clock.steadyMillisecond
            services.terminals.note("t1", user: "anna", on: try TerminalName("ts1"), at: now)
            _ = try await lines[0].report(lie)
            let back = services.terminals.place(LogIn(user: "anna"), in: pool, at: Clock.steadyMillisecond)
            #expect(back.server == "ts1" && back.isReconnection)
            // Those who are sent there find no session.
            for user in ["carl", "dora", "emil"] {
                services.terminals.note(user, user: user, on: try TerminalName("liar"), at: now)
            }
            // After a minute without them it is left alone, as empty as it says it is.
            _ = services.terminals.take(
                lie, from: try TerminalName("liar"), at: Clock.steadyMillisecond + LiveTerminals.patience + 1)
            for name in ["ts1", "ts2"] {
                _ = services.terminals.take(
                    honest, from: try TerminalName(name),
                    at: Clock.steadyMillisecond + LiveTerminals.patience + 1)
            }
            let later = services.terminals.place(
                LogIn(user: "late"), in: pool, at: Clock.steadyMillisecond + LiveTerminals.patience + 2)
            #expect(later.server != "liar")
        }
    }

    // MARK: Help

    private static func session(of user: String) -> AgentSession {
        AgentSession(
            id: "1-\(user)", user: user, kind: .rdp, display: ":10", age: 1, idle: 0, isConnected: true,
            from: "")
    }

    private static func post(_ text: String, by identity: AgentIdentity) async throws -> Int {
        var request = HTTPClientRequest(url: identity.url("report"))
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.body = ByteBuffer(string: text)
        return try await identity.client().execute(request, within: HTTPClientLimits(whole: .seconds(20)))
            .status
    }

    private static func takes(from address: String, _ limits: CenterLimits) -> Bool {
        guard let place = limits.takeConnection(from: address, isProxied: false) else { return false }
        limits.release(place)
        return true
    }

    static func wait(seconds: Int = 10, _ condition: () async throws -> Bool) async throws {
        for _ in 0..<seconds * 50 {
            if try await condition() { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        Issue.record("it does not come to that")
    }
}

/// A client that opens a connection and takes its time.
private final class SlowPeer: Sendable {
    private let channel: any Channel

    /// - Parameter identity: with it TLS is spoken.
    init(port: Int, showing identity: AgentIdentity? = nil) async throws {
        var context: NIOSSLContext?
        if let identity {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .certificates(
                try NIOSSLCertificate.fromPEMBytes(Array(identity.authority.utf8)))
            tls.certificateVerification = .noHostnameVerification
            tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(identity.certificate.utf8)).map {
                .certificate($0)
            }
            tls.privateKey = .privateKey(
                try NIOSSLPrivateKey(bytes: Array(identity.key.utf8), format: .pem))
            context = try NIOSSLContext(configuration: tls)
        }
        let made = context
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let made else { return }
                    try channel.pipeline.syncOperations.addHandler(
                        try NIOSSLClientHandler(context: made, serverHostname: nil))
                }
            }.connect(host: "127.0.0.1", port: port).get()
    }

    private init(_ channel: any Channel) { self.channel = channel }

    /// Several, which open at the same moment.
    static func many(_ count: Int, port: Int) async throws -> [SlowPeer] {
        let group = MultiThreadedEventLoopGroup.singleton
        let opening = (0..<count).map { _ in
            ClientBootstrap(group: group).connect(host: "127.0.0.1", port: port)
        }
        return try await EventLoopFuture.whenAllSucceed(opening, on: group.next()).get().map(SlowPeer.init)
    }

    func send(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)) }

    /// Waits until the other side has closed it.
    func closed() async throws { try await channel.closeFuture.get() }

    func close() { channel.close(promise: nil) }
}

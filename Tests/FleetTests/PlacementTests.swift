import Testing

@testable import Fleet

/// The choice of a terminal server, with its reasons.
@Suite struct PlacementTests {
    private static let now = 1_000_000

    /// A server with 16 processors and 32 GiB, of which each session has used what is usual.
    private static func server(
        _ name: String, sessions: Int = 0, processors: Int = 16, gibibytes: Int = 32, heard: Int = 0,
        _ change: (inout PlacementServer) -> Void = { _ in }
    ) -> PlacementServer {
        var server = PlacementServer(name: name)
        server.heard(
            TerminalLoad(
                processorCount: processors, loadAverage: Double(sessions) * 0.1,
                memoryByteCount: gibibytes << 30, usedMemoryByteCount: 500_000_000 + sessions * 300_000_000,
                idleMemoryByteCount: 500_000_000, sessionCount: sessions), at: now - heard)
        change(&server)
        return server
    }

    private static func place(
        _ servers: [PlacementServer], for logIn: LogIn = LogIn(user: "ann"), levels: [[Int]]? = nil
    ) -> Placement {
        Placement(
            logIn, levels: levels ?? [Array(servers.indices)], of: servers, cost: .usual, now: now)
    }

    @Test func `the server that uses the smallest share of its room is chosen, and each other says why not`()
    {
        let placement = Self.place([
            Self.server("small", sessions: 10, processors: 4, gibibytes: 8),
            Self.server("large", sessions: 20), Self.server("busy", sessions: 40),
        ])
        #expect(placement.server == "large" && !placement.isReconnection && placement.level == 0)
        guard case .freest(let use) = placement.verdicts[1].reason else {
            Issue.record("\(placement)")
            return
        }
        #expect(use.share == use.memory && use.memory > 0.17 && use.memory < 0.2)
        #expect(use.processors > 0.12 && use.processors < 0.14)
        for index in [0, 2] {
            guard case .lessFree(let other) = placement.verdicts[index].reason else {
                Issue.record("\(placement.verdicts[index])")
                return
            }
            #expect(other.share > use.share)
        }
    }

    @Test func `log-ins on their way count before they are reported`() {
        var servers = ["a", "b", "c"].map { Self.server($0, sessions: 5) }
        var counts: [String: Int] = [:]
        for number in 0..<30 {
            let chosen = Self.place(servers, for: LogIn(user: "user\(number)")).server ?? ""
            counts[chosen, default: 0] += 1
            if let index = servers.firstIndex(where: { $0.name == chosen }) {
                servers[index].underwayCount += 1
            }
        }
        #expect(counts == ["a": 10, "b": 10, "c": 10])
    }

    @Test func `a weight is a multiple of what the server takes`() {
        var servers = [Self.server("a"), Self.server("b") { $0.weight = 2 }]
        var counts = [0, 0]
        for number in 0..<30 {
            let chosen = Self.place(servers, for: LogIn(user: "user\(number)")).server == "a" ? 0 : 1
            counts[chosen] += 1
            servers[chosen].underwayCount += 1
        }
        #expect(counts == [10, 20])
    }

    @Test(
        arguments: [
            (Self.server("x", heard: 15_001), .notHeard(seconds: 15)),
            (PlacementServer(name: "x"), .neverHeard),
            (Self.server("x") { $0.isDraining = true }, .draining),
            (Self.server("x") { $0.isOpen = false }, .closed),
            (Self.server("x") { $0.protocols = .ssh }, .otherProtocol),
            (
                Self.server("x", sessions: 4) { ($0.sessionLimit, $0.underwayCount) = (5, 1) },
                .full(sessionCount: 5, limit: 5)
            ),
            (
                Self.server("x") { ($0.sessionLimit, $0.seenSessionCount) = (5, 5) },
                .full(sessionCount: 5, limit: 5)
            ),
            (Self.server("x") { ($0.failureCount, $0.failedAt) = (3, now - 29_999) }, .failing(count: 3)),
            (Self.server("x") { ($0.failureCount, $0.underwayCount) = (9, 1) }, .failing(count: 9)),
        ] as [(PlacementServer, Placement.Reason)])
    func `a server that may take nobody is not chosen, however free it is`(
        server: PlacementServer, reason: Placement.Reason
    ) {
        let placement = Self.place([server, Self.server("other", sessions: 50)])
        #expect(placement.server == "other")
        #expect(placement.verdicts[0].reason == reason)
        #expect(Self.place([server]).server == nil)
    }

    @Test func `a server is heard for fifteen seconds, and a failing one is tried again with one log-in`() {
        #expect(Self.place([Self.server("x", heard: 15_000)]).server == "x")
        let rested = Self.server("x") { ($0.failureCount, $0.failedAt) = (3, Self.now - 30_000) }
        #expect(Self.place([rested]).server == "x")
    }

    @Test func `only servers of the release that is asked for are chosen`() {
        let servers = [
            Self.server("old") { $0.release = "debian@6" },
            Self.server("new", sessions: 30) { $0.release = "debian@7" },
        ]
        let placement = Self.place(servers, for: LogIn(user: "ann", release: "debian@7"))
        #expect(placement.server == "new")
        #expect(placement.verdicts[0].reason == .otherRelease("debian@6"))
    }

    @Test func `a server whose memory or processors are exhausted takes nobody`() {
        var (memory, processors) = (PlacementServer(name: "m"), PlacementServer(name: "p"))
        memory.heard(
            TerminalLoad(
                processorCount: 16, loadAverage: 0, memoryByteCount: 100 << 30,
                usedMemoryByteCount: 96 << 30, idleMemoryByteCount: 95 << 30, sessionCount: 1), at: Self.now)
        processors.heard(
            TerminalLoad(
                processorCount: 4, loadAverage: 21, memoryByteCount: 100 << 30,
                usedMemoryByteCount: 1 << 30, sessionCount: 1), at: Self.now)
        let placement = Self.place([memory, processors])
        #expect(placement.server == nil)
        for verdict in placement.verdicts {
            guard case .exhausted = verdict.reason else {
                Issue.record("\(verdict)")
                return
            }
        }
    }

    // MARK: Users

    @Test
    func `a session is continued where it is, even on a draining or full server, and not on a dead one`() {
        let servers = [
            Self.server("free"),
            Self.server("has", sessions: 50) { ($0.isDraining, $0.sessionLimit) = (true, 50) },
        ]
        let placement = Self.place(servers, for: LogIn(user: "ann", existing: "has"))
        #expect(placement.server == "has" && placement.isReconnection)
        #expect(placement.verdicts[1].reason == .hasSession)
        let dead = Self.place(
            [servers[0], Self.server("has", heard: 16_000)], for: LogIn(user: "ann", existing: "has"))
        #expect(dead.server == "free" && !dead.isReconnection)
    }

    @Test func `the former server is preferred while it is about as free`() {
        let (a, b) = (Self.server("a", sessions: 60), Self.server("b", sessions: 62))
        #expect(Self.place([a, b], for: LogIn(user: "ann")).server == "a")
        let placement = Self.place([a, b], for: LogIn(user: "ann", former: "b"))
        #expect(placement.server == "b")
        guard case .former = placement.verdicts[1].reason else {
            Issue.record("\(placement)")
            return
        }
        #expect(
            Self.place([a, Self.server("b", sessions: 66)], for: LogIn(user: "ann", former: "b")).server
                == "a")
        // Where little is used, two sessions are a difference.
        let early = [Self.server("a", sessions: 10), Self.server("b", sessions: 12)]
        #expect(Self.place(early, for: LogIn(user: "ann", former: "b")).server == "a")
    }

    @Test func `a user comes to the same one of equal servers, and users to all of them`() {
        let servers = (0..<5).map { Self.server("ts\($0)") }
        var chosen: Set<String?> = []
        for number in 0..<100 {
            let first = Self.place(servers, for: LogIn(user: "user\(number)")).server
            #expect(Self.place(servers.reversed(), for: LogIn(user: "user\(number)")).server == first)
            chosen.insert(first)
        }
        #expect(chosen.count == 5)
    }

    // MARK: Levels

    @Test
    func `a later level takes log-ins when the earlier ones have no room, and all levels are filled then`() {
        func servers(_ first: Int, _ second: Int) -> [PlacementServer] {
            [("a", first), ("b", second)].map { name, sessions in
                Self.server(name, sessions: sessions, processors: 2, gibibytes: 32)
            }
        }
        let levels = [[0], [1]]
        let early = Self.place(servers(15, 0), levels: levels)
        #expect(early.server == "a" && early.level == 0)
        guard case .laterLevel = early.verdicts[1].reason else {
            Issue.record("\(early)")
            return
        }
        let spilled = Self.place(servers(20, 3), levels: levels)
        #expect(spilled.server == "b" && spilled.level == 1)
        guard case .noRoom = spilled.verdicts[0].reason else {
            Issue.record("\(spilled)")
            return
        }
        // Nowhere is room: still the freest of all, and nobody is refused.
        let crowded = Self.place(servers(26, 22), levels: levels)
        #expect(crowded.server == "b")
        #expect(Self.place([], levels: []).server == nil)
    }

    // MARK: Lies

    @Test(arguments: [
        TerminalLoad(
            processorCount: 0, loadAverage: -.infinity, memoryByteCount: 0, usedMemoryByteCount: -1,
            sessionCount: -5),
        TerminalLoad(
            processorCount: .max, loadAverage: .nan, memoryByteCount: .max, usedMemoryByteCount: .min,
            idleMemoryByteCount: .max, sessionCount: .max),
        TerminalLoad(
            processorCount: .min, loadAverage: .greatestFiniteMagnitude, memoryByteCount: .min,
            usedMemoryByteCount: .max, sessionCount: .min),
    ])
    func `absurd reports neither stop the placement nor spoil that of others`(load: TerminalLoad) {
        var liar = PlacementServer(name: "liar")
        liar.heard(load, at: Self.now)
        liar.heard(load, at: .min / 2)
        liar.heard(load, at: Self.now)
        let honest = (0..<5).map { Self.server("ts\($0)", sessions: 20) }
        let cost = SessionCost(of: honest + [liar])
        #expect(cost.processors > 0.05 && cost.processors < 0.2)
        #expect(cost.memory > 150e6 && cost.memory < 600e6)
        let placement = Placement(
            LogIn(user: "ann"), levels: [Array(0..<6)], of: honest + [liar], cost: cost, now: Self.now)
        #expect(placement.server != nil)
        for verdict in placement.verdicts { #expect(verdict.reason.use?.share.isNaN != true) }
    }

    @Test func `a server that reports no sessions has as many as the nodes say`() {
        let liar = Self.server("liar") { $0.seenSessionCount = 30 }
        #expect(Self.place([liar, Self.server("honest", sessions: 20)]).server == "honest")
    }

    @Test func `servers without load are filled by their limits`() {
        func windows(_ name: String, _ limit: Int?, _ seen: Int) -> PlacementServer {
            var server = PlacementServer(name: name, sessionLimit: limit)
            (server.heardAt, server.seenSessionCount) = (Self.now, seen)
            return server
        }
        #expect(Self.place([windows("a", 40, 20), windows("b", 10, 6)]).server == "a")
        #expect(Self.place([windows("a", 40, 20), windows("b", nil, 6)]).server == "b")
    }
}

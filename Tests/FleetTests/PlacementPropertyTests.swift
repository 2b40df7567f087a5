import Testing

@testable import Fleet

/// What holds for every placement, on servers and log-ins that a seed invents.
@Suite struct PlacementPropertyTests {
    private static let now = 1_000_000
    private static let seeds = 0..<100

    /// Servers of all kinds and states, in up to three levels.
    private struct Fleet {
        var servers: [PlacementServer]
        var levels: [[Int]]
        var cost: SessionCost

        init(_ dice: inout SeededDice) {
            servers = (0..<Int.random(in: 1...12, using: &dice)).map { Self.server($0, &dice) }
            levels = [[], [], []]
            for index in servers.indices { levels[Int.random(in: 0...2, using: &dice)].append(index) }
            cost = SessionCost(of: servers)
        }

        private static func server(_ number: Int, _ dice: inout SeededDice) -> PlacementServer {
            var server = PlacementServer(
                name: "ts\(number)", weight: [0.5, 1, 2][Int.random(in: 0...2, using: &dice)],
                sessionLimit: Bool.random(using: &dice) ? Int.random(in: 1...40, using: &dice) : nil)
            let sessions = Int.random(in: 0...60, using: &dice)
            if Int.random(in: 0...9, using: &dice) > 0 {
                server.heard(
                    TerminalLoad(
                        processorCount: Int.random(in: 1...32, using: &dice),
                        loadAverage: Double(sessions) * Double.random(in: 0...0.4, using: &dice),
                        memoryByteCount: Int.random(in: 4...64, using: &dice) << 30,
                        usedMemoryByteCount: 1 << 30 + sessions
                            * Int.random(in: 0...500_000_000, using: &dice),
                        idleMemoryByteCount: Bool.random(using: &dice) ? 1 << 30 : 0, sessionCount: sessions),
                    at: now - Int.random(in: 0...20_000, using: &dice))
            }
            server.isDraining = Int.random(in: 0...9, using: &dice) == 0
            server.isOpen = Int.random(in: 0...9, using: &dice) > 0
            server.seenSessionCount = Int.random(in: 0...60, using: &dice)
            server.underwayCount = Int.random(in: 0...5, using: &dice)
            server.failureCount = Int.random(in: 0...4, using: &dice)
            return server
        }

        func place(_ logIn: LogIn) -> Placement {
            Placement(logIn, levels: levels, of: servers, cost: cost, now: now)
        }
    }

    @Test(arguments: seeds)
    func `no server is used beyond its room or its limit while another has room`(seed: Int) {
        var dice = SeededDice(seed)
        var fleet = Fleet(&dice)
        for number in 0..<60 {
            let placement = fleet.place(LogIn(user: "user\(number)"))
            #expect(Set(placement.verdicts.map(\.server)) == Set(fleet.servers.map(\.name)))
            let shares = placement.verdicts.compactMap(\.reason.use?.share)
            guard let chosen = placement.verdicts.first(where: { $0.server == placement.server }) else {
                #expect(shares.isEmpty, "a server could have taken it: \(placement)")
                break
            }
            guard let share = chosen.reason.use?.share,
                let index = fleet.servers.firstIndex(where: { $0.name == chosen.server })
            else {
                Issue.record("\(chosen) could not take it")
                return
            }
            #expect(share <= 1 || shares.allSatisfy { $0 > 1 }, "\(placement)")
            #expect(!fleet.servers[index].isDraining && fleet.servers[index].isOpen)
            fleet.servers[index].underwayCount += 1
            let server = fleet.servers[index]
            if let limit = server.sessionLimit {
                #expect(server.sessionCount + server.underwayCount <= limit)
            }
        }
    }

    @Test(arguments: seeds)
    func `the same servers give the same answer, in whatever order they are listed`(seed: Int) {
        var dice = SeededDice(seed)
        let fleet = Fleet(&dice)
        let logIn = LogIn(user: "ann")
        #expect(fleet.place(logIn) == fleet.place(logIn))
        var turned = fleet
        turned.levels = fleet.levels.map { $0.shuffled(using: &dice) }
        #expect(turned.place(logIn).server == fleet.place(logIn).server)
    }

    @Test(arguments: seeds)
    func `a server that is removed moves no session of another`(seed: Int) {
        var dice = SeededDice(seed)
        let fleet = Fleet(&dice)
        for home in fleet.servers {
            let logIn = LogIn(user: "ann", existing: home.name)
            let before = fleet.place(logIn)
            guard before.isReconnection else { continue }
            #expect(before.server == home.name)
            for gone in fleet.servers.indices where fleet.servers[gone].name != home.name {
                var rest = fleet
                rest.levels = fleet.levels.map { level in level.filter { $0 != gone } }
                let after = rest.place(logIn)
                #expect(after.isReconnection && after.server == home.name)
            }
        }
    }

    // MARK: Lies

    /// Of servers alike, one tells this of itself, whatever runs there.
    ///
    /// - Returns: how many of 400 people each gets.
    private static func crowd(_ lie: (_ sessions: Int) -> TerminalLoad) -> [Int] {
        var counts = [Int](repeating: 0, count: 8)
        var servers = counts.indices.map { PlacementServer(name: "ts\($0)") }
        for number in 0..<400 {
            let time = now + number * 1_000
            if number % 5 == 0 {
                for index in servers.indices {
                    let count = counts[index]
                    let load = TerminalLoad(
                        processorCount: 16, loadAverage: Double(count) * 0.1, memoryByteCount: 64 << 30,
                        usedMemoryByteCount: 1 << 30 + count * 300_000_000, idleMemoryByteCount: 1 << 30,
                        sessionCount: count)
                    servers[index].heard(index == 0 ? lie(count) : load, at: time)
                }
            }
            let placement = Placement(
                LogIn(user: "user\(number)"), levels: [Array(servers.indices)], of: servers,
                cost: SessionCost(of: servers), now: time)
            guard let index = servers.firstIndex(where: { $0.name == placement.server }) else { continue }
            counts[index] += 1
            // The nodes see it.
            servers[index].seenSessionCount += 1
        }
        return counts
    }

    @Test(arguments: [0, -1, -.infinity] as [Double])
    func `a server that hides its load gets no more than a few times as many people as others`(load: Double) {
        for hidesSessions in [true, false] {
            for memory in [0, 1 << 30, .min] {
                let counts = Self.crowd { count in
                    TerminalLoad(
                        processorCount: 16, loadAverage: load, memoryByteCount: 64 << 30,
                        usedMemoryByteCount: memory, idleMemoryByteCount: memory,
                        sessionCount: hidesSessions ? 0 : count)
                }
                let honest = counts.dropFirst()
                #expect(counts.reduce(0, +) == 400)
                #expect(counts[0] <= 3 * (honest.min() ?? 0) + 3, "\(counts)")
                #expect((honest.max() ?? 0) - (honest.min() ?? 0) <= 2, "\(counts)")
            }
        }
    }

    @Test(arguments: [(160, 640), (4_096, 1 << 20), (.max, .max >> 30)] as [(Int, Int)])
    func `a server that claims more than it has gets about eight times as many people as others, and not all`(
        processors: Int, gibibytes: Int
    ) {
        let counts = Self.crowd { count in
            TerminalLoad(
                processorCount: processors, loadAverage: Double(count) * 0.1,
                memoryByteCount: gibibytes << 30, usedMemoryByteCount: 1 << 30 + count * 300_000_000,
                idleMemoryByteCount: 1 << 30, sessionCount: count)
        }
        let honest = counts.dropFirst()
        #expect(counts.reduce(0, +) == 400)
        // With the newcomers that each is counted with, a little more than eight times.
        #expect(counts[0] <= 9 * (honest.min() ?? 0), "\(counts)")
        #expect((honest.max() ?? 0) - (honest.min() ?? 0) <= 2, "\(counts)")
    }

    @Test func `what servers have is believed up to eight times the median, and more by weight`() {
        func server(_ name: String, _ processors: Int, weight: Double = 1) -> PlacementServer {
            var server = PlacementServer(name: name, weight: weight)
            server.heard(
                TerminalLoad(
                    processorCount: processors, loadAverage: 4, memoryByteCount: processors << 30,
                    usedMemoryByteCount: 13 << 30, idleMemoryByteCount: 1 << 30, sessionCount: 40),
                at: Self.now)
            return server
        }
        let pool = [server("a", 16), server("b", 16), server("large", 128), server("huge", 256)]
        let cost = SessionCost(of: pool)
        #expect(cost.mostProcessors == 128 && cost.mostMemory == Double(128 << 30))
        let (large, huge) = (pool[2].use(cost: cost), pool[3].use(cost: cost))
        #expect(huge.processors == large.processors && huge.memory < large.memory)
        let heavy = server("huge", 256, weight: 2).use(cost: cost)
        #expect(heavy.processors == huge.processors / 2 && heavy.memory == huge.memory / 2)
        // Of two, which could be either, the smaller one counts.
        #expect(SessionCost(of: [pool[0], pool[3]]).mostProcessors == 128)
        // One that says it is tiny makes the others no smaller than they can be.
        let least = SessionCost(of: [pool[0], server("tiny", 1)])
        #expect(least.mostProcessors == 16 && least.mostMemory == Double(64 << 30))
    }

    @Test(arguments: [.nan, .infinity, 1e300] as [Double])
    func `a server that claims a huge load gets nobody, and the others share alike`(load: Double) {
        let counts = Self.crowd { count in
            TerminalLoad(
                processorCount: 16, loadAverage: load, memoryByteCount: 64 << 30, usedMemoryByteCount: .max,
                sessionCount: .max - count)
        }
        #expect(counts[0] == 0 && counts.reduce(0, +) == 400)
        #expect((counts.dropFirst().max() ?? 0) - (counts.dropFirst().min() ?? 0) <= 2, "\(counts)")
    }

    // MARK: What is learned

    /// Servers on whose sessions memory differs, and processors by a part of that.
    private static func learned(_ part: Double) -> SessionCost {
        var dice = SeededDice(7)
        return SessionCost(
            of: (0..<100).map { number in
                let count = 16.0
                let more = Double.random(in: -0.2...0.2, using: &dice)
                var server = PlacementServer(name: "ts\(number)")
                server.heard(
                    TerminalLoad(
                        processorCount: 8, loadAverage: count * 0.15 * (1 + part * more),
                        memoryByteCount: 32 << 30,
                        usedMemoryByteCount: 1 << 30 + Int(count * 450e6 * (1 + more)),
                        idleMemoryByteCount: 1 << 30, sessionCount: Int(count)), at: now)
                return server
            })
    }

    @Test func `how people differ is learned, and whether memory tells what processors they need`() {
        let alike = Self.learned(1)
        #expect(abs(alike.processors - 0.15) < 0.01 && abs(alike.memory - 450e6) < 20e6)
        // Sixteen people differ a quarter as much as one.
        #expect(alike.spread > 0.35 && alike.spread < 0.55, "\(alike.spread)")
        #expect(alike.likeness > 0.9)
        #expect(Self.learned(0).likeness < 0.1)
        #expect(SessionCost(of: []) == .usual)
    }
}

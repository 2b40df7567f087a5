import API
import Fleet
import Testing
import Wire

@testable import Center

/// What servers report, and what follows from it.
extension LiveTerminalsTests {
    // MARK: Hostile reports

    @Test func `a report is bounded in number and size, and its texts obey nothing`() async throws {
        let pool = try await add(["a", "b"])
        var told = SmallFleet.report(users: (0..<5_000).map { "user\($0)" })
        told.version = String(repeating: "v", count: 100_000)
        told.troubles = Array(repeating: "\u{1B}[2Jclear\u{202E}", count: 100_000)
        told.rooms = [.init(path: "/home", byteCount: .min, freeByteCount: .max)]
        told.sessions[0].age = .min
        told.sessions[1].idle = .max
        told.certificate = "no certificate"
        told.ports = [.rdp: 99_999]
        told.pressure = .init(processors: .infinity, memory: .nan, io: -1)
        told.load.loadAverage = .nan
        told.load.usedMemoryByteCount = .max
        told.load.idleMemoryByteCount = .min
        told.events = (0..<3_000).map {
            AgentEvent(number: $0, age: -5, kind: .failed, user: "u", id: "", text: "\u{7}")
        }
        let name = try Self.name("a")
        #expect(terminals.take(told, from: name, at: 0) == 999)
        let report = try #require(terminals.now(at: 0)[name]?.report)
        #expect(report.sessions.count == 1_000 && report.events.count == 1_000)
        #expect(report.version.utf8.count == 256 && report.troubles.count == 20)
        #expect(report.troubles.allSatisfy { !$0.contains("\u{1B}") && !$0.contains("\u{202E}") })
        #expect(report.rooms == [.init(path: "/home", byteCount: 0, freeByteCount: 0)])
        #expect(report.sessions[0].age == 0 && report.sessions[1].idle == 1 << 40)
        #expect(report.certificate == nil && report.ports.isEmpty)
        #expect(report.pressure == .init(processors: 0, memory: 0, io: 0))
        // The other one takes the log-in.
        try self.report("b", at: 0)
        #expect(terminals.place(LogIn(user: "ann"), in: pool, at: 0).server == "b")
    }

    @Test func `a server that reports that nothing runs on it does not get everyone`() async throws {
        let pool = try await add(["a", "liar"])
        var counts: [String: Int] = [:]
        var sent: [String] = []
        for step in 0..<300 {
            let time = step * 5_000
            try report("a", Array(sent.suffix(30)), at: time)
            try report("liar", at: time)
            let chosen = send("user\(step)", in: pool, at: time) ?? ""
            counts[chosen, default: 0] += 1
            if chosen == "a" { sent.append("user\(step)") }
        }
        #expect(counts["liar", default: 0] < 60 && counts["a", default: 0] > 240, "\(counts)")
    }

    @Test func `only the agent that an order went to says how it ended`() async throws {
        _ = try await add(["a", "b"])
        let (name, other) = (try Self.name("a"), try Self.name("b"))
        let terminals = services.terminals
        let orders = terminals.orders(for: name)
        let agent = Task {
            for await order in orders {
                terminals.take(AgentResult(order: order.id, problem: "not mine"), from: other)
                terminals.take(AgentResult(order: order.id), from: name)
                return
            }
        }
        let result = try await terminals.order(.restart, on: name)
        await agent.value
        #expect(result.problem.isEmpty)
    }

    @Test func `what an agent says of a failure is text of a few lines`() async throws {
        _ = try await add(["a"])
        let name = try Self.name("a")
        let terminals = services.terminals
        let orders = terminals.orders(for: name)
        let said = "no\u{1B}]0;x\u{7}\u{202E}\n" + String(repeating: "x", count: 60_000)
        let agent = Task {
            for await order in orders {
                terminals.take(AgentResult(order: order.id, problem: said), from: name)
                return
            }
        }
        do {
            _ = try await terminals.order(.restart, on: name)
            Issue.record("it was carried out")
        } catch let problem as AgentOrderProblem {
            guard case .refused(_, let text) = problem else { throw problem }
            #expect(text.hasPrefix("no") && text.utf8.count <= AgentResult.problemLimit)
            #expect(!text.unicodeScalars.contains { PlainText.isControl($0) })
        }
        await agent.value
    }

    // MARK: Restart when empty

    @Test func `a draining server restarts once when it is empty, and takes log-ins when it is back`()
        async throws
    {
        _ = try await add(["a"]) { ($0.admission, $0.restartsWhenEmpty) = (.draining, true) }
        let name = try Self.name("a")
        let (terminals, fleet) = (services.terminals, services.fleet)
        let orders = terminals.orders(for: name)
        // An agent that answers each order and counts them.
        let agent = Task {
            var works: [AgentOrder.Work] = []
            for await order in orders {
                works.append(order.work)
                terminals.take(AgentResult(order: order.id), from: name)
            }
            return works
        }
        try report("a", ["ann"], at: 0)
        await terminals.watch(at: 1)
        try report("a", at: 2)
        for time in 3...6 { await terminals.watch(at: time) }
        #expect(fleet.snapshot.contents.terminals.servers[name]?.admission == .draining)
        try report("a", boot: "2", at: 7)
        await terminals.watch(at: 8)
        let server = fleet.snapshot.contents.terminals.servers[name]
        #expect(server?.admission == .open && server?.restartsWhenEmpty == false)
        await terminals.watch(at: 9)
        try await fleet.change(by: "test") { _ in
            [.terminal(name, nil), .pool(try PoolName("room"), TerminalPool(name: try PoolName("room")))]
        }
        await terminals.watch(at: 10)
        #expect(await agent.value == [.restart])
    }

    @Test func `an order that does not reach the agent is given again`() async throws {
        _ = try await add(["a"]) { ($0.admission, $0.restartsWhenEmpty) = (.draining, true) }
        let name = try Self.name("a")
        let terminals = services.terminals
        try report("a", at: 0)
        await terminals.watch(at: 1)
        let orders = terminals.orders(for: name)
        let first = Task { () -> AgentOrder.Work in
            for await order in orders {
                terminals.take(AgentResult(order: order.id), from: name)
                return order.work
            }
            return .forget(ticket: "none")
        }
        await terminals.watch(at: 2)
        #expect(await first.value == .restart)
    }

    // MARK: Troubles and history

    @Test func `an open pool that no server takes log-ins for is a trouble`() async throws {
        let monday = WeekMoment(day: 0, minute: 720)
        let pool = try await add(["a"]) { _ in
        } pool: {
            $0.hours = [try #require(OpeningHours("mon-fri 07:00-18:00"))]
        }
        let a = try Self.name("a")
        func troubles(at time: Int, on moment: WeekMoment = monday) -> [TerminalTrouble] {
            terminals.troubles(at: time, on: moment)
        }
        #expect(send("ann", in: pool, at: 0) == nil)
        await terminals.watch(at: 0)
        // A server of Roost that has just started has heard no terminal server yet.
        #expect(!troubles(at: 30_000).contains { if case .unserved = $0 { true } else { false } })
        let never = TerminalTrouble.unserved(pool.name, [a], otherCount: 0, wasHeard: false)
        #expect(troubles(at: 30_001) == [never])
        let closed = troubles(at: 30_001, on: WeekMoment(day: 0, minute: 1_200))
        #expect(closed.count == 1 && closed != [never])
        try report("a", at: 700_000)
        #expect(troubles(at: 700_001).isEmpty)
        let silent = TerminalTrouble.unserved(pool.name, [a], otherCount: 0, wasHeard: true)
        #expect(troubles(at: 760_000) == [silent])
        var empty = pool
        empty.levels = []
        try await services.fleet.change(by: "test") { [empty] _ in
            [.terminal(a, nil), .pool(pool.name, empty)]
        }
        #expect(troubles(at: 760_000) == [.unserved(pool.name, [], otherCount: 0, wasHeard: false)])
    }

    @Test func `log-ins without a server, silent servers and what agents say are troubles`() async throws {
        let pool = try await add(["a", "b"])
        #expect(terminals.troubles(at: 0).isEmpty)
        #expect(send("ann", in: pool, at: 0) == nil)
        #expect(send("bob", in: pool, at: 1) == nil)
        #expect(
            terminals.troubles(at: 2)
                == [.noServer(pool.name, count: 2, why: "2 × it has never been heard")])
        #expect(terminals.troubles(at: 600_002).isEmpty)
        try report("a", ["ann"], troubles: ["xrdp-sesman is not running"], at: 700_000)
        try report("b", at: 700_000)
        let (a, b) = (try Self.name("a"), try Self.name("b"))
        #expect(terminals.troubles(at: 700_001) == [.reported(a, "xrdp-sesman is not running")])
        #expect(terminals.now(at: 720_000)[b]?.state == .silent)
        // Without sessions nothing is lost.
        #expect(
            terminals.troubles(at: 731_000)
                == [.silent(a, sessionCount: 1, since: terminals.second(of: 700_000))])
        try await services.fleet.change(by: "test") { current in
            var server = try #require(current.contents.terminals.servers[a])
            server.admission = .maintenance
            return [.terminal(a, server)]
        }
        #expect(terminals.troubles(at: 731_000).isEmpty)
        #expect(terminals.now(at: 731_000)[a]?.state == .maintenance)
    }

    @Test func `the history keeps the last ten thousand, the newest first`() throws {
        var history = PlacementHistory()
        let pool = try PoolName("room")
        for number in 0..<25_000 {
            history.add(
                .init(
                    entry: PlacementEntry(at: number, user: "u", node: nil, pool: pool, outcome: .sent),
                    ticket: "t\(number)", time: number))
            if number == 9_999 { history.settle("t0", .arrived, at: 10_000) }
        }
        let newest = history.newest.map(\.entry.at)
        #expect(newest == Array((15_000..<25_000).reversed()))
        history.settle("t20000", .lost, at: 0)
        history.settle("t1", .lost, at: 0)
        #expect(history.newest.filter { $0.entry.outcome == .lost }.map(\.entry.at) == [20_000])
    }
}

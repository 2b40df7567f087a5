import API
import Fleet
import Testing

@testable import Center

/// Terminal servers as they are now: what they report, who is on their way, and where the next one goes.
@Suite struct LiveTerminalsTests {
    private let directory: TemporaryDirectory
    private let services: CenterServices
    private var terminals: LiveTerminals { services.terminals }

    init() async throws {
        directory = try TemporaryDirectory()
        services = try await .alone(in: directory)
    }

    private static func name(_ text: String) throws -> TerminalName { try TerminalName(text) }

    /// Adds servers and a pool of them.
    private func add(
        _ names: [String], _ change: (inout TerminalServer) throws -> Void = { _ in },
        pool: (inout TerminalPool) throws -> Void = { _ in }
    ) async throws -> TerminalPool {
        var made = TerminalPool(
            name: try PoolName("room"), levels: [.init(servers: try names.map { try Self.name($0) })])
        try pool(&made)
        var edits = [FleetEdit.pool(made.name, made)]
        for name in names {
            var server = TerminalServer(name: try Self.name(name), address: "10.77.0.20")
            try change(&server)
            edits.append(.terminal(server.name, server))
        }
        try await services.fleet.change(by: "test") { [edits] _ in edits }
        return made
    }

    private func report(
        _ name: String, _ users: [String] = [], boot: String = "1", troubles: [String] = [], at time: Int
    ) throws {
        _ = terminals.take(
            SmallFleet.report(users: users, boot: boot, troubles: troubles), from: try Self.name(name),
            at: time)
    }

    /// Places a log-in and notes it.
    @discardableResult
    private func send(_ user: String, in pool: TerminalPool, at time: Int) -> String? {
        let placement = terminals.place(LogIn(user: user), in: pool, at: time)
        terminals.note(
            placement, ticket: "ticket of \(user) at \(time)", of: user, at: nil, in: pool.name, time: time)
        return placement.server
    }

    // MARK: Log-ins on their way

    @Test func `a class that begins is spread before any report tells of it`() async throws {
        let pool = try await add(["a", "b", "c"])
        for name in ["a", "b", "c"] { try report(name, at: 0) }
        var counts: [String: Int] = [:]
        for number in 0..<30 { counts[send("user\(number)", in: pool, at: 10) ?? "", default: 0] += 1 }
        #expect(counts == ["a": 10, "b": 10, "c": 10])
        #expect(terminals.now(at: 10).values.allSatisfy { $0.placed?.underwayCount == 10 })
    }

    @Test func `a log-in has arrived when its user is reported, and is lost after a minute`() async throws {
        let pool = try await add(["a"])
        try report("a", at: 0)
        send("ann", in: pool, at: 0)
        send("bob", in: pool, at: 1_000)
        try report("a", ["ann"], at: 5_000)
        #expect(terminals.history().map(\.outcome) == [.sent, .arrived])
        #expect(terminals.history().last?.took == 5_000)
        try report("a", ["ann"], at: 61_000)
        #expect(terminals.history().map(\.outcome) == [.sent, .arrived])
        try report("a", ["ann"], at: 61_001)
        #expect(terminals.history().map(\.outcome) == [.lost, .arrived])
        let now = try #require(terminals.now(at: 61_001)[try Self.name("a")])
        #expect(now.placed?.underwayCount == 0 && now.placed?.failureCount == 1)
    }

    @Test func `a server on which log-ins are lost takes none for a while, then one at a time`() async throws
    {
        let pool = try await add(["a", "b"])
        try report("a", at: 0)
        try report("b", Array(repeating: "x", count: 40).enumerated().map { "\($1)\($0)" }, at: 0)
        for number in 0..<3 { #expect(send("user\(number)", in: pool, at: 0) == "a") }
        try report("a", at: 60_001)
        try report("b", at: 60_001)
        #expect(terminals.now(at: 60_001)[try Self.name("a")]?.state == .failing)
        #expect(send("late", in: pool, at: 60_001) == "b")
        try report("a", at: 95_000)
        try report("b", Array(repeating: "x", count: 40).enumerated().map { "\($1)\($0)" }, at: 95_000)
        #expect(send("next", in: pool, at: 95_000) == "a")
        #expect(send("other", in: pool, at: 95_000) == "b")
        try report("a", ["next"], at: 96_000)
        #expect(terminals.now(at: 96_000)[try Self.name("a")]?.state == .up)
    }

    @Test func `what a server could not prepare counts against it, what was given up does not`() async throws
    {
        let pool = try await add(["a"])
        let name = try Self.name("a")
        try report("a", at: 0)
        for number in 0..<4 { send("user\(number)", in: pool, at: number) }
        terminals.noteEnd(of: "ticket of user0 at 0", on: name, problem: "no room in /home", at: 9)
        terminals.noteEnd(of: "ticket of user1 at 1", on: name, problem: nil, at: 9)
        let placed = terminals.now(at: 9)[name]?.placed
        #expect(placed?.failureCount == 1 && placed?.underwayCount == 2)
        #expect(terminals.history().map(\.outcome) == [.sent, .sent, .lost, .failed])
        #expect(terminals.history().last?.text == "no room in /home")
    }

    @Test func `a session that came and went between two reports is no log-in on its way`() async throws {
        let pool = try await add(["a"])
        let name = try Self.name("a")
        try report("a", at: 0)
        for user in ["ann", "bob", "eve"] { send(user, in: pool, at: 1_000) }
        func event(_ number: Int, _ kind: AgentEvent.Kind, _ user: String, _ id: String = "") -> AgentEvent {
            AgentEvent(number: number, age: 0, kind: kind, user: user, id: id, text: "")
        }
        var news = SmallFleet.report(users: ["eve"])
        news.sessions[0].isConnected = false
        news.events = [
            // A session of before ends: the one that comes has not begun.
            event(1, .sessionEnded, "bob"), event(2, .ticketUsed, "ann", "ticket of ann at 1000"),
            event(3, .sessionEnded, "ann"), event(4, .ticketUsed, "eve", "ticket of eve at 1000"),
            event(5, .sessionEnded, "eve"),
        ]
        _ = terminals.take(news, from: name, at: 5_000)
        #expect(terminals.whereabouts(of: "ann", at: 5_001).isEmpty)
        #expect(terminals.whereabouts(of: "bob", at: 5_001).map(\.ticket) == ["ticket of bob at 1000"])
        // Another session of hers is there.
        #expect(terminals.whereabouts(of: "eve", at: 5_001).count == 2)
        #expect(terminals.history().map(\.outcome) == [.sent, .sent, .arrived])
        // With a password of his own he has no ticket that is used.
        news = SmallFleet.report(users: [])
        news.events = [event(6, .sessionBegan, "bob"), event(7, .sessionEnded, "bob")]
        _ = terminals.take(news, from: name, at: 6_000)
        #expect(terminals.whereabouts(of: "bob", at: 6_001).isEmpty)
        // Back to a session that ends before she is seen there: it did not begin anew.
        var left = SmallFleet.report(users: ["ann"])
        left.sessions[0].isConnected = false
        _ = terminals.take(left, from: name, at: 7_000)
        #expect(send("ann", in: pool, at: 7_001) == "a")
        news.events = [event(8, .sessionEnded, "ann")]
        _ = terminals.take(news, from: name, at: 8_000)
        #expect(terminals.whereabouts(of: "ann", at: 8_001).isEmpty)
    }

    @Test func `a protocol that a server does not take any more is not used`() async throws {
        let pool = try await add(["a", "b"]) { $0.ports = [.rdp: 3_389, .ssh: 22, .vnc: 5_900] }
        try report("b", at: 0)
        var news = SmallFleet.report(users: [])
        news.ports[.rdp] = nil
        _ = terminals.take(news, from: try Self.name("a"), at: 0)
        #expect(terminals.place(LogIn(user: "ann"), in: pool, at: 1).server == "b")
        #expect(
            terminals.place(LogIn(user: "ann"), in: pool, at: 1).verdicts.map(\.reason.code).contains(
                "silent-protocol"))
        try report("a", at: 2)
        let placed = terminals.now(at: 2)[try Self.name("a")]?.placed
        #expect(placed?.silentProtocols.isEmpty == true)
    }

    // MARK: Sessions and former servers

    @Test func `people come back to their session, unless the pool allows several`() async throws {
        let pool = try await add(["a", "b"])
        try report("a", at: 0)
        try report("b", ["ann"] + (0..<30).map { "x\($0)" }, at: 0)
        let back = terminals.place(LogIn(user: "ann"), in: pool, at: 1)
        #expect(back.server == "b" && back.isReconnection)
        #expect(terminals.sessions(of: "ann").map(\.server.text) == ["b"])
        var several = pool
        several.secondLogIn = .allow
        let placement = terminals.place(LogIn(user: "ann"), in: several, at: 1)
        #expect(placement.server == "a" && !placement.isReconnection)
        #expect(terminals.place(LogIn(user: ""), in: pool, at: 1).server == "a")
        // It has ended.
        try report("b", at: 2)
        #expect(!terminals.place(LogIn(user: "ann"), in: pool, at: 3).isReconnection)
        #expect(terminals.sessions(of: "ann").isEmpty)
    }

    @Test func `a session on a draining server is continued`() async throws {
        let pool = try await add(["a", "b"]) { server in
            if server.name.text == "b" { server.admission = .draining }
        }
        try report("a", at: 0)
        try report("b", ["ann"], at: 0)
        #expect(terminals.place(LogIn(user: "ann"), in: pool, at: 1).server == "b")
        #expect(terminals.place(LogIn(user: "bob"), in: pool, at: 1).server == "a")
    }

    @Test func `a server that claims a session of a person who was sent elsewhere is not believed`()
        async throws
    {
        let pool = try await add(["honest", "liar"])
        try report("honest", at: 0)
        try report("liar", (0..<40).map { "x\($0)" }, at: 0)
        #expect(send("ann", in: pool, at: 0) == "honest")
        try report("honest", ["ann"], at: 1_000)
        try report("liar", ["ann"], at: 1_000)
        #expect(terminals.place(LogIn(user: "ann"), in: pool, at: 1_000).server == "honest")
        // Her session has ended, and the claim stays.
        try report("honest", at: 2_000)
        #expect(!terminals.place(LogIn(user: "ann"), in: pool, at: 2_000).isReconnection)
        // Of those about whom nothing is known, it is: after a start of this server, nothing is.
        try report("liar", ["ann", "bob"], at: 3_000)
        #expect(terminals.place(LogIn(user: "bob"), in: pool, at: 3_000).server == "liar")
        // Her former server is gone.
        try report("liar", ["ann"], at: 30_000)
        #expect(terminals.place(LogIn(user: "ann"), in: pool, at: 30_000).isReconnection)
    }

    @Test func `of servers that are about as free, the former one is chosen`() async throws {
        let names = (0..<8).map { "ts-\($0)" }
        let pool = try await add(names)
        for name in names { try report(name, at: 0) }
        let first = send("ann", in: pool, at: 0)
        for round in 1...20 {
            for name in names { try report(name, at: round * 1_000) }
            #expect(terminals.place(LogIn(user: "ann"), in: pool, at: round * 1_000).server == first)
        }
    }

    @Test func `former servers are remembered for a bounded number of people, the latest ones`() throws {
        var former = FormerServers()
        let (one, other) = (try Self.name("a"), try Self.name("b"))
        for number in 0..<200_000 { former.note("user\(number)", on: number.isMultiple(of: 2) ? one : other) }
        #expect(former.count <= 50_000 && former.count >= 25_000)
        #expect(former["user199999"] == other && former["user199998"] == one)
        #expect(former["user180000"] == one && former["user0"] == nil)
        former.keep([one])
        #expect(former["user199999"] == nil && former["user199998"] == one)
    }

    // MARK: What people declared

    @Test func `hours, limits, releases and levels decide with the load`() async throws {
        let hours = try #require(OpeningHours("mon-fri 07:00-18:00"))
        let pool = try await add(["a", "b"]) { server in
            if server.name.text == "a" { (server.hours, server.sessionLimit) = ([hours], 1) }
        } pool: { pool in
            pool.levels = [.init(servers: [try Self.name("a")]), .init(servers: [try Self.name("b")])]
        }
        try report("a", at: 0)
        try report("b", at: 0)
        let (day, night) = (WeekMoment(day: 0, minute: 600), WeekMoment(day: 0, minute: 1_200))
        func place(_ moment: WeekMoment, _ pool: TerminalPool) -> Placement {
            terminals.place(LogIn(user: "ann"), in: pool, at: 1, on: moment)
        }
        #expect(place(day, pool).server == "a" && place(day, pool).level == 0)
        #expect(place(night, pool).server == "b" && place(night, pool).verdicts[0].reason == .closed)
        try report("a", ["bob"], at: 2)
        #expect(place(day, pool).server == "b" && place(day, pool).level == 1)
        #expect(place(day, pool).verdicts[0].reason == .full(sessionCount: 1, limit: 1))
        var released = pool
        released.release = "debian-7"
        #expect(
            place(day, released).verdicts.allSatisfy { $0.reason == .otherRelease(nil) || $0.server == "a" })
        #expect(place(day, released).server == nil)
        var protocols = pool
        protocols.protocols = [.ssh]
        #expect(place(night, protocols).verdicts[1].reason == .otherProtocol)
    }

    @Test func `a change of the pool holds for the next log-in`() async throws {
        let pool = try await add(["a", "b"])
        try report("a", at: 0)
        try report("b", (0..<9).map { "x\($0)" }, at: 0)
        #expect(terminals.place(LogIn(user: "ann"), in: pool, at: 1).server == "a")
        try await services.fleet.change(by: "test") { current in
            var server = try #require(current.contents.terminals.servers[Self.name("a")])
            server.admission = .draining
            return [.terminal(server.name, server)]
        }
        #expect(terminals.place(LogIn(user: "ann"), in: pool, at: 1).server == "b")
    }

    @Test func `servers that a log-in cannot have are left out`() async throws {
        let pool = try await add(["a", "b", "c"])
        for (count, name) in ["a", "b", "c"].enumerated() {
            try report(name, (0..<count).map { "\(name)\($0)" }, at: 0)
        }
        let left: Set<TerminalName> = [try Self.name("a"), try Self.name("gone")]
        let placement = terminals.place(LogIn(user: "ann"), in: pool, without: left, at: 1)
        #expect(placement.server == "b" && placement.verdicts.map(\.server) == ["b", "c"])
        #expect(terminals.place(LogIn(user: "ann"), in: pool, at: 1).verdicts.count == 3)
    }

    @Test func `a server that is no longer in the configuration is forgotten`() async throws {
        let pool = try await add(["a", "b"])
        try report("a", ["ann"], at: 0)
        try report("b", at: 0)
        send("bob", in: pool, at: 0)
        let orders = terminals.orders(for: try Self.name("a"))
        try await services.fleet.change(by: "test") { _ in
            [
                .terminal(try Self.name("a"), nil),
                .pool(
                    pool.name, TerminalPool(name: pool.name, levels: [.init(servers: [try Self.name("b")])])),
            ]
        }
        await terminals.watch(at: 1)
        // Its orders end.
        for await _ in orders { Issue.record("there is no order") }
        #expect(terminals.sessions(of: "ann").isEmpty)
        #expect(terminals.now(at: 1).keys.map(\.text) == ["b"])
        try report("a", ["ann"], at: 2)
        #expect(terminals.sessions(of: "ann").isEmpty)
    }

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
        #expect(terminals.troubles(at: 731_000) == [.silent(a, sessionCount: 1, seconds: 31)])
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

import API
import Fleet
import Testing

@testable import Center

/// Terminal servers as they are now: what they report, who is on their way, and where the next one goes.
@Suite struct LiveTerminalsTests {
    private let directory: TemporaryDirectory
    let services: CenterServices
    var terminals: LiveTerminals { services.terminals }

    init() async throws {
        directory = try TemporaryDirectory()
        services = try await .alone(in: directory)
    }

    static func name(_ text: String) throws -> TerminalName { try TerminalName(text) }

    /// Adds servers and a pool of them.
    func add(
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

    func report(
        _ name: String, _ users: [String] = [], boot: String = "1", troubles: [String] = [], at time: Int
    ) throws {
        _ = terminals.take(
            SmallFleet.report(users: users, boot: boot, troubles: troubles), from: try Self.name(name),
            at: time)
    }

    /// Places a log-in and notes it.
    @discardableResult
    func send(_ user: String, in pool: TerminalPool, at time: Int) -> String? {
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
}

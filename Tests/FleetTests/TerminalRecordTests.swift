import Foundation
import Testing

@testable import Fleet

/// Terminal servers and pools as records: what may not be saved, what files say, and who may use a pool.
@Suite struct TerminalRecordTests {
    private static func server(
        _ name: String, in group: String = "/", tags: [String] = [],
        _ change: (inout TerminalServer) throws -> Void = { _ in }
    ) throws -> FleetEdit {
        var server = TerminalServer(
            name: try TerminalName(name), group: try GroupPath(group), address: "10.77.0.20", tags: tags)
        try change(&server)
        return .terminal(server.name, server)
    }

    private static func pool(
        _ name: String, _ levels: [String] = [], in group: String = "/",
        _ change: (inout TerminalPool) throws -> Void = { _ in }
    ) throws -> FleetEdit {
        var pool = TerminalPool(
            name: try PoolName(name), group: try GroupPath(group),
            levels: try levels.map { text in
                let level = try TerminalPool.Level(text)
                return try #require(level)
            })
        try change(&pool)
        return .pool(pool.name, pool)
    }

    private static func applying(_ edits: [FleetEdit], to snapshot: FleetSnapshot = .empty) throws
        -> FleetSnapshot
    { try snapshot.applying(edits, revision: snapshot.revision + 1) }

    private static func refusal(_ edits: [FleetEdit], in snapshot: FleetSnapshot = .empty) -> String {
        do {
            _ = try applying(edits, to: snapshot)
            return ""
        } catch { return "\(error)" }
    }

    // MARK: What is refused

    static var servers: [(String, (inout TerminalServer) throws -> Void)] {
        [
            ("is not a host name", { $0.address = "ts 1" }), ("is not a host name", { $0.address = "" }),
            ("is not a host name", { $0.address = "-x" }),
            ("is not a host name", { $0.address = "ts..example" }),
            ("is not a host name", { $0.address = "10.77.0.256" }),
            ("is not a host name", { $0.address = "ts-1:3390" }),
            ("at least one protocol", { $0.ports = [:] }), ("is not 1 to 65535", { $0.ports = [.rdp: 0] }),
            ("is not 0.01 to 100", { $0.weight = 0 }), ("is not 0.01 to 100", { $0.weight = .nan }),
            ("is not 1 to 100000", { $0.sessionLimit = 0 }), ("tags", { $0.tags = ["a b"] }),
            ("is not a SHA-256", { $0.certificate = "AA:BB" }),
            ("there is no group", { $0.group = try GroupPath("/x") }),
            ("there is no node pc-9", { $0.node = try NodeName("pc-9") }),
        ]
    }

    @Test(arguments: Self.servers.indices)
    func `what a terminal server cannot be is refused`(index: Int) throws {
        let (problem, change) = Self.servers[index]
        #expect(Self.refusal([try Self.server("ts-1", change)]).contains(problem), "\(problem)")
    }

    static var pools: [(String, (inout TerminalPool) throws -> Void)] {
        [
            ("at most 16 levels", { $0.levels = Array(repeating: TerminalPool.Level(), count: 17) }),
            ("at least one protocol", { $0.protocols = [] }), ("is not a name", { $0.users = ["a/b"] }),
            ("is not a name", { $0.groups = ["$(id)"] }), ("a limit is 1 to", { $0.idleMinutes = 0 }),
            ("a limit is 1 to", { $0.disconnectedMinutes = 600_000 }),
            ("on one line", { $0.broker = "tsv://x\r\nCookie: y" }),
            (
                "there is no terminal server ts-9",
                { $0.levels = [.init(servers: [try TerminalName("ts-9")])] }
            ),
            ("there is no pool other", { $0.levels = [.init(pools: [try PoolName("other")])] }),
            ("contains itself", { $0.levels = [.init(pools: [try PoolName("p")])] }),
        ]
    }

    @Test(arguments: Self.pools.indices)
    func `what a pool cannot be is refused`(index: Int) throws {
        let (problem, change) = Self.pools[index]
        #expect(Self.refusal([try Self.pool("p", [], change)]).contains(problem), "\(problem)")
    }

    @Test func `pools that contain each other are refused at any depth, and what is in use stays`() throws {
        let fleet = try Self.applying([
            try Self.server("ts-1"), try Self.pool("c", ["ts-1"]), try Self.pool("b", ["pool:c"]),
            try Self.pool("a", ["pool:b"]),
        ])
        #expect(
            Self.refusal([try Self.pool("c", ["ts-1", "pool:a"])], in: fleet).contains("contains itself"))
        #expect(Self.refusal([.pool(try PoolName("c"), nil)], in: fleet).contains("is a level of pool b"))
        #expect(Self.refusal([.terminal(try TerminalName("ts-1"), nil)], in: fleet).contains("is in pool c"))
        #expect(
            Self.refusal(
                [.terminal(try TerminalName("ts-1"), nil), try Self.pool("c", ["tag:x"])], in: fleet
            )
            .isEmpty)
    }

    @Test func `two servers are not one node`() throws {
        let fleet = try Sample.snapshot()
        let one = try Self.server("ts-1") { $0.node = try NodeName("pc-1") }
        let other = try Self.server("ts-2") { $0.node = try NodeName("pc-1") }
        #expect(Self.refusal([one], in: fleet).isEmpty)
        #expect(Self.refusal([one, other], in: fleet).contains("is terminal server"))
    }

    // MARK: Levels

    @Test func `levels name servers, tags and pools, and each server is there once`() throws {
        let fleet = try Self.applying([
            try Self.server("ts-1", tags: ["room"]), try Self.server("ts-2", tags: ["room"]),
            try Self.server("ts-3"), try Self.server("ts-4"),
            try Self.pool("spare", ["ts-3", "ts-4,ts-1"]),
            try Self.pool("school", ["ts-2", "tag:room", "pool:spare"]),
        ])
        let all = fleet.contents.terminals
        let school = try #require(all.pools[PoolName("school")])
        #expect(school.servers(of: all).map { $0.map(\.text) } == [["ts-2"], ["ts-1"], ["ts-3", "ts-4"]])
        #expect(school.levels.map(\.text) == ["ts-2", "tag:room", "pool:spare"])
    }

    @Test(arguments: ["", " , ", "server:ts-1"])
    func `a level in another form is none`(text: String) throws {
        let level = try TerminalPool.Level(text)
        #expect(level == nil)
    }

    // MARK: Groups

    @Test func `servers and pools move with their group, which stays while it has some`() throws {
        let (school, college) = (try GroupPath("/school"), try GroupPath("/college"))
        let fleet = try Self.applying([
            .group(school, NodeGroup(path: school)), try Self.server("ts-1", in: "/school"),
            try Self.pool("p", ["ts-1"], in: "/school"),
        ])
        #expect(Self.refusal([.group(school, nil)], in: fleet).contains("still has terminal server ts-1"))
        let moved = try Self.applying(fleet.edits(moving: school, to: college), to: fleet)
        #expect(moved.contents.terminals.servers[try TerminalName("ts-1")]?.group == college)
        #expect(moved.contents.terminals.pools[try PoolName("p")]?.group == college)
        #expect(moved.groups[school] == nil)
    }

    @Test func `what a change says of a server's admission`() throws {
        let fleet = try Self.applying([try Self.server("ts-1")])
        func summary(_ change: (inout TerminalServer) throws -> Void) throws -> String {
            fleet.summary(of: [try Self.server("ts-1", change)])
        }
        #expect(try summary { $0.admission = .draining } == "terminal server ts-1 drains")
        #expect(
            try summary { ($0.admission, $0.restartsWhenEmpty) = (.draining, true) }
                == "terminal server ts-1 drains, and restarts when it is empty")
        #expect(try summary { $0.admission = .maintenance } == "terminal server ts-1 is in maintenance")
        #expect(try summary { $0.weight = 2 } == "terminal server ts-1 changed")
    }

    // MARK: As JSON and in files

    @Test func `what is left out is as in a new one`() throws {
        let server = try JSONDecoder().decode(
            TerminalServer.self, from: Data(#"{"name":"ts-1","address":"ts-1.example"}"#.utf8))
        #expect(server == TerminalServer(name: try TerminalName("ts-1"), address: "ts-1.example"))
        let pool = try JSONDecoder().decode(
            TerminalPool.self, from: Data(#"{"name":"p","levels":[{"tags":["room"]}]}"#.utf8))
        #expect(pool == TerminalPool(name: try PoolName("p"), levels: [.init(tags: ["room"])]))
    }

    @Test func `a server and a pool come back from JSON as they were`() throws {
        let hours = try #require(OpeningHours("mon-fri 07:00-18:00"))
        let server = TerminalServer(
            name: try TerminalName("ts-1"), group: try GroupPath("/school"), address: "10.77.0.20",
            system: .windows, ports: [.rdp: 3390, .ssh: 22], weight: 1.5, sessionLimit: 40,
            release: "debian-7", tags: ["a"], admission: .draining, restartsWhenEmpty: true, hours: [hours],
            node: try NodeName("pc-1"), certificate: String(repeating: "a", count: 64))
        let json = try JSONEncoder().encode(server)
        #expect(try JSONDecoder().decode(TerminalServer.self, from: json) == server)
        let object = try #require(JSONSerialization.jsonObject(with: json) as? [String: Any])
        #expect(object["ports"] as? [String: Int] == ["rdp": 3390, "ssh": 22])
        let pool = TerminalPool(
            name: try PoolName("p"), levels: [.init(servers: [server.name]), .init(tags: ["a"])],
            protocols: [.x2go, .rdp], release: "7", users: ["ann"], groups: ["staff"], hours: [hours],
            secondLogIn: .ask, idleMinutes: 30, disconnectedMinutes: 60, broker: "tsv://x")
        #expect(
            try JSONDecoder().decode(TerminalPool.self, from: JSONEncoder().encode(pool)) == pool)
    }

    @Test(arguments: [
        #"{"name":"ts-1","address":"a","ports":{"rpd":3389}}"#,
        #"{"name":"ts-1","address":"a","weight":"x"}"#,
        #"{"name":"ts-1","address":"a","hours":["always"]}"#, #"{"name":"ts-1"}"#,
        #"{"name":"TS 1","address":"a"}"#,
    ])
    func `a server that cannot be read is refused`(json: String) {
        #expect(throws: (any Error).self) {
            try JSONDecoder().decode(TerminalServer.self, from: Data(json.utf8))
        }
    }

    @Test func `files have servers and pools with numbers, hours and ports`() throws {
        func form(_ member: String, _ name: String) -> FieldForm? {
            DeclaredForms.fields[member]?.first { $0.name == name }?.form
        }
        #expect(form("terminalServers", "weight") == .number)
        #expect(form("terminalServers", "hours") == .list(.text(hint: OpeningHours.form)))
        let port = ["rdp", "ssh", "x2go", "vnc"].map {
            RecordField(name: $0, form: .integer, isRequired: false)
        }
        #expect(form("terminalServers", "ports") == .object(port))
        #expect(form("pools", "protocols") == .list(.choice(["rdp", "ssh", "x2go", "vnc"])))
        var problems: [DeclaredProblem] = []
        let fields: [String: DeclaredValue] = [
            "name": .text("ts-1"), "address": .text("10.77.0.20"), "weight": .text("1.5"),
            "ports": .object(["rdp": .text("3390")]), "hours": .text("sat-mon 22:00-06:00"),
        ]
        let item = DeclaredItem("terminalServers", .object(fields)).checked(&problems)
        #expect(problems.isEmpty)
        let server = try JSONDecoder().decode(TerminalServer.self, from: JSONEncoder().encode(item.fields))
        #expect(server.weight == 1.5 && server.ports == [.rdp: 3390] && server.hours.count == 1)
        let wrong = DeclaredItem("terminalServers", .object(["name": .text("t"), "weight": .text("much")]))
        _ = wrong.checked(&problems)
        #expect(problems.map(\.description).joined().contains("‘much’ is not a number"))
        #expect(Declaration.namedPlaces(of: [item], in: .empty) == [.site])
        let school = try GroupPath("/school")
        let fleet = try Self.applying([
            .group(school, NodeGroup(path: school)), try Self.server("ts-1", in: "/school"),
        ])
        #expect(Declaration.namedPlaces(of: [item], in: fleet) == [school])
    }

    // MARK: Who may use a pool, and when

    private static func pool(_ change: (inout TerminalPool) throws -> Void) throws -> TerminalPool {
        var pool = TerminalPool(name: try PoolName("p"), group: try GroupPath("/school"))
        try change(&pool)
        return pool
    }

    private static let monday = WeekMoment(day: 0, minute: 8 * 60)

    @Test func `only nodes of its group and below may use a pool`() throws {
        let pool = try Self.pool { _ in }
        for (group, isAllowed) in [
            ("/school", true), ("/school/room-1", true), ("/", false), ("/office", false),
            ("/schools", false),
        ] {
            let refusal = pool.refusal(of: "ann", at: try GroupPath(group), on: Self.monday)
            #expect((refusal == nil) == isAllowed, "\(group)")
        }
        #expect(pool.refusal(of: "ann", at: nil, on: Self.monday) == nil)
    }

    @Test func `users and groups are those who may use it, and without any everyone may`() throws {
        let all = try Self.pool { _ in }
        let some = try Self.pool { ($0.users, $0.groups) = (["ann"], ["staff"]) }
        for user in ["ann", "bob", ""] { #expect(all.refusal(of: user, at: nil, on: Self.monday) == nil) }
        #expect(some.refusal(of: "ann", at: nil, on: Self.monday) == nil)
        #expect(some.refusal(of: "bob", at: nil, on: Self.monday) == .foreignUser)
        #expect(some.refusal(of: "bob", in: ["staff", "x"], at: nil, on: Self.monday) == nil)
        #expect(some.refusal(of: "", at: nil, on: Self.monday) == .foreignUser)
    }

    @Test(arguments: [
        (["mon-fri 07:00-18:00"], 0, "07:00", true), (["mon-fri 07:00-18:00"], 0, "06:59", false),
        (["mon-fri 07:00-18:00"], 4, "17:59", true), (["mon-fri 07:00-18:00"], 4, "18:00", false),
        (["mon-fri 07:00-18:00"], 5, "12:00", false),
        // Over midnight, and over the end of the week.
        (["sun 22:00-06:00"], 6, "23:00", true), (["sun 22:00-06:00"], 0, "05:59", true),
        (["sun 22:00-06:00"], 0, "06:00", false), (["sun 22:00-06:00"], 6, "05:00", false),
        (["sat-mon 00:00-24:00"], 6, "23:59", true), (["sat-mon 00:00-24:00"], 1, "00:00", false),
        (["mon 08:00-12:00", "mon 13:00-17:00"], 0, "12:30", false),
        (["mon 08:00-12:00", "mon 13:00-17:00"], 0, "13:00", true), ([], 3, "03:00", true),
    ])
    func `opening hours say when a pool takes log-ins`(hours: [String], day: Int, time: String, isOpen: Bool)
        throws
    {
        let parts = time.split(separator: ":").compactMap { Int($0) }
        let moment = WeekMoment(day: day, minute: parts[0] * 60 + parts[1])
        let pool = try Self.pool { $0.hours = try hours.map { try #require(OpeningHours($0)) } }
        #expect(pool.hours.map(\.description) == hours)
        #expect((pool.refusal(of: "ann", at: nil, on: moment) == nil) == isOpen)
        if !isOpen { #expect(pool.refusal(of: "ann", at: nil, on: moment) == .closed(pool.hours)) }
    }

    @Test(arguments: [
        "", "mon", "mon 7:00-18:00", "mon 07:00", "mon-xyz 07:00-18:00", "mon 07:00-07:00", "mon 24:00-25:00",
    ])
    func `hours in another form are none`(text: String) { #expect(OpeningHours(text) == nil) }

    @Test func `the protocol is the first of the pool that node and server have`() throws {
        let server = TerminalServer(
            name: try TerminalName("ts-1"), address: "a", ports: [.rdp: 3389, .x2go: 22])
        let pool = try Self.pool { $0.protocols = [.ssh, .x2go, .rdp] }
        #expect(pool.kind(of: [.rdp, .ssh, .x2go, .vnc], on: server) == .x2go)
        #expect(pool.kind(of: [.rdp, .ssh], on: server) == .rdp)
        #expect(pool.kind(of: [.ssh, .vnc], on: server) == nil)
        #expect(pool.kind(of: [.rdp, .ssh, .x2go, .vnc], on: server, without: .x2go) == .rdp)
        #expect(pool.kind(of: .rdp, on: server, without: .rdp) == nil)
    }

    @Test func `why no server takes a log-in is said with numbers`() throws {
        var servers = ["a", "b", "c"].map { PlacementServer(name: $0) }
        servers[2].heard(
            TerminalLoad(
                processorCount: 4, loadAverage: 0, memoryByteCount: 8 << 30, usedMemoryByteCount: 0,
                sessionCount: 0), at: 0)
        servers[2].isDraining = true
        let placement = Placement(
            LogIn(user: "ann"), levels: [[0, 1], [2]], of: servers, cost: .usual, now: 0)
        #expect(placement.server == nil)
        #expect(
            placement.lack
                == "2 × it has never been heard, it takes no new sessions: it drains, or is in maintenance")
        #expect(
            Placement(LogIn(user: "ann"), levels: [], of: [], cost: .usual, now: 0).lack
                == "the pool has no server")
    }
}

import API
import Fleet
import Synchronization
import Testing
import Wire

@testable import Center

/// Pools that share a server: what each counts, and what is told about it.
@Suite struct PoolCountTests {
    private static func acts(in place: Place, of fleet: SmallFleet) throws -> Acts {
        let grant = Grant(.operator_, in: try GroupPath(place.rawValue))
        return Acts(
            services: fleet.services, caller: Caller(name: "test", grants: [grant], proof: .token(1)))
    }

    @Test func `a session counts once, for the pool that placed it`() async throws {
        let fleet = try await SmallFleet()
        let (server, placing) = (try TerminalName("ts-of-pc-1"), try PoolName("pool-of-pc-1"))
        let first = TerminalPool(
            name: try PoolName("a-first"), group: try GroupPath("/school"),
            levels: [TerminalPool.Level(servers: [server])])
        try await fleet.services.fleet.change(by: "test") { _ in [.pool(first.name, first)] }
        let acts = try Self.acts(in: .school, of: fleet)
        func counts() throws -> [[Int]] {
            try acts.pools("", offset: 0, limit: 9).rows.map { [$0.sessionCount, $0.underwayCount] }
        }
        // Nothing is known of where they came from.
        #expect(try counts() == [[1, 1], [0, 0]])
        let issued = LogIns.Issued(
            ticket: "known", user: "user of pc-1", machine: try #require(MACAddress(Place.school.macAddress)),
            address: try #require(IPv4Address("10.77.0.7")), server: server, kind: .rdp, pool: placing, at: 0)
        fleet.services.logIns.state.withLock { $0.issue(issued) }
        #expect(try counts() == [[0, 1], [1, 0]])
        #expect(try acts.pool(placing).record.sessionCount == 1)
        let words = Words.of(.english)
        let pools = try acts.pools("", offset: 0, limit: 9).rows
        let view = DesktopPoolsView(pools, [], mayAdd: true, mayChange: { _ in true }, words)
        #expect(view.notes.contains { $0.contains("first pool") } && view.problems.isEmpty)
        let twice = "Free places that count in several pools: ts-of-pc-1."
        #expect(view.notes.contains(twice))
        #expect(pools.map { $0.servers.map(\.otherPools) } == [[[placing]], [[first.name]]])
        let alone = DesktopPoolsView([pools[0]], [], mayAdd: true, mayChange: { _ in true }, words)
        #expect(!alone.notes.contains { $0.contains("first pool") || $0 == twice })
    }

    @Test func `a pool says how many sessions it has room for`() async throws {
        let fleet = try await SmallFleet()
        let acts = try Self.acts(in: .school, of: fleet)
        var answer = try #require(try acts.pools("", offset: 0, limit: 9).rows.first)
        func member(_ name: String, _ state: TerminalState, _ sessions: Int?, use: Double?) throws
            -> PoolAnswer.Member
        {
            PoolAnswer.Member(
                name: try TerminalName(name), level: 0, state: state, sessionCount: sessions, use: use)
        }
        let words = Words.of(.english)
        func shown() throws -> DesktopPoolsView.Row {
            let view = DesktopPoolsView([answer], [], mayAdd: true, mayChange: { _ in true }, words)
            return try #require(view.table?.rows.first)
        }
        (answer.sessionCount, answer.underwayCount) = (20, 0)
        // Limits of 16 and 30 sessions; what has no room, and what takes no log-ins.
        answer.servers = [
            try member("a", .up, 5, use: 6.0 / 16), try member("b", .up, 9, use: 10.0 / 30),
            try member("c", .up, 7, use: 1.4), try member("d", .draining, 0, use: 0.1),
            try member("e", .silent, 6, use: 0.4), try member("f", .neverHeard, nil, use: nil),
        ]
        let row = try shown()
        #expect(row.use?.text == "20 of 52 sessions, 32 free" && row.use?.share == 38)
        #expect(row.unheard == ["6 on e"])
        answer.servers = Array(answer.servers.suffix(3))
        #expect(try shown().use == nil && shown().sessions == "20")
        answer.servers = [try member("c", .up, 20, use: 1.4)]
        #expect(try shown().use?.text == "20 of 20 sessions, 0 free" && shown().use?.kind == "full")
    }

    @Test func `a pool without a server that takes log-ins comes first, and is told to those who can fix it`()
        async throws
    {
        let fleet = try await SmallFleet()
        let group = try GroupPath("/school")
        let server = TerminalServer(name: try TerminalName("win-1"), group: .site, address: "10.77.0.30")
        let pool = TerminalPool(
            name: try PoolName("windows"), group: group, levels: [TerminalPool.Level(servers: [server.name])])
        try await fleet.services.fleet.change(by: "test") { _ in
            [.terminal(server.name, server), .pool(pool.name, pool)]
        }
        await fleet.services.terminals.watch(at: Clock.steadyMillisecond - 60_000)
        // Its server is of the whole site, and is not named to an operator of the school.
        let cases: [(Place, [TerminalName], Int)] = [(.school, [], 1), (.site, [server.name], 0)]
        for (place, names, otherCount) in cases {
            let acts = try Self.acts(in: place, of: fleet)
            let trouble = TerminalTrouble.unserved(pool.name, names, otherCount: otherCount, wasHeard: false)
            let troubles = try acts.terminalTroubles()
            #expect(troubles == [trouble])
            let warnings = try await acts.status().warnings ?? []
            #expect(warnings.contains(trouble.text))
            let words = Words.of(.english)
            let view = DesktopPoolsView(
                try acts.pools("", offset: 0, limit: 9).rows, try acts.unservedPools(), mayAdd: true,
                mayChange: { _ in true }, words)
            #expect(view.problems.map(\.text) == [words(trouble)])
            #expect(view.problems.first?.pool.path == "/desktops/place?pool=windows")
            #expect(view.table?.rows.first?.name.label == "windows")
        }
        #expect(try Self.acts(in: .office, of: fleet).terminalTroubles().isEmpty)
    }

    /// Every server in two pools, which is what counting has to look through. The times are printed, and nothing hangs on them.
    @Test func `ten thousand sessions on a hundred servers are counted and paged`() async throws {
        let directory = try TemporaryDirectory()
        let services = try await CenterServices.alone(in: directory)
        let names = try (0..<100).map { try TerminalName("ts-\($0)") }
        let pools = try ["a", "b"].map {
            TerminalPool(name: try PoolName($0), levels: [TerminalPool.Level(tags: ["room"])])
        }
        try await services.fleet.change(by: "test") { _ in
            names.map { .terminal($0, TerminalServer(name: $0, address: "a", tags: ["room"])) }
                + pools.map { .pool($0.name, $0) }
        }
        let now = Clock.steadyMillisecond + 3_600_000
        for (number, name) in names.enumerated() {
            let users = (0..<100).map { "user\(number)-\($0)" }
            _ = services.terminals.take(
                SmallFleet.report(users: users), from: name, at: number < 50 ? now : 1)
        }
        let acts = Acts(
            services: services,
            caller: Caller(name: "test", grants: [Grant(.admin, in: .site)], proof: .token(1)))
        let clock = ContinuousClock()
        var counted: [Int] = []
        let counting = try clock.measure {
            counted = try acts.pools("", offset: 0, limit: 9).rows.map(\.sessionCount)
        }
        #expect(counted == [10_000, 0])
        var begin = clock.now
        let first = try await acts.sessionOverview("", offset: 0, limit: 50)
        let paging = clock.now - begin
        #expect(first.page.rows.count == 50 && first.page.count == 10_000 && first.silent.count == 50)
        begin = clock.now
        let found = try await acts.sessionOverview("server=ts-99 user99-7", offset: 0, limit: 50)
        let searching = clock.now - begin
        #expect(found.page.count == 11)
        print("10,000 sessions: pools \(counting), first page \(paging), search \(searching)")
    }
}

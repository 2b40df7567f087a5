import API
import Fleet
import Foundation
import HTTPTypes
import Testing

@testable import Center

/// Terminal servers of which nothing is heard any more, and those who are on them: what pages and programs say.
@Suite struct SilentServerTests {
    private static let words = Words.of(.english)
    private static let name = "ts-of-pc-1"

    /// The school's terminal server was heard a minute ago, with three sessions; that of the office is heard.
    private static func fleet() async throws -> SmallFleet {
        let fleet = try await SmallFleet()
        var report = SmallFleet.report(users: ["ann", "bob", "eve"])
        report.sessions[1].isConnected = false
        _ = fleet.services.terminals.take(
            report, from: try TerminalName(name), at: Clock.steadyMillisecond - 60_000)
        return fleet
    }

    private static func acts(of fleet: SmallFleet) -> Acts {
        Acts(
            services: fleet.services,
            caller: Caller(name: "test", grants: [Grant(.admin, in: .site)], proof: .token(1)))
    }

    private static func page(_ path: String, of fleet: SmallFleet) async throws -> String {
        let person = Person(role: .admin, place: .site)
        let answer = try await fleet.ask("GET", path, headers: [.authorization: "Bearer \(person.token)"])
        #expect(answer.status == 200, "\(path)")
        return answer.body
    }

    @Test func `sessions on a silent server have a state of their own, come first, and the counts add up`()
        async throws
    {
        let fleet = try await Self.fleet()
        let acts = Self.acts(of: fleet)
        let all = try await acts.sessionOverview("", offset: 0, limit: 99)
        #expect(all.counts[.serverSilent] == 3 && all.counts[.disconnected] == nil)
        #expect(all.counts.values.reduce(0, +) == all.page.count && all.page.rows.count == all.page.count)
        #expect(all.page.rows.prefix(3).allSatisfy { $0.state == .serverSilent && $0.idle == nil })
        #expect(all.page.rows.dropFirst(3).allSatisfy { $0.state == .connected })
        let silent = try #require(all.silent.first)
        #expect(all.silent.count == 1 && silent.name.text == Self.name && silent.sessionCount == 3)
        for (query, count) in [
            ("state=server-silent", 3), ("state=disconnected", 0), ("state=connected", all.page.count - 3),
            ("server=\(Self.name)", 3), ("server=ts-of-pc", 0), ("server=\(Self.name) eve", 1),
        ] {
            let found = try await acts.sessionOverview(query, offset: 0, limit: 99)
            #expect(found.page.count == count, "\(query)")
            #expect(found.counts == all.counts, "\(query)")
        }
        let row = TerminalSessionRow(all.page.rows[0], mayHelp: true, now: Clock.second, Self.words)
        #expect(row.connection.kind == "failed" && row.help == nil && row.leftAt == nil && row.idle.isEmpty)
        let other = TerminalSessionRow(all.page.rows[3], mayHelp: true, now: Clock.second, Self.words)
        #expect(
            other.help?.disconnect?.path == "/desktops/session" && other.help?.end.hasSuffix("#end") == true)
        #expect(row.why == nil && row.tick == nil)
        #expect(other.why == nil && other.tick == "\(all.page.rows[3].server)/\(all.page.rows[3].id)")
        let foreign = TerminalSessionRow(all.page.rows[3], mayHelp: false, now: Clock.second, Self.words)
        #expect(foreign.help == nil && foreign.link == nil && foreign.why == "no permission")
    }

    @Test func `programs read the same state`() async throws {
        let fleet = try await Self.fleet()
        let body = try await Self.page("/api/v1/terminal-sessions?q=\(Self.name)", of: fleet)
        #expect(body.contains(#""state":"server-silent""#) && body.contains(#""isUncertain":true"#))
        let old = body.replacing(#","state":"server-silent""#, with: "").replacing(
            #""state":"server-silent","#, with: "")
        let decoder = JSONDecoder()
        let read = try decoder.decode([TerminalSessionAnswer].self, from: Data(old.utf8))
        #expect(read.count == 3 && read.allSatisfy { $0.state == nil && $0.standing == .serverSilent })
    }

    @Test func `since when it is silent is the same on each page, whenever it is asked`() async throws {
        let fleet = try await Self.fleet()
        let name = try TerminalName(Self.name)
        let since = try #require(try Self.acts(of: fleet).terminal(name).record.heardAt)
        #expect((58...62).contains(Clock.second - since))
        let time = #"datetime="\#(Format.time(second: since))""#
        for path in [
            "/desktops", "/desktops/servers", "/desktops/servers/\(Self.name)", "/desktops/sessions", "/",
        ] {
            let body = try await Self.page(path, of: fleet)
            #expect(body.contains(time), "\(path)")
            if path.hasPrefix("/desktops/servers") {
                #expect(body.contains(#"class="share old""#), "\(path)")
            }
        }
        let pools = try await Self.page("/desktops", of: fleet)
        #expect(pools.contains(#"<a href="/desktops/sessions?q=server%3Dts-of-pc-1">3 sessions</a>"#))
        #expect(pools.contains("<small>3 on \(Self.name)</small>"))
        let line = #"<a href="/desktops/place?pool=pool-of-pc-1"><strong>pool-of-pc-1</strong></a>: <a href="#
        #expect(pools.contains(line))
        // In the column that says when others were heard, and in no other.
        let servers = try await Self.page("/desktops/servers", of: fleet)
        #expect(servers.contains(#"data-title="Heard"><time class="lack" \#(time) "#))
        #expect(
            servers.contains(
                /data-relative>[0-9]+ (s|min) ago<\/time> <small title="figures as last heard"><time/))
        #expect(servers.components(separatedBy: time).count == 3)
    }

    @Test func `a moment stays the same second until the clock of days is set`() {
        var times = SteadyTimes()
        let first = times.second(of: 9_999, steady: 20_000, wall: 1_000_020_000)
        #expect(first == 1_000_009)
        // Readings that drift, and one that is cut off a millisecond later.
        for drift in [-1_999, -1, 1, 1_999] {
            #expect(times.second(of: 9_999, steady: 90_000, wall: 1_000_090_000 + drift) == first)
        }
        #expect(times.second(of: 9_999, steady: 90_000, wall: 2_000_090_000) == 2_000_009)
        // Nothing was heard later than now.
        #expect(times.second(of: 99_999, steady: 90_000, wall: 2_000_090_000) == 2_000_090)
    }

    @Test func `of many silent servers the worst are named`() throws {
        let servers = try (1...7).map {
            Acts.SilentServer(name: try TerminalName("ts-\($0)"), since: 60, sessionCount: $0 - 1)
        }
        let sorted = servers.sorted(by: Acts.SilentServer.comesFirst)
        let view = try #require(SilentServersView(sorted, Self.words))
        #expect(view.lines.map(\.server.label) == ["ts-7", "ts-6", "ts-5", "ts-4", "ts-3"])
        #expect(view.more?.label == "and 2 more")
        #expect(SilentServersView([], Self.words) == nil)
        let none = try #require(SilentServersView([servers[0]], Self.words))
        #expect(none.lines[0].people == nil && none.more == nil)
    }

    @Test func `how long a session lasted stands still where its server is silent`() async throws {
        let fleet = try await Self.fleet()
        let all = try await Self.acts(of: fleet).sessionOverview("", offset: 0, limit: 99).page.rows
        let (silent, heard) = (all[0], try #require(all.last))
        func age(_ session: TerminalSessionAnswer, after seconds: Int) -> String {
            TerminalSessionRow(session, mayHelp: true, now: session.heardAt + seconds, Self.words).age
        }
        #expect(age(silent, after: 9_000) == age(silent, after: 0))
        #expect(age(heard, after: 9_000) != age(heard, after: 0))
    }

    @Test func `all pools of a silent server are linked`() async throws {
        let fleet = try await Self.fleet()
        let other = TerminalPool(
            name: try PoolName("a-first"), group: try GroupPath("/school"),
            levels: [TerminalPool.Level(servers: [try TerminalName(Self.name)])])
        try await fleet.services.fleet.change(by: "test") { _ in [.pool(other.name, other)] }
        let placed = try Self.acts(of: fleet).placedTroubles()
        let row = try #require(placed.map { DashboardView.Trouble($0, Self.words) }.first)
        #expect(row.places.map(\.label) == ["a-first", "pool-of-pc-1"])
        #expect(row.places.map(\.path).contains("/desktops/place?pool=a-first"))
        let pools = try await Self.page("/desktops", of: fleet)
        #expect(pools.contains("a-first</strong></a>, <a href="))
    }

    @Test func `a silent server is a row of the troubles, with its pool and since when`() async throws {
        let fleet = try await Self.fleet()
        let placed = try Self.acts(of: fleet).placedTroubles()
        let row = try #require(placed.map { DashboardView.Trouble($0, Self.words) }.first)
        #expect(row.machines.map(\.path) == ["/desktops/servers/\(Self.name)"])
        #expect(row.places.map(\.label) == ["pool-of-pc-1"] && row.since != nil)
        #expect(row.text == "silent, with 3 sessions on it")
        // Its button says what the command would.
        #expect(row.fix.hasPrefix("check the machine") && row.action?.label == "Maintenance")
        #expect(placed[0].trouble.fix.filled.contains("roost server maintenance \(Self.name)"))
    }

    @Test func `two sizes have one unit`() {
        let cases = [
            (12 << 30, 32 << 30, "12", "32 GiB"), (512 << 30, 1 << 40, "0.5", "1 TiB"),
            (1_395_864_371, 16 << 30, "1.3", "16 GiB"), (0, 10 << 20, "0", "10 MiB"), (3, 5, "3", "5 B"),
        ]
        for (part, whole, one, other) in cases {
            let shown = Format.sizes(part, of: whole)
            #expect(shown.part == one && shown.whole == other)
        }
    }
}

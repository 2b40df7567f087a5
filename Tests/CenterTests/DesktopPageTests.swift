import API
import Fleet
import Foundation
import HTTPTypes
import Testing

@testable import Center

/// The pages of terminal servers and of the people on them.
@Suite struct DesktopPageTests {
    private static func page(_ path: String, of fleet: SmallFleet) async throws -> String {
        let person = Person(role: .admin, place: .site)
        let answer = try await fleet.ask(
            "GET", path, headers: [.authorization: "Bearer \(person.token)"])
        #expect(answer.status == 200, "\(path)")
        return answer.body
    }

    @Test func `servers with a trouble come first, and one that a pool needs is a warning`() async throws {
        let fleet = try await SmallFleet()
        let server = TerminalServer(name: try TerminalName("win-1"), address: "10.77.0.30")
        let pool = TerminalPool(
            name: try PoolName("windows"), levels: [TerminalPool.Level(servers: [server.name])])
        try await fleet.services.fleet.change(by: "test") { _ in [.terminal(server.name, server)] }
        let alone = try await Self.page("/desktops/servers", of: fleet)
        #expect(alone.contains(#"class="state unseen">never heard"#))
        // How many sessions it has is not known, and there is nothing to drain.
        #expect(alone.contains(#"<td class="number" data-title="Sessions"><span>–</span></td>"#))
        #expect(
            alone.contains(#"aria-label="Drain ts-of-pc-1""#) && !alone.contains(#"aria-label="Drain win-1""#)
        )
        #expect(alone.contains(#"aria-label="Maintenance win-1""#))
        let own = try await Self.page("/desktops/servers/win-1", of: fleet)
        #expect(own.contains("–") && !own.contains(">Drain<") && !own.contains(">Restart when empty<"))
        let acts = Acts(
            services: fleet.services,
            caller: Caller(name: "test", grants: [Grant(.admin, in: .site)], proof: .token(1)))
        let told = try acts.terminal(server.name).record
        #expect(told.sessionCount == nil && told.standing == .neverHeard)
        try await fleet.services.fleet.change(by: "test") { _ in [.pool(pool.name, pool)] }
        let body = try await Self.page("/desktops/servers", of: fleet)
        #expect(body.contains(#"class="state failed">never heard"#))
        let (first, other) = (
            try #require(body.range(of: "/desktops/servers/win-1")),
            try #require(body.range(of: "/desktops/servers/ts-of-pc-1"))
        )
        #expect(first.lowerBound < other.lowerBound)
        #expect(body.contains("0.1 of 8") && body.contains("1.3 of 16 GiB"))
        #expect(body.contains(#"href="/desktops/place?pool=windows""#))
        #expect(body.contains("data-relative>0 s ago</time>"))
    }

    @Test func `the page of a server leads back to the list, and its disks say what is used`() async throws {
        let fleet = try await SmallFleet()
        var report = SmallFleet.report(users: ["ann"])
        report.uptime = 7_200
        report.rooms = [AgentReport.Room(path: "/", byteCount: 10 << 30, freeByteCount: 4 << 30)]
        _ = fleet.services.terminals.take(
            report, from: try TerminalName("ts-of-pc-1"), at: Clock.steadyMillisecond + 3_600_000)
        let body = try await Self.page("/desktops/servers/ts-of-pc-1", of: fleet)
        #expect(body.contains(#"<p class="crumbs"><a href="/desktops/servers">Servers</a> / ts-of-pc-1</p>"#))
        #expect(!body.contains(#"class="tabs""#))
        #expect(body.contains("Running since") && body.contains("<dd>Linux</dd>"))
        // An agent is no place for a message while it takes no orders.
        #expect(!body.contains("Message to all sessions"))
        report.uptime = -1
        #expect(report.bounded.uptime == nil)
        #expect(body.contains("Disk /") && body.contains("6 of 10 GiB used"))
        #expect(
            body.contains(#"<td class="aside">RDP</td>"#)
                && body.contains(/data-relative>[0-9]+ (s|min|h)[^<]*<\/time>/))
    }

    @Test func `accounts say when people last logged in, and are searched where they are many`() async throws
    {
        let fleet = try await SmallFleet()
        func columns() async throws -> [String] {
            try await Self.page("/desktops/accounts", of: fleet).matches(of: /<th scope="col">([^<]*)<\/th>/)
                .map { String($0.output.1) }
        }
        #expect(try await columns() == ["Name", "Full name", "State", "Last log-in", "User ID", "Actions"])
        let before = try await Self.page("/desktops/accounts", of: fleet)
        #expect(before.contains(/data-title="Last log-in"><span title="[^"]*session-history[^"]*">never</))
        #expect(before.contains("no password</span>") && !before.contains("Search accounts"))
        var past = PastSession(
            server: try TerminalName("ts-of-pc-1"), session: "9", user: "ann", kind: .rdp, place: "",
            startedAt: 1_000)
        let store = fleet.services.fleet.store
        try await store.save(began: [past], ended: [])
        past.endedAt = 2_000
        try await store.save(began: [], ended: [past])
        let after = try await Self.page("/desktops/accounts", of: fleet)
        #expect(after.contains(#"datetime="\#(Format.time(second: 1_000))""#))
        try await fleet.services.fleet.change(by: "test") { current in
            var account = try #require(current.contents.terminals.accounts.values.first)
            (account.groups, account.fullName) = (["teachers"], "Ann Lee")
            return [.account(account.name, account)]
        }
        #expect(try await Self.page("/desktops/accounts", of: fleet).contains("teachers"))
        #expect(
            try await columns() == [
                "Name", "Full name", "Groups", "State", "Last log-in", "User ID", "Actions",
            ])
        try await fleet.services.fleet.change(by: "test") { _ in
            try (0..<9).map { number in
                let name = try LogInName("user\(number)")
                return .account(name, DirectoryAccount(name: name, uid: 3_000 + number))
            }
        }
        let many = try await Self.page("/desktops/accounts", of: fleet)
        #expect(
            many.contains("Search accounts") && many.contains(#"no password <span class="count">10</span>"#))
    }

    @Test func `an account is disabled and enabled in its row, and stays as it was`() async throws {
        let fleet = try await SmallFleet()
        func account() throws -> DirectoryAccount {
            try #require(fleet.services.fleet.snapshot.contents.terminals.accounts[LogInName("ann")])
        }
        let before = try account()
        let acts = Acts(
            services: fleet.services,
            caller: Caller(name: "test", grants: [Grant(.admin, in: .site)], proof: .token(1)))
        func offers(_ act: String) async throws -> Bool {
            let body = try await Self.page("/desktops/accounts", of: fleet)
            #expect(body.contains(#"href="/desktops/account?name=ann#password">Set password"#))
            #expect(
                body.contains(
                    #"name="remove" value="yes"><button class="danger" aria-label="Remove ann">Remove</button>"#
                ))
            return body.contains(
                #"name="act" value="\#(act)"><button class="quiet" aria-label="\#(act.capitalized) ann""#)
        }
        #expect(try await offers("disable"))
        let name = try LogInName("ann")
        _ = try await acts.saveAccount(name, AccountRequest(isDisabled: true), if: .matching("*"))
        var disabled = before
        disabled.isDisabled = true
        #expect(try account() == disabled)
        #expect(try await offers("enable"))
        await #expect(throws: Problem.self) {
            _ = try await acts.saveAccount(
                LogInName("gone"), AccountRequest(isDisabled: true), if: .matching("*"))
        }
    }

    @Test func `a server that drains and has no session any more is drained`() async throws {
        let fleet = try await SmallFleet()
        let acts = Acts(
            services: fleet.services,
            caller: Caller(name: "test", grants: [Grant(.admin, in: .site)], proof: .token(1)))
        let server = try acts.terminal(TerminalName("ts-of-pc-1")).record
        let words = Words.of(.english)
        func shown(_ state: TerminalState, sessions: Int, underway: Int = 0) -> String {
            var answer = server
            (answer.state, answer.sessionCount, answer.underwayCount) = (state, sessions, underway)
            let member = PoolAnswer.Member(
                name: server.server.name, level: 0, state: state, sessionCount: sessions,
                underwayCount: underway, use: nil)
            #expect(answer.standing == member.standing)
            return StateView(answer, words).text
        }
        #expect(shown(.draining, sessions: 0) == "drained" && shown(.draining, sessions: 2) == "draining")
        #expect(shown(.draining, sessions: 0, underway: 1) == "draining" && shown(.up, sessions: 0) == "up")
    }

    @Test
    func
        `a drained server has one word in pools, chips and rows, comes before ready ones, and is acted on there`()
        async throws
    {
        let fleet = try await SmallFleet()
        let name = try TerminalName("z-last")
        var server = TerminalServer(name: name, address: "10.77.0.30")
        server.admission = .draining
        let added = server
        let pool = TerminalPool(
            name: try PoolName("extra"),
            levels: [TerminalPool.Level(servers: [name, try TerminalName("ts-of-pc-1")])])
        try await fleet.services.fleet.change(by: "test") { _ in
            [.terminal(name, added), .pool(pool.name, pool)]
        }
        func report(_ users: [String]) {
            _ = fleet.services.terminals.take(
                SmallFleet.report(users: users), from: name, at: Clock.steadyMillisecond)
        }
        report(["ann"])
        let before = try await Self.page("/desktops/servers", of: fleet)
        #expect(before.contains(#"draining <span class="count">1</span>"#) && !before.contains("drained"))
        report([])
        for path in ["/desktops", "/desktops/servers", "/desktops/servers/\(name)", "/desktops/agents"] {
            let body = try await Self.page(path, of: fleet)
            #expect(!body.contains("draining"), "\(path)")
            #expect(body.contains("drained") == (path != "/desktops/agents"), "\(path)")
        }
        let list = try await Self.page("/desktops/servers", of: fleet)
        #expect(list.contains(#"href="/desktops/servers?q=state%3Ddrained">drained"#))
        let (first, second) = (
            try #require(list.range(of: "/desktops/servers/\(name)\"")),
            try #require(list.range(of: "/desktops/servers/ts-of-pc-1\""))
        )
        #expect(first.lowerBound < second.lowerBound)
        let found = try await Self.page("/desktops/servers?q=state%3Ddrained", of: fleet)
        #expect(
            found.contains("/desktops/servers/\(name)\"") && !found.contains("/desktops/servers/ts-of-pc-1\"")
        )
        let action =
            #"action="/desktops/servers/\#(name)/admit"><input type="hidden" name="csrf" value="[^"]*"><input type="hidden" name="act" value="resume"><input type="hidden" name="back" value="list"><button class="quiet" aria-label="Back in service \#(name)">Back in service</button>"#
        #expect(list.range(of: action, options: .regularExpression) != nil)
        let reader = try await fleet.ask(
            "GET", "/desktops/servers",
            headers: [.authorization: "Bearer \(Person(role: .auditor, place: .site).token)"])
        #expect(!reader.body.contains("/admit") && !reader.body.contains(">Actions<"))
        let planned = try await fleet.ask(
            "POST", "/desktops/servers/\(name)/admit",
            headers: [
                .authorization: "Bearer \(Person(role: .admin, place: .site).token)",
                .contentType: "application/x-www-form-urlencoded",
            ], body: "act=resume&back=list")
        #expect(planned.status == 200 && planned.body.contains(#"name="back" value="/desktops/servers""#))
    }
}

import API
import Fleet
import Foundation
import Testing

@testable import Center

/// Terminal servers and pools as callers see and change them, and where log-ins go.
@Suite struct TerminalActsTests {
    private static func acts(_ role: Role, in place: Place, of fleet: SmallFleet) throws -> Acts {
        let caller = Caller(
            name: "test", grants: [Grant(role, in: try GroupPath(place.rawValue))], proof: .token(1))
        return Acts(services: fleet.services, caller: caller)
    }

    private static func terminal(_ place: Place) throws -> TerminalName {
        try TerminalName("ts-of-\(place.node)")
    }

    /// The small fleet with terminal servers that were heard just now.
    private static func fleet() async throws -> SmallFleet {
        let fleet = try await SmallFleet()
        for place in Place.allCases {
            _ = fleet.services.terminals.take(
                SmallFleet.report(users: ["user of \(place.node)"]), from: try terminal(place),
                at: Clock.steadyMillisecond)
        }
        return fleet
    }

    private static func pool(_ place: Place) throws -> PoolName { try PoolName("pool-of-\(place.node)") }

    @Test func `people are named to those who may help them, and to no others`() async throws {
        let fleet = try await Self.fleet()
        for (role, isNamed) in [(Role.helpdesk, true), (.operator_, true), (.auditor, false)] {
            let acts = try Self.acts(role, in: .school, of: fleet)
            let sessions = try #require(acts.terminal(Self.terminal(.school)).record.sessions)
            #expect(sessions.map(\.user) == [isNamed ? "user of pc-1" : "a person"], "\(role)")
            #expect(sessions.map(\.from) == [isNamed ? "10.77.0.7" : ""], "\(role)")
            let entries = try acts.placements("", offset: 0, limit: 9).rows
            #expect(entries.map(\.user) == [isNamed ? "guest of pc-1" : "a person"], "\(role)")
            // A search does not tell a name that is not shown.
            #expect(try acts.placements("guest", offset: 0, limit: 9).rows.isEmpty == !isNamed)
            // Nor does a placement tell where somebody's session is.
            let placed = try acts.placement(
                of: "user of pc-1", at: nil, pool: Self.pool(.school).text, protocols: [])
            #expect(placed.answer.isReconnection == isNamed, "\(role)")
        }
    }

    @Test func `of a session on a server that has fallen silent it is said since when`() async throws {
        let fleet = try await Self.fleet()
        let acts = try Self.acts(.helpdesk, in: .school, of: fleet)
        func session() async throws -> TerminalSessionAnswer {
            let page = try await acts.terminalSessions("pc-1", offset: 0, limit: 9)
            return try #require(page.rows.first)
        }
        let fresh = try await session()
        #expect(!fresh.isUncertain)
        _ = fleet.services.terminals.take(
            SmallFleet.report(users: ["user of pc-1"]), from: try Self.terminal(.school),
            at: Clock.steadyMillisecond - 60_000)
        let late = try await session()
        #expect(late.isUncertain && (58...62).contains(Clock.second - late.heardAt), "\(late)")
        let view = DesktopSessionView(late, Words.of(.english))
        #expect(view.silentSince == Format.time(second: late.heardAt))
    }

    @Test func `a placement is explained, and nothing is noted by asking`() async throws {
        let fleet = try await Self.fleet()
        let acts = try Self.acts(.operator_, in: .site, of: fleet)
        let pool = try Self.pool(.school).text
        let before = try acts.placements("", offset: 0, limit: 99).rows
        for _ in 0..<9 {
            let placed = try acts.placement(of: "ann", at: "pc-1", pool: pool, protocols: [.rdp, .ssh])
            #expect(placed.answer.server == (try Self.terminal(.school)) && placed.answer.refusal == nil)
            #expect(placed.answer.kind == .rdp && placed.answer.port == 3_389)
            #expect(placed.answer.verdicts.map(\.reason) == ["freest"])
        }
        #expect(try acts.placements("", offset: 0, limit: 99).rows == before)
        #expect(try acts.terminal(Self.terminal(.school)).record.underwayCount == 1)
        // A node of another group, and a person whom it does not serve.
        let foreign = try acts.placement(of: "ann", at: "desk-1", pool: pool, protocols: [])
        #expect(foreign.answer.refusal == "only nodes in /school may use it" && foreign.answer.server == nil)
        _ = try await acts.patchPool(
            Self.pool(.school), MergePatch(Data(#"{"users":["bob"],"groups":["staff"]}"#.utf8)))
        #expect(try acts.placement(of: "ann", at: nil, pool: pool, protocols: []).refusal == .foreignUser)
        #expect(
            try acts.placement(of: "ann", in: ["staff"], at: nil, pool: pool, protocols: []).refusal == nil)
        // None of the protocols.
        let other = try acts.placement(of: "bob", at: nil, pool: pool, protocols: [.vnc])
        #expect(other.answer.server == nil && other.answer.verdicts.map(\.reason) == ["other-protocol"])
    }

    @Test func `a node's pool is that of its settings`() async throws {
        let fleet = try await Self.fleet()
        let acts = try Self.acts(.operator_, in: .school, of: fleet)
        #expect(throws: StoreError.self) {
            try acts.placement(of: "ann", at: "pc-1", pool: nil, protocols: [])
        }
        #expect(throws: Problem.self) {
            try acts.placement(of: "ann", at: nil, pool: nil, protocols: [])
        }
        func set(_ pool: String) async throws {
            let change = SettingsChange(target: "/school", set: ["pool": .text(pool)])
            _ = try await acts.make(ChangeRequest(edits: [ChangeRequest.Edit(settings: change)]))
        }
        try await set(Self.pool(.school).text)
        let placed = try acts.placement(of: "ann", at: "pc-1", pool: nil, protocols: [])
        #expect(placed.answer.pool == (try Self.pool(.school)) && placed.answer.server != nil)
        // One of the whole site serves the node, too; its servers are not for this caller.
        try await set(Self.pool(.site).text)
        let above = try acts.placement(of: "ann", at: "pc-1", pool: nil, protocols: [])
        #expect(above.answer.refusal == nil && above.answer.server == nil && above.answer.otherCount == 1)
        #expect(above.answer.verdicts.isEmpty)
        await #expect(throws: InvalidSetting.self) { try await set("nowhere") }
    }

    @Test func `a change keeps what it does not name, and one for another state is refused`() async throws {
        let fleet = try await Self.fleet()
        let acts = try Self.acts(.operator_, in: .school, of: fleet)
        let name = try Self.terminal(.school)
        let stale = try acts.terminal(name).tag
        let saved = try await acts.patchTerminal(
            name, MergePatch(Data(#"{"weight":2.5,"ports":{"ssh":22}}"#.utf8)), if: .matching(stale))
        #expect(saved.record.server.weight == 2.5 && saved.record.server.tags == ["of-pc-1"])
        #expect(saved.record.server.ports == [.rdp: 3_389, .ssh: 22] && saved.tag != stale)
        await #expect(throws: Problem.self) {
            _ = try await acts.admit(.draining, to: name)
            return try await acts.patchTerminal(
                name, MergePatch(Data(#"{"weight":1}"#.utf8)), if: .matching(saved.tag))
        }
        let drained = try await acts.admit(.draining, to: name, restarts: true).record
        #expect(drained.state == .draining && drained.server.restartsWhenEmpty)
        let open = try await acts.admit(.open, to: name).record
        #expect(open.server.admission == .open && !open.server.restartsWhenEmpty)
        let revision = acts.revision
        _ = try await acts.admit(.open, to: name)
        #expect(acts.revision == revision)
    }

    @Test func `troubles are shown to those who can fix them`() async throws {
        let fleet = try await Self.fleet()
        let acts = try Self.acts(.operator_, in: .school, of: fleet)
        _ = fleet.services.terminals.take(
            SmallFleet.report(users: [], troubles: ["sesman is down"]), from: try Self.terminal(.school),
            at: Clock.steadyMillisecond)
        #expect(try acts.terminalTroubles() == [.reported(Self.terminal(.school), "sesman is down")])
        #expect(
            try await acts.status().warnings == [
                "Terminal server ts-of-pc-1: sesman is down; look there; ‘roost server show ts-of-pc-1’ shows what its agent says"
            ])
        #expect(try Self.acts(.operator_, in: .office, of: fleet).terminalTroubles().isEmpty)
        #expect(try Self.acts(.helpdesk, in: .school, of: fleet).terminalTroubles().isEmpty)
        #expect(try await acts.server().terminalTroubles.count == 1)
    }

    @Test func `forms give back what was typed, with what is wrong at its field`() throws {
        let words = Words.of(.english)
        var typed = TerminalForm(nil, in: try GroupPath("/school"))
        typed.texts["name"] = "ts-1"
        typed.texts["protocols"] = "rdp:3390, telnet"
        typed.texts["weight"] = "much"
        typed.texts["hours"] = "mon-fri 07:00-18:00\r\nalways"
        do {
            _ = try typed.record(over: nil)
            Issue.record("it is wrong")
        } catch let problem as FormProblem {
            #expect(Set(problem.errors.keys) == ["address", "protocols", "weight", "hours"])
            let view = DesktopFormView(typed, errors: problem.errors, groups: [.site], words)
            let fields = Dictionary(
                uniqueKeysWithValues: view.form.parts.flatMap(\.fields).map { ($0.name, $0) })
            #expect(fields["protocols"]?.input?.value == "rdp:3390, telnet")
            #expect(fields["protocols"]?.error?.contains("telnet") == true && fields["tags"]?.error == nil)
            // What is seldom needed is folded, unless there is something in it.
            #expect(view.form.parts.filter { $0.isFolded && !$0.isOpen }.count == 1)
        }
        typed.texts["address"] = "10.77.0.20"
        typed.texts["protocols"] = "rdp:3390, ssh"
        typed.texts["weight"] = "1.5"
        typed.texts["hours"] = "mon-fri 07:00-18:00\r\nsat 08:00-12:00"
        let server = try typed.record(over: nil)
        #expect(server.ports == [.rdp: 3_390, .ssh: 22] && server.weight == 1.5 && server.hours.count == 2)
        #expect(try TerminalForm(server, in: server.group).record(over: server) == server)
        let pool = TerminalPool(
            name: try PoolName("p"), group: try GroupPath("/school"),
            levels: [.init(servers: [server.name], tags: ["a"]), .init(pools: [try PoolName("q")])],
            protocols: [.ssh, .rdp], users: ["ann"], hours: server.hours, secondLogIn: .refuse,
            idleMinutes: 30, broker: "tsv://x")
        #expect(try PoolForm(pool, in: pool.group).record(over: pool) == pool)
    }

    @Test func `every reason, refusal and trouble has its sentence in every language`() throws {
        let use = PlacementServer(name: "a").use(cost: .usual)
        let reasons: [Placement.Reason] = [
            .hasSession, .freest(use), .former(use), .lessFree(use), .laterLevel(use), .noRoom(use),
            .neverHeard, .notHeard(seconds: 1), .draining, .closed, .otherProtocol, .otherRelease("7"),
            .silentProtocol(.rdp), .unknownCertificate, .fallback(.x2go, missing: .rdp, use),
            .lesser(.x2go, missing: .rdp, use), .otherRelease(nil), .full(sessionCount: 1, limit: 1),
            .exhausted(use), .failing(count: 3),
        ]
        let refusals: [PoolRefusal] = [.foreignNode(.site), .foreignUser, .closed([])]
        let (name, pool) = (try TerminalName("a"), try PoolName("p"))
        let troubles: [TerminalTrouble] = [
            .unserved(pool, [], otherCount: 0, wasHeard: false),
            .unserved(pool, [name], otherCount: 2, wasHeard: false),
            .unserved(pool, [], otherCount: 2, wasHeard: true),
            .noServer(pool, count: 1, why: "x"), .silent(name, sessionCount: 1, since: 1),
            .silent(name, sessionCount: 2, since: 1),
            .failing(name, count: 3), .reported(name, "x"), .otherCertificate(name),
            .unknownCertificate(name), .oldAgent(name, version: "0.1.0"),
        ]
        // What an agent says is a text of its own.
        let told = troubles.filter { if case .reported = $0 { false } else { true } }
        let sentences =
            reasons.map(\.words) + refusals.map(\.words) + told.map(\.what) + troubles.map(\.fix)
        for language in Language.allCases {
            let words = Words.of(language)
            for sentence in sentences {
                #expect(words.has(sentence.text), "\(language): \(sentence.text)")
                #expect(!words(sentence).contains(/%[0-9]/), "\(language): \(sentence.text)")
            }
        }
        #expect(Set(reasons.map(\.code)).count == reasons.count - 1)
    }

    /// Over 20,000 a second on one core in a release build; here it only must not become slow unnoticed.
    @Test func `placements among a hundred servers take microseconds`() async throws {
        let directory = try TemporaryDirectory()
        let services = try await CenterServices.alone(in: directory)
        let names = try (0..<100).map { try TerminalName("ts-\($0)") }
        let pool = TerminalPool(name: try PoolName("room"), levels: [.init(tags: ["room"])])
        try await services.fleet.change(by: "test") { _ in
            names.map { .terminal($0, TerminalServer(name: $0, address: "a", tags: ["room"])) }
                + [.pool(pool.name, pool)]
        }
        for (number, name) in names.enumerated() {
            let users = (0..<20).map { "user\(number)-\($0)" }
            _ = services.terminals.take(SmallFleet.report(users: users), from: name, at: 0)
        }
        let count = 5_000
        let took = ContinuousClock().measure {
            for number in 0..<count {
                let placement = services.terminals.place(
                    LogIn(user: "new\(number)"), in: pool, at: number / 100)
                services.terminals.note(
                    placement, ticket: "\(number)", of: "new\(number)", at: nil, in: pool.name,
                    time: number / 100)
            }
        }
        let rate = Double(count) / (took / .seconds(1))
        print("placements: \(Int(rate)) a second among 100 servers, each noted")
        #expect(rate > 500)
        let counts = services.terminals.now(at: 100).values.map { $0.placed?.underwayCount ?? 0 }
        #expect(counts.min() == 50 && counts.max() == 50)
    }
}

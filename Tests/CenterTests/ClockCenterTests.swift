import Fleet
import Foundation
import HTTPTypes
import Testing

@testable import Center

/// Stored times when the control center's clock is set.
@Suite struct ClockCenterTests {
    private static let year = 31_556_952

    private func ask(_ fleet: SmallFleet, _ path: String, as role: Role) async throws -> SmallFleet.Answer {
        try await fleet.ask(
            "GET", path,
            headers: [
                .authorization: "Bearer \(Person(role: role, place: .site).token)", .accept: "text/html",
            ])
    }

    private func jumps(_ seconds: Int) -> (there: ClockJump, back: ClockJump) {
        let now = Clock.millisecond
        let there = ClockJump(before: now, after: now + seconds * 1_000)
        return (there, ClockJump(before: there.after, after: now))
    }

    @Test(arguments: [2 * year, -2 * year, -56 * year])
    func `log-ins, tokens, links and roll-outs move with the clock, and back again`(seconds: Int) async throws
    {
        let fleet = try await SmallFleet()
        let live = fleet.services.fleet
        let cookie = Secrets.hash(Person(role: .admin, place: .site).cookie)
        let before = try #require(try await live.store.session(hash: cookie))
        let rollout = try #require(live.snapshot.rollouts.values.first)
        let boot = try #require(live.boots.values.first)
        let tokens = try await live.store.tokens(of: nil)
        let now = Clock.second
        let link = try await live.store.addBoardLink(
            BoardLink(
                id: 0, name: "hall", group: .site, createdBy: "ann", createdAt: now, expiresAt: now + 60),
            hash: "hall")
        let (there, back) = jumps(seconds)
        try await live.move(with: there)
        let session = try #require(try await live.store.session(hash: cookie))
        #expect(session.seenAt == before.seenAt + seconds && session.createdAt == before.createdAt + seconds)
        let moved = try await live.store.boardLink(hash: "hall")
        #expect(moved?.createdAt == now + seconds && moved?.expiresAt == now + 60 + seconds)
        #expect(live.snapshot.rollouts[rollout.id]?.startedAt == rollout.startedAt + seconds)
        #expect(try await live.store.rollout(rollout.id).startedAt == rollout.startedAt + seconds)
        #expect(live.boots[boot.macAddress]?.startedAt == boot.startedAt + seconds * 1_000)
        let stored = try await live.store.boots(of: boot.macAddress, limit: 1)
        #expect(stored.first?.startedAt == boot.startedAt + seconds * 1_000)
        try await live.move(with: back)
        #expect(try await live.store.session(hash: cookie) == before)
        #expect(live.snapshot.rollouts[rollout.id] == rollout)
        #expect(try await live.store.tokens(of: nil) == tokens)
        #expect(try await live.store.boardLink(hash: "hall") == link)
        #expect(live.boots[boot.macAddress] == boot)
    }

    @Test func `a token from 1970 keeps its duration, and an earlier one is unchanged`()
        async throws
    {
        let fleet = try await SmallFleet()
        let store = fleet.services.fleet.store
        func add(_ name: String, _ at: Int, _ end: Int) async throws {
            let token = APIToken(
                id: 0, name: name, owner: "admin-site", grants: [], createdAt: at, expiresAt: end)
            _ = try await store.addToken(token, hash: name)
        }
        let (now, never) = (Clock.second, 86_400)
        try await add("old", now - 86_400, now + 86_400)
        try await add("new", never, never + 3_600)
        try await fleet.services.fleet.move(
            with: ClockJump(before: (never + 60) * 1_000, after: now * 1_000))
        let ends = try await store.tokens(of: nil).reduce(into: [:]) { $0[$1.name] = $1.expiresAt }
        #expect(ends["old"] == now + 86_400)
        #expect(ends["new"] == now + 3_540)
    }

    @Test func `status and dashboard show it to callers who can fix the clock`() async throws {
        let fleet = try await SmallFleet()
        #expect(try await !ask(fleet, "/", as: .admin).body.contains("clock of this server"))
        try await fleet.services.fleet.move(with: jumps(2 * Self.year).there)
        #expect(try await ask(fleet, "/", as: .admin).body.contains("clock of this server was set from"))
        #expect(
            try await ask(fleet, "/api/v1/status", as: .admin).body.contains("was set forward by 2 years"))
        #expect(try await !ask(fleet, "/", as: .helpdesk).body.contains("clock of this server"))
        #expect(try await !ask(fleet, "/api/v1/status", as: .helpdesk).body.contains("was set forward"))
    }

    // MARK: A start with a clock that is years ahead

    @Test func `a start in 2099 decides no trial and lengthens no log-in or token`() async throws {
        let fleet = try await SmallFleet()
        let live = fleet.services.fleet
        let cookie = Secrets.hash(Person(role: .admin, place: .site).cookie)
        let session = try await live.store.session(hash: cookie)
        let tokens = try await live.store.tokens(of: nil)
        let rollout = try #require(live.snapshot.rollouts.values.first)
        let (there, back) = jumps(72 * Self.year)
        try await live.start(after: there)
        let moved = rollout.startedAt + 72 * Self.year
        #expect(live.snapshot.rollouts[rollout.id]?.startedAt == moved)
        #expect(try await live.store.rollout(rollout.id).startedAt == moved)
        #expect(try await live.store.session(hash: cookie) == session)
        #expect(try await live.store.tokens(of: nil) == tokens)
        // NTP sets the clock: the trial is where it was, and times written before the start are unchanged.
        try await live.move(with: back)
        #expect(live.snapshot.rollouts[rollout.id] == rollout)
        #expect(try await live.store.session(hash: cookie) == session)
    }

    @Test func `times written in 2099 keep their duration after a start with the right clock`()
        async throws
    {
        let fleet = try await SmallFleet()
        let live = fleet.services.fleet
        let (now, ahead) = (Clock.second, Clock.second + 72 * Self.year)
        try await live.store.addSession(
            LoginSession(
                administrator: "admin-site", csrfToken: "x", createdAt: ahead - 60, seenAt: ahead),
            hash: "later")
        for (name, at, end) in [("later", ahead, ahead + 86_400), ("before", now - 600, now + 600)] {
            let token = APIToken(
                id: 0, name: name, owner: "admin-site", grants: [], createdAt: at, expiresAt: end)
            _ = try await live.store.addToken(token, hash: name)
        }
        #expect(try await live.store.newestSecond() == ahead)
        try await live.start(after: ClockJump(before: ahead * 1_000, after: now * 1_000))
        let session = try #require(try await live.store.session(hash: "later"))
        #expect(session.createdAt == now - 60 && session.seenAt == now)
        let ends = try await live.store.tokens(of: nil).reduce(into: [:]) { $0[$1.name] = $1.expiresAt }
        #expect(ends["later"] == now + 86_400)
        #expect(ends["before"] == now + 600)
        #expect(try await live.store.newestSecond() == now)
    }

    @Test func `status and dashboard report a leap of the clock while the server was off`() async throws {
        let fleet = try await SmallFleet()
        try await fleet.services.fleet.start(after: jumps(72 * Self.year).there)
        #expect(try await ask(fleet, "/", as: .admin).body.contains("This server last wrote something at"))
        #expect(try await ask(fleet, "/api/v1/status", as: .admin).body.contains("last wrote something at"))
        #expect(try await !ask(fleet, "/", as: .helpdesk).body.contains("last wrote something"))
    }
}

import API
import Fleet
import HTTPTypes
import Testing

@testable import Center

/// Links that open a board without a log-in: each can be found, ends by itself or by revocation, and opens one group.
@Suite struct WallBoardTests {
    private static func acts(_ role: Role, in place: Place, of fleet: SmallFleet) throws -> Acts {
        let group = try GroupPath(place.rawValue)
        let caller = Caller(name: "\(role)", grants: [Grant(role, in: group)], proof: .token(1))
        return Acts(services: fleet.services, caller: caller)
    }

    private static func make(in fleet: SmallFleet, days: Int? = nil) async throws -> (id: Int, link: String) {
        let wish = BoardLinkRequest(name: "hall", group: try GroupPath("/school"), days: days)
        let answer = try await acts(.operator_, in: .school, of: fleet).makeBoardLink(wish)
        return (answer.id, try #require(answer.link))
    }

    @Test func `a link opens the board of its group, and its use is recorded`() async throws {
        let fleet = try await SmallFleet()
        let (id, link) = try await Self.make(in: fleet)
        let acts = try Self.acts(.operator_, in: .school, of: fleet)
        var known = try #require(try await acts.boardLinks().first { $0.id == id })
        #expect(known.name == "hall" && known.createdBy == "operator_" && known.link == nil)
        #expect(known.usedAt == nil && known.expiresAt == nil)
        let board = try await fleet.ask("GET", link)
        #expect(board.status == 200 && board.body.contains("pc-1") && !board.body.contains("desk-1"))
        known = try #require(try await acts.boardLinks().first { $0.id == id })
        #expect(known.usedAt != nil)
        // The group in an old link counts no more than any other word.
        #expect(try await fleet.ask("GET", "/wall?group=/office&key=wrong").status == 403)
        let other = try await fleet.ask("GET", "\(link)&group=/office")
        #expect(other.status == 200 && !other.body.contains("desk-1"))
    }

    @Test func `the store has only the hash of a link's secret, and lists do not show it`() async throws {
        let fleet = try await SmallFleet()
        let (_, link) = try await Self.make(in: fleet)
        let secret = String(try #require(link.split(separator: "=").last))
        #expect(try await fleet.services.fleet.store.boardLink(hash: Secrets.hash(secret)) != nil)
        let token: HTTPFields = [.authorization: "Bearer \(Person(role: .admin, place: .site).token)"]
        for path in ["/api/v1/boards", "/boards", "/api/v1/revisions?limit=5", "/groups?path=/school"] {
            #expect(try await !fleet.ask("GET", path, headers: token).body.contains(secret), "\(path)")
        }
    }

    @Test func `a revoked link, an expired one, and one of a removed group open nothing`() async throws {
        let fleet = try await SmallFleet()
        let acts = try Self.acts(.operator_, in: .school, of: fleet)
        let (id, link) = try await Self.make(in: fleet)
        try await acts.revokeBoardLink(id)
        #expect(try await fleet.ask("GET", link).status == 403)
        let live = fleet.services.fleet
        let gone = try GroupPath("/gone")
        try await live.change(by: "ann") { _ in [.group(gone, NodeGroup(path: gone))] }
        for (name, group, end) in [("late", try GroupPath("/school"), 1), ("gone", gone, nil)]
            as [(String, GroupPath, Int?)]
        {
            try await live.store.addBoardLink(
                BoardLink(
                    id: 0, name: name, group: group, createdBy: "ann", createdAt: 0, expiresAt: end),
                hash: Secrets.hash(name))
        }
        #expect(try await fleet.ask("GET", "/wall?key=gone").status == 200)
        try await live.change(by: "ann") { _ in [.group(gone, nil)] }
        for name in ["late", "gone"] {
            for path in ["/wall?key=\(name)", "/wall/events?key=\(name)"] {
                #expect(try await fleet.ask("GET", path).status == 403, "\(path)")
            }
        }
    }

    @Test func `a board takes its turn among those who have its link`() async throws {
        let fleet = try await SmallFleet()
        let (_, link) = try await Self.make(in: fleet)
        let secret = String(try #require(link.split(separator: "=").last))
        let board = try await Door(to: fleet.services).wall(key: secret)
        let count = try await board.inTurn {
            await fleet.services.turns.count(of: "board \(Secrets.hash(secret))")
        }
        #expect(count == 1)
    }

    @Test func `a stream of events ends with the link that opened it`() async throws {
        let fleet = try await SmallFleet()
        let (id, link) = try await Self.make(in: fleet)
        let secret = String(try #require(link.split(separator: "=").last))
        let board = try await Door(to: fleet.services).wall(key: secret)
        var events = try board.listen(from: "192.0.2.1").makeAsyncIterator()
        func publish(_ text: String) throws {
            fleet.services.fleet.events.publish(
                ServerEvent(
                    kind: .boot, node: try NodeName("pc-1"), group: try GroupPath("/school"), text: text))
        }
        try publish("early")
        var early = try await events.next()
        // The pulse that a stream begins with.
        while early != nil, early?.event == nil { early = try await events.next() }
        #expect(early?.event?.text == "early")
        try await Self.acts(.operator_, in: .school, of: fleet).revokeBoardLink(id)
        try publish("late")
        let late = try await events.next()
        #expect(late == nil)
    }

    @Test func `links of other groups are neither shown nor revoked, and readers see none`() async throws {
        let fleet = try await SmallFleet()
        let (id, _) = try await Self.make(in: fleet)
        let store = fleet.services.fleet.store
        let office = try await store.addBoardLink(
            BoardLink(
                id: 0, name: "office", group: try GroupPath("/office"), createdBy: "ann", createdAt: 0,
                expiresAt: nil), hash: "office")
        let acts = try Self.acts(.operator_, in: .school, of: fleet)
        #expect(try await acts.boardLinks().map(\.id) == [id])
        for number in [office.id, 999] {
            await #expect(throws: StoreError.self) { try await acts.revokeBoardLink(number) }
        }
        #expect(try await store.boardLinks().count == 2)
        let auditor = try Self.acts(.auditor, in: .school, of: fleet)
        await #expect(throws: Problem.self) { try await auditor.boardLinks() }
        // Whether a group exists is not told to those who may not share its board.
        for group in ["/office", "/nowhere"] {
            let wish = BoardLinkRequest(name: "x", group: try GroupPath(group))
            let error = await #expect(throws: Problem.self) { try await acts.makeBoardLink(wish) }
            #expect(error?.status == 403)
        }
    }
}

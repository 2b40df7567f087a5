import API
import Fleet
import Testing

@testable import Center

/// Who may change accounts, directly and by undo.
@Suite struct AccessActsTests {
    private static func acts(_ grants: [Grant], of fleet: SmallFleet) -> Acts {
        Acts(services: fleet.services, caller: Caller(name: "test", grants: grants, proof: .token(1)))
    }

    private static func status(of act: () async throws -> Any) async -> Int? {
        do {
            _ = try await act()
            return nil
        } catch let problem as Problem {
            return problem.status
        } catch StoreError.conflict {
            return 409
        } catch {
            return 500
        }
    }

    @Test func `undoing a change of an account needs all roles before and after it, and ends its log-ins`()
        async throws
    {
        let fleet = try await SmallFleet()
        let store = fleet.services.fleet.store
        let all = Self.acts([Grant(.admin)], of: fleet)
        let wide = AdministratorRequest(grants: ["auditor"], source: .ldap)
        _ = try await all.save(administrator: "dan", wide)
        _ = try await all.save(
            administrator: "dan", AdministratorRequest(grants: ["auditor", "admin@/school"]))
        let number = all.revision
        try await store.addSession(
            LoginSession(administrator: "dan", csrfToken: "c", createdAt: 1, seenAt: 1), hash: "dan")
        // It would take a role from dan that only the site's administrators can give.
        let school = Grant(.admin, in: try GroupPath("/school"))
        let narrow = Self.acts([school, Grant(.operator_, in: try GroupPath("/office"))], of: fleet)
        #expect(await Self.status { try await narrow.undo(number) } == 403)
        // An operator of the site sees the history of accounts, and may not change any.
        let operator_ = Self.acts([Grant(.operator_)], of: fleet)
        #expect(try await operator_.revision(number).edits.map(\.key) == ["dan"])
        #expect(await Self.status { try await operator_.undo(number) } == 403)
        let mixed = Self.acts([Grant(.operator_), school], of: fleet)
        #expect(await Self.status { try await mixed.undo(number) } == nil)
        #expect(try await store.administrators().first { $0.name == "dan" }?.grants == [Grant(.auditor)])
        #expect(try await store.session(hash: "dan") == nil)
        // What they have not, they can neither take nor give back.
        _ = try await all.save(administrator: "dan", AdministratorRequest(grants: ["admin"]))
        #expect(await Self.status { try await mixed.undo(all.revision) } == 403)
    }

    @Test func `a new password is one revision without the password, and cannot be undone`() async throws {
        let fleet = try await SmallFleet()
        let all = Self.acts([Grant(.admin)], of: fleet)
        let wish = AdministratorRequest(grants: ["auditor"], password: "a few random words")
        _ = try await all.save(administrator: "dan", wish)
        let added = all.revision
        _ = try await all.save(administrator: "dan", wish)
        #expect(all.revision == added + 1)
        let revision = try await all.revision(all.revision)
        #expect(revision.what == "password of dan changed")
        #expect(!"\(revision)".contains("argon2"))
        #expect(await Self.status { try await all.undo(all.revision) } == 409)
        // Nothing has changed: no revision.
        _ = try await all.save(administrator: "dan", AdministratorRequest(grants: ["auditor"]))
        #expect(all.revision == added + 1)
        #expect(await Self.status { try await all.undo(added) } == nil)
    }

    @Test func `undo that disables an account, or gives it to another source, revokes its tokens`()
        async throws
    {
        let fleet = try await SmallFleet()
        let all = Self.acts([Grant(.admin)], of: fleet)
        func save(_ source: Administrator.Source, password: String? = nil, isDisabled: Bool = false)
            async throws -> Int
        {
            var wish = AdministratorRequest(grants: ["auditor"], source: source)
            (wish.password, wish.isDisabled) = (password, isDisabled)
            _ = try await all.save(administrator: "dan", wish)
            return all.revision
        }
        _ = try await save(.ldap)
        let moved = try await save(.local, password: "a few random words")
        _ = try await all.makeToken(TokenRequest(name: "ci", owner: "dan"))
        _ = try await all.undo(moved)
        #expect(try await all.revision(all.revision).edits.map(\.kind) == ["administrator", "token"])
        _ = try await save(.ldap, isDisabled: true)
        let enabled = try await save(.ldap)
        _ = try await all.makeToken(TokenRequest(name: "ci", owner: "dan"))
        _ = try await all.undo(enabled)
        #expect(try await !all.tokens().contains { $0.owner == "dan" })
    }

    @Test func `that a name is taken is all that is told of an account elsewhere`() async throws {
        let fleet = try await SmallFleet()
        let school = Self.acts([Grant(.admin, in: try GroupPath("/school"))], of: fleet)
        for precondition in [Precondition.none, .isNew, .matching("\"0\"")] {
            for name in [Place.office.aide, "admin-site"] {
                let wish = AdministratorRequest(grants: ["auditor@/school"], source: .ldap)
                let refusal = await #expect(throws: Problem.self) {
                    try await school.save(administrator: name, wish, if: precondition)
                }
                #expect(refusal?.status == 403 && refusal?.detail == "the name \(name) is taken")
            }
        }
    }

    @Test func `names are limited in what they take, not in what people see of it`() async throws {
        let fleet = try await SmallFleet()
        let all = Self.acts([Grant(.admin)], of: fleet)
        let marked = "a" + String(repeating: "\u{0301}", count: 1_000)
        #expect(
            await Self.status { try await all.makeToken(TokenRequest(name: marked, owner: "admin-site")) }
                == 422)
        #expect(
            await Self.status {
                try await all.makeBoardLink(BoardLinkRequest(name: marked, group: .site))
            } == 422)
        let wish = AdministratorRequest(grants: ["auditor"], fullName: marked, source: .ldap)
        let saved = try await all.save(administrator: "dan", wish)
        #expect(saved.record.fullName.unicodeScalars.count == Administrator.fullNameLength)
        let change = ChangeRequest(
            edits: [], summary: String(repeating: "x", count: ChangeRequest.summaryLength + 1))
        #expect(await Self.status { try await all.make(change) } == 422)
    }

    @Test func `an administrator of one group removes an account there with its tokens`() async throws {
        let fleet = try await SmallFleet()
        let all = Self.acts([Grant(.admin)], of: fleet)
        _ = try await all.save(
            administrator: "dan", AdministratorRequest(grants: ["operator@/school"], source: .ldap))
        let token = try await all.makeToken(TokenRequest(name: "ci", owner: "dan"))
        let made = all.revision
        let school = Self.acts([Grant(.admin, in: try GroupPath("/school"))], of: fleet)
        #expect(await Self.status { try await school.revokeToken(token.id) } == 500)
        try await school.removeAdministrator("dan")
        let edits = try await all.revision(all.revision).edits
        #expect(edits.map(\.kind) == ["administrator", "token"] && all.revision == made + 1)
        #expect(try await !all.tokens().contains { $0.owner == "dan" })
        #expect(await Self.status { try await all.undo(all.revision) } == 409)
    }
}

import API
import Fleet
import HTTPTypes
import Testing

@testable import Center

/// What happens to the log-ins and tokens of an account that gets a new password, is disabled, changes hands or is removed.
@Suite struct AccountAccessTests {
    private static let person = Person(role: .auditor, place: .school)
    private static let password = "four random words"

    private func admin(_ account: String?, _ fleet: SmallFleet) -> Acts {
        Acts(
            services: fleet.services,
            caller: Caller(
                name: account ?? "local administrator", grants: [Grant(.admin)], proof: .localSocket,
                account: account))
    }

    private func wish(_ person: Person = person) -> AdministratorRequest {
        AdministratorRequest(grants: ["\(person.role.rawValue)@\(person.place.rawValue)"])
    }

    /// The status for the account's cookie and for its token.
    private func statuses(_ fleet: SmallFleet) async throws -> [Int] {
        let proofs: [HTTPFields] = [
            [.cookie: "__Host-roost=\(Self.person.cookie)"],
            [.authorization: "Bearer \(Self.person.token)"],
        ]
        var statuses: [Int] = []
        for proof in proofs {
            statuses.append(try await fleet.ask("GET", "/api/v1/whoami", headers: proof).status)
        }
        return statuses
    }

    @Test(
        arguments: [
            (account: nil, revokes: nil, token: 401), (nil, false, 200), ("admin-site", nil, 401),
            (person.name, nil, 200), (person.name, true, 401),
        ] as [(account: String?, revokes: Bool?, token: Int)])
    func `a new password ends log-ins, and tokens too unless it is one's own or they are to stay`(
        account: String?, revokes: Bool?, token: Int
    ) async throws {
        let fleet = try await SmallFleet()
        #expect(try await statuses(fleet) == [200, 200])
        var wish = wish()
        (wish.password, wish.revokesTokens) = (Self.password, revokes)
        let answer = try await admin(account, fleet).save(administrator: Self.person.name, wish)
        #expect(try await statuses(fleet) == [401, token])
        #expect(answer.record.tokens.map(\.name) == (token == 200 ? [Self.person.name] : []))
        // Those of others stay.
        let others = try await fleet.services.fleet.store.tokens(of: "admin-site")
        #expect(others.contains { $0.name == "admin-site" })
    }

    @Test func `disabling an account revokes its tokens: they do not return with it`() async throws {
        let fleet = try await SmallFleet()
        var wish = wish()
        wish.isDisabled = true
        _ = try await admin("admin-site", fleet).save(administrator: Self.person.name, wish)
        wish.isDisabled = false
        _ = try await admin("admin-site", fleet).save(administrator: Self.person.name, wish)
        #expect(try await statuses(fleet) == [401, 401])
    }

    @Test func `an account that becomes another source's keeps no token, and one with other roles does`()
        async throws
    {
        let fleet = try await SmallFleet()
        var wish = wish()
        wish.grants = ["operator@/school"]
        _ = try await admin(nil, fleet).save(administrator: Self.person.name, wish)
        #expect(try await statuses(fleet) == [401, 200])
        wish.source = .ldap
        _ = try await admin(Self.person.name, fleet).save(administrator: Self.person.name, wish)
        #expect(try await statuses(fleet) == [401, 401])
    }

    @Test func `a removed account leaves no token, and its history names them`() async throws {
        let fleet = try await SmallFleet()
        try await admin("admin-site", fleet).removeAdministrator(Self.person.name)
        #expect(try await statuses(fleet) == [401, 401])
        let store = fleet.services.fleet.store
        #expect(try await store.tokens(of: Self.person.name).isEmpty)
        let last = try #require(try await store.revisions(RevisionFilter(limit: 1)).first)
        #expect(last.what == "administrator auditor-school removed, 1 token revoked")
        #expect(try await store.revision(last.number).edits.map(\.kind) == ["administrator", "token"])
    }

    @Test func `the page shows the tokens of an account, and the choice, ticked for other accounts`()
        async throws
    {
        let fleet = try await SmallFleet()
        let answers = try await admin("admin-site", fleet).administrators()
        func form(_ name: String) throws -> AdministratorForm {
            let one = try #require(answers.first { $0.record.name == name })
            return AdministratorForm(
                one, isOwn: name == "admin-site", groups: [.site], Words(.english, phrases: ""))
        }
        func isTicked(_ form: AdministratorForm) -> Bool? {
            form.fields.first { $0.name == "revoke" }?.box?.isTicked
        }
        #expect(try form(Self.person.name).tokens == Self.person.name)
        #expect(try isTicked(form(Self.person.name)) == true)
        #expect(try isTicked(form("admin-site")) == false)
        #expect(try isTicked(form(Place.school.aide)) == nil)
    }

    @Test func `an account whose source is not configured says that no one can log in with it`() async throws
    {
        let fleet = try await SmallFleet()
        func warning(_ source: Administrator.Source, isDisabled: Bool = false, hasSources: Bool) async throws
            -> String?
        {
            var services = fleet.services
            (services.hasDirectory, services.issuer) = (hasSources, hasSources ? "https://login" : nil)
            let acts = Acts(services: services, caller: admin(nil, fleet).caller)
            var wish = AdministratorRequest(grants: ["auditor"], source: source)
            wish.isDisabled = isDisabled
            if source == .local { wish.password = Self.password }
            return try await acts.save(administrator: "new-\(source.rawValue)", wish).record.warning
        }
        #expect(try await warning(.ldap, hasSources: false)?.contains("center.ldap") == true)
        #expect(try await warning(.oidc, hasSources: false)?.contains("center.oidc") == true)
        #expect(try await warning(.local, hasSources: false) == nil)
        #expect(try await warning(.ldap, isDisabled: true, hasSources: false) == nil)
        for source in Administrator.Source.allCases {
            #expect(try await warning(source, hasSources: true) == nil)
        }
        let person = Person(role: .admin, place: .site)
        _ = try await admin(nil, fleet).save(
            administrator: "new-ldap", AdministratorRequest(grants: ["auditor"], source: .ldap))
        for language in ["en", "el"] {
            let page = try await fleet.ask(
                "GET", "/administrators",
                headers: [.cookie: "__Host-roost=\(person.cookie)", .acceptLanguage: language])
            #expect(page.body.contains("(center.ldap)"))
            #expect(page.body.contains("no one can log in") == (language == "en"))
        }
    }
}

import API
import Fleet
import Foundation
import Hummingbird
import Logging
import Sealing
import Synchronization
import Testing

@testable import Center

/// People authenticated by a directory or a log-in provider.
@Suite struct DirectoryAccountTests {
    private static let issuer = "https://login.example"
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func person(
        _ name: String, _ subject: String?, issuer: String = issuer, groups: [String] = ["it"]
    )
        -> DirectoryPerson
    {
        DirectoryPerson(
            name: name, fullName: "", groups: groups,
            identity: subject.map { ProviderIdentity(issuer: issuer, subject: $0) })
    }

    /// - Parameter roles: the roles of groups; nil: roles are given here.
    private func gate(_ services: CenterServices, roles: [String: [Grant]]? = ["it": [Grant(.operator_)]])
        throws -> Gate
    {
        var settings = OpenIDSettings(issuer: Self.issuer, clientID: "roost", clientSecret: "s")
        settings.grants = roles.map { DirectoryGrants($0) }
        return try Gate(fleet: services.fleet, sources: LogInSources(openID: settings), logger: .silent)
    }

    private func services() async throws -> CenterServices {
        let services = try await CenterServices.alone(in: directory)
        let root = Administrator(name: "root", grants: [Grant(.admin)])
        try await services.fleet.change(by: "test") { _ in [.administrator("root", root, passwordHash: "h")] }
        return services
    }

    private func names(_ services: CenterServices) async throws -> [String] {
        try await services.fleet.store.administrators().map(\.name)
    }

    private func who(_ gate: Gate, _ person: DirectoryPerson) async throws -> String? {
        try await gate.caller(cookie: gate.logIn(person))?.name
    }

    // MARK: Identity

    @Test
    func
        `an account belongs to the first person who logged in, even when renamed, not to a later user of the name`()
        async throws
    {
        let services = try await services()
        let gate = try gate(services)
        #expect(try await who(gate, person("carol", "17")) == "carol")
        // A new name at the provider is the same account here; no new one is created.
        #expect(try await who(gate, person("carol.smith", "17")) == "carol")
        #expect(try await names(services) == ["carol", "root"])
        // The name alone is not enough, nor is the same number at another provider.
        for other in [person("carol", "18"), person("carol", "17", issuer: "https://evil.example")] {
            let refusal = await #expect(throws: Problem.self) { _ = try await gate.logIn(other) }
            #expect(refusal?.detail.contains("carol is the account of another person") == true)
        }
        let refusal = await #expect(throws: Problem.self) { _ = try await gate.logIn(person("root", "19")) }
        #expect(refusal?.detail.contains("another account of this server") == true)
        // Leaving the group removes the role, and a later owner of the name cannot remove the account's roles.
        await #expect(throws: Problem.self) { _ = try await gate.logIn(person("carol", "18", groups: [])) }
        #expect(try await services.fleet.store.administrators().first?.grants == [Grant(.operator_)])
        await #expect(throws: Problem.self) { _ = try await gate.logIn(person("x", "17", groups: [])) }
        #expect(try await services.fleet.store.administrators().first?.grants == [])
    }

    @Test
    func `an account created here is linked by its first log-in in time, or by its subject`()
        async throws
    {
        var services = try await services()
        services.issuer = Self.issuer
        let gate = try gate(services, roles: nil)
        let acts = Acts(services: services, caller: .local)
        func save(_ name: String, subject: String? = nil, source: Administrator.Source = .oidc) async throws {
            let wish = AdministratorRequest(grants: ["helpdesk"], source: source, subject: subject)
            _ = try await acts.save(administrator: name, wish)
        }
        try await save("dave")
        #expect(try await who(gate, person("dave", "1")) == "dave")
        await #expect(throws: Problem.self) { _ = try await gate.logIn(person("dave", "2")) }
        // Saving it again keeps the link; after release, the next person to log in is linked.
        try await save("dave")
        await #expect(throws: Problem.self) { _ = try await gate.logIn(person("dave", "2")) }
        try await save("dave", subject: "")
        #expect(try await who(gate, person("dave", "2")) == "dave")

        try await save("erin", subject: "7")
        await #expect(throws: Problem.self) { _ = try await gate.logIn(person("erin", "8")) }
        #expect(try await who(gate, person("anything", "7")) == "erin")

        // An earlier account: linkable for thirty days from the upgrade.
        let late = Administrator(
            name: "frank", source: .oidc, grants: [Grant(.helpdesk)], linkableUntil: Clock.second - 1)
        try await services.fleet.store.save(late, passwordHash: nil, by: "test")
        let refusal = await #expect(throws: Problem.self) { _ = try await gate.logIn(person("frank", "9")) }
        #expect(refusal?.detail.contains("open the account again") == true)
        await #expect(throws: Problem.self) { try await save("gina", subject: "1", source: .ldap) }
    }

    // MARK: Confirmation by the directory

    @Test(arguments: [Administrator.Source.ldap, .oidc])
    func `a token of a directory account is suspended after ninety days without a log-in`(
        source: Administrator.Source
    ) async throws {
        let services = try await services()
        let store = services.fleet.store
        let gate = try gate(services)
        func token(of owner: String) async throws {
            _ = try await store.addToken(
                APIToken(
                    id: 0, name: "ci", owner: owner, grants: [Grant(.auditor)], createdAt: 1, expiresAt: nil),
                hash: Secrets.hash("roost_\(owner)"))
        }
        try await store.save(
            Administrator(name: "hal", source: source, grants: [Grant(.auditor)]), passwordHash: nil,
            by: "test")
        try await token(of: "hal")
        try await token(of: "root")
        func logIn(_ secondsAgo: Int) async throws {
            try await store.addSession(
                LoginSession(
                    administrator: "hal", csrfToken: "c", createdAt: Clock.second - secondsAgo,
                    seenAt: Clock.second), hash: UUID().uuidString)
        }
        func end() async throws -> Int? {
            try await Acts(services: services, caller: .local).tokens().first { $0.owner == "hal" }?
                .holdsUntil
        }
        // The directory has not authenticated them yet.
        await #expect(throws: Problem.self) { _ = try await gate.caller(token: "roost_hal") }
        try await logIn(89 * 86_400)
        #expect(try await gate.caller(token: "roost_hal").grants == [Grant(.auditor)])
        #expect(try #require(try await end()) <= Clock.second + 86_400)
        try await logIn(91 * 86_400)
        let refusal = await #expect(throws: Problem.self) { _ = try await gate.caller(token: "roost_hal") }
        #expect(refusal?.status == 401 && refusal?.detail.contains("90 days") == true)
        try await logIn(0)
        #expect(try await gate.caller(token: "roost_hal").grants == [Grant(.auditor)])
        // A local account's token is for programs, and never suspended.
        #expect(try await gate.caller(token: "roost_root").grants == [Grant(.auditor)])
    }

    // MARK: On the way to the provider

    @Test func `two thousand unfinished log-ins do not prevent others from logging in`() async throws {
        try await LoopbackServer.serve { _, path in
            path.hasSuffix("openid-configuration")
                ? LoopbackServer.json(
                    #"{"issuer":"ISSUER","authorization_endpoint":"ISSUER/a","token_endpoint":"ISSUER/t","jwks_uri":"ISSUER/k"}"#
                        .replacing("ISSUER", with: Self.itself.withLock { $0 }))
                : Response(status: .badRequest)
        } _: { url in
            Self.itself.withLock { $0 = url }
            let provider = try OpenIDProvider(
                settings: OpenIDSettings(issuer: url, clientID: "roost", clientSecret: "s"), logger: .silent)
            func depart() async throws -> (cookie: String, state: String) {
                let departure = try await provider.depart(
                    redirect: "https://roost/login/oidc/done", back: "/")
                let state = try #require(departure.url.firstMatch(of: /state=([^&]+)/)?.1)
                return (departure.cookie, String(state))
            }
            let first = try await depart()
            for _ in 0..<2_000 { _ = try await depart() }
            for one in [first, try await depart()] {
                // Recognised, so that the provider is asked, which has no answer here.
                let failure = await #expect(throws: Problem.self) {
                    _ = try await provider.arrive(cookie: one.cookie, state: one.state, code: "c", issuer: "")
                }
                #expect(failure?.status == 502)
            }
            // Another state, another cookie or a changed one is refused.
            for (cookie, state) in [
                (first.cookie, "other"), ("", first.state),
                ((first.cookie.first == "A" ? "B" : "A") + first.cookie.dropFirst(), first.state),
                (try await depart().cookie, first.state),
            ] {
                let failure = await #expect(throws: Problem.self) {
                    _ = try await provider.arrive(cookie: cookie, state: state, code: "c", issuer: "")
                }
                #expect(failure?.status == 403)
            }
        }
    }

    private static let itself = Mutex("")

    @Test func `a ticket can be read only by its maker, and fits into a cookie`() throws {
        let (key, other) = (SecretKey(), SecretKey())
        let long = "/" + String(repeating: "n", count: LogInTicket.pathLimit - 1)
        let ticket = LogInTicket(redirect: long, back: long, since: 7)
        let text = try ticket.sealed(by: key)
        #expect(text.utf8.count < 4_000)
        #expect(!text.contains(ticket.verifier))
        #expect(LogInTicket(opening: text, by: key) == ticket)
        #expect(LogInTicket(opening: text, by: other) == nil)
        #expect(LogInTicket(opening: String(text.reversed()), by: key) == nil)
        #expect(LogInTicket(redirect: "/", back: long + "n", since: 7).back == "/")
    }
}

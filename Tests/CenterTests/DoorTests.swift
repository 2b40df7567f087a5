import API
import Fleet
import Foundation
import HTTPTypes
import Hummingbird
import Synchronization
import Testing

@testable import Center

/// Requests of unauthenticated clients.
@Suite struct DoorTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private static let password = "four random words"
    /// Hundreds of passwords are tried here.
    private static let cost = Passwords.Cost(passes: 1, kibibytes: 64)

    /// - Parameter names: of users who may log in, all with the same password.
    private func gate(_ names: String...) async throws -> Gate {
        let services = try await CenterServices.alone(in: directory)
        let hash = try await Passwords.hash(Self.password, cost: Self.cost)
        for name in names {
            try await services.fleet.store.save(
                Administrator(name: name, grants: [Grant(.admin)]), passwordHash: hash, by: "test")
        }
        return try Gate(fleet: services.fleet, passwordCost: Self.cost, logger: .silent)
    }

    @Test(arguments: [true, false])
    func `without the setup link no password is checked, let alone hashed`(isSetUp: Bool)
        async throws
    {
        let gate = isSetUp ? try await gate("ann") : try await gate()
        _ = try await gate.setupWord()
        for password in ["short", Self.password] {
            let refusal = await #expect(throws: Problem.self) {
                try await gate.setUp(with: "wrong", name: "eve", password: password)
            }
            #expect(refusal?.status == 403)
        }
    }

    @Test(arguments: ["ann", " ann", "ann ", "\tann\u{A0}\n"])
    func `a name is read without the blanks around it, and a password with them`(name: String) async throws {
        let gate = try await gate("ann")
        _ = try await gate.logIn(name: name, password: Self.password, from: "192.0.2.1")
        await #expect(throws: Problem.self) {
            try await gate.logIn(name: name, password: "\(Self.password) ", from: "192.0.2.1")
        }
    }

    @Test func `logging in to one's own account gives an address no more attempts at other names`()
        async throws
    {
        let gate = try await gate("eve")
        func status(_ name: String, _ password: String) async throws -> Int {
            do {
                _ = try await gate.logIn(name: name, password: password, from: "192.0.2.1")
                return 303
            } catch let problem as Problem { return problem.status }
        }
        for number in 0..<Gate.addressAttemptLimit {
            #expect(try await status("name\(number)", "a wrong password") == 401)
            if number % 10 == 0 { #expect(try await status("eve", Self.password) == 303) }
        }
        #expect(try await status("another", "a wrong password") == 429)
        #expect(try await status("eve", Self.password) == 429)
    }

    @Test(arguments: [
        (nil, 303), ("none", 303), ("same-origin", 303), ("same-site", 403), ("cross-site", 403),
    ])
    func `another site's form has no effect, before a log-in either`(
        site: String?, status: Int
    ) async throws {
        let fleet = try await SmallFleet()
        var headers: HTTPFields = [.contentType: "application/x-www-form-urlencoded"]
        headers[.fetchSite] = site
        let answer = try await fleet.ask(
            "POST", "/language", headers: headers, body: "language=fr&back=/")
        #expect(answer.status == status)
    }

    // MARK: A log-in provider

    @Test func `returns from the provider without success are limited to thirty attempts as well`()
        async throws
    {
        let gate = try await gate()
        let asked = Mutex(0)
        func come(_ status: Int?) async throws {
            try await gate.counted(from: "192.0.2.1") {
                asked.withLock { $0 += 1 }
                if let status { throw Problem(status, "No", "") }
            }
        }
        // Successful log-ins are not counted, however many there are.
        for _ in 0..<(2 * Gate.addressAttemptLimit) { try await come(nil) }
        for _ in 0..<Gate.addressAttemptLimit {
            await #expect(throws: Problem.self) { try await come(502) }
        }
        let refusal = await #expect(throws: Problem.self) { try await come(nil) }
        #expect(refusal?.status == 429)
        #expect(asked.withLock { $0 } == 3 * Gate.addressAttemptLimit)
    }

    /// How many log-ins have begun.
    private final class Begun: Sendable { let count = Mutex(0) }

    @Test func `a hundred concurrent log-ins fetch the provider's description once`() async throws {
        let itself = Mutex("")
        let asked = Mutex(0)
        let begun = Begun()
        try await LoopbackServer.serve { _, _ in
            asked.withLock { $0 += 1 }
            while begun.count.withLock({ $0 }) < 100 { await Task.yield() }
            return LoopbackServer.json(
                #"{"issuer":"ISSUER","authorization_endpoint":"ISSUER/a","token_endpoint":"ISSUER/t","jwks_uri":"ISSUER/k"}"#
                    .replacing("ISSUER", with: itself.withLock { $0 }))
        } _: { url in
            itself.withLock { $0 = url }
            let provider = try OpenIDProvider(
                settings: OpenIDSettings(issuer: url, clientID: "roost", clientSecret: "s"), logger: .silent)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<100 {
                    group.addTask {
                        begun.count.withLock { $0 += 1 }
                        _ = try await provider.depart(redirect: "https://roost/", back: "/")
                    }
                }
                try await group.waitForAll()
            }
        }
        #expect(asked.withLock { $0 } == 1)
    }

    @Test(arguments: [
        ("authorization_endpoint", "http://login.example/a"),
        ("token_endpoint", "http://127.0.0.1.example/t"),
        ("token_endpoint", "http://127.0.0.1@login.example/t"), ("jwks_uri", "http://login.example/k?a=b"),
        ("jwks_uri", "//login.example/k"), ("userinfo_endpoint", "ftp://127.0.0.1/u"),
        ("userinfo_endpoint", ""),
    ])
    func `a provider cannot send browsers, codes or tokens over an unencrypted connection`(
        name: String, address: String
    ) async throws {
        let itself = Mutex("")
        let changed = Mutex(address)
        try await LoopbackServer.serve { _, _ in
            let own = itself.withLock { $0 }
            var fields = [
                "issuer": own, "authorization_endpoint": "https://login.example/a?realm=x",
                "token_endpoint": "\(own)/t", "jwks_uri": "https://keys.example/k",
                "userinfo_endpoint": "\(own)/u",
            ]
            fields[name] = changed.withLock { $0 }
            let data = try JSONEncoder().encode(fields)
            return LoopbackServer.json(String(decoding: data, as: UTF8.self))
        } _: { url in
            itself.withLock { $0 = url }
            let provider = try OpenIDProvider(
                settings: OpenIDSettings(issuer: url, clientID: "roost", clientSecret: "s"), logger: .silent)
            func depart() async throws {
                _ = try await provider.depart(redirect: "https://roost/", back: "/")
            }
            let failure = await #expect(throws: Problem.self) { try await depart() }
            #expect(failure?.status == 502)
            changed.withLock { $0 = "https://login.example/x" }
            try await depart()
        }
    }

    @Test(arguments: [
        ("access_denied", "access_denied"), ("Call+555", "error"), ("<b>", "error"), ("call 555", "error"),
        (String(repeating: "a", count: 65), "error"), ("", ""),
    ])
    func `a link to the log-in page cannot put text onto it`(error: String, shown: String) {
        #expect(EntryPages.code(of: error) == shown)
    }

    @Test(arguments: [
        (["roost"], nil, true), (["roost"], "roost", true), (["roost"], "other", false),
        (["other"], nil, false),
        (["other"], "roost", false), (["other", "roost"], nil, false), (["other", "roost"], "roost", true),
        (["other", "roost"], "other", false), ([], nil, false),
    ])
    func `a token is valid only for the client that it was issued to`(
        audience: [String], party: String?, counts: Bool
    ) throws {
        var claims: [String: ClaimValue] = [
            "exp": .number(2_000), "iat": .number(900), "aud": .list(audience.map { .string($0) }),
        ]
        claims["azp"] = party.map { .string($0) }
        #expect(try IDClaims(claims, now: 1_000).isMeant(for: "roost") == counts)
        claims["azp"] = ClaimValue.none
        #expect(try !IDClaims(claims, now: 1_000).isMeant(for: "roost"))
    }

    @Test func `a token that is not valid yet is refused`() throws {
        let claims: [String: ClaimValue] = ["exp": .number(2_000), "iat": .number(900)]
        #expect(try IDClaims(claims, now: 1_000).values == claims)
        for begin in [ClaimValue.number(1_500), .string("now"), .none] {
            #expect(throws: IDClaims.Problem.self) {
                try IDClaims(claims.merging(["nbf": begin]) { $1 }, now: 1_000)
            }
        }
        #expect(throws: Never.self) {
            try IDClaims(claims.merging(["nbf": .number(1_000)]) { $1 }, now: 1_000)
        }
    }
}

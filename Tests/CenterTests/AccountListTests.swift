import API
import Fleet
import Foundation
import HTTPTypes
import Testing

@testable import Center

/// The directory of people: which names and passwords come in, and who sees whom.
@Suite struct AccountListTests {
    private static func acts(_ role: Role, in place: Place, of fleet: SmallFleet) throws -> Acts {
        let caller = Caller(
            name: "test", grants: [Grant(role, in: try GroupPath(place.rawValue))], proof: .token(1))
        return Acts(services: fleet.services, caller: caller)
    }

    private static let headers: HTTPFields = [
        .authorization: "Bearer \(Person(role: .admin, place: .site).token)",
        .contentType: "application/json",
    ]

    @Test func `a name that a shell, a path or PAM would take for its own is no account's`() async throws {
        let fleet = try await SmallFleet()
        let names = [
            "-x", "a;b", "$(id)", "`id`", "..", "../x", "a b", "a|b", "a\u{0}", "a\nb", "a:b", "@wheel", "+",
            "Ann", "root",
            "sshd", "\u{202E}ann", String(repeating: "a", count: 33),
        ]
        for name in names {
            let path = name.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            let put = try await fleet.ask(
                "PUT", "/api/v1/accounts/\(path)", headers: Self.headers, body: "{}")
            #expect((400..<500).contains(put.status), "\(name)")
            let body = try JSONSerialization.data(
                withJSONObject: ["accounts": [["name": name, "account": [:]]], "replaces": false])
            let imported = try await fleet.ask(
                "POST", "/api/v1/accounts/import", headers: Self.headers,
                body: String(decoding: body, as: UTF8.self))
            #expect(imported.status == 422, "\(name)")
        }
        #expect(fleet.services.fleet.snapshot.contents.terminals.accounts.keys.map(\.text) == ["ann"])
    }

    @Test func `a password has as many characters as the site says`() async throws {
        let fleet = try await SmallFleet()
        let acts = try Self.acts(.admin, in: .site, of: fleet)
        let ann = try LogInName("ann")
        func save(_ password: String) async throws {
            _ = try await acts.saveAccount(ann, AccountRequest(password: password))
        }
        for short in ["", "x", "1234567"] {
            let error = await #expect(throws: Problem.self) { try await save(short) }
            #expect(error?.status == 422 && error?.detail.contains("at least 8 characters") == true)
        }
        let entry = AccountImport.Entry(
            name: try LogInName("ben"), account: AccountRequest(password: "short"))
        await #expect(throws: Problem.self) {
            try await acts.importAccounts(AccountImport(accounts: [entry], replaces: false))
        }
        try await save("12345678")
        var site = fleet.services.fleet.snapshot.groups[.site] ?? NodeGroup(path: .site)
        site.settings["account-password-length"] = .integer(4)
        let changed = site
        try await fleet.services.fleet.change(by: "test") { _ in [.group(.site, changed)] }
        try await save("pin4")
        await #expect(throws: Problem.self) { try await save("123") }
    }

    @Test func `those of a group see who is on their servers, and no one by naming them in a pool`()
        async throws
    {
        let fleet = try await SmallFleet()
        let (ben, cat, dora) = (try LogInName("ben"), try LogInName("cat"), try LogInName("dora"))
        let name = try PoolName("pool-of-\(Place.school.node)")
        var pool = try #require(fleet.services.fleet.snapshot.contents.terminals.pools[name])
        (pool.users, pool.groups) = (["ben"], ["pupils"])
        let changed = pool
        try await fleet.services.fleet.change(by: "test") { _ in
            [
                .pool(name, changed), .account(ben, DirectoryAccount(name: ben, uid: 2_001)),
                .account(cat, DirectoryAccount(name: cat, uid: 2_002, groups: ["pupils"])),
                .account(dora, DirectoryAccount(name: dora, uid: 2_003)),
            ]
        }
        _ = fleet.services.terminals.take(
            SmallFleet.report(users: ["dora"]), from: try TerminalName("ts-of-\(Place.school.node)"),
            at: Clock.steadyMillisecond)
        func seen(_ role: Role, _ place: Place) async throws -> [String] {
            try await Self.acts(role, in: place, of: fleet).accounts("", offset: 0, limit: 99).rows.map(
                \.account.name.text)
        }
        #expect(try await seen(.admin, .site) == ["ann", "ben", "cat", "dora"])
        #expect(try await seen(.admin, .school) == ["dora"])
        #expect(try await seen(.helpdesk, .school) == ["dora"])
        #expect(try await seen(.auditor, .school) == [], "names are for those who may help people")
        #expect(try await seen(.admin, .office) == [])
        await #expect(throws: (any Error).self) {
            try await Self.acts(.admin, in: .school, of: fleet).account(ben)
        }
    }
}

import Fleet
import Foundation
import Testing

/// What every store does with the access that an account has opened.
@Suite final class AccountStoreTests {
    private let path = FileManager.default.temporaryDirectory.appendingPathComponent("roost-\(UUID()).sqlite")
        .path

    deinit { for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) } }

    private static let (ann, bob) = (
        Administrator(name: "ann", grants: [Grant(.admin)]),
        Administrator(name: "bob", grants: [Grant(.admin)])
    )

    /// Two administrators, each with a session and two tokens.
    private func filled(_ maker: StoreMaker) async throws -> any FleetStore {
        let store = try maker.open(path)
        for one in [Self.ann, Self.bob] {
            try await store.save(one, passwordHash: "hash", by: "test")
            let session = LoginSession(administrator: one.name, csrfToken: "c", createdAt: 1, seenAt: 1)
            try await store.addSession(session, hash: one.name)
            for number in 1...2 {
                let token = APIToken(
                    id: 0, name: "t\(number)", owner: one.name, grants: [], createdAt: 1, expiresAt: nil)
                _ = try await store.addToken(token, hash: "\(one.name)\(number)")
            }
        }
        return store
    }

    @Test(arguments: StoreMaker.allCases)
    func `log-ins and tokens end in the revision of the change, and those of others stay`(maker: StoreMaker)
        async throws
    {
        let store = try await filled(maker)
        try await store.save(Self.ann, passwordHash: "new", by: "bob")
        #expect(try await store.session(hash: "ann") == nil)
        #expect(try await store.tokens(of: "ann").count == 2)
        try await store.make(by: "bob") { current in
            [.administrator("ann", Self.ann, passwordHash: "newer")] + current.edits(revokingTokensOf: "ann")
        }
        #expect(try await store.token(hash: "ann1") == nil)
        #expect(try await store.tokens(of: nil).map(\.owner) == ["bob", "bob"])
        #expect(try await store.session(hash: "bob") != nil)
        let last = try #require(try await store.revisions(RevisionFilter(limit: 1)).first)
        #expect(last.what == "password of ann changed, 2 tokens revoked" && last.who == "bob")
        let edits = try await store.revision(last.number).edits
        #expect(edits.map(\.kind) == ["administrator", "token", "token"])
        #expect(edits.dropFirst().allSatisfy { $0.before != nil && $0.after == nil })
    }

    @Test(arguments: StoreMaker.allCases)
    func `log-ins end with other roles, another source or person, and disabling, and stay with another name`(
        maker: StoreMaker
    ) async throws {
        let store = try await filled(maker)
        var (renamed, changed) = (Self.ann, [Self.ann, Self.ann, Self.ann, Self.ann])
        renamed.fullName = "Ann"
        try await store.save(renamed, passwordHash: nil, by: "bob")
        #expect(try await store.session(hash: "ann") != nil)
        changed[0].grants = [Grant(.auditor)]
        changed[1].source = .ldap
        changed[2].identity = ProviderIdentity(issuer: "i", subject: "s")
        changed[3].isDisabled = true
        for (number, account) in changed.enumerated() {
            try await store.save(Self.ann, passwordHash: nil, by: "bob")
            let session = LoginSession(administrator: "ann", csrfToken: "c", createdAt: 1, seenAt: 1)
            try await store.addSession(session, hash: "next \(number)")
            try await store.save(account, passwordHash: nil, by: "bob")
            #expect(try await store.session(hash: "next \(number)") == nil, "\(number)")
        }
    }

    @Test(arguments: StoreMaker.allCases)
    func `a refused change ends nothing`(maker: StoreMaker) async throws {
        let store = try await filled(maker)
        try await store.removeAdministrator("bob", by: "test")
        let disabled = Administrator(name: "ann", grants: [Grant(.admin)], isDisabled: true)
        await #expect(throws: StoreError.self) {
            try await store.make(by: "test") { current in
                [.administrator("ann", disabled)] + current.edits(revokingTokensOf: "ann")
            }
        }
        #expect(try await store.session(hash: "ann") != nil)
        #expect(try await store.tokens(of: "ann").count == 2)
    }
}

import Fleet
import Foundation
import Synchronization
import Testing

/// Who may use the control center, as records: history, undo, and what stands beside a record.
@Suite final class AccessRecordTests {
    private let directory = FileManager.default.temporaryDirectory.appendingPathComponent("roost-\(UUID())")
        .path
    private let path: String
    private let ann = Administrator(name: "ann", grants: [Grant(.admin)])

    init() throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        path = "\(directory)/store"
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    /// Undoes the last revision.
    private func undo(in store: any FleetStore) async throws {
        let snapshot = try await store.snapshot()
        let edits = try await store.inverse(of: snapshot.revision)
        _ = try #require(try await store.apply(snapshot.checking(edits), by: "ann", what: "undone"))
    }

    /// Why the last revision cannot be undone.
    private func refusal(in store: any FleetStore) async throws -> String? {
        let last = try await store.snapshot().revision
        let error = await #expect(throws: StoreError.self) { _ = try await store.inverse(of: last) }
        return error?.description
    }

    @Test(arguments: StoreMaker.allCases)
    func `undo after a jump of the clock restores no times from before it`(maker: StoreMaker) async throws {
        let store = try maker.open(path)
        let now = 1_800_000_000
        // A clock in 2099 wrote these.
        let ahead = now + 72 * 31_536_000
        try await store.save(ann, passwordHash: "$argon2id$word", by: "first run")
        var eve = Administrator(name: "eve", source: .oidc, grants: [Grant(.auditor)])
        eve.linkableUntil = ahead + 3_600
        try await store.save(eve, passwordHash: nil, by: "ann")
        let school = try GroupPath("/school")
        _ = try await store.apply(
            store.snapshot().checking([.group(school, NodeGroup(path: school))]), by: "ann", what: "added")
        var link = BoardLink(
            id: 1, name: "hall", group: .site, createdBy: "ann", createdAt: ahead, expiresAt: ahead + 600)
        _ = try await store.addBoardLink(link, hash: "link")
        link.group = school
        eve.grants = [Grant(.helpdesk)]
        let moved = [FleetEdit.boardLink(1, link), .administrator("eve", eve)]
        _ = try await store.apply(store.snapshot().checking(moved), by: "ann", what: "moved")
        try await store.move(with: ClockJump(before: ahead * 1_000, after: now * 1_000))
        try await undo(in: store)
        let access = try await store.snapshot().contents.access
        #expect(access.boardLinks[1]?.group == .site)
        #expect(access.boardLinks[1]?.createdAt == now && access.boardLinks[1]?.expiresAt == now + 600)
        #expect(access.administrators["eve"]?.grants == [Grant(.auditor)])
        #expect(access.administrators["eve"]?.linkableUntil == now + 3_600)
        // Undo opens no account to the next log-in: not one that was removed, and not one that is linked meanwhile.
        let removal = try await store.snapshot().edits(removingAdministrator: "eve")
        _ = try await store.apply(store.snapshot().checking(removal), by: "ann", what: "removed")
        try await undo(in: store)
        let restored = try await store.snapshot().contents.access.administrators["eve"]
        #expect(restored?.grants == [Grant(.auditor)] && restored?.linkableUntil == nil)
    }

    @Test(arguments: StoreMaker.allCases)
    func `history has an administrator's roles before and after, and undo restores them`(maker: StoreMaker)
        async throws
    {
        let store = try maker.open(path)
        try await store.save(ann, passwordHash: "$argon2id$word", by: "first run")
        var bob = Administrator(name: "bob", source: .ldap, grants: [Grant(.auditor)])
        try await store.save(bob, passwordHash: nil, by: "ann")
        bob.grants = [Grant(.operator_)]
        try await store.save(bob, passwordHash: nil, by: "ann")
        let snapshot = try await store.snapshot()
        #expect(snapshot.contents.access.administrators == ["ann": ann, "bob": bob])
        let revision = try await store.revision(snapshot.revision)
        let edit = try #require(revision.edits.first)
        #expect(revision.what == "administrator bob changed" && edit.kind == "administrator")
        #expect(edit.before?.contains("auditor") == true && edit.after?.contains("operator") == true)
        try await undo(in: store)
        #expect(try await store.administrators().last?.grants == [Grant(.auditor)])
        // An account of a directory has no password here: it returns as it was.
        try await store.removeAdministrator("bob", by: "ann")
        try await undo(in: store)
        #expect(try await store.administrators().map(\.name) == ["ann", "bob"])
        // What adds an account is undone by removing it.
        try await store.save(
            Administrator(name: "eve", grants: []), passwordHash: "$argon2id$eve", by: "ann")
        try await undo(in: store)
        #expect(try await store.passwordHash(of: "eve") == nil)
    }

    @Test(arguments: StoreMaker.allCases)
    func `a password is in no history, stays with other changes, and goes with its account`(
        maker: StoreMaker
    ) async throws {
        let store = try maker.open(path)
        try await store.save(ann, passwordHash: "$argon2id$one", by: "first run")
        var bob = Administrator(name: "bob", grants: [])
        try await store.save(bob, passwordHash: "$argon2id$bob", by: "ann")
        bob.fullName = "Bob"
        try await store.save(bob, passwordHash: nil, by: "ann")
        #expect(try await store.passwordHash(of: "bob") == "$argon2id$bob")
        try await store.save(ann, passwordHash: "$argon2id$two", by: "ann")
        #expect(try await store.revisions(RevisionFilter(limit: 1)).first?.what == "password of ann changed")
        #expect(try await store.passwordHash(of: "ann") == "$argon2id$two")
        #expect(
            try await refusal(in: store)
                == "revision 4 cannot be undone: administrator ann was given a new password, and the former one is kept nowhere"
        )
        try await store.removeAdministrator("bob", by: "ann")
        #expect(try await refusal(in: store)?.contains("bob was removed with its password") == true)
        try await store.save(bob, passwordHash: nil, by: "ann")
        #expect(try await store.passwordHash(of: "bob") == nil)
        for revision in try await store.revisions(RevisionFilter(limit: 9)) {
            let whole = try await store.revision(revision.number)
            #expect(!"\(whole)".contains("argon2id"))
        }
    }

    @Test(arguments: StoreMaker.allCases)
    func `an administrator of the past has the roles of that time`(maker: StoreMaker) async throws {
        let clock = Mutex(1_000)
        let store = try maker.open(path, now: { clock.withLock { $0 } })
        try await store.save(ann, passwordHash: nil, by: "first run")
        clock.withLock { $0 = 2_000 }
        try await store.save(Administrator(name: "bob", grants: []), passwordHash: nil, by: "ann")
        #expect(try await store.snapshot(at: 1_500).contents.access.administrators == ["ann": ann])
        #expect(try await store.snapshot(at: 2_000).contents.access.administrators.count == 2)
    }

    @Test(arguments: StoreMaker.allCases)
    func `a token's making is undone, its revocation is not, and history knows neither its text nor its use`(
        maker: StoreMaker
    ) async throws {
        let store = try maker.open(path)
        try await store.save(ann, passwordHash: nil, by: "first run")
        let wanted = APIToken(
            id: 0, name: "ci", owner: "ann", grants: [Grant(.auditor)], createdAt: 1, expiresAt: 9)
        let token = try await store.addToken(wanted, hash: "f00d")
        try await store.touchToken(token.id, at: 7)
        #expect(try await store.token(hash: "f00d")?.usedAt == 7)
        #expect(try await store.tokens(of: "ann").map(\.usedAt) == [7])
        #expect(try await store.tokens(of: "bob").isEmpty)
        let made = try await store.revision(store.snapshot().revision)
        #expect(made.edits.first?.after?.contains("\"expiresAt\":9") == true && !"\(made)".contains("f00d"))
        // A use is no change, and neither is the server's clock.
        try await store.move(with: ClockJump(before: 10_000, after: 110_000))
        #expect(try await store.token(hash: "f00d")?.expiresAt == 109)
        #expect(try await store.token(hash: "f00d")?.usedAt == 107)
        try await undo(in: store)
        #expect(try await store.token(hash: "f00d") == nil)
        #expect(
            try await refusal(in: store)
                == "revision 3 cannot be undone: token 1 was revoked, and its text is kept nowhere: make a new one"
        )
        // Another token with the number of a revoked one has its own use.
        #expect(try await store.addToken(wanted, hash: "beef").id == token.id)
        #expect(try await store.token(hash: "beef")?.usedAt == nil)
    }

    @Test(arguments: StoreMaker.allCases)
    func `a web hook's adding is undone, its removal is not, and its address comes back whole`(
        maker: StoreMaker
    ) async throws {
        let store = try maker.open(path)
        let hook = try await store.addWebHook(
            WebHook(id: 0, url: "https://a/word", secret: "s", kinds: ["boot"], group: .site), by: "ann")
        #expect(try await store.webHooks() == [hook])
        let record = try #require(try await store.snapshot().contents.access.webHooks[hook.id])
        #expect(record.host == "https://a" && record.kinds == ["boot"])
        try await undo(in: store)
        #expect(try await store.webHooks().isEmpty)
        #expect(
            try await refusal(in: store)
                == "revision 2 cannot be undone: web hook 1 was removed with its address and its secret: add it again"
        )
    }
    @Test(arguments: StoreMaker.allCases)
    func `a link's making is undone, its revocation is not, and history knows neither its secret nor its use`(
        maker: StoreMaker
    ) async throws {
        let store = try maker.open(path)
        let link = try await store.addBoardLink(
            BoardLink(id: 0, name: "hall", group: .site, createdBy: "ann", createdAt: 1, expiresAt: 9),
            hash: "f00d")
        try await store.touchBoardLink(link.id, at: 7)
        #expect(try await store.boardLinks().map(\.usedAt) == [7])
        #expect(try await store.boardLink(hash: "f00d")?.usedAt == 7)
        let made = try await store.revision(store.snapshot().revision)
        #expect(made.edits.map(\.kind) == ["board"] && !"\(made)".contains("f00d"))
        try await store.move(with: ClockJump(before: 10_000, after: 110_000))
        #expect(try await store.boardLink(hash: "f00d")?.expiresAt == 109)
        try await undo(in: store)
        #expect(try await store.boardLink(hash: "f00d") == nil)
        #expect(try await refusal(in: store)?.contains("board 1 was revoked") == true)
    }

    @Test(arguments: StoreMaker.allCases) func `one administrator who can create others always remains`(
        maker: StoreMaker
    ) async throws {
        let store = try maker.open(path)
        let ann = Administrator(name: "ann", grants: [Grant(.admin)])
        let bob = Administrator(name: "bob", grants: [Grant(.operator_, in: try GroupPath("/school"))])
        await #expect(throws: StoreError.self) { try await store.save(bob, passwordHash: "x", by: "test") }
        try await store.save(ann, passwordHash: "hash", by: "test")
        try await store.save(bob, passwordHash: "x", by: "ann")
        await #expect(throws: StoreError.self) { try await store.removeAdministrator("ann", by: "bob") }
        var off = ann
        off.isDisabled = true
        await #expect(throws: StoreError.self) { try await store.save(off, passwordHash: nil, by: "bob") }
        #expect(try await store.administrators() == [ann, bob])
        #expect(try await store.administrator(named: "bob") == bob)
        #expect(try await store.administrator(named: "eve") == nil)
        #expect(try await store.passwordHash(of: "ann") == "hash")
        let session = LoginSession(administrator: "bob", csrfToken: "c", createdAt: 1, seenAt: 1)
        try await store.addSession(session, hash: "s")
        let token = try await store.addToken(
            APIToken(id: 0, name: "t", owner: "bob", grants: bob.grants, createdAt: 1, expiresAt: nil),
            hash: "t")
        #expect(try await store.token(hash: "t") == token)
        try await store.removeAdministrator("bob", by: "ann")
        #expect(try await store.session(hash: "s") == nil)
        #expect(try await store.token(hash: "t") == nil)
    }
}

import Fleet
import Foundation
import Sealing
import Testing

@testable import StoreSQLite

/// The history of sessions on terminal servers, and the passwords of the directory.
@Suite final class TerminalStoreTests {
    private let path = FileManager.default.temporaryDirectory.appendingPathComponent("roost-\(UUID()).sqlite")
        .path

    deinit { for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) } }

    private func session(_ id: String, user: String = "ann", at start: Int = 100, until end: Int? = nil)
        throws
        -> PastSession
    {
        PastSession(
            server: try TerminalName("ts1"), session: id, user: user, kind: .rdp, place: "pc-1",
            startedAt: start, endedAt: end)
    }

    @Test func `sessions begin, end, and are forgotten`() async throws {
        let store = try SQLiteStore(path: path)
        let (one, two) = (try session("c1"), try session("c2", user: "ben", at: 200))
        try await store.save(began: [one, two], ended: [])
        #expect(try await store.openSessions() == [one, two])
        try await store.save(began: [], ended: [try session("c1", until: 300)])
        #expect(try await store.openSessions() == [two])
        #expect(try await store.endedSessions(limit: 9) == [try session("c1", until: 300)])
        // The same identifier of another user is another session.
        try await store.save(began: [], ended: [try session("c2", user: "ann", until: 400)])
        #expect(try await store.openSessions() == [two])
        try await store.forgetSessions(endedBefore: 300)
        #expect(try await store.endedSessions(limit: 9).count == 1)
        try await store.forgetSessions(endedBefore: 301)
        #expect(try await store.endedSessions(limit: 9).isEmpty)
        #expect(try await store.openSessions() == [two])
        try await store.forgetSessions(endedBefore: nil)
        #expect(try await store.openSessions().isEmpty)
    }

    @Test func `a person's last session that is over is found on each server`() async throws {
        let store = try SQLiteStore(path: path)
        var all = [try session("c1"), try session("c2", at: 500), try session("c3", user: "ben", at: 300)]
        all.append(all[0])
        all[3].server = try TerminalName("ts2")
        try await store.save(began: all, ended: [])
        #expect(try await store.lastSessions(of: ["ann", "ben"]).isEmpty)
        for index in all.indices { all[index].endedAt = 900 }
        try await store.save(began: [try session("c4", at: 800)], ended: all)
        let (one, two) = (all[0].server, all[3].server)
        let found = try await store.lastSessions(of: ["ann", "eve", "\"), ('ben'"])
        #expect(
            found == [
                LastSession(user: "ann", server: one, startedAt: 500),
                LastSession(user: "ann", server: two, startedAt: 100),
            ])
        #expect(try await store.lastSessions(of: ["ben"]).map(\.startedAt) == [300])
        #expect(try await store.lastSessions(of: []).isEmpty)
    }

    @Test func `the history is kept through a step down and up`() async throws {
        var store: SQLiteStore? = try SQLiteStore(path: path)
        try await store?.save(began: [try session("c1")], ended: [])
        store = nil
        try SchemaSteps.downgrade(path: path, to: 16)
        #expect(try SchemaSteps.current(path: path) == 16)
        let again = try SQLiteStore(path: path)
        #expect(try await again.openSessions() == [try session("c1")])
    }

    @Test func `the hash of a password stands beside its account, sealed, and goes with it`() async throws {
        let store = try SQLiteStore(path: path, secrets: NodeSecrets())
        let name = try LogInName("ann")
        let ann = DirectoryAccount(name: name, uid: 2_000)
        _ = try await store.apply(
            store.snapshot().checking([.account(name, ann, passwordHash: "$6$salt$hash")]), by: "test",
            what: "")
        #expect(try await store.passwordHash(ofAccount: name) == "$6$salt$hash")
        let file = try Data(contentsOf: URL(fileURLWithPath: path))
        let log = (try? Data(contentsOf: URL(fileURLWithPath: path + "-wal"))) ?? Data()
        #expect((file + log).range(of: Data("$6$salt$hash".utf8)) == nil)
        _ = try await store.apply(store.snapshot().checking([.account(name, nil)]), by: "test", what: "")
        #expect(try await store.passwordHash(ofAccount: name) == nil)
    }
}

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

    private static func ended(in store: SQLiteStore) async throws -> [PastSession] {
        try await store.endedSessions(PastSessionQuery(), offset: 0, limit: 9).rows
    }

    @Test func `sessions begin, end, and are forgotten`() async throws {
        let store = try SQLiteStore(path: path)
        let (one, two) = (try session("c1"), try session("c2", user: "ben", at: 200))
        try await store.save(began: [one, two], ended: [])
        #expect(try await store.openSessions() == [one, two])
        try await store.save(began: [], ended: [try session("c1", until: 300)])
        #expect(try await store.openSessions() == [two])
        #expect(try await Self.ended(in: store) == [try session("c1", until: 300)])
        // The same identifier of another user is another session.
        try await store.save(began: [], ended: [try session("c2", user: "ann", until: 400)])
        #expect(try await store.openSessions() == [two])
        try await store.forgetSessions(endedBefore: 300)
        #expect(try await Self.ended(in: store).count == 1)
        try await store.forgetSessions(endedBefore: 301)
        #expect(try await Self.ended(in: store).isEmpty)
        #expect(try await store.openSessions() == [two])
        try await store.forgetSessions(endedBefore: nil)
        #expect(try await store.openSessions().isEmpty)
    }

    @Test func `the history is searched and paged where it is stored`() async throws {
        let store = try SQLiteStore(path: path)
        var all = try (0..<6).map { try session("c\($0)", user: "user\($0)", until: 200 + $0 / 2) }
        all[5].user = "ΕΛΈΝΗ"
        all[4].server = try TerminalName("ts2")
        (all[3].kind, all[3].place) = (.x2go, "PC-9")
        try await store.save(began: all, ended: [])
        try await store.save(began: [try session("c9")], ended: all)
        func found(
            _ words: String..., named: PastSessionQuery.Servers = .allBut([]),
            unnamed: PastSessionQuery.Servers = .only([]), offset: Int = 0, limit: Int = 9
        ) async throws -> String {
            let query = PastSessionQuery(
                named: named, unnamed: unnamed, somePerson: "a person", words: words)
            let page = try await store.endedSessions(query, offset: offset, limit: limit)
            return (page.rows.map(\.session) + ["of \(page.count)"]).joined(separator: " ")
        }
        // Of those that ended in one second, the one that began last.
        #expect(try await found() == "c5 c4 c3 c2 c1 c0 of 6")
        #expect(try await found(offset: 2, limit: 3) == "c3 c2 c1 of 6")
        #expect(try await found(offset: 9) == "of 6")
        #expect(try await found("user") == "c4 c3 c2 c1 c0 of 5")
        #expect(try await found("pc-9", "x2go", "ts1") == "c3 of 1")
        #expect(try await found("ελένη") == "c5 of 1")
        for nothing in ["%", "_", "'", "' or 1 --", "ελενη"] {
            #expect(try await found(nothing) == "of 0", "\(nothing)")
        }
        let (one, two) = (all[0].server, all[4].server)
        #expect(try await found(named: .only([two])) == "c4 of 1")
        #expect(try await found(named: .allBut([two]), limit: 1) == "c5 of 5")
        #expect(try await found(named: .only([])) == "of 0")
        // A search does not find what is not given.
        #expect(try await found("user4", named: .only([one]), unnamed: .only([two])) == "of 0")
        #expect(try await found("pc-1", named: .only([]), unnamed: .allBut([])) == "of 0")
        #expect(try await found("person", "ts2", named: .only([one]), unnamed: .only([two])) == "c4 of 1")
        #expect(
            try await found(named: .only([one]), unnamed: .only([two])) == "c5 c4 c3 c2 c1 c0 of 6")
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

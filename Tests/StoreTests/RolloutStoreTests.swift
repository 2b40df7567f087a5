import Foundation
import Testing
import Wire

@testable import Fleet
@testable import StoreSQLite

@Suite final class RolloutStoreTests {
    private let path = FileManager.default.temporaryDirectory.appendingPathComponent("roost-\(UUID()).sqlite")
        .path

    deinit { for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) } }

    private func rollout() throws -> Rollout {
        Rollout(
            id: 1, image: try ImageName("debian"), channel: .stable, candidate: 2, former: 1, share: "5%",
            terms: Rollout.Terms(), startedAt: 1, startedBy: "test", canaries: [try NodeName("pc-1")])
    }

    @Test func `what boots show survives a restart, but never revives a finished roll-out`()
        async throws
    {
        let store = try SQLiteStore(path: path)
        let empty = try await store.snapshot()
        var rollout = try rollout()
        _ = try await store.apply(empty.checking([.rollout(rollout)]), by: "test", what: "begun")
        rollout.note(.underWay, of: try NodeName("pc-1"), began: 5)
        let mac = MACAddress(rawValue: 0x5254_0000_0001)
        let digest = try #require(Digest(String(repeating: "a", count: 64)))
        let trouble = BootTrouble(version: digest, failedBoots: 2, lastBootAt: 5, detail: "panic")
        try await store.save([rollout], troubles: [mac: trouble])
        let known = try await SQLiteStore(path: path).snapshot()
        #expect(known.contents.rollouts[1]?.count(.booting) == 1)
        #expect(known.observations.troubles[mac] == trouble)

        var over = rollout
        over.abort(because: "test", at: 9)
        _ = try await store.apply(known.checking([.rollout(over)]), by: "test", what: "aborted")
        // A boot that was seen a moment earlier is written a moment later.
        try await store.save([rollout], troubles: [mac: nil])
        let after = try await store.snapshot()
        #expect(after.contents.rollouts.isEmpty && after.observations.troubles.isEmpty)
        #expect(try await store.rollout(1).state == .aborted)
        #expect(try await store.rollouts(before: nil, limit: 10).map(\.id) == [1])
        await #expect(throws: StoreError.self) { try await store.rollout(2) }
    }
}

import Fleet
import Foundation
import GRDB
import Synchronization
import Testing
import Wire

@testable import StoreSQLite

/// Writers beside each other, and what they find of earlier changes.
extension StoreContractTests {
    @Test(arguments: StoreMaker.allCases)
    func `with two writers one appends, the other reads again, and nothing is lost`(
        maker: StoreMaker
    ) async throws {
        let count = 40
        let stores = try (0..<2).map { _ in try maker.open(path) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...count {
                let store = stores[number % 2]
                let pc = try node("pc-\(number)", UInt64(number))
                group.addTask {
                    var isMade = false
                    while !isMade {
                        let change = try await store.snapshot().checking([.node(pc.name, pc)])
                        isMade = try await store.apply(change, by: "ann", what: pc.name.text) != nil
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await stores[0].snapshot().nodes.count == count)
        #expect(try await stores[1].snapshot().revision == count)
        let revisions = try await stores[0].revisions(RevisionFilter(limit: 2 * count))
        #expect(revisions.map(\.number) == (1...count).reversed())
        #expect(Set(revisions.map(\.what)).count == count)
    }

    @Test(arguments: StoreMaker.allCases)
    func `history comes in pages, newest first, for one record or one person`(maker: StoreMaker) async throws
    {
        let store = try maker.open(path)
        let (one, two) = (try node("pc-1", 1), try node("pc-2", 2))
        var later = one
        later.tags = ["later"]
        try await change(store, .node(one.name, one))
        try await change(store, .node(two.name, two), by: "bob")
        try await change(store, .node(one.name, later), by: "bob")
        func numbers(_ filter: RevisionFilter) async throws -> [Int] {
            try await store.revisions(filter).map(\.number)
        }
        #expect(try await numbers(RevisionFilter(limit: 2)) == [3, 2])
        #expect(try await numbers(RevisionFilter(before: 2, limit: 2)) == [1])
        #expect(try await numbers(RevisionFilter(kind: Node.kind, key: "pc-1")) == [3, 1])
        #expect(try await numbers(RevisionFilter(who: "bob")) == [3, 2])
        #expect(try await numbers(RevisionFilter(kind: Node.kind, key: "pc-1", who: "bob")) == [3])
    }

    @Test(arguments: StoreMaker.allCases)
    func `changes since a plan are found by its records`(maker: StoreMaker) async throws {
        let store = try maker.open(path)
        let (one, two) = (try node("pc-1", 1), try node("pc-2", 2))
        try await change(store, .node(one.name, one))
        let planned = try await store.snapshot().revision
        try await change(store, .node(two.name, two))
        let edits: [FleetEdit] = [.node(one.name, nil), .volume(two.name, nil)]
        #expect(try await store.changed(edits, since: planned) == nil)
        #expect(try await store.changed(edits, since: 0) == "node pc-1")
        #expect(try await store.changed([.node(two.name, nil)], since: planned) == "node pc-2")
    }
}

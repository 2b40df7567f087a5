import Fleet
import Foundation
import GRDB
import Synchronization
import Testing
import Wire

@testable import StoreSQLite

/// A crash between any two statements of a change, in any store: all of the change is there afterwards, or nothing of it.
@Suite struct StoreCrashTests {
    private let directory: StoreDirectory
    private var path: String { directory.path }

    init() throws { directory = try StoreDirectory() }

    private static let changes = StoredChange.all.enumerated().filter {
        ProcessInfo.processInfo.environment["ROOST_TEST_SAMPLE"] == nil || $0.offset % 3 == 1
    }.map(\.element)

    @Test(arguments: StoreMaker.allCases, changes)
    func `a crash between two statements leaves all of a change or nothing of it`(
        maker: StoreMaker, change: StoredChange
    ) async throws {
        let crashes = try await maker.crashes(of: change, at: path)
        // A beginning, two statements, an end, and what is there once the change was acknowledged.
        #expect(crashes.moments >= 5)
        var found: [StoredState] = []
        for path in crashes.paths { found.append(try await StoredState(maker.open(path))) }
        let (before, after) = (try #require(found.first), try #require(found.last))
        #expect(before != after)
        #expect(found.drop { $0 == before }.allSatisfy { $0 == after })

        // What stopped in the middle takes the change again.
        let last = try #require(crashes.paths.dropLast().last)
        let store = try maker.open(last)
        if try await StoredState(store) == before { try await change.make(store) }
        #expect(try await StoredState(store) == after)
    }
}

/// What a program finds that opens the store after one that ended in the middle of a change.
struct StoreCrashes {
    /// How many were tried.
    var moments: Int
    /// What they left, in their order; moments that left the same to the byte have one. The last is what is there after the change.
    var paths: [String]
}

extension StoreMaker {
    /// Ends a program before each statement of `change`, and once after it.
    ///
    /// - Parameter path: where the change is made.
    func crashes(of change: StoredChange, at path: String) async throws -> StoreCrashes {
        switch self {
        case .sqlite:
            let store = try SQLiteStore(path: path, now: { 1_000 })
            try await change.prepare(store)
            let copies = SQLiteCopies(of: path)
            try copies.begin(store)
            try await change.make(store)
            copies.end(store)
            return try copies.crashes()
        }
    }
}

/// Copies of the files as they are before each statement: a process that is killed leaves just these.
private final class SQLiteCopies: Sendable {
    private struct State {
        var moments = 0
        var last: [Data] = []
        var paths: [String] = []
        var failure: (any Error)?
    }

    private let path: String
    private let state = Mutex(State())

    init(of path: String) { self.path = path }

    func begin(_ store: SQLiteStore) throws {
        try store.database.writeWithoutTransaction { database in
            // Changed pages go to the disk long before the commit, as in a change that is too large for memory.
            try database.execute(sql: "PRAGMA cache_size = 1; PRAGMA cache_spill = 1")
            database.trace { [self] _ in copy() }
        }
    }

    func end(_ store: SQLiteStore) {
        store.database.writeWithoutTransaction { $0.trace(options: []) }
        copy()
    }

    func crashes() throws -> StoreCrashes {
        try state.withLock { state in
            if let failure = state.failure { throw failure }
            return StoreCrashes(moments: state.moments, paths: state.paths)
        }
    }

    private func copy() {
        state.withLock { state in
            state.moments += 1
            do {
                let files = try ["", "-wal"].map { try Data(contentsOf: URL(fileURLWithPath: path + $0)) }
                if files == state.last { return }
                let copy = "\(path)-\(state.moments)"
                for (end, file) in zip(["", "-wal"], files) {
                    try file.write(to: URL(fileURLWithPath: copy + end))
                }
                state.last = files
                state.paths.append(copy)
            } catch {
                state.failure = error
            }
        }
    }
}

/// All that the writes of ``StoredChange`` change.
private struct StoredState: Equatable {
    var revisions: [Revision] = []
    var nodes: [NodeName: Node]
    var groups: [GroupPath: NodeGroup]
    var images: [ImageName: ImageCatalogue]
    var access: AccessRecords
    var rollouts: [Int: Rollout]
    var observations: FleetObservations
    var removed: [ImageName: Set<Fleet.Digest>]
    var logIns: [String: Int]
    var session: LoginSession?
    var boots: [BootTimeline]
    var lastBoots: [BootTimeline]
    var failedSteps: [PhaseResults]
    var hardware: [HardwareRecord]

    init(_ store: any FleetStore) async throws {
        let snapshot = try await store.snapshot()
        (nodes, groups) = (snapshot.contents.nodes, snapshot.contents.groups)
        (images, access) = (snapshot.contents.images, snapshot.contents.access)
        (rollouts, observations) = (snapshot.contents.rollouts, snapshot.observations)
        removed = try await store.removedVersions()
        logIns = try await store.lastLogIns()
        session = try await store.session(hash: StoredChange.session)
        boots = try await store.boots(of: nil, limit: 100)
        lastBoots = try await store.lastBoots()
        failedSteps = try await store.failedSteps()
        hardware = try await store.hardwareHistory(of: StoredChange.machine)
        for revision in try await store.revisions(RevisionFilter(limit: 100)) {
            revisions.append(try await store.revision(revision.number))
        }
    }
}

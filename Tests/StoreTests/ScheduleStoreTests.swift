import Fleet
import Foundation
import GRDB
import Testing

@testable import StoreSQLite

/// What every store does with what schedules have done.
@Suite final class ScheduleStoreTests {
    private let path = FileManager.default.temporaryDirectory.appendingPathComponent("roost-\(UUID()).sqlite")
        .path

    deinit { for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) } }

    @Test(arguments: StoreMaker.allCases)
    func `progress stands beside its schedule, in no history, and goes with it`(maker: StoreMaker)
        async throws
    {
        let store = try maker.open(path)
        var schedule = Schedule(
            name: try ScheduleName("nightly"), act: .restart(nodes: "pc-1", unlessInUse: false),
            time: .once(2_000_000_000))
        var progress = ScheduleProgress(at: 1)
        progress.begin(due: 2, at: 3, targets: ["pc-1", "pc-2"])
        progress.tell(["pc-1"])
        // Before there is a schedule, there is nothing that it could stand beside.
        try await store.save(progress, of: schedule.name, after: nil)
        #expect(try await store.scheduleProgress().known.isEmpty)
        try await store.make(by: "ann") { [schedule] _ in [.schedule(schedule.name, schedule)] }
        try await store.save(progress, of: schedule.name, after: nil)
        #expect(try await store.scheduleProgress().known == [schedule.name: progress])
        #expect(try await store.snapshot().contents.schedules == [schedule.name: schedule])
        // Another state of the record leaves it.
        schedule.isPaused = true
        try await store.make(by: "ann") { [schedule] _ in [.schedule(schedule.name, schedule)] }
        #expect(try await store.scheduleProgress().known == [schedule.name: progress])
        let revisions = try await store.revisions(RevisionFilter(limit: 9)).count
        #expect(revisions == 2)
        try await store.make(by: "ann") { [schedule] _ in [.schedule(schedule.name, nil)] }
        #expect(try await store.scheduleProgress().known.isEmpty)
    }

    private static let due = 2_000_000_000

    private func store(with names: [String]) async throws -> SQLiteStore {
        let store = try SQLiteStore(path: path)
        for name in names {
            let schedule = Schedule(
                name: try ScheduleName(name), act: .restart(nodes: "group=/", unlessInUse: false),
                time: .once(Self.due))
            try await store.make(by: "ann") { _ in [.schedule(schedule.name, schedule)] }
        }
        return store
    }

    private static func run(of names: [String]) -> ScheduleProgress {
        var progress = ScheduleProgress(at: due - 1)
        progress.begin(due: due, at: due, targets: names)
        return progress
    }

    @Test func `a step of a run writes the targets that have changed, and nothing else`() async throws {
        let store = try await store(with: ["nightly"])
        let name = try ScheduleName("nightly")
        let began = Self.run(of: ["pc-1", "pc-2", "pc-3"])
        try await store.save(began, of: name, after: nil)
        // What another has written there meanwhile stays, because it is not written again.
        try await DatabaseQueue(path: path).write { database in
            try database.execute(sql: "UPDATE schedule_target SET detail = 'mark' WHERE position = 2")
        }
        var next = began
        next.tell(["pc-1"])
        next.note("pc-2", .failed, "why")
        try await store.save(next, of: name, after: began)
        let targets = try #require(try await store.scheduleProgress().known[name]?.current?.targets)
        #expect(targets.map(\.outcome) == [.begun, .failed, .waiting])
        #expect(targets.map(\.detail) == ["", "why", "mark"])
        // Another run has other targets; a run that has ended has none there.
        let other = Self.run(of: ["pc-4"])
        try await store.save(other, of: name, after: next)
        #expect(try await store.scheduleProgress().known[name] == other)
        // What is said to be stored and is not, because the schedule came back, is written whole.
        try await store.make(by: "ann") { _ in [.schedule(name, nil)] }
        _ = try await self.store(with: ["nightly"])
        try await store.save(other, of: name, after: other)
        #expect(try await store.scheduleProgress().known[name] == other)
    }

    @Test func `what cannot be read of one schedule leaves the others as they are`() async throws {
        let store = try await store(with: ["bad", "good", "odd"])
        let (bad, good, odd) = (try ScheduleName("bad"), try ScheduleName("good"), try ScheduleName("odd"))
        let progress = Self.run(of: ["pc-1", "pc-2"])
        for name in [bad, good, odd] { try await store.save(progress, of: name, after: nil) }
        try await DatabaseQueue(path: path).write { database in
            try database.execute(sql: "UPDATE schedule_progress SET progress = 'x' WHERE key = 'bad'")
            try database.execute(
                sql: "UPDATE schedule_target SET outcome = 'x' WHERE key = 'odd' AND position = 1")
        }
        let stored = try await store.scheduleProgress()
        #expect(stored.unreadable == [bad] && stored.known[good] == progress)
        // It is not told again.
        #expect(stored.known[odd]?.current?.targets.map(\.outcome) == [.waiting, .unknown])
        try await store.save(progress, of: bad, after: nil)
        #expect(try await store.scheduleProgress().unreadable.isEmpty)
    }

    @Test func `a run that goes on is whole after a step of the schema up, and down`() async throws {
        let name = try ScheduleName("nightly")
        var progress = Self.run(of: ["pc-1", "pc-2"])
        progress.tell(["pc-1"])
        do {
            let store = try await store(with: ["nightly"])
            try await store.save(progress, of: name, after: nil)
        }
        try SchemaSteps.downgrade(path: path, to: 19)
        let json = try await DatabaseQueue(path: path).read { database in
            try String.fetchOne(database, sql: "SELECT progress FROM schedule_progress") ?? ""
        }
        let old = try JSONDecoder().decode(ScheduleProgress.self, from: Data(json.utf8))
        #expect(old == progress)
        let again = try SQLiteStore(path: path)
        #expect(try await again.scheduleProgress().known == [name: progress])
    }
}

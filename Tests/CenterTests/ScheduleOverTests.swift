import Fleet
import Foundation
import Synchronization
import Testing
import Wire

@testable import Center

/// Schedules that were to run once, after that: they go, and never run in the past.
@Suite struct ScheduleOverTests {
    /// Counts what it is told.
    private final class Counted: ScheduledWork {
        let count = Mutex(0)
        let fails: Bool

        init(fails: Bool = false) { self.fails = fails }

        func requireLeave(for schedule: Schedule) async throws {}
        func targets(of schedule: Schedule) async throws -> [String] { ["pc-1"] }
        func obstacles(of schedule: Schedule, among targets: [String]) async throws
            -> [String: (outcome: ScheduleRun.Outcome, detail: String)]
        { [:] }
        func act(_ schedule: Schedule, on target: String) async throws {
            count.withLock { $0 += 1 }
            if fails { throw StoreError.conflict("it cannot") }
        }
    }

    private static let (due, day) = (2_000_000_000, 86_400)

    private static func once(window: Int? = nil) throws -> Schedule {
        Schedule(
            name: try ScheduleName("nightly"), act: .restart(nodes: "pc-1", unlessInUse: false),
            time: .once(due), windowMinutes: window)
    }

    private static func save(_ schedule: Schedule, to fleet: LiveFleet) async throws {
        try await fleet.change(by: "test") { _ in [.schedule(schedule.name, schedule)] }
    }

    private static func isThere(_ schedule: Schedule, in fleet: LiveFleet) -> Bool {
        fleet.snapshot.contents.schedules[schedule.name] != nil
    }

    @Test(arguments: [false, true])
    func `it removes itself a day after its run, and a week after one that failed`(fails: Bool) async throws {
        let directory = try TemporaryDirectory()
        let fleet = try await CenterServices.alone(in: directory).fleet
        let schedule = try Self.once()
        try await Self.save(schedule, to: fleet)
        let (schedules, work) = (Schedules(fleet: fleet), Counted(fails: fails))
        let end = Self.due + (fails ? 7 : 1) * Self.day
        for now in [Self.due - 2, Self.due, end - 1_000] {
            try await schedules.look(work, at: now)
            #expect(Self.isThere(schedule, in: fleet), "\(now - Self.due)")
        }
        try await schedules.look(work, at: end + 1)
        #expect(!Self.isThere(schedule, in: fleet) && work.count.withLock { $0 } == 1)
        let last = try await fleet.store.revisions(RevisionFilter(limit: 1)).first
        #expect(last?.who == "schedules" && last?.what == "schedule nightly removed")
    }

    @Test func `one that a file of the configuration has stays, and so do those of each week`() async throws {
        let directory = try TemporaryDirectory()
        let fleet = try await CenterServices.alone(in: directory).fleet
        let declared = try Self.once()
        var weekly = declared
        weekly.name = try ScheduleName("weekly")
        weekly.time = .weekly(try #require(WeekTime("daily 03:00")))
        try await Self.save(weekly, to: fleet)
        let key = AppliedKey(try SourceName("school"), Schedule.kind, "nightly")
        try await fleet.change(by: "test") { _ in
            [
                .schedule(declared.name, declared),
                .applied(key, AppliedRecord(key, place: .site, fields: [:])),
            ]
        }
        let (schedules, work) = (Schedules(fleet: fleet), Counted())
        for now in [-2, 0, 2 * Self.day] { try await schedules.look(work, at: Self.due + now) }
        #expect(Self.isThere(declared, in: fleet) && Self.isThere(weekly, in: fleet))
    }

    @Test func `put back after its time it is over, does not run, and stays for a day`() async throws {
        let directory = try TemporaryDirectory()
        let fleet = try await CenterServices.alone(in: directory).fleet
        let (schedules, work) = (Schedules(fleet: fleet), Counted())
        // Nothing is known of what it did, and its window is open.
        let schedule = try Self.once(window: 600)
        try await schedules.look(work, at: Self.due + 60)
        try await Self.save(schedule, to: fleet)
        for now in [62, 64, 600] { try await schedules.look(work, at: Self.due + now) }
        let progress = try #require(schedules.progress(of: schedule.name))
        #expect(work.count.withLock { $0 } == 0 && progress.past.isEmpty)
        #expect(progress.overSince(schedule) == Self.due + 60)
        #expect(Self.isThere(schedule, in: fleet))
        try await schedules.look(work, at: Self.due + Self.day + 700)
        #expect(!Self.isThere(schedule, in: fleet))
        // A day later, what it did is not known any more.
        for days in [3, 5] { try await schedules.look(work, at: Self.due + days * Self.day) }
        try await Self.save(schedule, to: fleet)
        try await schedules.look(work, at: Self.due + 5 * Self.day + 2)
        #expect(work.count.withLock { $0 } == 0 && Self.isThere(schedule, in: fleet))
        let again = schedules.progress(of: schedule.name)
        #expect(again?.past.isEmpty == true)
    }

    @Test func `one that was made just before its time runs, also when the first look comes after it`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let fleet = try await CenterServices.alone(in: directory).fleet
        let (schedules, work) = (Schedules(fleet: fleet), Counted())
        let schedule = try Self.once()
        try await schedules.look(work, at: Self.due - 1)
        try await Self.save(schedule, to: fleet)
        try await schedules.look(work, at: Self.due + 1)
        #expect(work.count.withLock { $0 } == 1)
    }

    @Test func `what a server finds at its start, and whose time is past, is missed and does not run`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let fleet = try await CenterServices.alone(in: directory).fleet
        let (schedules, work) = (Schedules(fleet: fleet), Counted())
        let schedule = try Self.once(window: 600)
        try await Self.save(schedule, to: fleet)
        try await schedules.look(work, at: Self.due + 60)
        #expect(work.count.withLock { $0 } == 0)
        #expect(schedules.progress(of: schedule.name)?.past.map(\.state) == [.missed])
    }

    @Test func `progress that cannot be read is a trouble of one schedule, and does nothing again`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let fleet = try await CenterServices.alone(in: directory).fleet
        let schedule = try Self.once(window: 600)
        var other = schedule
        other.name = try ScheduleName("other")
        for one in [schedule, other] { try await Self.save(one, to: fleet) }
        let store = Damaged(store: fleet.store, damaged: schedule.name)
        var known = ScheduleProgress(at: Self.due - 100)
        known.settle(at: Self.due - 50)
        try await fleet.store.save(known, of: other.name, after: nil)
        let (schedules, work) = (Schedules(fleet: fleet, store: store), Counted())
        try await schedules.look(work, at: Self.due + 60)
        // The other one runs.
        #expect(work.count.withLock { $0 } == 1)
        let troubles = schedules.troubles(in: fleet.snapshot, now: Self.due + 60, sees: { _ in true })
        #expect(troubles.map(\.name) == [schedule.name])
        #expect(troubles.first?.why.contains("cannot be read") == true)
        #expect(try await fleet.store.scheduleProgress().known[schedule.name]?.past.count == 1)
    }

    /// Progress of one schedule that cannot be read.
    private struct Damaged: ScheduleStore {
        let store: any ScheduleStore
        let damaged: ScheduleName

        func scheduleProgress() async throws(StoreError) -> StoredProgress {
            var stored = try await store.scheduleProgress()
            stored.known[damaged] = nil
            stored.unreadable = [damaged]
            return stored
        }

        func save(
            _ progress: ScheduleProgress, of schedule: ScheduleName, after before: ScheduleProgress?
        ) async throws(StoreError) {
            try await store.save(progress, of: schedule, after: before)
        }
    }
}

import Fleet
import Foundation
import Testing

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
        try await store.save(progress, of: schedule.name)
        #expect(try await store.scheduleProgress().isEmpty)
        try await store.make(by: "ann") { [schedule] _ in [.schedule(schedule.name, schedule)] }
        try await store.save(progress, of: schedule.name)
        #expect(try await store.scheduleProgress() == [schedule.name: progress])
        #expect(try await store.snapshot().contents.schedules == [schedule.name: schedule])
        // Another state of the record leaves it.
        schedule.isPaused = true
        try await store.make(by: "ann") { [schedule] _ in [.schedule(schedule.name, schedule)] }
        #expect(try await store.scheduleProgress() == [schedule.name: progress])
        let revisions = try await store.revisions(RevisionFilter(limit: 9)).count
        #expect(revisions == 2)
        try await store.make(by: "ann") { [schedule] _ in [.schedule(schedule.name, nil)] }
        #expect(try await store.scheduleProgress().isEmpty)
    }
}

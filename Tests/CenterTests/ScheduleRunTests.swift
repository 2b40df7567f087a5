import API
import Fleet
import Foundation
import Synchronization
import Testing
import Wire

@testable import Center

/// Schedules that run: what is stored before what, and with whose permission.
@Suite struct ScheduleRunTests {
    /// Remembers what it was told, with what the store had at that moment.
    private final class Work: ScheduledWork {
        struct Told: Equatable {
            var target: String
            /// In the store.
            var outcome: ScheduleRun.Outcome?
        }

        let told = Mutex<[Told]>([])
        let used = Mutex<Set<String>>([])
        private let store: any FleetStore
        private let names: [String]

        init(_ store: any FleetStore, _ names: [String]) { (self.store, self.names) = (store, names) }

        func requireLeave(for schedule: Schedule) async throws {}
        func targets(of schedule: Schedule) async throws -> [String] { names }

        func obstacles(of schedule: Schedule, among targets: [String]) async throws
            -> [String: (outcome: ScheduleRun.Outcome, detail: String)]
        {
            let used = used.withLock { $0 }
            return Dictionary(
                uniqueKeysWithValues: targets.filter(used.contains).map { ($0, (.inUse, "in use")) })
        }

        func act(_ schedule: Schedule, on target: String) async throws {
            let stored = try await store.scheduleProgress().known[schedule.name]?.current
            let outcome = stored?.targets.first { $0.name == target }?.outcome
            told.withLock { $0.append(Told(target: target, outcome: outcome)) }
        }
    }

    private static let due = 2_000_000_000

    private static func add(_ schedule: Schedule, to fleet: LiveFleet) async throws {
        try await fleet.change(by: "test") { _ in [.schedule(schedule.name, schedule)] }
    }

    private static func restart(_ nodes: String, window: Int? = nil) throws -> Schedule {
        Schedule(
            name: try ScheduleName("nightly"), act: .restart(nodes: nodes, unlessInUse: true),
            time: .once(due), windowMinutes: window)
    }

    @Test func `each target is in the store before it is told, and is told once`() async throws {
        let directory = try TemporaryDirectory()
        let services = try await CenterServices.alone(in: directory)
        let fleet = services.fleet
        let schedule = try Self.restart("group=/")
        try await Self.add(schedule, to: fleet)
        let work = Work(fleet.store, ["pc-1", "pc-2"])
        let schedules = Schedules(fleet: fleet)
        for now in [-10, -1, 0, 2, 4] { try await schedules.look(work, at: Self.due + now) }
        #expect(
            work.told.withLock { $0 } == [
                Work.Told(target: "pc-1", outcome: .begun), Work.Told(target: "pc-2", outcome: .begun),
            ])
        let past = try #require(schedules.progress(of: schedule.name)?.past)
        #expect(past.map(\.state) == [.done] && past.first?.counts == ["done": 2])
        // Another server on the same store.
        let next = Schedules(fleet: fleet)
        try await next.look(work, at: Self.due + 6)
        #expect(work.told.withLock { $0.count } == 2)
    }

    @Test func `a server that died while it told a node does not tell it again`() async throws {
        let directory = try TemporaryDirectory()
        let services = try await CenterServices.alone(in: directory)
        let fleet = services.fleet
        let schedule = try Self.restart("group=/", window: 60)
        try await Self.add(schedule, to: fleet)
        var died = ScheduleProgress(at: Self.due - 60)
        died.begin(due: Self.due, at: Self.due, targets: ["pc-1", "pc-2"])
        died.tell(["pc-1"])
        try await fleet.store.save(died, of: schedule.name, after: nil)
        let work = Work(fleet.store, ["pc-1", "pc-2"])
        let schedules = Schedules(fleet: fleet)
        try await schedules.look(work, at: Self.due + 1_800)
        #expect(work.told.withLock { $0.map(\.target) } == ["pc-2"])
        let run = try #require(schedules.progress(of: schedule.name)?.past.first)
        #expect(run.state == .failed && run.counts == ["done": 1, "unknown": 1])
    }

    @Test func `nothing runs by a clock that was never set, and nothing hours later`() async throws {
        let directory = try TemporaryDirectory()
        let services = try await CenterServices.alone(in: directory)
        let schedule = try Self.restart("pc-1")
        try await Self.add(schedule, to: services.fleet)
        let work = Work(services.fleet.store, ["pc-1"])
        let schedules = Schedules(fleet: services.fleet)
        try await schedules.look(work, at: 86_400)
        #expect(schedules.progress(of: schedule.name) == nil)
        try await schedules.look(work, at: Self.due + 3 * 3_600)
        #expect(work.told.withLock { $0.isEmpty })
        #expect(schedules.progress(of: schedule.name)?.past.map(\.state) == [.missed])
        let troubles = schedules.troubles(
            in: services.fleet.snapshot, now: Self.due + 3 * 3_600, sees: { _ in true })
        #expect(troubles.count == 1 && troubles.first?.text.contains("did not run") == true)
    }

    @Test func `a time that is changed to one that has just passed waits for the next one`() async throws {
        let directory = try TemporaryDirectory()
        let services = try await CenterServices.alone(in: directory)
        var schedule = try Self.restart("pc-1", window: 600)
        let (early, late) = (try #require(WeekTime("daily 03:00")), try #require(WeekTime("daily 03:20")))
        (schedule.time, schedule.zone) = (.weekly(early), "Etc/UTC")
        try await Self.add(schedule, to: services.fleet)
        let work = Work(services.fleet.store, ["pc-1"])
        let schedules = Schedules(fleet: services.fleet)
        // It is 03:33 then; the first look is at 03:10.
        try await schedules.look(work, at: Self.due - 1_400)
        schedule.time = .weekly(late)
        try await Self.add(schedule, to: services.fleet)
        try await schedules.look(work, at: Self.due + 2)
        #expect(work.told.withLock { $0.isEmpty })
        try await schedules.look(work, at: Self.due + 2 + 86_400)
        #expect(work.told.withLock { $0.map(\.target) } == ["pc-1"])
    }

    @Test func `those in use are asked again while the window is open`() async throws {
        let directory = try TemporaryDirectory()
        let services = try await CenterServices.alone(in: directory)
        let schedule = try Self.restart("group=/", window: 60)
        try await Self.add(schedule, to: services.fleet)
        let work = Work(services.fleet.store, ["pc-1", "pc-2"])
        work.used.withLock { $0 = ["pc-1"] }
        let schedules = Schedules(fleet: services.fleet)
        for now in [-10, 0, 1_800, 1_802] { try await schedules.look(work, at: Self.due + now) }
        #expect(work.told.withLock { $0.map(\.target) } == ["pc-2"])
        work.used.withLock { $0 = [] }
        try await schedules.look(work, at: Self.due + 3_000)
        #expect(work.told.withLock { $0.map(\.target) } == ["pc-2", "pc-1"])
        #expect(schedules.progress(of: schedule.name)?.past.first?.state == .done)
    }

    // MARK: Permission

    private static func acts(_ role: Role, _ fleet: SmallFleet) -> Acts {
        let person = Person(role: role, place: .school)
        let grants = [Grant(role, in: (try? GroupPath(person.place.rawValue)) ?? .site)]
        return Acts(
            services: fleet.services,
            caller: Caller(name: person.name, grants: grants, proof: .token(1), account: person.name))
    }

    @Test func `it runs with the permission that its owner has then`() async throws {
        let fleet = try await SmallFleet()
        let live = fleet.services.fleet
        let owner = Person(role: .operator_, place: .school).name
        let made = try await Self.acts(.operator_, fleet).makeSchedule(
            ScheduleRequest(
                act: .set(ScheduledSettings(target: "/school", set: ["loader": .text("ipxe")], unset: [])),
                at: "2099-01-01T00:00Z")
        ).record
        let school = try GroupPath("/school")
        #expect(made.schedule.owner == owner && made.schedule.group == school)
        let work = ScheduleWork(services: fleet.services)
        let due = try #require(made.nextAt)
        let schedules = fleet.services.schedules
        try await schedules.look(work, at: due - 1)
        // Now a helpdesk, who may not change settings.
        try await live.change(by: "test") { current in
            var person = try #require(current.contents.access.administrators[owner])
            person.grants = [Grant(.helpdesk)]
            return [.administrator(owner, person)]
        }
        let revision = live.snapshot.revision
        try await schedules.look(work, at: due)
        #expect(live.snapshot.revision == revision)
        let run = try #require(schedules.progress(of: made.name)?.past.first)
        #expect(run.state == .refused && run.detail.contains("may not configure"))
        let troubles = schedules.troubles(in: live.snapshot, now: due, sees: { _ in true })
        #expect(troubles.contains { $0.name == made.name && $0.text.contains("did not run") })
    }

    @Test func `a change is made in the name of its owner, once`() async throws {
        let fleet = try await SmallFleet()
        let live = fleet.services.fleet
        let made = try await Self.acts(.operator_, fleet).makeSchedule(
            ScheduleRequest(
                act: .set(ScheduledSettings(target: "/school", set: ["loader": .text("ipxe")], unset: [])),
                at: "2099-01-01T00:00Z")
        ).record
        let (work, due) = (ScheduleWork(services: fleet.services), try #require(made.nextAt))
        for now in [-1, 0, 1, 2] { try await fleet.services.schedules.look(work, at: due + now) }
        let school = try GroupPath("/school")
        #expect(live.snapshot.groups[school]?.settings["loader"] == .text("ipxe"))
        let last = try await live.store.revisions(RevisionFilter(limit: 1)).first
        #expect(last?.who == "operator-school (schedule \(made.name))")
    }

    @Test func `a running node that people use is spared, and one that is free is asked`() async throws {
        let fleet = try await SmallFleet()
        let work = ScheduleWork(services: fleet.services)
        let schedule = try Self.restart("pc-1")
        let found = try await work.targets(of: schedule)
        #expect(found == ["pc-1"])
        let obstacles = try await work.obstacles(of: schedule, among: found)
        #expect(obstacles["pc-1"]?.outcome == .inUse)
        var free = schedule
        free.act = .restart(nodes: "pc-1", unlessInUse: false)
        #expect(try await work.obstacles(of: free, among: found).isEmpty)
        free.group = try GroupPath("/office")
        await #expect(throws: StoreError.self) { try await work.targets(of: free) }
    }

    @Test func `a time that is past, unknown or without a zone file is refused`() async throws {
        let fleet = try await SmallFleet()
        let acts = Self.acts(.operator_, fleet)
        let wishes: [(at: String, zone: String?)] = [
            ("2026-01-02T00:00Z", nil), ("soon", nil), ("22:00", "Europe/Nowhere"),
        ]
        for (at, zone) in wishes {
            let wish = ScheduleRequest(
                act: .restart(nodes: "pc-1", unlessInUse: false), at: at, zone: zone)
            await #expect(throws: (any Error).self, "\(at)") { try await acts.makeSchedule(wish) }
        }
        let secret = ScheduledSettings(target: "/school", set: ["root-password": .text("x")], unset: [])
        await #expect(throws: InvalidSetting.self) {
            try await acts.makeSchedule(ScheduleRequest(act: .set(secret), at: "2099-01-01T00:00Z"))
        }
    }
}

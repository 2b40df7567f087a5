import API
import Fleet
import Foundation
import Testing
import Wire

@testable import Center

/// What schedules touch, and what they tell to whom.
@Suite struct ScheduleScopeTests {
    private static let time = "2099-01-01T00:00Z"

    private static func acts(_ role: Role, _ place: Place, _ fleet: SmallFleet) -> Acts {
        let person = Person(role: role, place: place)
        let grants = [Grant(role, in: (try? GroupPath(place.rawValue)) ?? .site)]
        return Acts(
            services: fleet.services,
            caller: Caller(name: person.name, grants: grants, proof: .token(1), account: person.name))
    }

    private static func loader(of target: String) -> ScheduledAct {
        .set(ScheduledSettings(target: target, set: ["loader": .text("ipxe")], unset: []))
    }

    @Test func `it touches no node and no pool outside its group, now and later`() async throws {
        let fleet = try await SmallFleet()
        let work = ScheduleWork(services: fleet.services)
        let office = try GroupPath("/office")
        let pool = try PoolName("pool-of-\(Place.school.node)")
        for act in [Self.loader(of: Place.school.node), .pool(pool, patch: #"{"idleMinutes":30}"#)] {
            let wish = ScheduleRequest(group: office, act: act, at: Self.time)
            await #expect(throws: StoreError.self, "\(act)") {
                try await Self.acts(.operator_, .site, fleet).makeSchedule(wish)
            }
            // It was there when the schedule was made.
            let schedule = Schedule(
                name: try ScheduleName("later"), group: office, act: act, time: .once(2_000_000_000))
            let revision = fleet.services.fleet.snapshot.revision
            await #expect(throws: StoreError.self, "\(act)") { try await work.act(schedule, on: act.object) }
            #expect(fleet.services.fleet.snapshot.revision == revision)
        }
    }

    @Test func `servers and pools elsewhere are refused like those that are not there`() async throws {
        let fleet = try await SmallFleet()
        let acts = Self.acts(.operator_, .school, fleet)
        func refusal(_ act: ScheduledAct) async throws -> String {
            let problem = await #expect(throws: Problem.self) {
                try await acts.makeSchedule(ScheduleRequest(act: act, at: Self.time))
            }
            return try #require(problem?.detail)
        }
        let elsewhere = Place.office.node
        let server = try await refusal(
            .admit(.draining, servers: [TerminalName("ts-of-\(elsewhere)")], restarts: false))
        let noServer = try await refusal(
            .admit(.draining, servers: [TerminalName("ts-gone")], restarts: false))
        #expect(server.replacing("ts-of-\(elsewhere)", with: "ts-gone") == noServer)
        let pool = try await refusal(.pool(PoolName("pool-of-\(elsewhere)"), patch: "{}"))
        let noPool = try await refusal(.pool(PoolName("pool-gone"), patch: "{}"))
        #expect(pool.replacing("pool-of-\(elsewhere)", with: "pool-gone") == noPool)
    }

    @Test func `no node has to fit a condition when it is scheduled, and none later is nothing to do`()
        async throws
    {
        let fleet = try await SmallFleet()
        let tonight = ScheduledAct.restart(nodes: "outdated=yes tag=none", unlessInUse: true)
        for (place, group) in [(Place.school, "/school"), (.site, "/")] {
            let wish = ScheduleRequest(act: tonight, at: Self.time)
            let made = try await Self.acts(.operator_, place, fleet).makeSchedule(wish)
            #expect(made.record.schedule.group == (try GroupPath(group)))
        }
        // Of two groups, the condition says which one.
        let two = Acts(
            services: fleet.services,
            caller: Caller(
                name: "two",
                grants: try ["/school", "/office"].map { Grant(.operator_, in: try GroupPath($0)) },
                proof: .token(1), account: Person(role: .operator_, place: .school).name))
        let unsaid = await #expect(throws: Problem.self) {
            try await two.makeSchedule(ScheduleRequest(act: tonight, at: Self.time))
        }
        #expect(unsaid?.status == 422 && unsaid?.detail.contains("such as group=/school") == true)
        let said = ScheduledAct.restart(nodes: "outdated=yes group=/office tag=none", unlessInUse: true)
        let made = try await two.makeSchedule(ScheduleRequest(act: said, at: Self.time))
        #expect(made.record.schedule.group == (try GroupPath("/office")))
        let elsewhere = ScheduledAct.restart(nodes: "group=/ tag=none", unlessInUse: true)
        await #expect(throws: Problem.self) {
            try await two.makeSchedule(ScheduleRequest(act: elsewhere, at: Self.time))
        }
        let schedule = Schedule(
            name: try ScheduleName("nightly"), act: tonight, time: .once(2_000_000_000))
        #expect(try await ScheduleWork(services: fleet.services).targets(of: schedule) == [])
        // A name is one node, and it has to be there.
        await #expect(throws: (any Error).self) {
            try await Self.acts(.operator_, .site, fleet).makeSchedule(
                ScheduleRequest(act: .restart(nodes: "pc-99", unlessInUse: true), at: Self.time))
        }
    }

    @Test func `a node that has carried out all of its steps is done`() async throws {
        let fleet = try await SmallFleet()
        let work = ScheduleWork(services: fleet.services)
        let node = Place.site.node
        let schedule = Schedule(
            name: try ScheduleName("steps"), act: .apply(nodes: node), time: .once(2_000_000_000))
        try await work.act(schedule, on: node)
        let machine = try #require(MACAddress(Place.site.macAddress))
        let boot = try #require(fleet.services.fleet.boot(of: machine))
        try await fleet.services.fleet.note([
            PhaseResults(
                machine: machine, boot: boot.boot, phase: .beforeInit,
                told: [StepResult(name: "hosts", outcome: .done, mark: "b2")], isAddition: true)
        ])
        try await work.act(schedule, on: node)
    }

    @Test func `the one that was just made is answered, beside others like it`() async throws {
        let fleet = try await SmallFleet()
        let acts = Self.acts(.operator_, .school, fleet)
        let wish = ScheduleRequest(
            act: .restart(nodes: Place.school.node, unlessInUse: false), at: Self.time)
        let (first, second) = (try await acts.makeSchedule(wish), try await acts.makeSchedule(wish))
        #expect(first.record.name.text == "restart-1" && second.record.name.text == "restart-2")
        try await acts.removeSchedule(first.record.name)
        let third = try await acts.makeSchedule(wish)
        #expect(third.record.name.text == "restart-1")
    }

    /// Nothing is told, and all is done.
    private struct Done: ScheduledWork {
        var names: [String]

        func requireLeave(for schedule: Schedule) async throws {}
        func targets(of schedule: Schedule) async throws -> [String] { names }
        func obstacles(of schedule: Schedule, among targets: [String]) async throws
            -> [String: (outcome: ScheduleRun.Outcome, detail: String)]
        { [:] }
        func act(_ schedule: Schedule, on target: String) async throws {}
    }

    @Test func `a new schedule knows nothing of a removed one of its name; put back, that one knows all`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let services = try await CenterServices.alone(in: directory)
        let (fleet, due) = (services.fleet, 2_000_000_000)
        let schedules = Schedules(fleet: fleet)
        let schedule = Schedule(
            name: try ScheduleName("nightly"), act: .restart(nodes: "pc-1", unlessInUse: false),
            time: .once(due), windowMinutes: 600)
        func save(_ schedule: Schedule?, _ name: ScheduleName) async throws {
            try await fleet.change(by: "test") { _ in [.schedule(name, schedule)] }
        }
        let work = Done(names: ["pc-1"])
        try await save(schedule, schedule.name)
        for second in [-2, 0] { try await schedules.look(work, at: due + second) }
        #expect(schedules.progress(of: schedule.name)?.past.count == 1)
        // Put back, it does not run again, also after a start of the server.
        try await save(nil, schedule.name)
        try await schedules.look(work, at: due + 2)
        #expect(schedules.progress(of: schedule.name) == nil)
        try await save(schedule, schedule.name)
        try await schedules.look(work, at: due + 4)
        #expect(schedules.progress(of: schedule.name)?.past.map(\.dueAt) == [due])
        #expect(try await fleet.store.scheduleProgress().known[schedule.name]?.past.count == 1)
        // Another one.
        try await save(nil, schedule.name)
        try await schedules.look(work, at: due + 6)
        var other = schedule
        (other.act, other.time) = (.restart(nodes: "pc-2", unlessInUse: false), .once(due + 3_600))
        try await save(other, other.name)
        try await schedules.look(work, at: due + 8)
        #expect(schedules.progress(of: schedule.name)?.past.isEmpty == true)
    }
}

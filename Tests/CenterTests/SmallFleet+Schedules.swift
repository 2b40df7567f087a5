import Fleet
import Testing

@testable import Center

extension SmallFleet {
    /// A schedule that restarts the place's node each week.
    static func addSchedule(of place: Place, to fleet: LiveFleet) async throws {
        let schedule = Schedule(
            name: try ScheduleName("weekly-of-\(place.node)"), group: try GroupPath(place.rawValue),
            act: .restart(nodes: place.node, unlessInUse: false),
            time: .weekly(try #require(WeekTime("sun 04:00"))))
        try await fleet.change(by: "seed") { _ in [.schedule(schedule.name, schedule)] }
    }
}

import Fleet
import Testing

@testable import Center

extension SmallFleet {
    /// A schedule that restarts the place's node each week.
    static func schedule(of place: Place) throws -> FleetEdit {
        let schedule = Schedule(
            name: try ScheduleName("weekly-of-\(place.node)"), group: try GroupPath(place.rawValue),
            act: .restart(nodes: place.node, unlessInUse: false),
            time: .weekly(try #require(WeekTime("sun 04:00"))))
        return .schedule(schedule.name, schedule)
    }
}

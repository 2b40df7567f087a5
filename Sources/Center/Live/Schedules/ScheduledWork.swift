import Fleet

/// How the acts of schedules are done, each with the permission that the owner has at that moment.
protocol ScheduledWork: Sendable {
    /// Throws unless the owner may do it at this moment.
    func requireLeave(for schedule: Schedule) async throws

    /// What a run is to act on, and throws why there is nothing or no leave.
    func targets(of schedule: Schedule) async throws -> [String]

    /// Those of the targets that are not to be told now, with the reason. `inUse` waits for its turn as long as there is time.
    func obstacles(of schedule: Schedule, among targets: [String]) async throws
        -> [String: (outcome: ScheduleRun.Outcome, detail: String)]

    func act(_ schedule: Schedule, on target: String) async throws
}

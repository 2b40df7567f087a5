/// What schedules have done: beside their records, in no history. It goes with the record.
package protocol ScheduleStore: Sendable {
    func scheduleProgress() async throws(StoreError) -> StoredProgress

    /// Nothing where there is no such schedule any more.
    ///
    /// - Parameter before: what was stored last: of a run with many targets, those that have changed are written. Nil: all is written.
    func save(_ progress: ScheduleProgress, of schedule: ScheduleName, after before: ScheduleProgress?)
        async throws(StoreError)
}

/// The progress of schedules as a store has it.
package struct StoredProgress: Equatable, Sendable {
    package var known: [ScheduleName: ScheduleProgress] = [:]
    /// Those whose progress cannot be read.
    package var unreadable: Set<ScheduleName> = []

    package init() {}
}

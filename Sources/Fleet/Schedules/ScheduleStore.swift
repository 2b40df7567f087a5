/// What schedules have done: beside their records, in no history. It goes with the record.
package protocol ScheduleStore: Sendable {
    func scheduleProgress() async throws(StoreError) -> [ScheduleName: ScheduleProgress]

    /// Nothing where there is no such schedule any more.
    func save(_ progress: ScheduleProgress, of schedule: ScheduleName) async throws(StoreError)
}

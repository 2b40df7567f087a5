import Fleet

/// Schedules that have run once: their records would count for ever, and keep their groups from being removed.
extension Schedules {
    /// Seconds for which one is kept that ran as planned. What went wrong stays as long as it is a trouble.
    static let overSeconds = 86_400

    /// Removes those that are over since some time. Those of files of the configuration stay: the files say what there is.
    func removeThoseOver(now: Int) async throws {
        guard !thoseOver(in: fleet.snapshot, now: now).isEmpty else { return }
        _ = try await fleet.change(by: "schedules") { current in
            thoseOver(in: current, now: now).map { .schedule($0, nil) }
        }
    }

    private func thoseOver(in snapshot: FleetSnapshot, now: Int) -> [ScheduleName] {
        let over = snapshot.contents.schedules.values.filter { schedule in
            guard let progress = progress(of: schedule.name), let since = progress.overSince(schedule) else {
                return false
            }
            let isTrouble = progress.past.first.map { [.missed, .failed, .refused].contains($0.state) }
            return now - since >= (isTrouble == true ? Self.troubleSeconds : Self.overSeconds)
        }.map(\.name).sorted()
        guard !over.isEmpty else { return [] }
        let declared = Set(
            snapshot.contents.applied.keys.filter { $0.kind == Schedule.kind }.map(\.record))
        return over.filter { !declared.contains($0.text) }
    }
}

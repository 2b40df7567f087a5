import API
import Fleet
import Wire

/// A schedule that did not run as planned.
struct ScheduleTrouble: Equatable, Sendable {
    var name: ScheduleName
    /// What happened, and when.
    var why: String

    /// With what shows more.
    var text: String { "schedule \(name) \(why) (roost schedule show \(name))" }
}

extension Schedules {
    /// Seconds for which a run that went wrong is a trouble.
    static let troubleSeconds = 7 * 86_400

    /// What did not go as planned of late, for those who can mend it.
    func troubles(in snapshot: FleetSnapshot, now: Int, sees: (GroupPath) -> Bool) -> [ScheduleTrouble] {
        snapshot.contents.schedules.values.sorted { $0.name < $1.name }.compactMap { schedule in
            guard sees(schedule.group) else { return nil }
            if let zone = snapshot.zone(of: schedule), zones.zone(zone) == nil {
                return ScheduleTrouble(
                    name: schedule.name,
                    why: "goes by the server's own time: there is no time zone \(zone) here (package tzdata)")
            }
            guard let last = progress(of: schedule.name)?.past.first,
                [.missed, .failed, .refused].contains(last.state), now - last.dueAt < Self.troubleSeconds
            else { return nil }
            let what = last.state == .failed ? "was not done completely" : "did not run"
            return ScheduleTrouble(
                name: schedule.name,
                why: "\(what) at \(CalendarTime.text(second: last.dueAt)) UTC: \(last.summary)")
        }
    }
}

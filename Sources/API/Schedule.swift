package import Fleet
package import Wire

/// An act to be done later. Its members are beside those of the time.
package struct ScheduleRequest: Codable, Sendable {
    /// Left out: made of the act.
    package var name: ScheduleName?
    /// Left out: the nearest one with all that it acts on.
    package var group: GroupPath?
    package var act: ScheduledAct
    /// As people write it: `22:00`, `2026-12-01 22:00`, `2026-12-01T22:00+01:00`, `+2h`.
    package var at: String?
    /// Instead of `at`.
    package var every: WeekTime?
    /// Left out: the one of the group's setting `time-zone`, or of the server.
    package var zone: String?
    package var windowMinutes: Int?

    package init(
        name: ScheduleName? = nil, group: GroupPath? = nil, act: ScheduledAct, at: String? = nil,
        every: WeekTime? = nil, zone: String? = nil, windowMinutes: Int? = nil
    ) {
        (self.name, self.group, self.act) = (name, group, act)
        (self.at, self.every, self.zone, self.windowMinutes) = (at, every, zone, windowMinutes)
    }

    private enum CodingKeys: String, CodingKey { case name, group, at, every, zone, windowMinutes }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        act = try ScheduledAct(from: decoder)
        name = try fields.decodeIfPresent(ScheduleName.self, forKey: .name)
        group = try fields.decodeIfPresent(GroupPath.self, forKey: .group)
        at = try fields.decodeIfPresent(String.self, forKey: .at)
        every = try fields.decodeIfPresent(WeekTime.self, forKey: .every)
        zone = try fields.decodeIfPresent(String.self, forKey: .zone)
        windowMinutes = try fields.decodeIfPresent(Int.self, forKey: .windowMinutes)
    }

    package func encode(to encoder: any Encoder) throws {
        try act.encode(to: encoder)
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encodeIfPresent(name, forKey: .name)
        try fields.encodeIfPresent(group, forKey: .group)
        try fields.encodeIfPresent(at, forKey: .at)
        try fields.encodeIfPresent(every, forKey: .every)
        try fields.encodeIfPresent(zone, forKey: .zone)
        try fields.encodeIfPresent(windowMinutes, forKey: .windowMinutes)
    }
}

/// A schedule with what came of it and what is to come.
package struct ScheduleAnswer: Codable, Sendable {
    package enum State: String, Codable, Sendable, CaseIterable {
        case waiting, running, paused
        /// It was to run once, and that time is past.
        case over
    }

    package var name: ScheduleName
    package var schedule: Schedule
    package var state: State
    /// One line for people.
    package var summary: String
    /// The zone of its times, as in `/usr/share/zoneinfo`; nil: that of the server.
    package var zone: String?
    /// Nil: there is none.
    @SecondTimestamp package var nextAt: Int?
    /// The same as the clocks of its zone show it, `2026-12-01 22:00`.
    package var nextLocal: String?
    /// The run that goes on.
    package var current: ScheduleRun?
    /// The newest first.
    package var past: [ScheduleRun]

    package init(
        schedule: Schedule, state: State, zone: String?, nextAt: Int?, nextLocal: String? = nil,
        current: ScheduleRun?, past: [ScheduleRun]
    ) {
        (name, self.schedule, self.state) = (schedule.name, schedule, state)
        (summary, self.zone) = (schedule.act.summary, zone)
        (self.current, self.past) = (current, past)
        (self.nextAt, self.nextLocal) = (nextAt, nextLocal)
    }

    /// The same for lists: of the targets of its runs only those that their summaries name.
    package var brief: Self {
        var answer = self
        (answer.current, answer.past) = (current?.brief, past.map(\.brief))
        return answer
    }
}

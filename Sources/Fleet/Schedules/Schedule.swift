package import Wire

/// An act to be done later, once or each week, with the permission that its owner has then.
package struct Schedule: Equatable, Sendable {
    package enum Time: Equatable, Sendable {
        /// Seconds since 1970.
        case once(Int)
        case weekly(WeekTime)
    }

    package var name: ScheduleName
    /// Its administrators are those of the schedule, and what it touches is in this group or below.
    package var group: GroupPath
    package var act: ScheduledAct
    package var time: Time
    /// The zone of a weekly time, as in `/usr/share/zoneinfo`; nil: the one of the group, or of the server.
    package var zone: String?
    /// What is not begun so many minutes after its time is not begun any more. Many machines are spread over the first half. Nil: all at
    /// once, and nothing when the server is five minutes late.
    package var windowMinutes: Int?
    /// The account that it runs for; nil: the server itself, for administrators of the whole site alone.
    package var owner: String?
    package var isPaused: Bool

    package init(
        name: ScheduleName, group: GroupPath = .site, act: ScheduledAct, time: Time, zone: String? = nil,
        windowMinutes: Int? = nil, owner: String? = nil, isPaused: Bool = false
    ) {
        self.name = name
        self.group = group
        self.act = act
        self.time = time
        self.zone = zone
        self.windowMinutes = windowMinutes
        self.owner = owner
        self.isPaused = isPaused
    }

    package var isWeekly: Bool {
        if case .weekly = time { true } else { false }
    }

    /// Seconds for which it may begin late without a window.
    package static let graceSeconds = 300

    /// Seconds after its time during which it may begin.
    package var patience: Int { windowMinutes.map { $0 * 60 } ?? Self.graceSeconds }

    /// The next time after `second` (since 1970), whether it is paused or not; nil: there is none.
    package func next(after second: Int, in zone: ZoneFile) -> Int? {
        switch time {
        case .once(let moment): moment > second ? moment : nil
        case .weekly(let time): time.next(after: second, in: zone)
        }
    }
}

/// The name of a schedule: 1 to 63 lower-case letters, digits and hyphens.
package struct ScheduleName: Hashable, Sendable, Comparable, CheckedName, CustomStringConvertible {
    package let text: String

    package init(_ text: some StringProtocol) throws(InvalidName) { self.text = try RuleName(text).text }

    package static func < (left: Self, right: Self) -> Bool {
        left.text.countingKey.lexicographicallyPrecedes(right.text.countingKey)
    }
    package var description: String { text }
}

/// The time of a schedule that runs once, with its zone.
private struct ScheduledMoment: WrittenAsText {
    static let form = "a time with its zone (2026-12-01T22:00:00Z, 2026-12-01T22:00+01:00)"

    /// Since 1970.
    var second: Int

    init(second: Int) { self.second = second }

    init?(_ text: String) {
        guard let milliseconds = try? MomentText.milliseconds(text) else { return nil }
        second = milliseconds / 1_000
    }

    var description: String { RFC3339.text(seconds: second) }
}

/// In JSON and files the members of the act are beside those of the schedule.
extension Schedule: Codable {
    private enum CodingKeys: String, CodingKey {
        case name, group, at, every, zone, windowMinutes, owner, isPaused
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        // All optional members first: the forms of files are found by what is read.
        group = try fields.decodeIfPresent(GroupPath.self, forKey: .group) ?? .site
        let at = try fields.decodeIfPresent(ScheduledMoment.self, forKey: .at)
        let every = try fields.decodeIfPresent(WeekTime.self, forKey: .every)
        zone = try fields.decodeIfPresent(String.self, forKey: .zone)
        windowMinutes = try fields.decodeIfPresent(Int.self, forKey: .windowMinutes)
        owner = try fields.decodeIfPresent(String.self, forKey: .owner)
        isPaused = try fields.decodeIfPresent(Bool.self, forKey: .isPaused) ?? false
        name = try fields.decode(ScheduleName.self, forKey: .name)
        act = try ScheduledAct(from: decoder)
        switch (at, every) {
        case (let at?, nil): time = .once(at.second)
        case (nil, let every?): time = .weekly(every)
        default:
            throw DecodingError.unreadable("a schedule has either at or every", at: decoder.codingPath)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        try act.encode(to: encoder)
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(name, forKey: .name)
        try fields.encode(group, forKey: .group)
        switch time {
        case .once(let second): try fields.encode(ScheduledMoment(second: second), forKey: .at)
        case .weekly(let time): try fields.encode(time, forKey: .every)
        }
        try fields.encodeIfPresent(zone, forKey: .zone)
        try fields.encodeIfPresent(windowMinutes, forKey: .windowMinutes)
        try fields.encodeIfPresent(owner, forKey: .owner)
        if isPaused { try fields.encode(true, forKey: .isPaused) }
    }
}

extension FleetSnapshot {
    /// The zone of a schedule's times; nil: that of the server.
    package func zone(of schedule: Schedule) -> String? { schedule.zone ?? zone(of: schedule.group) }

    /// The zone that a group's setting names.
    package func zone(of group: GroupPath) -> String? {
        let settings = settings(of: group)
        guard settings.origin(of: Settings.timeZone) != .productDefault else { return nil }
        return settings[Settings.timeZone]?.settingText
    }
}

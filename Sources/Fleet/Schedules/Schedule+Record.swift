extension FleetEdit {
    /// - Parameter schedule: nil removes it.
    package static func schedule(_ name: ScheduleName, _ schedule: Schedule?) -> Self { Self(name, schedule) }
}

extension Schedule: GroupedRecord, ListedRecord, DeclaredForm {
    package typealias Record = Schedule
    package static var declaredForm: (any DeclaredForm.Type)? { Self.self }
    package static let kind = "schedule"
    package static let countLimit = 1_000
    package static let (member, keyMember) = ("schedules", "name")
    package static let audience = DeclaredAudience.group
    /// Up to a day: the next run of a schedule never finds the last one going on.
    package static let windowRange = 1...1_440

    package static var table: WritableKeyPath<FleetSnapshot.Contents, [ScheduleName: Self]> { \.schedules }
    package var key: ScheduleName { name }

    package static func checked(
        _ change: RecordChange<Self>, in draft: FleetSnapshot.Contents, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws -> Self? {
        try change.requireSomething(in: draft)
        guard var schedule = change.after else { return nil }
        schedule.name = change.key
        if let minutes = schedule.windowMinutes, !windowRange.contains(minutes) {
            throw InvalidSetting("window: \(minutes) minutes is not 1 to 1440 (a day)")
        }
        if let zone = schedule.zone, let flaw = try TimeZoneName(reading: zone).flaw {
            throw InvalidSetting("zone: \(flaw)")
        }
        if case .once(let moment) = schedule.time, moment < ClockReading.earliestSecond {
            throw InvalidSetting("at: that is long past")
        }
        try schedule.act.check(in: schedule.group)
        let stored = draft.schedules[change.key]
        if let owner = schedule.owner, owner != stored?.owner, draft.access.administrators[owner] == nil {
            throw StoreError.notFound("there is no administrator \(owner) (roost admin list shows all)")
        }
        return schedule
    }

    package static func check(_ key: ScheduleName, in contents: FleetSnapshot.Contents) throws {
        guard let schedule = contents.schedules[key] else { return }
        try contents.require(schedule.group)
    }

    package static func check(
        all changed: [ScheduleName], in snapshot: FleetSnapshot, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws {
        guard snapshot.contents.schedules.count <= max(countLimit, before.contents.schedules.count) else {
            throw StoreError.conflict("there are \(countLimit) schedules; remove some first")
        }
    }

    package static func summary(of change: RecordChange<Self>, in snapshot: FleetSnapshot) -> String {
        let before = snapshot.contents.schedules[change.key]
        guard let after = change.after else { return "schedule \(change.key) removed" }
        guard let before else { return "schedule \(change.key) added: \(after.act.summary)" }
        guard before.isPaused == after.isPaused else {
            return "schedule \(change.key) \(after.isPaused ? "paused" : "goes on")"
        }
        return "schedule \(change.key) changed: \(after.act.summary)"
    }

    /// The stronger one of what it did and what it will do.
    package static func permission(
        for change: RecordChange<Self>, in snapshot: FleetSnapshot
    ) -> Permission {
        let both = [snapshot.contents.schedules[change.key], change.after].compactMap { $0?.act.permission }
        return [.publish, .configure].first(where: both.contains) ?? .enrol
    }

    /// It runs with its owner's permission: what it does may be said only by those who have all of that. To pause and to remove it, the
    /// permission for its act is enough.
    package static func grants(of change: RecordChange<Self>, in snapshot: FleetSnapshot) -> [Grant] {
        guard let after = change.after else { return [] }
        if var before = snapshot.contents.schedules[change.key] {
            // Those who move it have the permission for its act in both places.
            (before.isPaused, before.group) = (after.isPaused, after.group)
            if before == after { return [] }
        }
        // An account that is gone may come back with any roles.
        guard let owner = after.owner.flatMap({ snapshot.contents.access.administrators[$0] }) else {
            return [Grant(.admin)]
        }
        return owner.grants
    }

    package static func missing(_ key: ScheduleName) -> Sentence {
        "there is no schedule \(key) (roost schedule list shows all)"
    }

    package static func existing(_ key: ScheduleName) -> Sentence {
        "schedule \(key) already exists; choose another name, or remove it first"
    }
}

extension ScheduledAct {
    private static let (textLimit, serverLimit) = (10_000, 1_000)

    /// Throws unless it can be done in a group, as far as the act itself tells.
    fileprivate func check(in group: GroupPath) throws {
        switch self {
        case .restart(let nodes, _), .powerOff(let nodes, _), .wake(let nodes), .apply(let nodes):
            guard !nodes.allSatisfy(\.isWhitespace) else {
                throw InvalidSetting("nodes: a name or a condition is missing (group=/school/room-12)")
            }
            if (try? NodeName(nodes)) == nil { _ = try Condition(nodes) }
        case .admit(_, let servers, _):
            guard (1...Self.serverLimit).contains(servers.count), Set(servers).count == servers.count else {
                throw InvalidSetting("servers: 1 to \(Self.serverLimit) terminal servers, each of them once")
            }
        case .set(let settings): try settings.check(in: group)
        case .pool(_, let patch):
            guard patch.utf8.count <= Self.textLimit else {
                throw InvalidSetting("patch: at most \(Self.textLimit) bytes")
            }
        case .promote(_, let version, _): try Self.check(version)
        case .trial(_, let version, _, let share, let terms):
            try Self.check(version)
            try terms.check()
            guard Rollout.Share(share) != nil else {
                throw InvalidSetting("share: ‘\(share)’ is neither a share (5%) nor a group (/school/room-1)")
            }
        }
        guard permission != .publish || group == .site else {
            throw InvalidSetting(
                "group: \(kind.rawValue) is for the whole site: give its schedule the group /")
        }
    }

    private static func check(_ version: String) throws {
        guard (1...64).contains(version.utf8.count) else {
            throw InvalidSetting("version: ‘\(version.prefix(40))’ is no version")
        }
    }
}

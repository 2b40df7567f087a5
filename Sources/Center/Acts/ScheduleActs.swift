import API
import Fleet
import Foundation
import Wire

/// Schedules: acts for later. What they do needs the permission for it, now and then.
extension Acts {
    /// Those with each word of `query` in name, act, group or owner, the next one first.
    func schedules(_ query: String, offset: Int, limit: Int) throws -> Page<ScheduleAnswer> {
        try require(.read)
        let snapshot = fleet.snapshot
        let words = try SearchWords(query)
        let all = snapshot.contents.schedules.values.filter { caller.sees($0.group) }
            .map { answer($0, in: snapshot).brief }
            .filter { words.areIn($0.searchText) }
            .sorted { ($0.nextAt ?? .max, $0.name) < ($1.nextAt ?? .max, $1.name) }
        return Page(all, offset: offset, limit: limit)
    }

    func schedule(_ name: ScheduleName) throws -> Saved<ScheduleAnswer> {
        let snapshot = fleet.snapshot
        try require(.read)
        let schedule = try permittedSchedule(name, in: snapshot, missing: .read) { _ in .read }
        return Saved(
            record: answer(schedule, in: snapshot), tag: try RecordTag.of(schedule),
            revision: snapshot.revision)
    }

    /// Throws unless the caller may schedule such acts somewhere: asked before a form is read.
    func requireScheduling(_ kind: ScheduledAct.Kind) throws { try require(kind.permission) }

    /// Makes a schedule, which runs for the caller.
    ///
    /// - Parameter replaced: one that becomes it, and keeps its name and what came of it; nil: it is new.
    func makeSchedule(_ wish: ScheduleRequest, replacing replaced: ScheduleName? = nil) async throws
        -> Saved<ScheduleAnswer>
    {
        try require(wish.act.permission)
        var wish = wish
        if let replaced {
            let stored = try permittedSchedule(replaced, in: fleet.snapshot, \.act.permission)
            // What it acts on stays, so its place does, whatever fits the condition now.
            if stored.act.nodes != nil, stored.act.nodes == wish.act.nodes { wish.group = stored.group }
        }
        let wanted = wish
        let group = try await scheduledGroup(of: wish)
        // Before anything else: whether it could be done must not be told to those who may not do it.
        try require(wish.act.permission, in: group)
        let time = try time(of: wish, in: group)
        try await requireDoable(wish.act, in: group)
        let owner = caller.proof == .localSocket ? nil : caller.account ?? caller.name
        let known = fleet.snapshot.contents.schedules
        let next = try await change { [self] current in
            let stored = try replaced.map { try permittedSchedule($0, in: current, \.act.permission) }
            let schedule = Schedule(
                name: try stored?.name ?? wanted.name ?? Self.freeName(for: wanted.act, in: current),
                group: group, act: wanted.act, time: time, zone: wanted.zone,
                windowMinutes: wanted.windowMinutes, owner: owner, isPaused: stored?.isPaused ?? false)
            return [.schedule(schedule.name, schedule)]
        } check: { current in
            if replaced == nil, let name = wanted.name, current.contents.schedules[name] != nil {
                throw StoreError.conflict(Schedule.existing(name))
            }
        }
        if let replaced { return try schedule(replaced) }
        let made = next.contents.schedules.values.filter {
            known[$0.name] == nil && $0.act == wanted.act && $0.time == time && $0.owner == owner
                && wanted.name ?? $0.name == $0.name
        }
        guard let schedule = made.max(by: { $0.name < $1.name }) else {
            throw StoreError.conflict("the schedule was removed at once")
        }
        return try self.schedule(schedule.name)
    }

    func removeSchedule(_ name: ScheduleName, if expected: Precondition = .none) async throws {
        _ = try await fleet.change(by: caller.name) { [self] current in
            let stored = try permittedSchedule(name, in: current, \.act.permission)
            try expected.check(stored, at: name)
            let edits = [FleetEdit.schedule(name, nil)]
            try caller.requireLeave(for: edits, in: current)
            return edits
        }
    }

    /// - Parameter act: `pause`, `resume`, or `run` for a run now.
    func steerSchedule(_ name: ScheduleName, _ act: String) async throws -> Saved<ScheduleAnswer> {
        let stored = try permittedSchedule(name, in: fleet.snapshot, \.act.permission)
        switch act {
        case "pause", "resume":
            _ = try await fleet.change(by: caller.name) { [self] current in
                var schedule = try permittedSchedule(name, in: current, \.act.permission)
                guard schedule.isPaused != (act == "pause") else { return [] }
                schedule.isPaused = act == "pause"
                let edits = [FleetEdit.schedule(name, schedule)]
                try caller.requireLeave(for: edits, in: current)
                return edits
            }
        case "run":
            guard !stored.isPaused else {
                throw StoreError.conflict("schedule \(name) is paused (roost schedule resume \(name))")
            }
            guard services.schedules.progress(of: name)?.current == nil else {
                throw StoreError.conflict("schedule \(name) is running already")
            }
            services.schedules.begin(name)
            fleet.events.publish(
                ServerEvent(
                    kind: .schedule, group: stored.group,
                    text: "schedule \(name) is to run now, by \(caller.name)"))
        default:
            throw StoreError.notFound("a schedule can be told to pause, resume or run, not ‘\(act)’")
        }
        return try schedule(name)
    }

    /// Sets the image of a group at a time, and restarts its nodes from then on: two schedules, made as one change.
    ///
    /// - Parameters:
    ///   - at: as people write it, such as `22:00`.
    ///   - unlessInUse: nodes restart only while no one is logged in there.
    /// - Returns: the revision.
    func scheduleImage(
        _ image: ImageReference, for path: GroupPath, at text: String, windowMinutes: Int?, unlessInUse: Bool
    ) async throws -> Int {
        for kind in [ScheduledAct.Kind.set, .restart] {
            try require(kind.permission)
            try require(kind.permission, in: path)
        }
        // What a node boots changes before the first one restarts.
        let acts: [ScheduledAct] = [
            .set(
                ScheduledSettings(
                    target: path.description, set: [Settings.image.name: Settings.image.stored(image)],
                    unset: [])),
            .restart(nodes: "group=\(path)", unlessInUse: unlessInUse),
        ]
        let wish = ScheduleRequest(group: path, act: acts[0], at: text, windowMinutes: windowMinutes)
        guard case .once(let second) = try time(of: wish, in: path) else {
            throw InvalidSetting("when: this runs only once: give a time such as 22:00")
        }
        for act in acts { try await requireDoable(act, in: path) }
        let owner = caller.proof == .localSocket ? nil : caller.account ?? caller.name
        let next = try await change { current in
            try acts.enumerated().map { index, act in
                let schedule = Schedule(
                    name: try Self.freeName(for: act, in: current), group: path, act: act,
                    time: .once(second + 60 * index), zone: nil, windowMinutes: windowMinutes, owner: owner)
                return .schedule(schedule.name, schedule)
            }
        }
        return next.revision
    }

    /// The nodes that a schedule means: one by its exact name, any number by a condition. What is outdated every night may be none tonight.
    func scheduledNodes(_ text: String, in group: GroupPath) async throws -> [Node] {
        try require(.read)
        let snapshot = fleet.snapshot
        if let name = try? NodeName(text) {
            guard let node = snapshot.nodes[name], group.contains(node.group), caller.sees(node.group) else {
                throw StoreError.notFound(
                    "there is no node \(name) in \(group); to act on several, write a condition: '\(name)*'")
            }
            return [node]
        }
        return try await names(text).compactMap { snapshot.nodes[$0] }.filter { group.contains($0.group) }
    }

    /// How many nodes each schedule means now; nothing of those that act on something else. All nodes are looked at once.
    func scheduledCounts(_ schedules: [Schedule]) async throws -> [ScheduleName: Int] {
        try require(.read)
        let snapshot = fleet.snapshot
        var counts: [ScheduleName: Int] = [:]
        var conditions: [(name: ScheduleName, group: GroupPath, condition: Condition)] = []
        for schedule in schedules {
            guard let text = schedule.act.nodes else { continue }
            counts[schedule.name] = 0
            if let name = try? NodeName(text) {
                let node = snapshot.nodes[name].flatMap { caller.sees($0.group) ? $0 : nil }
                if let node, schedule.group.contains(node.group) { counts[schedule.name] = 1 }
            } else if let condition = try? Condition(text) {
                conditions.append((schedule.name, schedule.group, condition))
            }
        }
        guard !conditions.isEmpty else { return counts }
        let live = try await facts(in: snapshot)
        for (number, node) in snapshot.nodes.values.enumerated() where caller.sees(node.group) {
            // Others go on meanwhile.
            if number % 256 == 255 { await Task.yield() }
            let facts = live.facts(of: node, in: snapshot)
            for (name, group, condition) in conditions
            where group.contains(node.group) && condition.holds(for: facts) {
                counts[name, default: 0] += 1
            }
        }
        return counts
    }

    // MARK: Parts

    private func permittedSchedule(
        _ name: ScheduleName, in snapshot: FleetSnapshot, missing: Permission = .enrol,
        _ permission: (Schedule) -> Permission
    ) throws -> Schedule {
        let stored = snapshot.contents.schedules[name]
        // One that is not there is refused like one elsewhere, whose permission is the least unless its act says more.
        let needed = stored.map(permission) ?? missing
        try require(needed)
        if let stored, may(needed, in: stored.group) { return stored }
        try caller.requireNames(needed, "schedule", name.text)
        throw StoreError.notFound(Schedule.missing(name))
    }

    private func scheduledGroup(of wish: ScheduleRequest) async throws -> GroupPath {
        if let group = wish.group { return group }
        let (snapshot, needed) = (fleet.snapshot, wish.act.permission)
        switch wish.act {
        case .restart(let text, _), .powerOff(let text, _), .wake(let text), .apply(let text):
            if let name = try? NodeName(text) {
                return try caller.permitted(snapshot.nodes[name], named: text, needed, in: snapshot).group
            }
            let groups = try await scheduledNodes(text, in: .site).map(\.group)
            // Those that fit it later are looked for where the caller may act.
            let own = caller.grants.map(\.group).filter { may(needed, in: $0) }
            if groups.isEmpty, let place = try Condition(text).place,
                place == .site || snapshot.groups[place] != nil, may(needed, in: place)
            {
                return place
            }
            let reached = groups.isEmpty ? own : groups
            let group = reached.nearestCommon
            guard may(needed, in: group) || !reached.allSatisfy({ may(needed, in: $0) }) else {
                throw Problem(
                    422, "Several groups",
                    "a schedule belongs to one group, but ‘\(text)’ reaches into several of yours: make one schedule for each of them, with its group in the condition, such as group=\(own.first ?? .site)"
                )
            }
            return group
        case .admit(_, let servers, _):
            let known = snapshot.contents.terminals.servers
            return try servers.map { try permittedPlace(of: known[$0], at: $0, needed) }.nearestCommon
        case .pool(let pool, _):
            return try permittedPlace(of: snapshot.contents.terminals.pools[pool], at: pool, needed)
        case .set(let settings):
            return try place(of: SettingsTarget(settings.target), needed, in: snapshot)
        case .promote, .trial: return .site
        }
    }

    /// The group of a record. One that is not there is refused like one elsewhere.
    private func permittedPlace<Record: TableRecord>(
        of record: Record?, at key: Record.Key, _ permission: Permission
    ) throws -> GroupPath {
        if let record, may(permission, in: record.place) { return record.place }
        try caller.requireNames(permission, Record.kind.replacing("-", with: " "), "\(key)")
        throw StoreError.notFound(Record.missing(key))
    }

    private func time(of wish: ScheduleRequest, in group: GroupPath) throws -> Schedule.Time {
        switch (wish.at, wish.every) {
        case (nil, let every?):
            _ = try zone(of: wish, in: group)
            return .weekly(every)
        case (let text?, nil):
            let (written, now): (WrittenTime, Int)
            do { (written, now) = (try WrittenTime(text), Clock.second) } catch {
                throw Problem(422, "Invalid time", "at: \(error)")
            }
            let second = written.second(in: try zone(of: wish, in: group), now: now)
            guard second > now else {
                throw Problem(
                    422, "Invalid time", "at: \(CalendarTime.text(second: second)) UTC is past")
            }
            return .once(second)
        default: throw Problem(422, "Invalid time", "a schedule has either at or every")
        }
    }

    private func zone(of wish: ScheduleRequest, in group: GroupPath) throws -> ZoneFile {
        let name = wish.zone ?? fleet.snapshot.zone(of: group)
        if let zone = wish.zone, let flaw = try TimeZoneName(reading: zone).flaw {
            throw InvalidSetting("zone: \(flaw)")
        }
        guard let zone = services.schedules.zones.zone(name) else {
            throw Problem(
                422, "Invalid time",
                "zone: there is no time zone \(name ?? "") on this server (package tzdata)")
        }
        return zone
    }

    /// Throws where it is plain already that it cannot be done.
    private func requireDoable(_ act: ScheduledAct, in group: GroupPath) async throws {
        switch act {
        case .restart(let nodes, _), .powerOff(let nodes, _), .wake(let nodes), .apply(let nodes):
            _ = try await scheduledNodes(nodes, in: group)
        case .admit(_, let servers, _):
            let known = fleet.snapshot.contents.terminals.servers
            for name in servers where known[name].map({ group.contains($0.group) }) != true {
                throw StoreError.notFound("there is no terminal server \(name) in \(group)")
            }
        case .set(let settings):
            let change = SettingsChange(target: settings.target, set: settings.set, unset: settings.unset)
            _ = try plan(ChangeRequest(edits: [ChangeRequest.Edit(settings: change)]))
            try settings.requireNode(in: group, of: fleet.snapshot)
        case .pool(let name, let patch):
            let pool = try fleet.snapshot.pool(name, in: group)
            let changed = try MergePatch(Data(patch.utf8)).applied(to: pool)
            _ = try plan(ChangeRequest(edits: [ChangeRequest.Edit(.pool(name, changed))]))
        case .promote(let image, let version, _), .trial(let image, let version, _, _, _):
            _ = try self.version(version, of: image)
        }
    }

    private static func freeName(for act: ScheduledAct, in snapshot: FleetSnapshot) throws -> ScheduleName {
        for number in 1...Schedule.countLimit + 1 {
            let name = try ScheduleName("\(act.kind.rawValue)-\(number)")
            if snapshot.contents.schedules[name] == nil { return name }
        }
        throw StoreError.conflict("there are \(Schedule.countLimit) schedules; remove some first")
    }

    private func answer(_ schedule: Schedule, in snapshot: FleetSnapshot) -> ScheduleAnswer {
        let (name, now) = (snapshot.zone(of: schedule), Clock.second)
        let zone = services.schedules.zones.nearest(name)
        let progress = services.schedules.progress(of: schedule.name)
        let next = (progress ?? ScheduleProgress(at: now)).next(of: schedule, in: zone, now: now)
        // One whose time has just come is not over before it was looked at.
        let isOver = progress?.overSince(schedule) != nil && next == nil
        let state: ScheduleAnswer.State =
            progress?.current != nil ? .running : isOver ? .over : schedule.isPaused ? .paused : .waiting
        let shown = schedule.isPaused ? nil : next
        return ScheduleAnswer(
            schedule: schedule, state: state, zone: name, nextAt: shown,
            nextLocal: shown.map { String(CalendarTime.text(second: zone.local(at: $0)).prefix(16)) },
            current: progress?.current, past: progress?.past ?? [])
    }
}

extension ScheduleAnswer {
    fileprivate var searchText: String {
        "\(name) \(summary) \(schedule.group) \(schedule.owner ?? "") \(state.rawValue)".lowercased()
    }
}

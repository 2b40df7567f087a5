package import Wire

/// What a schedule has done, and does now: a pure state machine, to which the time comes in.
///
/// A run is in here, and stored, before it acts, and each target before it is told. So nothing happens twice, and nothing gets lost unseen.
package struct ScheduleProgress: Equatable, Sendable, Codable {
    /// Runs that are kept.
    package static let runLimit = 20
    /// Targets that are told together.
    package static let batchLimit = 50
    /// Seconds by which clocks may differ without having been set.
    private static let tolerance = 60
    /// Earlier times than so many seconds ago are not counted when all were missed.
    private static let countedSeconds = 400 * 86_400

    /// Seconds since 1970: times up to then are settled.
    package private(set) var settledUntil: Int
    package private(set) var current: ScheduleRun?
    /// The newest first.
    package private(set) var past: [ScheduleRun] = []

    /// Of a schedule that was not known before.
    package init(at now: Int) { settledUntil = now }

    /// Of a schedule whose progress was stored, and cannot be read: what has passed is taken for done, and it is said.
    package static func unreadable(at now: Int) -> Self {
        var progress = Self(at: now)
        progress.note(.failed, due: now, at: now, "what it had done cannot be read; it goes on from here")
        return progress
    }

    // MARK: As it is stored

    /// The same without the targets of the run that goes on, which are stored one by one.
    package var head: Self {
        var head = self
        head.current?.targets = []
        head.current?.counts = [:]
        return head
    }

    /// With the targets of the run that goes on.
    package func with(_ targets: [ScheduleRun.Target]) -> Self {
        guard var run = current else { return self }
        run.targets = targets
        run.counts = run.counted
        var whole = self
        whole.current = run
        return whole
    }

    /// The positions of targets that differ from those of `before`; nil: they are of another run, and all are new.
    package func changedTargets(since before: Self?) -> [Int]? {
        guard let current, let former = before?.current,
            (current.dueAt, current.beganAt) == (former.dueAt, former.beganAt),
            current.targets.map(\.name) == former.targets.map(\.name)
        else { return nil }
        return current.targets.indices.filter { current.targets[$0] != former.targets[$0] }
    }

    // MARK: When

    /// Settles the times that have passed.
    ///
    /// - Returns: the time of a run that is to begin now.
    package mutating func look(at schedule: Schedule, in zone: ZoneFile, now: Int) -> Int? {
        if settledUntil > now + Self.tolerance {
            // The clock was set back: what it only missed ahead of its time comes after all, and what it has done does not come again.
            settledUntil = now
            past.removeAll { $0.state == .missed && $0.dueAt > now }
        }
        let due = times(of: schedule, in: zone, upTo: now)
        guard let last = due.last else { return nil }
        settledUntil = max(settledUntil, last)
        if schedule.isPaused {
            if case .once = schedule.time { note(.missed, due: last, at: now, "it was paused") }
            return nil
        }
        if due.count > 1 {
            note(.missed, due: due[due.count - 2], at: now, Self.missed(due.count - 1))
        }
        if current != nil {
            note(.missed, due: last, at: now, "the run before it was still going on")
            return nil
        }
        guard now - last < schedule.patience else {
            note(.missed, due: last, at: now, Self.missed(1))
            return nil
        }
        return last
    }

    /// The next time; nil: there is none.
    package func next(of schedule: Schedule, in zone: ZoneFile, now: Int) -> Int? {
        var moment = max(now, settledUntil)
        if settledUntil > now + Self.tolerance { moment = now }
        guard let next = schedule.next(after: moment, in: zone) else { return nil }
        return hasActed(at: next) ? schedule.next(after: next, in: zone) : next
    }

    /// Another time was chosen: what it would have been before does not count.
    package mutating func settle(at now: Int) { settledUntil = max(settledUntil, now) }

    /// When one that runs once was over; nil: it is still to run, or runs.
    package func overSince(_ schedule: Schedule) -> Int? {
        guard case .once(let moment) = schedule.time, current == nil, isSettled(moment) else { return nil }
        return past.compactMap(\.endedAt).reduce(settledUntil, max)
    }

    private func isSettled(_ moment: Int) -> Bool {
        moment <= settledUntil || past.contains { $0.dueAt == moment } || current?.dueAt == moment
    }

    /// The server started after the time of a schedule that it had not looked at before.
    package mutating func miss(_ due: Int, at now: Int) {
        note(.missed, due: due, at: now, Self.missed(1))
    }

    private func times(of schedule: Schedule, in zone: ZoneFile, upTo now: Int) -> [Int] {
        switch schedule.time {
        case .once(let moment):
            // Of a run that so many by hand have followed nothing is known any more.
            let isForgotten = past.count == Self.runLimit && past.allSatisfy { $0.dueAt > moment }
            return moment <= now && !isSettled(moment) && !isForgotten ? [moment] : []
        case .weekly(let time):
            var (times, moment) = ([Int](), max(settledUntil, now - Self.countedSeconds))
            while true {
                moment = time.next(after: moment, in: zone)
                guard moment <= now else { return times }
                if !hasActed(at: moment) { times.append(moment) }
            }
        }
    }

    private func hasActed(at due: Int) -> Bool {
        current?.dueAt == due || past.contains { $0.dueAt == due && $0.hasActed }
    }

    private static func missed(_ count: Int) -> String {
        let why = "the server was off or asleep then, or its clock was set past that"
        return count == 1 ? "its time had passed: \(why)" : "missed \(count) times: \(why)"
    }

    // MARK: A run

    /// A run begins; nothing is done before this is stored.
    package mutating func begin(due: Int, at now: Int, targets: [String], isByHand: Bool = false) {
        current = ScheduleRun(
            dueAt: due, beganAt: now, state: .running, detail: targets.isEmpty ? "no node matched" : "",
            isByHand: isByHand,
            targets: targets.map { ScheduleRun.Target($0) })
    }

    /// A run does not begin.
    package mutating func refuse(due: Int, at now: Int, because reason: String) {
        note(.refused, due: due, at: now, reason)
    }

    private mutating func note(_ state: ScheduleRun.State, due: Int, at now: Int, _ detail: String) {
        keep(ScheduleRun(dueAt: due, beganAt: now, endedAt: now, state: state, detail: detail))
    }

    private mutating func keep(_ run: ScheduleRun) { past = Array(([run] + past).prefix(Self.runLimit)) }

    /// The server has started again: what it was told to do just before may be done or not.
    package mutating func resume() {
        guard var run = current else { return }
        for index in run.targets.indices where run.targets[index].outcome == .begun {
            run.targets[index].outcome = .unknown
            run.targets[index].detail = "the server stopped when it was told"
        }
        current = run
    }

    /// The targets whose turn it is; they stay as they are.
    ///
    /// With a window they are spread over its first half, so that a power line, a switch or the server itself does not get them all at once;
    /// of a run that began late, over the first half of what was left.
    package func turns(of schedule: Schedule, now: Int) -> [String] {
        guard let run = current else { return [] }
        let waiting = run.targets.filter { $0.outcome == .waiting }
        guard let minutes = schedule.windowMinutes, run.targets.count > 1 else {
            return waiting.prefix(Self.batchLimit).map(\.name)
        }
        let half = max(1, min(minutes * 60, run.dueAt + minutes * 60 - run.beganAt) / 2)
        let elapsed = min(max(0, now - run.beganAt), half)
        // Rounded up: the first begins at once.
        let allowed = min(run.targets.count, (run.targets.count * (elapsed + 1) + half - 1) / half)
        let begun = run.targets.count - waiting.count
        // Those that people use keep their turn, and do not hold up the others.
        let free = waiting.filter { $0.detail.isEmpty }
        let used = waiting.filter { !$0.detail.isEmpty }
        let turn = free.prefix(min(Self.batchLimit, max(0, allowed - begun - used.count)))
        return (Array(turn) + used).map(\.name)
    }

    /// These targets are told now; nothing is said to them before this is stored.
    package mutating func tell(_ names: Set<String>) { set(names, .begun) }

    /// How it ended for a target, or that it waits.
    package mutating func note(_ name: String, _ outcome: ScheduleRun.Outcome, _ detail: String = "") {
        set([name], outcome, detail)
    }

    /// The same for many at once. Those that wait on keep their reason: each one that is written is a whole run in the store.
    package mutating func note(_ outcomes: [String: (outcome: ScheduleRun.Outcome, detail: String)]) {
        guard var run = current, !outcomes.isEmpty else { return }
        for index in run.targets.indices {
            guard let (outcome, detail) = outcomes[run.targets[index].name] else { continue }
            if outcome == .waiting, !run.targets[index].detail.isEmpty { continue }
            (run.targets[index].outcome, run.targets[index].detail) = (outcome, detail)
        }
        run.counts = run.counted
        current = run
    }

    private mutating func set(_ names: Set<String>, _ outcome: ScheduleRun.Outcome, _ detail: String = "") {
        guard var run = current else { return }
        for index in run.targets.indices where names.contains(run.targets[index].name) {
            (run.targets[index].outcome, run.targets[index].detail) = (outcome, detail)
        }
        run.counts = run.counted
        current = run
    }

    /// Ends the run when all is done, its time is over, or it is to go no further.
    ///
    /// - Parameter stop: why it goes no further; nil: nothing keeps it.
    /// - Returns: the run that ended.
    package mutating func end(of schedule: Schedule, now: Int, stop: String? = nil) -> ScheduleRun? {
        guard var run = current else { return nil }
        let isOver = now - run.dueAt >= schedule.patience || now < run.dueAt - Self.tolerance
        let isWaiting = run.targets.contains { $0.outcome == .waiting }
        guard !isWaiting || isOver || stop != nil else { return nil }
        for index in run.targets.indices where run.targets[index].outcome == .begun {
            run.targets[index].outcome = .unknown
        }
        for index in run.targets.indices where run.targets[index].outcome == .waiting {
            let isUsed = !run.targets[index].detail.isEmpty
            run.targets[index].outcome = isUsed ? .inUse : .late
            if !isUsed { run.targets[index].detail = stop ?? "its time was over before its turn" }
        }
        run.end(at: now)
        keep(run)
        current = nil
        return run
    }
}

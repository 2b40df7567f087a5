import API
import Fleet
import NetworkErrors
import Synchronization
import Wire

/// Runs what is scheduled, in its time.
///
/// One look after the other: what a schedule has done is stored before the next act, so that after a power cut nothing is done twice.
package final class Schedules: Sendable {
    /// Between two looks.
    private static let tick = Duration.seconds(2)
    /// Seconds between two looks for those that are over.
    private static let clearingSeconds = 600

    private struct State {
        /// Nil: not read from the store yet.
        var progress: [ScheduleName: ScheduleProgress]?
        /// The schedules whose runs go on, as they were at the last look.
        var running: [ScheduleName: Schedule] = [:]
        /// All, as they were at the last look.
        var seen: [ScheduleName: Seen] = [:]
        /// What those did that were removed: put back by undo, they do not do it again.
        var removed: [ScheduleName: Removed] = [:]
        /// To be begun by hand.
        var wanted: Set<ScheduleName> = []
        /// Those whose stored progress could not be read.
        var unreadable: Set<ScheduleName> = []
        /// When it was looked last; nil: not since the start.
        var lookedAt: Int?
        /// When those that are over were last looked for.
        var clearedAt: Int?
    }

    private struct Seen {
        var schedule: Schedule
        var zone: String?
        /// The look before the first one that saw it with this time; nil: there was none since the start.
        var since: Int?
    }

    private struct Removed {
        var schedule: Schedule
        var progress: ScheduleProgress
        var at: Int

        /// What it had done; nil: this is another one with its name, which has done nothing.
        func progress(of other: Schedule) -> ScheduleProgress? {
            var same = schedule
            same.isPaused = other.isPaused
            return same == other ? progress : nil
        }
    }

    /// Seconds for which it is known what a removed schedule did, and of how many.
    private static let (removedSeconds, removedLimit) = (86_400, 10_000)

    let zones: ZoneFiles
    let fleet: LiveFleet
    private let store: any ScheduleStore
    private let state = Mutex(State())

    /// - Parameter store: nil: that of the fleet.
    init(fleet: LiveFleet, zones: ZoneFiles = ZoneFiles(), store: (any ScheduleStore)? = nil) {
        self.fleet = fleet
        self.store = store ?? fleet.store
        self.zones = zones
    }

    /// Looks every few seconds, until cancelled.
    func run(_ work: any ScheduledWork, _ log: @escaping @Sendable (String) -> Void) async throws {
        while true {
            do { try await look(work, at: Clock.second, log) } catch {
                log("cannot run schedules: \(ErrorText.of(error))")
            }
            try await Task.sleep(for: Self.tick)
        }
    }

    /// What a schedule has done; nil: it was not looked at yet.
    func progress(of name: ScheduleName) -> ScheduleProgress? {
        state.withLock { $0.progress?[name] }
    }

    /// A run begins at the next look.
    func begin(_ name: ScheduleName) { state.withLock { _ = $0.wanted.insert(name) } }

    /// - Parameter now: seconds since 1970. Nothing runs by a clock that was never set.
    func look(
        _ work: any ScheduledWork, at now: Int, _ log: @Sendable (String) -> Void = { _ in }
    ) async throws {
        guard now >= ClockReading.earliestSecond else { return }
        try await load(now: now)
        let all = fleet.snapshot.contents.schedules
        let wanted = state.withLock { state in
            Self.forget(&state, except: all, now: now)
            defer { state.wanted = [] }
            return state.wanted
        }
        for schedule in all.values.sorted(by: { $0.name < $1.name }) {
            do {
                try await look(at: schedule, work, now: now, isWanted: wanted.contains(schedule.name))
            } catch { log("cannot run schedule \(schedule.name): \(ErrorText.of(error))") }
        }
        let isTimeToClear = state.withLock { state in
            state.lookedAt = now
            if let last = state.clearedAt, abs(now - last) < Self.clearingSeconds { return false }
            state.clearedAt = now
            return true
        }
        if isTimeToClear { try await removeThoseOver(now: now) }
    }

    /// Of a schedule that was removed its run ends. What it did stays for a day.
    private static func forget(_ state: inout State, except all: [ScheduleName: Schedule], now: Int) {
        for (name, schedule) in state.running where all[name] == nil {
            _ = state.progress?[name]?.end(of: schedule, now: now, stop: "the schedule was removed")
            state.running[name] = nil
        }
        for (name, progress) in state.progress ?? [:] where all[name] == nil {
            state.progress?[name] = nil
            guard let seen = state.seen.removeValue(forKey: name) else { continue }
            state.removed[name] = Removed(schedule: seen.schedule, progress: progress, at: now)
        }
        state.removed = state.removed.filter { abs(now - $0.value.at) < removedSeconds }
        while state.removed.count > removedLimit,
            let oldest = state.removed.min(by: { $0.value.at < $1.value.at })
        {
            state.removed[oldest.key] = nil
        }
    }

    private func load(now: Int) async throws {
        guard state.withLock({ $0.progress == nil }) else { return }
        let stored = try await store.scheduleProgress()
        state.withLock { ($0.progress, $0.unreadable) = (stored.known, stored.unreadable) }
    }

    private func look(
        at schedule: Schedule, _ work: any ScheduledWork, now: Int, isWanted: Bool
    ) async throws {
        let known = progress(of: schedule.name)
        let zoneName = fleet.snapshot.zone(of: schedule)
        let (former, seen) = note(schedule, zoneName)
        var progress = known ?? firstProgress(of: schedule, seen, now: now)
        // What it was told just before the server stopped may be done or not.
        if former == nil { progress.resume() }
        if let former, former.schedule.time != schedule.time || former.zone != seen.zone {
            progress.settle(at: schedule.isWeekly ? now : min(seen.since ?? now, now))
        }
        let zone = zones.nearest(seen.zone)
        let due = progress.look(at: schedule, in: zone, now: now)
        var news: [String] = []
        if let last = progress.past.first, last != known?.past.first, last.beganAt == now {
            news.append(Self.words(of: last))
        }
        if let due {
            news.append(await begin(schedule, &progress, due: due, now: now, work))
        } else if isWanted, !schedule.isPaused, progress.current == nil {
            news.append(await begin(schedule, &progress, due: now, now: now, work, isByHand: true))
        }
        if progress != known { try await keep(progress, of: schedule.name) }
        // Where it cannot be stored, the next look comes to the same.
        for text in news { tell(schedule, text) }
        if progress.current != nil { try await advance(schedule, progress, work, now: now) }
    }

    /// Remembers a schedule as it is at this look.
    private func note(_ schedule: Schedule, _ zone: String?) -> (former: Seen?, seen: Seen) {
        state.withLock { state in
            let former = state.seen[schedule.name]
            let isSame = former?.schedule.time == schedule.time && former?.zone == zone
            let since = isSame ? former?.since : state.lookedAt
            let seen = Seen(schedule: schedule, zone: zone, since: since)
            state.seen[schedule.name] = seen
            return (former, seen)
        }
    }

    /// The progress of one of which nothing is known. What was put back after its time never runs again.
    private func firstProgress(of schedule: Schedule, _ seen: Seen, now: Int) -> ScheduleProgress {
        let (removed, isUnreadable) = state.withLock { state in
            (state.removed[schedule.name], state.unreadable.contains(schedule.name))
        }
        if isUnreadable { return .unreadable(at: now) }
        if var progress = removed?.progress(of: schedule) {
            // It stays for as long as others that are over.
            if progress.overSince(schedule) != nil { progress.settle(at: now) }
            return progress
        }
        guard case .once(let moment) = schedule.time, moment <= now else { return ScheduleProgress(at: now) }
        // Whether it was put back, or made just before the server stopped, is not known.
        guard let since = seen.since else {
            var progress = ScheduleProgress(at: now)
            progress.miss(moment, at: now)
            return progress
        }
        return ScheduleProgress(at: min(since, now))
    }

    /// Nothing happens yet: the run is stored first.
    ///
    /// - Returns: what is told once it is.
    private func begin(
        _ schedule: Schedule, _ progress: inout ScheduleProgress, due: Int, now: Int,
        _ work: any ScheduledWork,
        isByHand: Bool = false
    ) async -> String {
        do {
            let targets = try await work.targets(of: schedule)
            progress.begin(due: due, at: now, targets: targets, isByHand: isByHand)
            return "begins: \(schedule.act.summary)"
        } catch {
            progress.refuse(due: due, at: now, because: ErrorText.of(error))
            return progress.past.first.map(Self.words) ?? ""
        }
    }

    private func advance(
        _ schedule: Schedule, _ before: ScheduleProgress, _ work: any ScheduledWork, now: Int
    ) async throws {
        var progress = before
        let stop = try await reasonToStop(schedule, work)
        if stop == nil {
            let turns = progress.turns(of: schedule, now: now)
            let obstacles = try await work.obstacles(of: schedule, among: turns)
            progress.note(
                obstacles.mapValues { obstacle in
                    // Without a window there is no other turn.
                    let waits = obstacle.outcome == .inUse && schedule.windowMinutes != nil
                    return (waits ? .waiting : obstacle.outcome, obstacle.detail)
                })
            let free = turns.filter { obstacles[$0] == nil }.prefix(ScheduleProgress.batchLimit)
            progress.tell(Set(free))
            if progress != before { try await keep(progress, of: schedule.name) }
            for name in free {
                do {
                    try await work.act(schedule, on: name)
                    progress.note(name, .done)
                } catch { progress.note(name, .failed, ErrorText.of(error)) }
            }
        }
        let ended = progress.end(of: schedule, now: now, stop: stop)
        if progress != before { try await keep(progress, of: schedule.name) }
        guard let ended else { return }
        state.withLock { $0.running[schedule.name] = nil }
        tell(schedule, Self.words(of: ended))
    }

    /// Why a run goes no further; nil: nothing keeps it.
    private func reasonToStop(_ schedule: Schedule, _ work: any ScheduledWork) async throws -> String? {
        if schedule.isPaused { return "it was paused" }
        let begun = state.withLock { state in
            defer { state.running[schedule.name] = schedule }
            return state.running[schedule.name]
        }
        if let begun, begun.act != schedule.act { return "the schedule was changed" }
        do { try await work.requireLeave(for: schedule) } catch { return ErrorText.of(error) }
        return nil
    }

    /// Stored first: what is only in memory has not happened.
    private func keep(_ progress: ScheduleProgress, of name: ScheduleName) async throws {
        try await store.save(progress, of: name, after: self.progress(of: name))
        state.withLock { state in
            state.progress?[name] = progress
            state.removed[name] = nil
            state.unreadable.remove(name)
        }
    }

    private static func words(of run: ScheduleRun) -> String {
        let what =
            run.state == .done ? "is done" : run.state == .failed ? "was not done completely" : "did not run"
        return "\(what): \(run.summary)"
    }

    private func tell(_ schedule: Schedule, _ text: String) {
        fleet.events.publish(
            ServerEvent(kind: .schedule, group: schedule.group, text: "schedule \(schedule.name) \(text)"))
    }
}

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
    /// Seconds for which a run that went wrong is a trouble.
    static let troubleSeconds = 7 * 86_400

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
    }

    private struct Seen {
        var schedule: Schedule
        var zone: String?
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
    private let fleet: LiveFleet
    private let state = Mutex(State())

    init(fleet: LiveFleet, zones: ZoneFiles = ZoneFiles()) {
        self.fleet = fleet
        self.zones = zones
    }

    /// Looks every few seconds, until cancelled.
    func run(_ work: any ScheduledWork, _ log: @escaping @Sendable (String) -> Void) async throws {
        while true {
            do { try await look(work, at: Clock.second, log) } catch {
                log("schedules: \(ErrorText.of(error))")
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
        try await load()
        let all = fleet.snapshot.contents.schedules
        let wanted = state.withLock { state in
            Self.forget(&state, except: all, now: now)
            defer { state.wanted = [] }
            return state.wanted
        }
        for schedule in all.values.sorted(by: { $0.name < $1.name }) {
            do {
                try await look(at: schedule, work, now: now, isWanted: wanted.contains(schedule.name))
            } catch { log("schedule \(schedule.name): \(ErrorText.of(error))") }
        }
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

    private func load() async throws {
        guard state.withLock({ $0.progress == nil }) else { return }
        var stored = try await fleet.store.scheduleProgress()
        for name in stored.keys { stored[name]?.resume() }
        state.withLock { [stored] in $0.progress = stored }
    }

    private func look(
        at schedule: Schedule, _ work: any ScheduledWork, now: Int, isWanted: Bool
    ) async throws {
        let known = progress(of: schedule.name)
        let removed = state.withLock { $0.removed.removeValue(forKey: schedule.name) }
        let before = known ?? removed?.progress(of: schedule) ?? ScheduleProgress(at: now)
        var progress = before
        let seen = Seen(schedule: schedule, zone: fleet.snapshot.zone(of: schedule))
        let former = state.withLock { $0.seen.updateValue(seen, forKey: schedule.name) }
        if let former, former.schedule.time != schedule.time || former.zone != seen.zone {
            progress.settle(at: now)
        }
        let zone = zones.nearest(seen.zone)
        let due = progress.look(at: schedule, in: zone, now: now)
        var news: [String] = []
        if let missed = progress.past.first, missed != before.past.first, missed.state == .missed {
            news.append(Self.words(of: missed))
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
        try await fleet.store.save(progress, of: name)
        state.withLock { $0.progress?[name] = progress }
    }

    private static func words(of run: ScheduleRun) -> String {
        let what =
            run.state == .done ? "is done" : run.state == .failed ? "was not done whole" : "did not run"
        return "\(what): \(run.summary)"
    }

    private func tell(_ schedule: Schedule, _ text: String) {
        fleet.events.publish(
            ServerEvent(kind: .schedule, group: schedule.group, text: "schedule \(schedule.name) \(text)"))
    }
}

/// A schedule that did not run as planned.
struct ScheduleTrouble: Equatable, Sendable {
    var name: ScheduleName
    /// What happened, and when.
    var why: String

    /// With what shows more.
    var text: String { "schedule \(name) \(why) (roost schedule show \(name))" }
}

extension Schedules {
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
            let what = last.state == .failed ? "was not done whole" : "did not run"
            return ScheduleTrouble(
                name: schedule.name,
                why: "\(what) at \(CalendarTime.text(second: last.dueAt)) UTC: \(last.summary)")
        }
    }
}

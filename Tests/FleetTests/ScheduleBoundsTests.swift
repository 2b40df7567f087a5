import Testing
import Wire

@testable import Fleet

/// What schedules do late, often, and with very many nodes.
@Suite struct ScheduleBoundsTests {
    private static let due = 2_000_000_000

    private static func schedule(window: Int? = nil) throws -> Schedule {
        Schedule(
            name: try ScheduleName("nightly"), act: .restart(nodes: "group=/", unlessInUse: true),
            time: .once(due), windowMinutes: window)
    }

    @Test func `a run that begins late is spread over half of what is left`() throws {
        let schedule = try Self.schedule(window: 60)
        var progress = ScheduleProgress(at: Self.due - 100)
        let late = Self.due + 3_000
        progress.begin(due: Self.due, at: late, targets: (1...90).map { "pc-\($0)" })
        var begun = 0
        // Ten minutes are left.
        for (elapsed, most) in [(0, 1), (150, 46), (299, 90), (301, 90)] {
            let turns = progress.turns(of: schedule, now: late + elapsed)
            progress.tell(Set(turns))
            for name in turns { progress.note(name, .done) }
            begun += turns.count
            #expect(begun <= most && begun >= most - 1, "\(elapsed): \(begun)")
        }
        let ended = progress.end(of: schedule, now: late + 302)
        #expect(ended?.state == .done)
    }

    @Test func `what ran once does not come back when many runs by hand have followed`() throws {
        let schedule = try Self.schedule(window: 1_440)
        var progress = ScheduleProgress(at: Self.due - 100)
        let first = progress.look(at: schedule, in: .utc, now: Self.due)
        #expect(first == Self.due)
        for run in 0...ScheduleProgress.runLimit {
            let now = Self.due + run
            progress.begin(due: now, at: now, targets: ["pc-1"], isByHand: run > 0)
            progress.tell(["pc-1"])
            progress.note("pc-1", .done)
            let ended = progress.end(of: schedule, now: now)
            #expect(ended?.state == .done)
        }
        let again = progress.look(at: schedule, in: .utc, now: Self.due + 60)
        #expect(again == nil && progress.past.allSatisfy { $0.state == .done })
    }

    @Test func `those in use that wait on change nothing that would be stored`() throws {
        let schedule = try Self.schedule(window: 60)
        var progress = ScheduleProgress(at: Self.due - 100)
        progress.begin(due: Self.due, at: Self.due, targets: ["pc-1", "pc-2", "pc-3"])
        progress.note([
            "pc-1": (.waiting, "in use: 1 session"), "pc-2": (.off, "it does not run"),
            "pc-9": (.off, "not of this run"),
        ])
        #expect(progress.current?.counts == ["waiting": 2, "off": 1])
        let before = progress
        progress.note(["pc-1": (.waiting, "in use: 2 sessions")])
        #expect(progress == before)
        #expect(progress.turns(of: schedule, now: Self.due + 1_800) == ["pc-3", "pc-1"])
        progress.note(["pc-1": (.off, "it does not run")])
        #expect(progress.current?.counts == ["waiting": 1, "off": 2])
    }

    @Test func `a run that finds no node is done, and says so`() throws {
        let schedule = try Self.schedule(window: 60)
        var progress = ScheduleProgress(at: Self.due - 100)
        progress.begin(due: Self.due, at: Self.due, targets: [])
        #expect(progress.turns(of: schedule, now: Self.due) == [])
        let run = progress.end(of: schedule, now: Self.due)
        #expect(run?.state == .done && run?.summary == "no node matched")
    }

    @Test func `a list has one target of a run, and the same words about it`() {
        var run = ScheduleRun(
            dueAt: 1, beganAt: 1, state: .failed,
            targets: [
                ScheduleRun.Target("pc-1", .late, detail: "late"),
                ScheduleRun.Target("pc-2", .failed, detail: "why"), ScheduleRun.Target("pc-3", .failed),
            ])
        #expect(run.brief.targets.map(\.name) == ["pc-2"] && run.brief.summary == run.summary)
        run.targets = []
        #expect(run.brief == run)
    }

    @Test func `what it acts on is short for people, however long it is`() throws {
        let servers = try (1...1_000).map { try TerminalName("ts-\($0)") }
        let act = ScheduledAct.admit(.draining, servers: servers, restarts: false)
        #expect(act.summary.hasPrefix("drain ts-1, ts-2") && act.summary.hasLength(in: 0...520))
        let short = ScheduledAct.restart(nodes: "pc-1", unlessInUse: true)
        #expect(short.summary == "restart pc-1 (unless in use)")
    }

    @Test func `what runs for an account that is gone is changed only by those who may do all`() throws {
        var schedule = try Self.schedule()
        schedule.owner = "eve"
        var contents = FleetSnapshot.Contents()
        contents.schedules[schedule.name] = schedule
        let snapshot = FleetSnapshot(revision: 1, contents: contents)
        schedule.act = .restart(nodes: "pc-2", unlessInUse: false)
        #expect(FleetEdit.schedule(schedule.name, schedule).grants(in: snapshot) == [Grant(.admin)])
        #expect(FleetEdit.schedule(schedule.name, nil).grants(in: snapshot).isEmpty)
    }
}

import Foundation
import Testing
import Wire

@testable import Fleet

/// When schedules run, and that nothing happens twice.
@Suite struct ScheduleTests {
    /// A zone with a rule alone.
    private static func zone(_ rule: String) throws -> ZoneFile {
        var part = Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15)
        for count in [0, 0, 0, 0, 1, 4] { part.write(UInt32(count)) }
        part += [0, 0, 0, 0, 0, 0] + Array("LMT\0".utf8)
        return try ZoneFile(parsing: part + part + Array("\n\(rule)\n".utf8))
    }

    private static let berlin = "CET-1CEST,M3.5.0,M10.5.0/3"

    private static func at(_ text: String) throws -> Int {
        try MomentText.milliseconds("\(text):00Z", .whole) / 1_000
    }

    private static func schedule(
        _ time: Schedule.Time, window: Int? = nil, nodes: String = "pc-1", isPaused: Bool = false
    ) throws -> Schedule {
        Schedule(
            name: try ScheduleName("nightly"), act: .restart(nodes: nodes, unlessInUse: false), time: time,
            windowMinutes: window, isPaused: isPaused)
    }

    private static func week(_ text: String) throws -> WeekTime { try #require(WeekTime(text)) }

    // MARK: Times

    @Test(arguments: [
        ("daily 02:30", berlin, "2026-03-28T12:00", ["2026-03-29T01:30", "2026-03-30T00:30"]),
        ("daily 02:30", berlin, "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T01:30"]),
        ("sun 02:30", berlin, "2026-03-28T12:00", ["2026-03-29T01:30", "2026-04-05T00:30"]),
        (
            "fri 22:00", "EST5EDT,M3.2.0,M11.1.0", "2026-11-25T12:00",
            ["2026-11-28T03:00", "2026-12-05T03:00"]
        ),
        ("daily 00:00", "UTC0", "2028-02-28T12:00", ["2028-02-29T00:00", "2028-03-01T00:00"]),
        ("daily 23:30", berlin, "2026-12-31T12:00", ["2026-12-31T22:30", "2027-01-01T22:30"]),
        ("mon-fri 06:00", "<+0530>-5:30", "2026-11-27T01:00", ["2026-11-30T00:30", "2026-12-01T00:30"]),
        ("mon 00:30", "NZST-12NZDT,M9.5.0,M4.1.0/3", "2026-11-27T00:00", ["2026-11-29T11:30"]),
    ])
    func `a weekly time follows the clocks of its zone`(
        time: String, rule: String, after: String, expected: [String]
    ) throws {
        let (time, zone) = (try Self.week(time), try Self.zone(rule))
        var moment = try Self.at(after)
        for text in expected {
            moment = time.next(after: moment, in: zone)
            #expect(moment == (try Self.at(text)), "\(time) \(text)")
        }
    }

    @Test(arguments: ["mon-fri 22:00", "daily 06:30", "sat-mon 00:00", "mon,wed,fri 12:15"])
    func `a weekly time is written as it is read`(text: String) throws {
        #expect(try Self.week(text).description == text)
    }

    @Test(arguments: [
        "", "22:00", "mon", "mon 24:00", "mon 7:00", "xyz 07:00", "mon-fri 07:00-08:00", "mon  ",
    ])
    func `anything else is no weekly time`(text: String) { #expect(WeekTime(text) == nil) }

    // MARK: Runs

    @Test func `it begins within five minutes, and later not at all`() throws {
        let due = try Self.at("2026-12-01T22:00")
        let schedule = try Self.schedule(.once(due))
        let cases: [(late: Int, expected: Int?)] = [
            (-1, nil), (0, due), (299, due), (300, nil), (86_400 * 400, nil),
        ]
        for (late, expected) in cases {
            var progress = ScheduleProgress(at: due - 100)
            #expect(progress.look(at: schedule, in: .utc, now: due + late) == expected, "\(late)")
            #expect(progress.past.map(\.state) == (late >= 300 ? [.missed] : []), "\(late)")
        }
    }

    @Test func `with a window it begins as long as that is open`() throws {
        let due = try Self.at("2026-12-01T22:00")
        let schedule = try Self.schedule(.once(due), window: 120)
        var progress = ScheduleProgress(at: due - 100)
        #expect(progress.look(at: schedule, in: .utc, now: due + 7_199) == due)
        progress = ScheduleProgress(at: due - 100)
        #expect(progress.look(at: schedule, in: .utc, now: due + 7_200) == nil)
    }

    @Test func `after days without the server the last time is missed, and the others are counted`() throws {
        let schedule = try Self.schedule(.weekly(Self.week("daily 22:00")))
        var progress = ScheduleProgress(at: try Self.at("2026-12-01T12:00"))
        #expect(progress.look(at: schedule, in: .utc, now: try Self.at("2026-12-05T12:00")) == nil)
        #expect(progress.past.map(\.state) == [.missed, .missed])
        #expect(progress.past.last?.detail.hasPrefix("missed 3 times") == true)
        #expect(
            try progress.look(at: schedule, in: .utc, now: Self.at("2026-12-05T22:01"))
                == Self.at("2026-12-05T22:00"))
    }

    @Test func `years without the server are not walked through`() throws {
        let schedule = try Self.schedule(.weekly(Self.week("daily 22:00")))
        var progress = ScheduleProgress(at: try Self.at("2026-12-01T12:00"))
        #expect(progress.look(at: schedule, in: .utc, now: try Self.at("2066-12-05T12:00")) == nil)
        #expect(progress.past.count == 2)
    }

    @Test func `a run that was done does not come again when the clock is set back`() throws {
        let schedule = try Self.schedule(.weekly(Self.week("daily 22:00")))
        let due = try Self.at("2026-12-01T22:00")
        var progress = ScheduleProgress(at: due - 3_600)
        #expect(progress.look(at: schedule, in: .utc, now: due) == due)
        progress.begin(due: due, at: due, targets: ["pc-1"])
        progress.tell(["pc-1"])
        progress.note("pc-1", .done)
        let ended = progress.end(of: schedule, now: due + 1)
        #expect(ended?.state == .done)
        #expect(progress.look(at: schedule, in: .utc, now: due - 7_200) == nil)
        #expect(progress.look(at: schedule, in: .utc, now: due) == nil)
        #expect(progress.next(of: schedule, in: .utc, now: due - 7_200) == due + 86_400)
        #expect(progress.look(at: schedule, in: .utc, now: due + 86_400) == due + 86_400)
    }

    @Test func `what only a wrong clock missed comes in its time`() throws {
        let due = try Self.at("2026-12-01T22:00")
        for time in [Schedule.Time.once(due), .weekly(try Self.week("daily 22:00"))] {
            let schedule = try Self.schedule(time)
            var progress = ScheduleProgress(at: due - 7_200)
            // A clock that is ten years and two hours ahead for a minute.
            #expect(progress.look(at: schedule, in: .utc, now: due + 3_653 * 86_400 + 7_200) == nil)
            #expect(progress.past.first?.state == .missed)
            #expect(progress.look(at: schedule, in: .utc, now: due - 7_100) == nil)
            #expect(progress.next(of: schedule, in: .utc, now: due - 7_100) == due)
            #expect(progress.look(at: schedule, in: .utc, now: due) == due)
        }
    }

    @Test func `after a power cut what was told is not told again, and the others go on`() throws {
        let due = try Self.at("2026-12-01T22:00")
        let schedule = try Self.schedule(.once(due), window: 60)
        var progress = ScheduleProgress(at: due - 100)
        progress.begin(due: due, at: due, targets: ["pc-1", "pc-2", "pc-3"])
        progress.tell(["pc-1"])
        progress.note("pc-1", .done)
        progress.tell(["pc-2"])
        let json = try JSONEncoder().encode(progress)
        var again = try JSONDecoder().decode(ScheduleProgress.self, from: json)
        again.resume()
        #expect(again.look(at: schedule, in: .utc, now: due + 60) == nil)
        #expect(again.current?.targets.map(\.outcome) == [.done, .unknown, .waiting])
        #expect(again.turns(of: schedule, now: due + 1_800) == ["pc-3"])
        again.tell(["pc-3"])
        again.note("pc-3", .done)
        let ended = again.end(of: schedule, now: due + 1_801)
        #expect(ended?.state == .failed && ended?.counts == ["done": 2, "unknown": 1])
    }

    @Test func `many targets are spread over the first half of the window`() throws {
        let due = try Self.at("2026-12-01T22:00")
        let schedule = try Self.schedule(.once(due), window: 60, nodes: "group=/")
        let names = (1...90).map { "pc-\($0)" }
        var progress = ScheduleProgress(at: due - 100)
        progress.begin(due: due, at: due, targets: names)
        var begun = 0
        for (elapsed, most) in [(0, 1), (180, 10), (900, 46), (1_799, 90), (1_800, 90)] {
            let turns = progress.turns(of: schedule, now: due + elapsed)
            progress.tell(Set(turns))
            for name in turns { progress.note(name, .done) }
            begun += turns.count
            #expect(begun <= most && begun >= most - 1, "\(elapsed): \(begun)")
        }
    }

    @Test func `those in use keep their turn until the window ends, and are spared then`() throws {
        let due = try Self.at("2026-12-01T22:00")
        let schedule = try Self.schedule(.once(due), window: 10, nodes: "group=/")
        var progress = ScheduleProgress(at: due - 100)
        progress.begin(due: due, at: due, targets: ["pc-1", "pc-2"])
        #expect(progress.turns(of: schedule, now: due + 300) == ["pc-1", "pc-2"])
        progress.note("pc-1", .waiting, "in use: 1 session")
        progress.note("pc-2", .done)
        #expect(progress.turns(of: schedule, now: due + 301) == ["pc-1"])
        let early = progress.end(of: schedule, now: due + 599)
        #expect(early == nil)
        let ended = progress.end(of: schedule, now: due + 600)
        #expect(ended?.counts == ["done": 1, "in-use": 1] && ended?.state == .done)
    }

    @Test func `what was not begun in the window is not begun`() throws {
        let due = try Self.at("2026-12-01T22:00")
        let schedule = try Self.schedule(.once(due), window: 10, nodes: "group=/")
        var progress = ScheduleProgress(at: due - 100)
        progress.begin(due: due, at: due, targets: ["pc-1", "pc-2"])
        progress.note("pc-1", .done)
        let ended = progress.end(of: schedule, now: due + 601)
        #expect(ended?.counts == ["done": 1, "late": 1] && ended?.state == .failed)
        #expect(progress.turns(of: schedule, now: due + 602) == [])
    }

    @Test func `what is paused does not run, and is not made up for`() throws {
        let due = try Self.at("2026-12-01T22:00")
        var schedule = try Self.schedule(.once(due), isPaused: true)
        var progress = ScheduleProgress(at: due - 100)
        #expect(progress.look(at: schedule, in: .utc, now: due) == nil)
        schedule.isPaused = false
        #expect(progress.look(at: schedule, in: .utc, now: due + 10) == nil)
        #expect(progress.past.map(\.detail) == ["it was paused"])
    }

    // MARK: Records

    private static func acts() throws -> [ScheduledAct] {
        let (image, server) = (try ImageName("debian"), try TerminalName("ts-1"))
        return [
            .restart(nodes: "pc-1", unlessInUse: true), .apply(nodes: "group=/"),
            .powerOff(nodes: "group=/", unlessInUse: true), .wake(nodes: "group=/"),
            .admit(.draining, servers: [server], restarts: false),
            .admit(.draining, servers: [server], restarts: true),
            .admit(.maintenance, servers: [server], restarts: false),
            .admit(.open, servers: [server], restarts: false),
            .set(ScheduledSettings(target: "/", set: ["loader": .text("ipxe")], unset: ["swap"])),
            .pool(try PoolName("all"), patch: #"{"hours":["mon-fri 07:00-18:00"]}"#),
            .promote(image, version: "7", to: .stable),
            .trial(image, version: "7", to: .stable, share: "5%", Rollout.Terms()),
        ]
    }

    @Test func `each act is read as it is written`() throws {
        #expect(Set(try Self.acts().map(\.kind)) == Set(ScheduledAct.Kind.allCases))
        for act in try Self.acts() {
            for time in [Schedule.Time.once(2_000_000_000), .weekly(try Self.week("sun 04:00"))] {
                let schedule = Schedule(
                    name: try ScheduleName("a"), act: act, time: time, zone: "Europe/Lisbon",
                    windowMinutes: 60,
                    owner: "ann", isPaused: true)
                let json = try JSONEncoder().encode(schedule)
                #expect(try JSONDecoder().decode(Schedule.self, from: json) == schedule)
            }
        }
    }

    @Test func `files know each member of a schedule`() {
        let names = Set(Schedule.fields.map(\.name))
        #expect(
            names.isSuperset(of: [
                "name", "group", "act", "nodes", "servers", "set", "at", "every", "zone", "windowMinutes",
                "owner",
            ]))
        #expect(Schedule.fields.first { $0.name == "act" }?.isRequired == true)
        #expect(Schedule.fields.first { $0.name == "set" }?.form == .settings)
        guard case .text? = Schedule.fields.first(where: { $0.name == "at" })?.form else {
            Issue.record("at is written as text")
            return
        }
    }

    private static func snapshot(_ schedule: Schedule? = nil) throws -> FleetSnapshot {
        var contents = FleetSnapshot.Contents()
        let grants = ["ann": [Grant(.admin)], "bob": [Grant(.helpdesk)]]
        for (name, grants) in grants {
            contents.access.administrators[name] = Administrator(name: name, grants: grants)
        }
        if let schedule { contents.schedules[schedule.name] = schedule }
        return FleetSnapshot(revision: 1, contents: contents)
    }

    @Test func `a schedule gives the leave of one person to no other`() throws {
        var mine = try Self.schedule(.once(2_000_000_000))
        mine.owner = "bob"
        var hers = mine
        hers.owner = "ann"
        let empty = try Self.snapshot()
        #expect(FleetEdit.schedule(mine.name, mine).grants(in: empty) == [Grant(.helpdesk)])
        #expect(FleetEdit.schedule(hers.name, hers).grants(in: empty) == [Grant(.admin)])
        // What it does changes only with all of the owner's leave; to pause and remove it takes that for its act alone.
        let stored = try Self.snapshot(hers)
        var other = hers
        other.act = .restart(nodes: "pc-2", unlessInUse: false)
        #expect(FleetEdit.schedule(other.name, other).grants(in: stored) == [Grant(.admin)])
        var paused = hers
        paused.isPaused = true
        #expect(FleetEdit.schedule(paused.name, paused).grants(in: stored).isEmpty)
        #expect(FleetEdit.schedule(hers.name, nil).grants(in: stored).isEmpty)
        #expect(FleetEdit.schedule(hers.name, nil).permission(in: stored) == .enrol)
    }

    @Test func `what cannot be right is refused`() throws {
        let image = try ImageName("debian")
        var wrong: [Schedule] = []
        func add(_ change: (inout Schedule) throws -> Void) throws {
            var schedule = try Self.schedule(.once(2_000_000_000))
            try change(&schedule)
            wrong.append(schedule)
        }
        try add { $0.windowMinutes = 0 }
        try add { $0.windowMinutes = 1_441 }
        try add { $0.zone = "nowhere" }
        try add { $0.owner = "eve" }
        try add { $0.group = try GroupPath("/gone") }
        try add { $0.time = .once(5) }
        try add { $0.act = .restart(nodes: " ", unlessInUse: false) }
        try add { $0.act = .restart(nodes: "memory<", unlessInUse: false) }
        try add { $0.act = .admit(.draining, servers: [], restarts: false) }
        try add { $0.act = .trial(image, version: "1", to: .stable, share: "much", Rollout.Terms()) }
        try add {
            $0.act = .set(ScheduledSettings(target: "/", set: ["root-password": .text("word")], unset: []))
        }
        let snapshot = try Self.snapshot()
        for schedule in wrong {
            #expect(throws: (any Error).self, "\(schedule)") {
                try snapshot.checking([.schedule(schedule.name, schedule)])
            }
        }
        for act in try Self.acts() {
            var schedule = try Self.schedule(.once(2_000_000_000))
            schedule.act = act
            #expect(throws: Never.self) { try snapshot.checking([.schedule(schedule.name, schedule)]) }
        }
    }
}

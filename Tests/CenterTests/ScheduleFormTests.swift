import API
import Fleet
import Foundation
import Testing

@testable import Center

/// The form of the page Schedules: everything that commands can schedule.
@Suite struct ScheduleFormTests {
    private static func request(
        _ act: ScheduledAct.Kind, on: String, changes: String = "", window: String = ""
    ) throws -> ScheduleRequest {
        try ScheduleForm(
            SchedulesView.Typed(values: [
                "act": act.rawValue, "on": on, "changes": changes, "when": "sun 04:00", "window": window,
            ])
        ).request()
    }

    @Test func `settings are lines, and a minus removes one`() throws {
        let act = try Self.request(
            .set, on: " /school ", changes: "loader=ipxe\r\n\n kernel-arguments=quiet a=b \n-swap\n"
        ).act
        #expect(
            act
                == .set(
                    ScheduledSettings(
                        target: "/school",
                        set: ["loader": .text("ipxe"), "kernel-arguments": .list(["quiet", "a=b"])],
                        unset: ["swap"])))
    }

    @Test(arguments: [
        ("idleMinutes=30", #"{"idleMinutes":30}"#), ("idleMinutes=", #"{"idleMinutes":null}"#),
        (#"hours=["mon-fri 07:00-18:00"]"#, #"{"hours":["mon-fri 07:00-18:00"]}"#),
        ("users=ann, ben\nrelease=12", #"{"users":["ann","ben"],"release":"12"}"#),
    ])
    func `members of a pool are lines`(changes: String, patch: String) throws {
        let act = try Self.request(.pool, on: "class", changes: changes).act
        #expect(act == .pool(try PoolName("class"), patch: patch))
        var pool = TerminalPool(name: try PoolName("class"))
        pool = try MergePatch(Data(patch.utf8)).applied(to: pool)
        #expect(pool.idleMinutes == (patch.contains("30") ? 30 : nil))
    }

    @Test func `a roll-out has a share, and the usual terms where none are given`() throws {
        let (image, on) = (try ImageName("debian"), "debian@7 → edge")
        let usual = try Self.request(.trial, on: "debian@7", changes: "share=5%").act
        #expect(usual == .trial(image, version: "7", to: .stable, share: "5%", Rollout.Terms()))
        let changes = "share=/school/room-1\nready=2m\nfor=12h\nfailures=3"
        let own = try Self.request(.trial, on: on, changes: changes).act
        let terms = Rollout.Terms(readyWithin: 120, trialSeconds: 43_200, allowedFailures: 3)
        let edge = try #require(ChannelName("edge"))
        #expect(own == .trial(image, version: "7", to: edge, share: "/school/room-1", terms))
    }

    @Test(arguments: [
        (ScheduledAct.Kind.set, "loader"), (.set, "no-such=1"), (.set, "modules+=a"),
        (.pool, "nothing=1"), (.pool, ""), (.pool, "name=x"), (.pool, "levels=[{"), (.pool, "30"),
        (.trial, ""), (.trial, "share=5%\nfor=soon"), (.trial, "share=5%\nfailures=few"), (.trial, "x=1"),
    ])
    func `other lines are refused in words that name them`(act: ScheduledAct.Kind, changes: String) throws {
        let on = [ScheduledAct.Kind.set: "/school", .pool: "class", .trial: "debian@7"][act] ?? ""
        let refusal = #expect(throws: InvalidSetting.self) {
            try Self.request(act, on: on, changes: changes)
        }
        #expect(refusal?.description.isEmpty == false)
    }

    @Test func `a window is a minute or more`() throws {
        #expect(try Self.request(.restart, on: "pc-1", window: "2h").windowMinutes == 120)
        for window in ["30s", "0m", "long"] {
            #expect(throws: InvalidSetting.self, "\(window)") {
                try Self.request(.restart, on: "pc-1", window: window)
            }
        }
    }

    // MARK: The page

    private static func answer(_ act: ScheduledAct) throws -> ScheduleAnswer {
        let schedule = Schedule(
            name: try ScheduleName("nightly"), group: try GroupPath("/school"), act: act,
            time: .weekly(try #require(WeekTime("mon-fri 22:00"))), windowMinutes: 120)
        return ScheduleAnswer(
            schedule: schedule, state: .waiting, zone: "Europe/Athens", nextAt: 60,
            nextLocal: "1970-01-01 02:01", current: nil, past: [])
    }

    private static func view(
        _ act: ScheduledAct, typed: [String: String] = [:], asking: SchedulesView.Asking? = nil
    ) throws -> SchedulesView {
        SchedulesView(
            Acts.Page([try answer(act)], offset: 0, limit: 9), try PageViewTests.pager("/schedules"),
            counts: [try ScheduleName("nightly"): 288],
            form: SchedulesView.Typed(values: typed), kinds: ScheduledAct.Kind.allCases, places: ["/school"],
            asking: asking, mayAct: { _ in true }, PageViewTests.words)
    }

    @Test func `a row says once what it acts on, where, and how many nodes that are now`() throws {
        let act = ScheduledAct.powerOff(nodes: "group=/school", unlessInUse: false)
        let row = try #require(try Self.view(act).table?.rows.first)
        #expect(row.object == nil && row.group.path == "/groups?path=%2Fschool")
        #expect(row.local == "1970-01-01 02:01" && row.zone == "Europe/Athens")
        #expect(row.every == "mon-fri 22:00" && row.window == "Window: 120 min" && row.utc == "00:01 UTC")
        #expect(row.state.text == "scheduled" && row.lack == nil)
        #expect(row.targets?.label == "288 nodes" && row.targets?.path == "/nodes?q=group%3D%2Fschool")
        let view = try Self.view(act)
        let text = try PageViewTests.shown(view)
        #expect(text.contains(#"<span class="brief">mon-fri 22:00</span></td>"#))
        #expect(text.contains("02:01</time> <small>Europe/Athens</small> <small>00:01 UTC</small> <span"))
        #expect(text.contains(#"<a href="/schedules?edit=nightly"><strong>nightly</strong></a>"#))
        #expect(text.contains(">never<") && text.contains(#"href="/schedules?new=yes">New schedule</a>"#))
        let outdated = try Self.view(.apply(nodes: "outdated=yes")).table?.rows.first
        #expect(outdated?.object == "outdated=yes" && outdated?.group.label == "/school")
        #expect(outdated?.targets?.path == "/nodes?q=%28outdated%3Dyes%29%20group%3D%2Fschool")
        let one = try Self.view(.wake(nodes: "pc-1")).table?.rows.first
        #expect(one?.group.label == "/school" && one?.object == nil && one?.targets?.path == "/nodes/pc-1")
    }

    @Test(arguments: [
        (0, "1970-01-01 00:00", "UTC"), (7_259, "1970-01-01 04:00", "UTC+02:00"),
        (86_400, "1970-01-01 20:30", "UTC-03:30"),
    ])
    func `a run without a zone of its own is said in the server's, which is named`(
        next: Int, local: String, zone: String
    ) throws {
        let act = ScheduledAct.restart(nodes: "outdated=yes", unlessInUse: true)
        let schedule = Schedule(name: try ScheduleName("r-1"), group: .site, act: act, time: .once(next))
        let answer = ScheduleAnswer(
            schedule: schedule, state: .waiting, zone: nil, nextAt: next, nextLocal: local, current: nil,
            past: [])
        func view(_ answers: [ScheduleAnswer]) throws -> SchedulesView {
            SchedulesView(
                Acts.Page(answers, offset: 0, limit: 9), try PageViewTests.pager("/schedules"),
                form: SchedulesView.Typed(), kinds: [], mayAct: { _ in false }, PageViewTests.words)
        }
        let own = try view([answer])
        let row = try #require(own.table?.rows.first)
        #expect(row.local == local && row.zone == zone && row.every == nil && row.group.label == "Site")
        #expect((row.utc == nil) == (zone == "UTC"))
        #expect(row.edit == nil && !own.mayAdd && own.added == nil)
        #expect(try PageViewTests.shown(own).contains(">once</td>"))
        // Of two zones each says its own.
        let both = try view([answer, Self.answer(act)])
        #expect(both.table?.rows.map(\.zone) == [zone, "Europe/Athens"])
        #expect(both.table?.rows.map(\.local) == [local, "1970-01-01 02:01"])
    }

    @Test func `a condition that fits no node is told`() throws {
        let view = SchedulesView(
            Acts.Page([try Self.answer(.wake(nodes: "outdated=yes"))], offset: 0, limit: 9),
            try PageViewTests.pager("/schedules"), counts: [try ScheduleName("nightly"): 0],
            form: SchedulesView.Typed(), kinds: [], mayAct: { _ in false }, PageViewTests.words)
        #expect(view.table?.rows.first?.targets == nil)
        #expect(
            try PageViewTests.shown(view).contains(
                #"<span class="state booting">matches no node now</span>"#))
    }

    @Test(arguments: [
        ("22:00", SchedulesView.Repeats.once, "", "22:00"), ("", .once, "", ""),
        ("2026-12-01 02:00", .once, "2026-12-01", "02:00"), ("daily 06:30", .daily, "", "06:30"),
        ("mon-fri 22:00", .weekdays, "", "22:00"), ("sat,sun 04:00", .text, "", ""), ("+2h", .text, "", ""),
        ("2026-12-01T22:00Z", .text, "", ""), ("some 22:00", .text, "", ""),
    ])
    func `a time has fields, and stays the text that it was where it says more`(
        text: String, repeats: SchedulesView.Repeats, date: String, time: String
    ) throws {
        let link = SchedulesView.Typed(values: ["when": text])
        #expect(link.fieldsOfTime == SchedulesView.When(repeats, date: date, time: time))
        guard !time.isEmpty || repeats == .text else { return }
        let form = SchedulesView.Typed(values: [
            "repeats": repeats.rawValue, "date": date, "time": time, "when": repeats == .text ? text : "+9h",
        ])
        #expect(try form.written() == text)
        #expect(form.fieldsOfTime == link.fieldsOfTime)
    }

    @Test func `a date without a time of the day is refused, and a zone goes with the time`() throws {
        var typed = SchedulesView.Typed(values: [
            "act": "wake", "nodes": "pc-1", "repeats": "once", "date": "2026-12-01", "time": "",
            "zone": " Europe/Athens ",
        ])
        #expect(throws: InvalidSetting.self) { try ScheduleForm(typed).request() }
        typed.values["time"] = "02:00"
        let request = try ScheduleForm(typed).request()
        #expect(request.at == "2026-12-01 02:00" && request.every == nil && request.zone == "Europe/Athens")
        typed.values["repeats"] = "daily"
        typed.values["zone"] = ""
        let daily = try ScheduleForm(typed).request()
        #expect(daily.every == WeekTime("daily 02:00") && daily.at == nil && daily.zone == nil)
    }

    @Test func `the form of a schedule reads as the schedule`() throws {
        let (image, pool) = (try ImageName("debian"), try PoolName("class"))
        let settings = ScheduledSettings(
            target: "/school", set: ["loader": .text("ipxe"), "kernel-arguments": .list(["quiet", "a=b"])],
            unset: ["swap"])
        let acts: [ScheduledAct] = [
            .restart(nodes: "outdated=yes", unlessInUse: true),
            .powerOff(nodes: "group=/school", unlessInUse: false), .wake(nodes: "pc-1"),
            .admit(.draining, servers: [try TerminalName("ts-1"), try TerminalName("ts-2")], restarts: true),
            .admit(.maintenance, servers: [try TerminalName("ts-1")], restarts: false),
            .set(settings), .pool(pool, patch: #"{"idleMinutes":30,"release":"12","users":["ann","ben"]}"#),
            .pool(pool, patch: #"{"idleMinutes":null}"#),
            .promote(image, version: "7", to: .stable),
            .trial(
                image, version: "7", to: .stable, share: "5%",
                Rollout.Terms(readyWithin: 90, trialSeconds: 43_200, allowedFailures: 3)),
        ]
        for act in acts {
            let typed = SchedulesView.Typed(try Self.answer(act))
            let request = try ScheduleForm(typed).request()
            #expect(request.act == act, "\(typed.values)")
            #expect(request.every == WeekTime("mon-fri 22:00") && request.windowMinutes == 120)
            let view = try Self.view(act, typed: typed.values)
            let form = try #require(view.added)
            #expect(view.title == "nightly" && form.hidden.map(\.value) == ["nightly"])
            // The list is another page.
            #expect(view.table == nil && view.edited?.group.label == "/school")
            let text = try PageViewTests.shown(view)
            #expect(text.contains(#"<h1>nightly <span class="state waiting">scheduled</span>"#))
            #expect(!text.contains("/schedules/nightly/run"))
            #expect(form.submit == "Save" && form.cancel == "/schedules")
        }
    }

    @Test func `what interrupts people is confirmed with the number of machines before it runs at once`()
        throws
    {
        let act = ScheduledAct.powerOff(nodes: "group=/school", unlessInUse: false)
        #expect(try Self.view(act).table?.rows.first?.ask?.path == "/schedules?run=nightly")
        #expect(!(try PageViewTests.shown(Self.view(act))).contains("/schedules/nightly/run"))
        let wake = try Self.view(.wake(nodes: "pc-1"))
        #expect(wake.table?.rows.first?.ask == nil)
        #expect(try PageViewTests.shown(wake).contains("/schedules/nightly/run"))
        let asking = SchedulesView.Asking(try Self.answer(act), count: 288, PageViewTests.words)
        let text = try PageViewTests.shown(Self.view(act, asking: asking))
        #expect(text.contains("switch nodes off: group=/school · Machines: 288"))
        #expect(
            text.contains(#"action="/schedules/nightly/run""#) && text.contains(#"class="danger" autofocus"#))
    }

    @Test func `the field follows the act, and a link fills the one of its act`() throws {
        for kind in ScheduledAct.Kind.allCases {
            let object = SchedulesView.Object(kind)
            let link = SchedulesView.Typed(values: ["act": kind.rawValue, "on": "x"])
            let form = SchedulesView.Typed(values: ["act": kind.rawValue, object.rawValue: "y", "on": ""])
            #expect(link.object == "x" && form.object == "y", "\(kind)")
            let fields = try #require(try Self.view(.wake(nodes: "a"), typed: link.values).added?.fields)
            let filled = fields.filter { $0.input?.value == "x" }
            #expect(filled.map(\.name) == [object.rawValue], "\(kind)")
        }
        #expect(try Self.view(.wake(nodes: "a")).added == nil)
        let places = try PageViewTests.shown(Self.view(.wake(nodes: "a"), typed: ["act": "restart"]))
        #expect(places.contains(#"<option value="group=/school">"#))
    }
}

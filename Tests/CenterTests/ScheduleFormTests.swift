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
}

import API
import Fleet
import Foundation
import Testing
import Wire

@testable import Center

/// How the steps of nodes ended, as the center keeps and shows it.
@Suite struct StepResultTests {
    private static let boot = "0000000000000001"

    private func told(
        _ json: String, of machine: MACAddress, in boot: String = boot, _ phase: StepPhase = .late
    )
        -> NodeReport
    {
        .steps(machine, boot: boot, phase, Array(json.utf8))
    }

    private func failed(_ name: String, _ outcome: String = "failed") -> String {
        #"[{"name":"\#(name)","outcome":"\#(outcome)","attempts":1,"milliseconds":5,"output":["why"]}]"#
    }

    /// A fleet with one node that is up, and what takes its reports.
    private func fleet(_ directory: TemporaryDirectory) async throws -> (
        services: CenterServices, recorder: ReportRecorder, machine: MACAddress
    ) {
        let services = try await CenterServices.alone(in: directory)
        let machine = MACAddress(rawValue: 0x5254_0000_0001)
        let name = try NodeName("pc-1")
        try await services.fleet.change(by: "test") { _ in
            [
                .node(
                    name,
                    Node(name: name, macAddresses: [machine], settings: ["commands": .map(["a": "false"])]))
            ]
        }
        let recorder = ReportRecorder(
            fleet: services.fleet, volumes: services.volumes, logs: services.logs, logger: .silent,
            minter: .ofTests(), clockJumped: {})
        try await start(Self.boot, of: machine, recorder)
        return (services, recorder, machine)
    }

    private func start(_ boot: String, of machine: MACAddress, _ recorder: ReportRecorder) async throws {
        await recorder.write(
            [BootStage.dhcp, .ready].map {
                .boot(
                    BootEvent(boot: boot, macAddress: machine, stage: $0, at: Clock.millisecond, detail: ""))
            }, of: .boots)
    }

    /// What is wrong with steps: the fleet has no image, which is a trouble of its own.
    private func troubles(_ acts: Acts) async throws -> [FiguresAnswer.Trouble] {
        try await acts.figures().troubles.filter { $0.text.hasPrefix("step ") }
    }

    @Test func `a failed step is a trouble until a later boot, or the phase's next report, has none`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let (services, recorder, machine) = try await fleet(directory)
        let acts = Acts(services: services, caller: .local)
        await recorder.write([told(failed("command a"), of: machine)], of: .steps)
        let trouble = try #require(try await troubles(acts).first)
        #expect(trouble.machine.text == "pc-1" && trouble.text == "step ‘command a’ failed: why")
        let answer = try await acts.steps("pc-1")
        #expect(answer.boot == Self.boot)
        let step = try #require(answer.steps.first { $0.name == "command a" })
        #expect(
            (step.outcome, step.setting, step.origin, step.output) == (
                .failed, "commands", "node pc-1", ["why"]
            ))
        // What was not reported is listed, too.
        #expect(answer.steps.first?.name == "host name" && answer.steps.first?.outcome == nil)
        await recorder.write([told(failed("command a", "done"), of: machine)], of: .steps)
        #expect(try await troubles(acts).isEmpty)
        await recorder.write([told(failed("command a", "timed-out"), of: machine)], of: .steps)
        #expect(try await troubles(acts).first?.text.contains("took too long") == true)
        try await start("0000000000000002", of: machine, recorder)
        #expect(try await troubles(acts).isEmpty)
        // What the last boot says late is no trouble of this one.
        await recorder.write([told(failed("command b"), of: machine)], of: .steps)
        #expect(try await troubles(acts).isEmpty)
        #expect(try await acts.steps("pc-1").steps.allSatisfy { $0.outcome == nil })
    }

    @Test func `each report of a running node is a later one, even with the same failure`() async throws {
        let directory = try TemporaryDirectory()
        let (services, _, machine) = try await fleet(directory)
        let acts = Acts(services: services, caller: .local)
        func appliedAt() async throws -> Int? {
            try await acts.steps("pc-1").steps.first { $0.name == "command a" }?.appliedAt
        }
        #expect(try await appliedAt() == nil)
        let failure = StepResult(name: "command a", outcome: .failed, milliseconds: 5, output: ["why"])
        var last = 0
        for isAddition in [true, true, false, true] {
            try await services.fleet.note([
                PhaseResults(
                    machine: machine, boot: Self.boot, phase: .late, told: [failure], isAddition: isAddition)
            ])
            let now = try #require(try await appliedAt())
            // What its boot tells is no answer to an order.
            #expect(isAddition ? now > last : now == last)
            last = now
        }
    }

    @Test func `steps at shutdown are to come, then those of the last shutdown, or unknown`() async throws {
        let directory = try TemporaryDirectory()
        let (services, recorder, machine) = try await fleet(directory)
        let acts = Acts(services: services, caller: .local)
        let name = try NodeName("pc-1")
        try await services.fleet.change(by: "test") { _ in
            [
                .node(
                    name,
                    Node(
                        name: name, macAddresses: [machine],
                        settings: ["commands": .map(["end": "shutdown -- true"])]))
            ]
        }
        func end() async throws -> StepsAnswer.Step {
            try #require(try await acts.steps("pc-1").steps.first { $0.name == "command end" })
        }
        #expect(try await end().isToCome)
        await recorder.write(
            [told(failed("command end", "done"), of: machine, in: Self.boot, .atShutdown)], of: .steps)
        let off = try await end()
        #expect(off.outcome == .done && off.formerBoot == nil)
        // Started again: what it said at its end is there, also of a step that is no longer planned.
        try await start("0000000000000002", of: machine, recorder)
        let again = try await end()
        #expect(again.outcome == .done && again.formerBoot == Self.boot && !again.isToCome)
        // Cut off: nothing is known of its end.
        try await start("0000000000000003", of: machine, recorder)
        let cut = try await end()
        #expect(cut.outcome == nil && cut.formerBoot == "0000000000000002" && !cut.isToCome)
    }

    @Test(arguments: [
        "", "[", "{}", "[{}]", #"[{"name":"a"}]"#, "null",
        #"[{"name":"a","outcome":"fine","attempts":1,"milliseconds":1,"output":[]}]"#,
        #"[{"name":"a","outcome":"done","attempts":1e99,"milliseconds":1,"output":[]}]"#,
        #"[{"name":7,"outcome":"done","attempts":1,"milliseconds":1,"output":"x"}]"#,
    ])
    func `a report that is none leaves what is known as it is`(json: String) async throws {
        let directory = try TemporaryDirectory()
        let (services, recorder, machine) = try await fleet(directory)
        await recorder.write([told(failed("command a"), of: machine), told(json, of: machine)], of: .steps)
        #expect(services.fleet.failedSteps[machine]?.flatMap(\.failures).map(\.name) == ["command a"])
        #expect(try await services.fleet.store.steps(of: machine, in: Self.boot).count == 1)
    }

    @Test func `of too many and too long results the beginning is kept`() async throws {
        let directory = try TemporaryDirectory()
        let (services, recorder, machine) = try await fleet(directory)
        let line = String(repeating: "<", count: 5_000)
        let many = (0..<2_000).map {
            #"{"name":"\#($0)","outcome":"failed","attempts":1,"milliseconds":1,"output":["\#(line)"]}"#
        }
        await recorder.write([told("[\(many.joined(separator: ","))]", of: machine)], of: .steps)
        let kept = try await services.fleet.store.steps(of: machine, in: Self.boot).flatMap(\.results)
        #expect(kept.count == 256)
        #expect(kept.reduce(0) { $0 + $1.output.reduce(0) { $0 + $1.utf8.count } } <= 33 << 10)
        let phases = StepPhase.allCases.map { told(failed("x"), of: machine, $0) }
        await recorder.write(phases, of: .steps)
        #expect(
            try await services.fleet.store.steps(of: machine, in: Self.boot).map(\.phase)
                == StepPhase.allCases)
    }

    @Test func `a machine that is no node is no trouble, and what failed is known after a restart`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let (services, recorder, machine) = try await fleet(directory)
        let stranger = MACAddress(rawValue: 0x5254_0000_0009)
        await recorder.write(
            [told(failed("x"), of: stranger, in: "1"), told(failed("command a"), of: machine)], of: .steps)
        let acts = Acts(services: services, caller: .local)
        #expect(try await troubles(acts).map(\.machine.text) == ["pc-1"])
        let store = services.fleet.store
        #expect(try await store.failedSteps().map(\.machine) == [machine])
        try await store.forget([machine])
        #expect(try await store.failedSteps().isEmpty)
        #expect(try await store.steps(of: machine, in: Self.boot).isEmpty)
    }
}

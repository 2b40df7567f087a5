import API
import Fleet
import Testing
import Wire

@testable import Center

/// Steps that have changed since a running node carried them out, as the center shows and orders them.
@Suite struct StepChangeTests {
    /// In ``SmallFleet``, each node's hosts are others than it has carried out.
    private func acts() async throws -> (Acts, SmallFleet) {
        let fleet = try await SmallFleet()
        return (Acts(services: fleet.services, caller: .local), fleet)
    }

    @Test func `what differs is shown with its setting, and ordered as it was shown`() async throws {
        let (acts, fleet) = try await acts()
        let node = Place.site.node
        let changes = try await acts.stepChanges(node)
        #expect(changes.steps.map(\.name) == ["hosts"] && changes.readyCount == 1)
        #expect(changes.steps.first?.change == .changed && changes.steps.first?.setting == "hosts")
        _ = try await acts.applySteps(node, tag: changes.tag)
        let error = await #expect(throws: StoreError.self) {
            try await acts.applySteps(node, tag: "0123")
        }
        #expect("\(try #require(error))".contains("has changed since it was shown"))
        // It has carried them out now.
        let machine = try #require(MACAddress(Place.site.macAddress))
        let boot = try #require(fleet.services.fleet.boot(of: machine))
        try await fleet.services.fleet.note([
            PhaseResults(
                machine: machine, boot: boot.boot, phase: .beforeInit,
                told: [StepResult(name: "hosts", outcome: .done, mark: "b2")], isAddition: true)
        ])
        #expect(try await acts.stepChanges(node).steps.isEmpty)
        await #expect(throws: StoreError.self) { try await acts.applySteps(node) }
    }

    @Test func `a node that does not run, or cannot be compared, is refused with the reason`() async throws {
        let (acts, fleet) = try await acts()
        let name = try NodeName("asleep")
        try await fleet.services.fleet.change(by: "test") { _ in
            [.node(name, Node(name: name, macAddresses: [MACAddress(rawValue: 0x5254_0000_0777)]))]
        }
        let asleep = await #expect(throws: StoreError.self) { try await acts.stepChanges("asleep") }
        #expect("\(try #require(asleep))".contains("is not running"))
        // A boot whose reports have no marks: its programs are older than this server.
        let machine = try #require(MACAddress(Place.site.macAddress))
        let boot = try #require(fleet.services.fleet.boot(of: machine))
        try await fleet.services.fleet.note([
            PhaseResults(
                machine: machine, boot: boot.boot, phase: .beforeInit,
                told: [StepResult(name: "hosts", outcome: .done)])
        ])
        let unknown = await #expect(throws: StoreError.self) {
            try await acts.stepChanges(Place.site.node)
        }
        #expect("\(try #require(unknown))".contains("restart it"))
    }

    @Test func `a failed step that is applied with success is no trouble any more`() async throws {
        let (_, fleet) = try await acts()
        let live = fleet.services.fleet
        let machine = try #require(MACAddress(Place.site.macAddress))
        let boot = try #require(live.boot(of: machine)).boot
        func note(_ told: [StepResult], isAddition: Bool) async throws {
            try await live.note([
                PhaseResults(
                    machine: machine, boot: boot, phase: .late, told: told, isAddition: isAddition)
            ])
        }
        try await note(
            [StepResult(name: "a", outcome: .failed), StepResult(name: "b", outcome: .failed)],
            isAddition: false)
        try await note([StepResult(name: "a", outcome: .done)], isAddition: true)
        #expect(live.failedSteps[machine]?.flatMap(\.failures).map(\.name) == ["b"])
        try await note([StepResult(name: "b", outcome: .done)], isAddition: true)
        #expect(live.failedSteps[machine] == nil)
    }

    @Test func `a step that takes much longer than in its group's boots is an outlier`() async throws {
        let (acts, fleet) = try await acts()
        let live = fleet.services.fleet
        let names = try (1...3).map { try NodeName("twin-\($0)") }
        for (index, name) in names.enumerated() {
            let machine = MACAddress(rawValue: 0x5254_0000_0700 + UInt64(index))
            try await live.change(by: "test") { _ in
                [
                    .node(
                        name,
                        Node(
                            name: name, group: try GroupPath("/school"), macAddresses: [machine],
                            settings: ["commands": .map(["a": "true"])]))
                ]
            }
            let boot = "00000000000007\(index)0"
            let events = [BootStage.dhcp, .ready].map {
                BootEvent(boot: boot, macAddress: machine, stage: $0, at: Clock.millisecond, detail: "")
            }
            try await live.store.append(events)
            try await live.note(events)
            let took = index == 2 ? 9_000 : 100
            try await live.note([
                PhaseResults(
                    machine: machine, boot: boot, phase: .late,
                    told: [StepResult(name: "command a", outcome: .done, milliseconds: took)])
            ])
        }
        let slow = try #require(
            try await acts.steps("twin-3").steps.first { $0.name == "command a" })
        #expect(slow.median == 100 && slow.isOutlier)
        let usual = try #require(
            try await acts.steps("twin-1").steps.first { $0.name == "command a" })
        #expect(usual.median == 100 && !usual.isOutlier)
    }
}

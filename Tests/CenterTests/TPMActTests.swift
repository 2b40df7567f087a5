import API
import Fleet
import Foundation
import Testing
import Wire

@testable import Center

/// The TPMs that nodes are bound to, as the center keeps and shows them.
@Suite struct TPMActTests {
    private static let mac = MACAddress(rawValue: 0x5254_0000_0001)

    private struct Bench {
        let services: CenterServices
        let recorder: ReportRecorder
        let name: NodeName
        let acts: Acts

        func report(_ digits: String) async {
            await recorder.write(
                [.tpm(BoundTPM(node: name, tpm: SmallFleet.tpm(digits), boundAt: Clock.second))], of: .tpms)
        }

        func refuse(_ property: MachineProperty, _ digits: String? = nil) async {
            let alarm = NodeAlarm(
                at: Clock.second, address: IPv4Address(rawValue: 0x0A4D_0005), holder: TPMActTests.mac,
                property: property, tpm: digits.map(SmallFleet.tpm))
            await recorder.write([.refusal(TPMActTests.mac, alarm)], of: .alarms)
        }

        func start(_ boot: String) async {
            await recorder.write(
                [
                    .boot(
                        BootEvent(
                            boot: boot, macAddress: TPMActTests.mac, stage: .dhcp, at: Clock.millisecond,
                            detail: ""))
                ], of: .boots)
        }

        /// The fleet has no image, which is a trouble of its own.
        func troubles() async throws -> [FiguresAnswer.Trouble] {
            try await acts.figures().troubles.filter { $0.text.contains("TPM") }
        }
    }

    private func bench(_ directory: TemporaryDirectory) async throws -> Bench {
        let services = try await CenterServices.alone(in: directory)
        let name = try NodeName("pc-1")
        try await services.fleet.change(by: "test") { _ in
            [.node(name, Node(name: name, macAddresses: [Self.mac]))]
        }
        let recorder = ReportRecorder(
            fleet: services.fleet, volumes: services.volumes, logs: services.logs, logger: .silent,
            minter: .ofTests(), clockJumped: {})
        let ann = Caller(name: "ann", grants: [Grant(.admin, in: .site)], proof: .token(1))
        return Bench(
            services: services, recorder: recorder, name: name, acts: Acts(services: services, caller: ann))
    }

    @Test func `the first TPM is kept, and a later one changes nothing`() async throws {
        let directory = try TemporaryDirectory()
        let bench = try await bench(directory)
        let revision = bench.acts.revision
        await bench.report("aa")
        await bench.report("bb")
        let answer = try await bench.acts.tpm(of: "pc-1")
        #expect(answer.bound?.tpm == SmallFleet.tpm("aa") && answer.refused == nil && answer.use == "use")
        #expect(bench.acts.revision == revision)
        // A node that is gone is bound to nothing.
        await bench.recorder.write(
            [.tpm(BoundTPM(node: try NodeName("pc-9"), tpm: SmallFleet.tpm("cc"), boundAt: 1))], of: .tpms)
        #expect(bench.services.fleet.snapshot.tpm(of: try NodeName("pc-9")) == nil)
    }

    @Test func `a refused TPM is an alarm and a trouble until it is accepted, which history tells`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let bench = try await bench(directory)
        await bench.report("aa")
        await bench.start("0000000000000001")
        #expect(try await bench.troubles().isEmpty)
        await bench.refuse(.otherTPM, "bb")
        let trouble = try #require(try await bench.troubles().first)
        #expect(trouble.machine == bench.name && trouble.text.contains("bbbbbbbb"))
        #expect(trouble.fix.contains("roost node tpm pc-1 --accept bbbbbbbbbbbbbbbb"))
        let node = try await bench.acts.node("pc-1")
        #expect(node.tpm?.refused?.property == .otherTPM && node.alarm == nil)

        // Another one than people have seen is not accepted in its place.
        let (wish, other) = (
            AcceptTPMRequest(tpm: "bbbbbbbbbbbbbbbb"), AcceptTPMRequest(tpm: "cccccccccccccccc")
        )
        await #expect(throws: StoreError.self) { try await bench.acts.acceptTPM(of: "pc-1", other) }
        let accepted = try await bench.acts.acceptTPM(of: "pc-1", wish)
        #expect(accepted.bound?.tpm == SmallFleet.tpm("bb") && accepted.refused == nil)
        #expect(try await bench.troubles().isEmpty)
        let last = try #require(
            try await bench.acts.revisions(RevisionFilter(kind: "tpm", key: "pc-1")).0.first)
        #expect(last.who == "ann" && last.what.contains("of pc-1 accepted"))
        // There is nothing more to accept.
        await #expect(throws: StoreError.self) { try await bench.acts.acceptTPM(of: "pc-1", wish) }
        // Undo goes back to the first one.
        _ = try await bench.acts.undo(last.number)
        #expect(bench.services.fleet.snapshot.tpm(of: bench.name)?.tpm == SmallFleet.tpm("aa"))
    }

    @Test func `without a TPM there is nothing to accept; forgotten, the next one counts`() async throws {
        let directory = try TemporaryDirectory()
        let bench = try await bench(directory)
        await bench.report("aa")
        await bench.start("0000000000000001")
        await bench.refuse(.noTPM)
        #expect(try await bench.troubles().first?.fix.contains("--forget") == true)
        await #expect(throws: StoreError.self) {
            try await bench.acts.acceptTPM(of: "pc-1", AcceptTPMRequest(tpm: ""))
        }
        try await bench.acts.forgetTPM(of: "pc-1")
        #expect(try await bench.acts.tpm(of: "pc-1").bound == nil)
        #expect(try await bench.troubles().isEmpty)
        await bench.report("bb")
        #expect(try await bench.acts.tpm(of: "pc-1").bound?.tpm == SmallFleet.tpm("bb"))
    }

    @Test func `the trouble ends with the node's next boot, and the alarm when it is dismissed`() async throws
    {
        let directory = try TemporaryDirectory()
        let bench = try await bench(directory)
        await bench.start("0000000000000001")
        let old = NodeAlarm(
            at: Clock.second - 60, address: IPv4Address(rawValue: 1), holder: nil, property: .noTPM)
        try await bench.services.fleet.note(old, of: Self.mac)
        #expect(try await bench.troubles().isEmpty)
        #expect(try await bench.acts.tpm(of: "pc-1").refused != nil)
        try await bench.acts.dismissAlarm(of: "pc-1")
        #expect(try await bench.acts.tpm(of: "pc-1").refused == nil)
    }

    @Test func `what was refused is there after a restart, until people decide, or a missing TPM is back`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let bench = try await bench(directory)
        func restarted() async throws -> NodeAlarm? {
            let store = bench.services.fleet.store
            let fleet = try await LiveFleet(store: store, trust: bench.services.fleet.trust) { _ in }
            return fleet.snapshot.node(at: Self.mac).flatMap { fleet.refusedTPM(of: $0) }
        }
        func delivered() -> BootEvent {
            BootEvent(boot: "0000000000000002", macAddress: Self.mac, stage: .delivered, at: 5, detail: "")
        }
        await bench.report("aa")
        await bench.start("0000000000000001")
        await bench.refuse(.otherTPM, "bb")
        #expect(try await restarted()?.tpm == SmallFleet.tpm("bb"))
        // That the right one came meanwhile does not hide another one.
        try await bench.services.fleet.note([delivered()])
        #expect(try await restarted()?.property == .otherTPM)
        try await bench.acts.dismissAlarm(of: "pc-1")
        #expect(try await restarted() == nil)
        await bench.refuse(.noTPM)
        #expect(try await restarted()?.property == .noTPM)
        try await bench.services.fleet.note([delivered()])
        #expect(try await restarted() == nil)
    }

    @Test func `the page shows both, with buttons for those who may use them`() throws {
        let words = Words(.english, phrases: "")
        let name = try NodeName("pc-1")
        let alarm = NodeAlarm(
            at: 1, address: IPv4Address(rawValue: 1), holder: nil, property: .otherTPM,
            tpm: SmallFleet.tpm("bb"))
        let warning = NodeView.Warning(refusedTPM: alarm, of: name, mayAccept: true, words)
        #expect(warning.text.contains("bbbbbbbb") && warning.answer?.path == "/nodes/pc-1/tpm/accept")
        #expect(NodeView.Warning(refusedTPM: alarm, of: name, mayAccept: false, words).answer == nil)
        var without = alarm
        (without.property, without.tpm) = (.noTPM, nil)
        #expect(NodeView.Warning(refusedTPM: without, of: name, mayAccept: true, words).answer == nil)
        var tpm = SmallFleet.tpm("aa")
        tpm.certificate = TPMIdentity.Certificate(issuer: "CN=<b>\u{1B}maker", isTrusted: false)
        let view = NodeView.TPM(BoundTPM(node: name, tpm: tpm, boundAt: 1), mayForget: true, words)
        #expect(
            view.forget?.path == "/nodes/pc-1/tpm/forget" && view.certificate?.contains("\u{1B}") == false)
    }
}

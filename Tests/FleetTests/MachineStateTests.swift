import Testing

@testable import Fleet

@Suite struct MachineStateTests {
    private static let now = 1_000_000

    @Test(arguments: [
        ([], MachineState.unseen), ([(BootStage.dhcp, 0)], .booting), ([(.dhcp, 180_000)], .booting),
        ([(.dhcp, 180_001)], .stuck), ([(.dhcp, 900_000), (.kernel, 5)], .booting),
        ([(.dhcp, 900_000), (.ready, 800_000)], .ready), ([(.ready, 9), (.failed, 8)], .failed),
        ([(.ready, 900_000), (.off, 800_000)], .off),
    ])
    func `the state results from the last stage of the last boot and its age`(
        stages: [(BootStage, age: Int)], state: MachineState
    ) {
        let boot = BootTimeline(
            boot: "b", macAddress: Sample.mac,
            entries: stages.map { .init(stage: $0.0, at: Self.now - $0.age, detail: "") })
        #expect(MachineState(boot, heard: HeardMachines(), now: Self.now) == state)
    }

    @Test func `a machine that never booted is unseen`() {
        #expect(MachineState(nil, heard: HeardMachines(), now: Self.now) == .unseen)
    }

    @Test(arguments: [
        // Heard before, listened for, asks for orders.
        (Int?.some(59_999), 900_000, true, MachineState.ready), (60_000, 900_000, true, .lost),
        (60_000, 900_000, false, .ready), (nil, 59_999, true, .ready), (nil, 60_000, true, .lost),
        (nil, 900_000, false, .ready),
    ])
    func `a ready machine that asked for orders is lost after a minute of silence that this server heard`(
        heardBefore: Int?, listening: Int, attends: Bool, state: MachineState
    ) {
        var boot = BootTimeline(
            boot: "b", macAddress: Sample.mac, entries: [.init(stage: .ready, at: 0, detail: "")])
        boot.attends = attends
        let times = heardBefore.map { [Sample.mac: 1_000_000 - $0] } ?? [:]
        let heard = HeardMachines(times, now: 1_000_000, since: 1_000_000 - listening)
        #expect(MachineState(boot, heard: heard, now: Self.now) == state)
        #expect(heard[Sample.mac] == heardBefore)
        #expect(heard.silence(of: Sample.mac) == heardBefore ?? listening)
        // A boot that is not ready has its own time.
        boot.entries.append(.init(stage: .failed, at: 1, detail: ""))
        #expect(MachineState(boot, heard: heard, now: Self.now) == .failed)
    }
}

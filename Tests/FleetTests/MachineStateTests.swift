import Testing

@testable import Fleet

@Suite struct MachineStateTests {
    private static let now = 1_000_000

    @Test(arguments: [
        ([], MachineState.unseen), ([(BootStage.dhcp, 0)], .booting), ([(.dhcp, 180_000)], .booting),
        ([(.dhcp, 180_001)], .stuck), ([(.dhcp, 900_000), (.kernel, 5)], .booting),
        ([(.dhcp, 900_000), (.ready, 800_000)], .ready), ([(.ready, 9), (.failed, 8)], .failed),
    ])
    func `the state results from the last stage of the last boot and its age`(
        stages: [(BootStage, age: Int)], state: MachineState
    ) {
        let boot = BootTimeline(
            boot: "b", macAddress: Sample.mac,
            entries: stages.map { .init(stage: $0.0, at: Self.now - $0.age, detail: "") })
        #expect(MachineState(boot, now: Self.now) == state)
    }

    @Test func `a machine that never booted is unseen`() {
        #expect(MachineState(nil, now: Self.now) == .unseen)
    }
}

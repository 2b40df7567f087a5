import Testing
import Wire

@testable import Fleet

/// When a boot counts as stuck, by what its group's boots usually take.
@Suite struct StageTimesTests {
    private static func boot(_ machine: UInt64, _ entries: [(BootStage, Int)]) -> BootTimeline {
        BootTimeline(
            boot: "b\(machine)", macAddress: MACAddress(rawValue: machine),
            entries: entries.map { .init(stage: $0.0, at: $0.1, detail: "") })
    }

    /// Five nodes in a room, of which four have come up and stayed at the stage `network` for so long.
    private static func times(network: Int, comeUp: Int = 4) throws -> StageTimes {
        let room = try GroupPath("/room")
        let nodes = try (UInt64(1)...5).map { machine in
            Node(
                name: try NodeName("pc-\(machine)"), group: room,
                macAddresses: [MACAddress(rawValue: machine)])
        }
        let snapshot = FleetSnapshot(revision: 1, nodes: nodes, groups: [NodeGroup(path: room)], images: [])
        let boots = (1...UInt64(comeUp)).map {
            boot($0, [(.dhcp, 0), (.network, 1_000), (.root, 1_000 + network), (.ready, 400_000)])
        }
        return StageTimes(boots, in: snapshot)
    }

    private static func state(_ times: StageTimes, machine: UInt64 = 5, age: Int) -> MachineState {
        MachineState(
            boot(machine, [(.dhcp, 0), (.network, 1_000)]), heard: HeardMachines(), now: 1_000 + age,
            usual: times)
    }

    @Test(arguments: [
        // Usual time, age, state.
        (300, 60_000, MachineState.booting), (300, 60_001, .stuck), (9_000, 90_000, .booting),
        (9_000, 90_001, .stuck), (60_000, 180_000, .booting), (60_000, 180_001, .stuck),
        (Int.max / 2, 180_001, .stuck),
    ])
    func `a boot is stuck after ten times the median, a minute at least, and never later than before`(
        network: Int, age: Int, state: MachineState
    ) throws {
        #expect(Self.state(try Self.times(network: network), age: age) == state)
    }

    @Test func `too few boots, another group and a machine that is no node have the fixed time`() throws {
        #expect(Self.state(try Self.times(network: 300, comeUp: 2), age: 180_000) == .booting)
        #expect(Self.state(try Self.times(network: 300), machine: 77, age: 180_000) == .booting)
        #expect(Self.state(StageTimes(), age: 180_000) == .booting)
        #expect(Self.state(StageTimes(), age: 180_001) == .stuck)
    }

    @Test func `the usual time is the median of all groups`() throws {
        let times = try Self.times(network: 300)
        #expect(times.usual(at: .network) == 300 && times.usual(at: .dhcp) == 1_000)
        #expect(times.usual(at: .kernel) == nil)
    }
}

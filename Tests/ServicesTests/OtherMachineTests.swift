import Fleet
import Synchronization
import Testing
import Wire

@testable import Services

/// Another machine with a node's card: what tells the two apart.
@Suite struct OtherMachineTests {
    private final class Told: Sendable {
        let reports = Mutex([NodeReport]())

        var alarms: [NodeAlarm] {
            reports.withLock { reports in
                reports.compactMap { if case .refusal(_, let alarm) = $0 { alarm } else { nil } }
            }
        }
        var kinds: [[MachineDifference.Kind]] { alarms.map { ($0.differences ?? []).map(\.kind) } }
    }

    private static let own = MachineUUID("4c4c4544-0042-4410-8051-b8c04f4e3732")
    private static let other = MachineUUID("12345678-1234-5678-1234-56789abcdef0")
    private static let x64 = ClientArchitecture.uefiX64

    private func client(
        _ machine: MACAddress, _ uuid: MachineUUID?, _ architecture: ClientArchitecture? = x64,
        _ program: BootClient.Program = .firmware
    ) -> BootClient {
        BootClient(macAddress: machine, uuid: uuid, architecture: architecture, program: program)
    }

    private func address(_ last: UInt32) -> IPv4Address { IPv4Address(rawValue: 0x0A4D_0000 | last) }

    @Test func `a card that comes with another UUID or processor is an alarm that says what differs`() throws
    {
        let told = Told()
        let bench = try NodeBench(send: { report in told.reports.withLock { $0.append(report) } })
        let (context, machine) = (bench.context, bench.machine)
        // Its own loader, the other way of its firmware, and a message without a UUID are the same machine.
        for (uuid, architecture) in [
            (Self.own, Self.x64), (nil, Self.x64), (Self.own, .uefiX64HTTP), (Self.own, .biosX86),
            (Self.own, nil),
        ] {
            context.compare(client(machine, uuid, architecture), of: machine, on: "lan1", at: address(5))
        }
        #expect(told.alarms.isEmpty)
        context.compare(
            client(machine, Self.other, .uefiARM64), of: machine, on: "lan1", at: address(6))
        #expect(told.kinds == [[.uuid, .processor]])
        let alarm = try #require(told.alarms.first)
        #expect(alarm.property == .machine && alarm.address == address(6) && alarm.holder == machine)
        #expect(alarm.summary.contains("UUID \(try #require(Self.other)) instead of"), "\(alarm.summary)")
        // The node itself differs from what came before it; a second time within a minute is not told.
        context.compare(client(machine, Self.own), of: machine, on: "lan1", at: address(5))
        context.compare(client(machine, Self.other), of: machine, on: "lan1", at: address(6))
        #expect(told.kinds == [[.uuid, .processor], [.uuid, .processor]])
        // Machines that are no nodes have none.
        let stranger = MACAddress(rawValue: 0x5254_0000_0009)
        for uuid in [Self.own, Self.other] {
            context.compare(client(stranger, uuid), of: stranger, on: "lan1", at: address(9))
        }
        #expect(told.alarms.count == 2)
    }

    @Test func `the record of a node says which UUID it has, whatever came first`() throws {
        var marks = MachineMarks(machineLimit: 2)
        let card = MACAddress(rawValue: 1)
        func mark(_ uuid: MachineUUID?, _ network: String = "lan1") -> MachineMarks.Mark {
            MachineMarks.Mark(uuid: uuid, processor: nil, network: network)
        }
        for _ in 0..<2 {
            let found = marks.differences(of: card, mark(Self.other), record: Self.own, isRunning: false)
            #expect(found.map(\.kind) == [.uuid])
        }
        #expect(marks.differences(of: card, mark(Self.own), record: Self.own, isRunning: false).isEmpty)
    }

    @Test func `one machine that tells its UUID in two orders, or by its ROM and by its loader, is no alarm`()
        throws
    {
        let swapped = try #require(Self.own?.otherOrder)
        #expect(swapped != Self.own && swapped.otherOrder == Self.own)
        let card = MACAddress(rawValue: 1)
        var marks = MachineMarks(machineLimit: 2)
        func look(_ uuid: MachineUUID?, _ program: BootClient.Program, _ card: MACAddress)
            -> [MachineDifference]
        {
            let client = BootClient(
                macAddress: card, uuid: uuid, architecture: .uefiARM64, program: program)
            return marks.differences(
                of: card, MachineMarks.Mark(client, on: "lan1"), record: Self.own, isRunning: false)
        }
        #expect(look(Self.own, .firmware, card).isEmpty && look(swapped, .ipxe(canHTTP: true), card).isEmpty)
        #expect(look(Self.other, .firmware, card).map(\.kind) == [.uuid])
        let board = MACAddress(rawValue: 2)
        for program in [BootClient.Program.raspberryPi, .uBoot] {
            #expect(look(Self.other, program, board).isEmpty)
            #expect(look(Self.own, .firmware, board).isEmpty && look(Self.other, .firmware, board).isEmpty)
        }
    }

    @Test func `a node that was moved is no alarm, and one that runs on another network is`() {
        var marks = MachineMarks(machineLimit: 2)
        let card = MACAddress(rawValue: 1)
        func look(_ network: String, isRunning: Bool) -> [MachineDifference] {
            marks.differences(
                of: card, MachineMarks.Mark(uuid: Self.own, processor: "x86", network: network), record: nil,
                isRunning: isRunning)
        }
        #expect(look("lan1", isRunning: true).isEmpty && look("lan1", isRunning: true).isEmpty)
        #expect(look("lan2", isRunning: false).isEmpty)
        #expect(
            look("lan1", isRunning: true) == [MachineDifference(.network, known: "lan2", shown: "lan1")])
        // There is room for so many machines; the oldest are forgotten.
        for number in UInt64(2)..<9 {
            _ = marks.differences(
                of: MACAddress(rawValue: number), MachineMarks.Mark(uuid: nil, processor: nil, network: "a"),
                record: nil, isRunning: false)
        }
        #expect(look("lan2", isRunning: true).isEmpty)
    }

    @Test func `a boot that goes on after another one has begun is an alarm`() throws {
        let told = Told()
        let bench = try NodeBench(send: { report in told.reports.withLock { $0.append(report) } })
        let machine = bench.machine
        var tracker = BootTracker()
        func open(_ boot: String, at: Int) {
            _ = tracker.note(.dhcp, of: machine, at: at, detail: "", makeBoot: { boot })
            _ = tracker.note(.kernel, of: machine, at: at, detail: "", makeBoot: { boot })
        }
        open("1111111111111111", at: 1_000)
        open("2222222222222222", at: 100_000)
        // What was on its way when the machine was switched off.
        #expect(!tracker.isOver("1111111111111111", of: machine, at: 110_000))
        #expect(tracker.isOver("1111111111111111", of: machine, at: 115_001))
        #expect(!tracker.isOver("2222222222222222", of: machine, at: 115_001))
        #expect(!tracker.isOver("3333333333333333", of: machine, at: 115_001))
        bench.context.tracker = tracker
        let answer = try bench.request("GET", "orders?boot=1111111111111111")
        #expect(answer.status == 403)
        #expect(told.kinds == [[.boot]])
        #expect(told.alarms.first?.address == IPv4Address("10.77.0.5"))
        _ = try bench.request("GET", "orders?boot=2222222222222222")
        #expect(told.alarms.count == 1)
    }
}

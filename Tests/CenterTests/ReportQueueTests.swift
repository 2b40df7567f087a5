import Fleet
import Foundation
import Synchronization
import Testing
import Wire

@testable import Center

/// Reports of nodes, one queue per kind.
@Suite struct ReportQueueTests {
    private static let mac = MACAddress(rawValue: 0x5254_0000_0001)

    private static func boot(_ stage: BootStage, detail: String = "") -> NodeReport {
        .boot(
            BootEvent(
                boot: "0000000000000001", macAddress: mac, stage: stage, at: Clock.millisecond, detail: detail
            ))
    }

    /// A kind whose writer waits until the test releases it.
    private final class Gate: Sendable {
        let (opened, open) = AsyncStream.makeStream(of: Void.self)
        let (reached, reach) = AsyncStream.makeStream(of: Void.self)

        func wait() async {
            reach.yield()
            for await _ in opened { return }
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `a slow kind does not hold up others, and stages stay in order`() async {
        let (queues, gate) = (ReportQueues(), Gate())
        let (written, write) = AsyncStream.makeStream(of: (ReportKind, [NodeReport]).self)
        let service = Task {
            await queues.run { kind, batch, _ in
                if kind == .hardware { await gate.wait() }
                write.yield((kind, batch))
            }
        }
        queues.add(.hardware(Self.mac, [1]))
        for await _ in gate.reached { break }
        let stages: [BootStage] = [.dhcp, .script, .kernel, .root, .ready]
        for stage in stages { queues.add(Self.boot(stage)) }
        var (reached, iterator) = ([BootStage](), written.makeAsyncIterator())
        while reached.count < stages.count, let (kind, batch) = await iterator.next() {
            #expect(kind == .boots)
            for case .boot(let event) in batch { reached.append(event.stage) }
        }
        #expect(reached == stages)
        gate.open.yield()
        let last = await iterator.next()
        #expect(last?.0 == .hardware)
        service.cancel()
        await service.value
    }

    @Test(.timeLimit(.minutes(10)))
    func `what a node tells later is written after the stage that it reported before`() async {
        let (queues, gate) = (ReportQueues(), Gate())
        let (written, write) = AsyncStream.makeStream(of: ReportKind.self)
        let service = Task {
            await queues.run { kind, _, _ in
                if kind == .boots { await gate.wait() }
                write.yield(kind)
            }
        }
        queues.add(Self.boot(.ready))
        queues.add(.sessions(Self.mac, boot: "0000000000000001", []))
        for await _ in gate.reached { break }
        gate.open.yield()
        var iterator = written.makeAsyncIterator()
        #expect([await iterator.next(), await iterator.next()] == [.boots, .sessions])
        // A store that hangs does not hold the other kinds for ever.
        queues.add(Self.boot(.failed))
        for await _ in gate.reached { break }
        queues.add(.sessions(Self.mac, boot: "0000000000000001", []))
        #expect(await iterator.next() == .sessions)
        gate.open.yield()
        service.cancel()
        await service.value
    }

    @Test(.timeLimit(.minutes(10)))
    func `a full queue drops and counts reports, and then accepts again`() async {
        let queues = ReportQueues { kind in (count: kind == .hardware ? 2 : 100, byteCount: 100) }
        let gate = Gate()
        let (written, write) = AsyncStream.makeStream(of: (count: Int, dropped: Int).self)
        let service = Task {
            await queues.run { kind, batch, dropped in
                write.yield((batch.count, dropped))
                await gate.wait()
            }
        }
        queues.add(.hardware(Self.mac, [1]))
        for await _ in gate.reached { break }
        for _ in 1...5 { queues.add(.hardware(Self.mac, [1])) }
        #expect(queues.figures[.hardware] == ReportQueues.Figures(waiting: 2, dropped: 3))
        #expect(queues.figures[.boots] == ReportQueues.Figures())
        #expect(
            NodeWarnings.reports(queues.figures).first?.hasPrefix(
                "3 reports of nodes (hardware) were dropped")
                == true)
        gate.open.yield()
        var iterator = written.makeAsyncIterator()
        let told = [await iterator.next(), await iterator.next()]
        #expect(told.map { $0?.count } == [1, 2] && told.map { $0?.dropped } == [0, 3])
        queues.add(.hardware(Self.mac, [1]))
        gate.open.yield()
        let last = await iterator.next()
        #expect(last?.count == 1 && last?.dropped == 0)
        service.cancel()
        await service.value
    }

    @Test(.timeLimit(.minutes(10)))
    func `a report that is larger than its queue is told, though no other one comes`() async {
        let queues = ReportQueues { _ in (count: 100, byteCount: 2) }
        let (written, write) = AsyncStream.makeStream(of: (count: Int, dropped: Int).self)
        let service = Task { await queues.run { _, batch, dropped in write.yield((batch.count, dropped)) } }
        queues.add(.hardware(Self.mac, [1, 2, 3]))
        var iterator = written.makeAsyncIterator()
        let told = await iterator.next()
        #expect(told?.count == 0 && told?.dropped == 1)
        service.cancel()
        await service.value
    }

    @Test func `text and bytes count, too`() {
        let queues = ReportQueues { _ in (count: 100, byteCount: 10) }
        queues.add(Self.boot(.dhcp, detail: "12345678"))
        queues.add(Self.boot(.kernel, detail: "12345678"))
        queues.add(Self.boot(.ready))
        #expect(queues.figures[.boots] == ReportQueues.Figures(waiting: 2, dropped: 1))
        #expect(NodeWarnings.reports(ReportQueues().figures).isEmpty)
        #expect(ReportKind.allCases.map(\.limit.byteCount).reduce(0, +) <= 64 << 20)
    }

    @Test func `each kind is recorded in the fleet, and an unreadable report does not stop others`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let services = try await CenterServices.alone(in: directory)
        let fleet = services.fleet
        let jumps = Mutex(0)
        let recorder = ReportRecorder(
            fleet: fleet, volumes: services.volumes, logs: services.logs, logger: .silent,
            minter: .ofTests()
        ) { jumps.withLock { $0 += 1 } }
        let uuid = try #require(MachineUUID("12345678-1234-5678-1234-56789abcdef0"))
        let name = try NodeName("pc-1")
        try await fleet.change(by: "test") { _ in
            [.node(name, Node(name: name, macAddresses: [], uuid: uuid))]
        }
        let jump = ClockJump(before: 1_000, after: 2_000)
        await recorder.write(
            [Self.boot(.dhcp), .card(Self.mac, uuid), Self.boot(.kernel), .clock(jump), Self.boot(.ready)],
            of: .boots)
        #expect(fleet.boot(of: Self.mac)?.entries.map(\.stage) == [.dhcp, .kernel, .ready])
        #expect(fleet.snapshot.node(at: Self.mac)?.name == name && jumps.withLock { $0 } == 1)
        #expect(fleet.recentJump?.jump == jump)

        let other = MACAddress(rawValue: 7)
        await recorder.write(
            [
                .hardware(other, Array("no JSON".utf8)),
                .hardware(Self.mac, Array(#"{"vendor":"Maker"}"#.utf8)),
            ],
            of: .hardware)
        #expect(fleet.snapshot.observations.hardware.keys.map(\.self) == [Self.mac])
        let session = #"[{"id":"1","user":"ann","kind":"tty","place":"","from":"","isActive":true,"age":1}]"#
        await recorder.write(
            [
                .sessions(other, boot: "1", Array("{".utf8)),
                .sessions(Self.mac, boot: "0000000000000001", Array(session.utf8)),
            ], of: .sessions)
        #expect(fleet.sessions[Self.mac]?.sessions.map(\.user) == ["ann"])
        let step = #"[{"name":"a","outcome":"failed","attempts":1,"milliseconds":1,"output":["why"]}]"#
        await recorder.write(
            [
                .steps(other, boot: "1", .late, Array("[{}]".utf8)),
                .steps(Self.mac, boot: "0000000000000001", .late, Array(step.utf8)),
            ], of: .steps)
        #expect(fleet.failedSteps[Self.mac]?.flatMap(\.failures).map(\.name) == ["a"])
        let alarm = NodeAlarm(
            at: 1, address: try #require(IPv4Address("10.77.0.66")), holder: nil, property: .volume)
        await recorder.write([.refusal(Self.mac, alarm)], of: .alarms)
        let node = try #require(fleet.snapshot.nodes[name])
        #expect(fleet.alarm(of: node)?.property == .volume)
        // Any message with its card can raise this one, and hides nothing.
        let passing = NodeAlarm(at: 2, address: alarm.address, holder: nil, property: .machine)
        await recorder.write([.refusal(Self.mac, passing)], of: .alarms)
        #expect(fleet.alarm(of: node)?.property == .volume && fleet.alarm(of: node)?.count == 2)
        await recorder.write(
            [.registration(other, Registration(name: try NodeName("pc-9"), group: .site, pin: ""))],
            of: .registrations)
        #expect(fleet.registrations[other]?.name.text == "pc-9")
        await recorder.write([.forgotten(other), .forgotten(Self.mac)], of: .boots)
        #expect(fleet.registrations.isEmpty && fleet.boot(of: Self.mac) != nil)
    }
}

import Fleet
import Linux
import Sealing
import Synchronization
import Testing
import Wire

@testable import Services

/// When machines are heard of, and by what.
@Suite struct HearingTests {
    private let machine = MACAddress(rawValue: 0x5254_0000_0001)

    @Test func `a full memory forgets those that were silent longest, and takes no more than it may`() {
        var hearing = Hearing(machineLimit: 2)
        func note(_ number: UInt64, _ now: Int) { hearing.note(MACAddress(rawValue: number), at: now) }
        note(1, 0)
        note(2, 500_000)
        note(3, 500_001)
        #expect(hearing.times.keys.map(\.rawValue).sorted() == [1, 2])
        note(3, 600_000)
        #expect(hearing.times.keys.map(\.rawValue).sorted() == [2, 3])
        note(2, 600_001)
        #expect(hearing.times[MACAddress(rawValue: 2)] == 600_001)
    }

    private final class Sent: Sendable {
        let reports = Mutex([NodeReport]())
    }

    private func context(_ sent: Sent) throws -> BootContext {
        let snapshot = FleetSnapshot(
            revision: 1,
            nodes: [
                Node(
                    name: try NodeName("pc-1"), macAddresses: [machine], address: IPv4Address("10.77.0.5"))
            ], groups: [NodeGroup(path: .site)], images: [])
        let context = try BootContext(
            loop: try EventLoop(),
            settings: BootContext.Settings(
                policy: BootPolicy(server: .loopback, loaders: [], nodeArchives: [:]), imageStore: "",
                volumeDirectory: "", nodeArchiveDirectory: "", loaders: [:], key: ServerKey(),
                secrets: NodeSecrets()),
            snapshot: snapshot, tracker: BootTracker()
        ) { report in sent.reports.withLock { $0.append(report) } }
        context.note(.dhcp, of: machine, detail: "")
        return context
    }

    private func status(
        _ context: BootContext, _ method: String, _ path: String, from peer: String = "10.77.0.5"
    ) throws -> Int {
        let head = Array("\(method) /node/\(machine)/\(path) HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        var wire = head.span
        let request = try HTTPRequestHead(parsing: &wire)
        return HTTPAnswering(context: context).answer(
            request, body: [], peer: try #require(IPv4Address(peer)), server: .loopback
        ).status
    }

    @Test func `a machine is heard by its own requests alone, and its first order is reported once a boot`()
        throws
    {
        let sent = Sent()
        let context = try context(sent)
        let boot = try #require(context.tracker.currentBoot(of: machine))
        #expect(context.heard[machine] == nil)
        #expect(try status(context, "GET", "orders?boot=\(boot)", from: "10.77.0.6") == 403)
        #expect(context.heard[machine] == nil)
        #expect(try status(context, "POST", "report?boot=\(boot)&stage=ready") == 204)
        #expect(context.heard[machine] != nil)
        for _ in 0..<3 { #expect(try status(context, "GET", "orders?boot=\(boot)") == 200) }
        #expect(try status(context, "GET", "orders?boot=0123456789abcdef") == 403)
        let attended = sent.reports.withLock { reports in
            reports.compactMap { report in if case .attends(let boot) = report { boot.boot } else { nil } }
        }
        #expect(attended == [boot])
    }

    @Test func `a node reports its end, and nothing after it`() throws {
        let sent = Sent()
        let context = try context(sent)
        let boot = try #require(context.tracker.currentBoot(of: machine))
        #expect(try status(context, "POST", "report?boot=\(boot)&stage=ready") == 204)
        #expect(try status(context, "POST", "report?boot=\(boot)&stage=off") == 204)
        #expect(try status(context, "POST", "report?boot=\(boot)&stage=ready") == 403)
        // It may still tell how its steps at shutdown ended.
        #expect(try status(context, "POST", "steps?boot=\(boot)&phase=shutdown") == 204)
        let stages = sent.reports.withLock { reports in
            reports.compactMap { report in if case .boot(let event) = report { event.stage } else { nil } }
        }
        #expect(stages == [.dhcp, .ready, .off])
    }
}

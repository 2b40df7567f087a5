import Fleet
import Foundation
import Linux
import Sealing
import Synchronization
import Testing
import Wire

@testable import Services

/// A configuration goes out once the disk knows its key: a server that was killed gives none to another one.
@Suite final class DeliveryJournalTests {
    private let path = FileManager.default.temporaryDirectory.appendingPathComponent(
        "roost-\(UUID()).journal"
    ).path

    deinit { try? FileManager.default.removeItem(atPath: path) }

    private func delivery(_ number: Int) -> WrittenDelivery {
        WrittenDelivery(
            machine: MACAddress(rawValue: UInt64(number)), boot: String(repeating: "a", count: 16),
            at: 1_800_000_000_000 + number,
            delivery: ConfigurationDelivery(
                address: IPv4Address(rawValue: 9),
                publicKey: (0..<32).map { UInt8(truncatingIfNeeded: $0 + number) }))
    }

    private func stored() throws -> [WrittenDelivery] {
        try DeliveryJournal.deliveries(at: path).sorted { $0.at < $1.at }
    }

    @Test func `the newest come back, whole, and the file never grows`() throws {
        let count = DeliveryJournal.recordCount
        do {
            var journal = try DeliveryJournal(path)
            #expect(try stored().isEmpty)
            try journal.append((1...count - 1).map(delivery))
        }
        // It goes on behind the newest one, and round.
        var journal = try DeliveryJournal(path)
        try journal.append((count...count + 2).map(delivery))
        #expect(try stored() == (3...count + 2).map(delivery))
        #expect(FileStatus(path)?.byteCount == count * DeliveryJournal.recordByteCount)
    }

    @Test(arguments: [0, 5, 17, 30, 62]) func `a damaged record is left out, and no other`(at byte: Int)
        throws
    {
        var journal = try DeliveryJournal(path)
        try journal.append([delivery(1), delivery(2)])
        var bytes = try WholeFile.read(path)
        bytes[byte] ^= 0x10
        try WholeFile.writeForNow(path, bytes)
        #expect(try stored() == [delivery(2)])
    }

    /// What an answer that comes later is given; nil: nothing yet.
    private func given(_ answer: HTTPAnswer) throws -> () -> HTTPAnswer? {
        guard case .later(let later) = answer.body else { return { answer } }
        final class Box { var answer: HTTPAnswer? }
        let box = Box()
        later.whenGiven { box.answer = $0 }
        return { box.answer }
    }

    @Test func `the answer waits for the disk, also where it is asked for again`() throws {
        let bench = try NodeBench()
        bench.context.note(.dhcp, of: bench.machine, detail: "")
        let (key, boot) = (NodeKey(), try bench.boot)
        let first = try given(bench.ask(key, in: boot))
        let again = try given(bench.ask(key, in: boot))
        #expect(first() == nil && again() == nil && bench.written.count == 2)
        // Another key is refused without waiting.
        #expect(try given(bench.ask(NodeKey(), in: boot))()?.status == 403)
        // A disk that takes nothing: the node asks again.
        bench.context.take(written: try #require(bench.written.first).number, isWritten: false)
        #expect(first()?.status == 503 && again() == nil)
        bench.context.take(written: try #require(bench.written.last).number, isWritten: true)
        #expect(again()?.status == 200)
        // From now on it is known.
        #expect(try given(bench.ask(key, in: boot))()?.status == 200 && bench.written.count == 2)
    }

    @Test func `killed behind the first answer, the server knows its key, and gives no other one anything`()
        throws
    {
        let before = try NodeBench()
        before.context.note(.dhcp, of: before.machine, detail: "")
        let (key, boot) = (NodeKey(), try before.boot)
        let answer = try given(before.ask(key, in: boot))
        let record = try #require(before.written.first)
        var journal = try DeliveryJournal(path)
        try journal.append([record.delivery])
        before.context.take(written: record.number, isWritten: true)
        #expect(answer()?.status == 200)
        // The store has the boot, and not its delivery yet.
        let machine = before.machine
        let timeline = BootTimeline(
            boot: boot, macAddress: machine,
            entries: [
                BootTimeline.Entry(
                    BootEvent(boot: boot, macAddress: machine, stage: .script, at: 5, detail: ""))
            ])
        let told = Told()
        let after = try NodeBench(
            boots: [timeline], deliveries: DeliveryJournal.deliveries(at: path),
            send: { report in told.reports.withLock { $0.append(report) } })
        #expect(try given(after.ask(NodeKey(), in: boot))()?.status == 403)
        #expect(try given(after.ask(key, in: boot))()?.status == 200)
        let recorded = told.reports.withLock { reports in
            reports.compactMap { if case .boot(let event) = $0 { event.delivery } else { nil } }
        }
        #expect(recorded == [record.delivery.delivery])
        // Without the journal it would have given a second one: the test can fail.
        let blind = try NodeBench(boots: [timeline])
        let second = try blind.ask(NodeKey(), in: boot)
        guard case .later = second.body else {
            Issue.record("\(second.status)")
            return
        }
    }

    private final class Told: Sendable {
        let reports = Mutex([NodeReport]())
    }

    /// The writer's own thread, on a real file.
    @Test func `the writer calls back once the record is on the disk`() async throws {
        let writer = try DeliveryWriter(journal: try DeliveryJournal(path)) { _ in }
        let one = delivery(1)
        let isWritten = await withCheckedContinuation { continuation in
            writer.write(one) { continuation.resume(returning: $0) }
        }
        #expect(try isWritten && stored() == [one])
    }
}

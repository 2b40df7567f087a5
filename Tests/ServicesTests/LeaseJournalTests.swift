import Fleet
import Foundation
import Testing
import Wire

@testable import Services

@Suite final class LeaseJournalTests {
    private let path = FileManager.default.temporaryDirectory.appendingPathComponent(
        "roost-\(UUID()).journal"
    ).path

    deinit { try? FileManager.default.removeItem(atPath: path) }

    private func lease(_ address: UInt32, _ expiresAt: Int, holder: LeaseHolder? = nil) -> Lease {
        Lease(
            address: IPv4Address(rawValue: address),
            holder: holder ?? .macAddress(MACAddress(rawValue: UInt64(address))),
            expiresAt: expiresAt, hostName: "pc\(address)")
    }

    private func sorted(_ leases: [Lease]) -> [Lease] { leases.sorted { $0.address < $1.address } }

    @Test func `leases of every kind return after reopening`() throws {
        let leases = [
            lease(1, 100), lease(2, Lease.never), lease(3, 5, holder: .clientIdentifier([1, 2, 3])),
            lease(4, 7, holder: .foreign(IPv4Address(rawValue: 4))),
        ]
        var journal = try LeaseJournal(path)
        try journal.append(leases)
        try journal.append([lease(1, 200)])
        #expect(sorted(try LeaseJournal.leases(at: path)) == [lease(1, 200)] + leases.dropFirst())
        _ = try LeaseJournal(path)
        #expect(sorted(try LeaseJournal.leases(at: path)) == [lease(1, 200)] + leases.dropFirst())
    }

    /// `kill -9` and a power cut leave a journal that may end anywhere.
    @Test func `a journal truncated at any byte has every complete record before it and nothing else`() throws
    {
        var journal = try LeaseJournal(path)
        try journal.append((1...5).map { lease($0, Int($0) * 10) })
        let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        // The rest are the zeros that the next records will overwrite.
        let recordByteCount = (2 + 4) + (4 + 8 + 1 + 1 + 6) + 3
        let recordsByteCount = 8 + 5 * recordByteCount
        #expect(whole.dropFirst(recordsByteCount).allSatisfy { $0 == 0 })
        #expect(whole[..<recordsByteCount].last != 0)
        for length in 0...recordsByteCount + 100 {
            let count = LeaseJournal.read(Array(whole[..<length])).count
            #expect(count == min(5, max(0, length - 8) / recordByteCount), "cut at \(length)")
        }
    }

    @Test func `a journal that has grown too long can be rewritten`() throws {
        let long = Lease(
            address: IPv4Address(rawValue: 1), holder: .clientIdentifier([UInt8](repeating: 7, count: 400)),
            expiresAt: -1, hostName: String(repeating: "\u{FFFD}", count: 60_000))
        var journal = try LeaseJournal(path)
        try journal.append([long, lease(2, 5)])
        let read = sorted(try LeaseJournal.leases(at: path))
        #expect(read.count == 2 && read[1] == lease(2, 5))
        #expect(read[0].holder == .clientIdentifier([UInt8](repeating: 7, count: 255)))
        _ = try LeaseJournal(path)
        #expect(sorted(try LeaseJournal.leases(at: path)) == read)
    }

    @Test func `a damaged record ends the journal`() throws {
        var journal = try LeaseJournal(path)
        try journal.append((1...3).map { lease($0, 10) })
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        bytes[8 + 29 + 10] ^= 0xFF
        #expect(LeaseJournal.read(bytes).count == 1)
        #expect(LeaseJournal.read(Array("something else".utf8)).isEmpty)
    }
}

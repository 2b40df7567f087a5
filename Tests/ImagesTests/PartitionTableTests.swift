import Foundation
import Testing

@testable import Images

/// Partition tables as disks have them, read with the real program.
@Suite(.enabled(if: (try? Confinement.check()) != nil, "this host cannot confine programs (bubblewrap)"))
struct PartitionTableTests {
    private let work: SampleRoot

    init() throws { work = try SampleRoot() }

    private func little(_ value: some FixedWidthInteger) -> [UInt8] {
        (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    /// CRC-32 (UEFI 2.10 §4.2).
    private func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(UInt32.max) { sum, byte in
            (0..<8).reduce(sum ^ UInt32(byte)) { sum, _ in sum >> 1 ^ (sum & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
    }

    /// A disk of 1 MiB with one partition (UEFI 2.10 §5.3), and its second half.
    private func disk(sector: Int) -> [UInt8] {
        let last = UInt64((1 << 20) / sector - 1)
        let kind: [UInt8] = [
            0xAF, 0x3D, 0xC6, 0x0F, 0x83, 0x84, 0x72, 0x47, 0x8E, 0x79, 0x3D, 0x69, 0xD8, 0x47, 0x7D, 0xE4,
        ]
        let half = UInt64((1 << 19) / sector)
        let entry =
            kind + [UInt8](repeating: 1, count: 16) + little(half)
            + little(half + UInt64(65_536 / sector) - 1)
        let entries = entry + [UInt8](repeating: 0, count: 128 * 128 - entry.count)
        let tableCount = UInt64(entries.count / sector)
        let beginning = Array("EFI PART".utf8) + little(UInt32(0x1_0000)) + little(UInt32(92))
        let end =
            little(UInt32(0)) + little(UInt64(1)) + little(last) + little(2 + tableCount)
            + little(last - 1 - tableCount) + [UInt8](repeating: 2, count: 16) + little(UInt64(2))
            + little(UInt32(128))
            + little(UInt32(128)) + little(checksum(entries))
        let sum = checksum(beginning + little(UInt32(0)) + end)
        let header = beginning + little(sum) + end
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        // The protective table for BIOS.
        let guardEntry: [UInt8] =
            [0, 0, 2, 0, 0xEE, 0xFF, 0xFF, 0xFF] + little(UInt32(1)) + little(UInt32(last))
        bytes.replaceSubrange(446..<446 + guardEntry.count, with: guardEntry)
        bytes.replaceSubrange(510..<512, with: [0x55, 0xAA])
        bytes.replaceSubrange(sector..<sector + header.count, with: header)
        bytes.replaceSubrange(2 * sector..<2 * sector + entries.count, with: entries)
        return bytes
    }

    /// util-linux#1598, osbuild/image-builder#2593, rackerlabs/understack#2069
    @Test(arguments: [512, 4_096])
    func `partitions are found whatever the sectors of the drive`(sector: Int) throws {
        try work.put("disk", bytes: disk(sector: sector))
        #expect(try ImageSource("\(work.path)/disk").kind == .disk(.raw))
        let places = try DiskImage.places(on: "\(work.path)/disk", ofDiskOf: 1 << 20)
        #expect(places.map(\.offset) == [1 << 19] && places.map(\.byteCount) == [65_536])
    }
}

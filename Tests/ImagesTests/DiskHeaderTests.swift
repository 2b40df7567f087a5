import Foundation
import Testing

@testable import Images

@Suite struct DiskHeaderTests {
    private func qcow2(version: UInt32 = 3, backing: UInt64 = 0, features: UInt64 = 0) -> [UInt8] {
        func big(_ value: some FixedWidthInteger) -> [UInt8] {
            stride(from: value.bitWidth - 8, through: 0, by: -8).map {
                UInt8(truncatingIfNeeded: value >> $0)
            }
        }
        let head = [0x51, 0x46, 0x49, 0xFB] + big(version) + big(backing)
        return head + [UInt8](repeating: 0, count: 72 - head.count) + big(features)
            + [UInt8](repeating: 0, count: 32)
    }

    private func vmdk(capacity: UInt64 = 128, _ descriptor: String, offset: UInt64 = 1, length: UInt64 = 2)
        -> [UInt8]
    {
        func little(_ value: UInt64) -> [UInt8] {
            (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        let head = Array("KDMV".utf8) + [1, 0, 0, 0, 3, 0, 0, 0] + little(capacity) + little(128)
        let table = head + little(offset) + little(length)
        let text = Array(descriptor.utf8)
        return table + [UInt8](repeating: 0, count: 512 - table.count) + text
            + [UInt8](repeating: 0, count: 1_024 - text.count)
    }

    @Test func `disks that stand alone are accepted`() {
        for version: UInt32 in [2, 3] {
            #expect(DiskHeader(qcow2(version: version)).dependence(as: .qcow2) == nil)
        }
        let sparse = "createType=\"monolithicSparse\"\nparentCID=ffffffff\nRW 128 SPARSE \"disk.vmdk\"\n"
        #expect(DiskHeader(vmdk(sparse)).dependence(as: .vmdk) == nil)
        #expect(DiskHeader(vmdk("createType = \"streamOptimized\"")).dependence(as: .vmdk) == nil)
        #expect(DiskHeader(vmdk("", offset: 0, length: 0)).dependence(as: .vmdk) == nil)
        for format in [DiskImage.Format.raw, .vdi, .vhdx] {
            #expect(DiskHeader([]).dependence(as: format) == nil)
        }
    }

    @Test func `a parent is found wherever QEMU would look for it`() {
        let alone = "createType=\"monolithicSparse\"\nparentCID=ffffffff\nRW 128 SPARSE \"disk.vmdk\"\n"
        let parent = "parentFileNameHint=\"/etc/shadow\"\n"
        let lines = alone + "#" + String(repeating: "x", count: 600) + "\n" + parent
        // In the middle of a line; after the length in the header; where the header says that there is none.
        for (text, length) in [(alone + "ddb.comment = x" + parent, 2), (lines, 1), (alone + parent, 0)] {
            let header = vmdk(text, length: UInt64(length))
            #expect(DiskHeader(header).dependence(as: .vmdk) != nil, "\(length)")
        }
        // In the first sectors, although the header names others, or none.
        let padding = [UInt8](repeating: 0, count: 512 - alone.utf8.count)
        let elsewhere = vmdk(alone + parent, offset: 3, length: 1) + Array(alone.utf8) + padding
        #expect(DiskHeader(elsewhere).dependence(as: .vmdk) != nil)
        #expect(DiskHeader(vmdk(parent, offset: 0, length: 0)).dependence(as: .vmdk) != nil)
        #expect(
            DiskHeader(vmdk(alone, offset: 3, length: 1) + Array(alone.utf8) + padding)
                .dependence(as: .vmdk) == nil)
    }

    @Test func `disks that refer to other files are refused, and so are truncated headers`() {
        #expect(DiskHeader(qcow2(backing: 1)).dependence(as: .qcow2) != nil)
        #expect(DiskHeader(qcow2(features: 4)).dependence(as: .qcow2) != nil)
        #expect(DiskHeader(qcow2(features: .max)).dependence(as: .qcow2) != nil)
        for text in [
            "createType=\"monolithicFlat\"", "createType=\"twoGbMaxExtentSparse\"",
            "RW 128 FLAT \"/dev/vda\" 0",
            "RW 128 SPARSE \"a\"\nRW 128 SPARSE \"b\"", "parentFileNameHint=\"/etc/shadow\"",
            "parentCID=12345678",
            "RW\t128\tVMFS\t\"x\"", "RDONLY 1 ZERO",
        ] {
            #expect(DiskHeader(vmdk(text)).dependence(as: .vmdk) != nil, "\(text)")
        }
        #expect(DiskHeader(vmdk(capacity: 0, "")).dependence(as: .vmdk) != nil)
        for (offset, length) in [(UInt64.max, 1), (1, UInt64.max), (3, 1), (1 << 55, 2)] as [(UInt64, UInt64)]
        {
            #expect(DiskHeader(vmdk("", offset: offset, length: length)).dependence(as: .vmdk) != nil)
        }
        for count in 0..<80 {
            #expect(DiskHeader(Array(qcow2().prefix(count))).dependence(as: .qcow2) != nil, "\(count)")
            if count < 44 { #expect(DiskHeader(Array(vmdk("").prefix(count))).dependence(as: .vmdk) != nil) }
        }
    }
}

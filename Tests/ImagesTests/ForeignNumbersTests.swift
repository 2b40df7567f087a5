import Foundation
import Testing

@testable import Images

/// Numbers in an untrusted disk or root: extreme values do no harm.
@Suite struct ForeignNumbersTests {
    @Test(arguments: [
        "9223372036854775807 9223372036854775807", "-9223372036854775808 3", "1 9223372036854775807",
        "0 2049",
        "18446744073709551615 3", "2048 3", "-1 4",
    ])
    func `a partition outside its disk is ignored`(line: String) {
        #expect(DiskImage.places(in: line + "\n", ofDiskOf: 1 << 20).isEmpty)
    }

    @Test func `a partition inside its disk is found where the table says`() {
        let places = DiskImage.places(in: " 0 2048\n 34 3\n1 2\n", ofDiskOf: 1 << 20)
        #expect(places.map(\.offset) == [0, 34 * 512] && places.map(\.byteCount) == [1 << 20, 3 * 512])
    }

    @Test func `a root whose file sizes overflow is not read`() throws {
        let list = """
            a R 0 644 0 0 9223372036854775807 0 0
            b R 0 644 0 0 9223372036854775807 9223372036854775807 0
            c R 0 644 0 0 -1 9223372036854775807 0
            #
            # START OF DATA - DO NOT MODIFY
            #

            """
        var contents = RootContents()
        try contents.take(Data(list.utf8))
        #expect(contents.entries.keys.sorted() == ["a"])
        #expect(throws: ImageLacks.self) { try contents.finish() }
    }

    @Test(arguments: [UInt64.max, 1 << 63, 1 << 32, 65])
    func `a program whose table lies outside is not read further`(offset: UInt64) throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        var elf = [UInt8](repeating: 0xFF, count: 80)
        elf.replaceSubrange(0..<4, with: [0x7F, 0x45, 0x4C, 0x46])
        for index in 0..<8 { elf[32 + index] = UInt8(truncatingIfNeeded: offset >> UInt64(8 * index)) }
        let path = directory.appendingPathComponent("busybox").path
        try Data(elf).write(to: URL(fileURLWithPath: path))
        // Whatever the bytes become: examining them must not trap.
        _ = try? InitramfsArchive.makeNodeArchive(
            nodeProgram: path, busybox: path, serverKey: [], to: directory.appendingPathComponent("out").path)
    }
}

import Foundation

/// Disks that a test makes for a machine or for an import.
enum Disk {
    private static let sector = 512

    /// A disk with these files as its partitions, with their MBR types (131 Linux, 130 swap).
    static func make(_ path: String, _ partitions: [(file: String, type: UInt8)]) throws {
        var table = Data(count: sector)
        var start = 2_048
        try Data().write(to: URL(fileURLWithPath: path))
        for (index, partition) in partitions.enumerated() {
            let attributes = try FileManager.default.attributesOfItem(atPath: partition.file)
            let count = (attributes[.size] as? Int ?? 0) / sector
            let entry = 446 + 16 * index
            table[entry + 4] = partition.type
            for byte in 0..<4 {
                table[entry + 8 + byte] = UInt8(truncatingIfNeeded: start >> (8 * byte))
                table[entry + 12 + byte] = UInt8(truncatingIfNeeded: count >> (8 * byte))
            }
            try BootLab.run(
                "dd",
                [
                    "if=\(partition.file)", "of=\(path)", "bs=1M", "seek=\(start / 2_048)",
                    "conv=notrunc,sparse",
                    "status=none",
                ])
            start += (count + 2_047) / 2_048 * 2_048
        }
        (table[510], table[511]) = (0x55, 0xAA)
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.write(contentsOf: table)
        try file.truncate(atOffset: UInt64(start * sector))
        try file.close()
    }

    static func makeFileSystem(_ path: String, _ size: String, label: String, from root: String? = nil)
        throws
    {
        try? FileManager.default.removeItem(atPath: path)
        try BootLab.run(
            "mke2fs",
            ["-q", "-F", "-t", "ext4", "-L", label] + (root.map { ["-d", $0] } ?? []) + [path, size])
    }
}

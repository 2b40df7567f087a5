import Glibc

/// The code of this program and its libraries in memory.
package enum ProgramCode {
    /// Gives back the pages that only the start needed: relocations, symbols, what ran once. Those that are used again come from the page
    /// cache. Nothing was written to them: a page of code is as it is in its file.
    package static func releaseStart() {
        guard let maps = try? WholeFile.read("/proc/self/maps", limit: 1 << 20) else { return }
        for line in String(decoding: maps, as: UTF8.self).split(separator: "\n") {
            // 562b09124000-562b0b305000 r-xp 00000000 fe:01 1234 /usr/bin/roost-agent
            let fields = line.split(separator: " ", omittingEmptySubsequences: true)
            guard fields.count >= 6, fields[1] == "r-xp", fields[5].hasPrefix("/") else { continue }
            let ends = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            guard ends.count == 2, ends[0] < ends[1],
                let start = unsafe UnsafeMutableRawPointer(bitPattern: ends[0])
            else { continue }
            unsafe _ = madvise(start, Int(ends[1] - ends[0]), MADV_DONTNEED)
        }
    }
}

import API
import Fleet
import Glibc
import Linux

/// What the kernel says of the machine's load (proc(5)).
struct MachineLoad: Equatable {
    var loadAverage: Double
    var memoryByteCount: Int
    var availableByteCount: Int
    var pressure: AgentReport.Pressure?

    /// - Parameters:
    ///   - loadAverage: `/proc/loadavg`.
    ///   - memory: `/proc/meminfo`.
    ///   - pressure: a file below `/proc/pressure`; nil where the kernel has none.
    init?(loadAverage: String, memory: String, pressure: (String) -> String?) {
        guard let first = loadAverage.split(separator: " ").first, let average = Double(first),
            let all = Self.bytes("MemTotal", in: memory),
            let available = Self.bytes("MemAvailable", in: memory)
        else { return nil }
        self.loadAverage = average
        (memoryByteCount, availableByteCount) = (all, min(available, all))
        let shares = ["cpu", "memory", "io"].map { pressure($0).flatMap(Self.share) }
        // No files: not known, and not none.
        self.pressure =
            shares.allSatisfy { $0 == nil }
            ? nil : AgentReport.Pressure(processors: shares[0], memory: shares[1], io: shares[2])
    }

    /// `MemTotal:        8052248 kB`
    private static func bytes(_ name: String, in text: String) -> Int? {
        for line in text.split(separator: "\n") where line.hasPrefix("\(name):") {
            let words = line.split { $0 == " " || $0 == "\t" }
            guard words.count >= 2, let count = Int(words[1]), (0...(1 << 50)).contains(count) else {
                return nil
            }
            return count << 10
        }
        return nil
    }

    /// `some avg10=1.53 avg60=…`: of the last ten seconds, as a share of one.
    private static func share(_ text: String) -> Double? {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("some ") }),
            let word = line.split(separator: " ").first(where: { $0.hasPrefix("avg10=") }),
            let percent = Double(word.dropFirst(6)), percent.isFinite
        else { return nil }
        return min(max(percent / 100, 0), 1)
    }

    static func now(_ places: AgentPlaces) -> Self? {
        func text(_ path: String) -> String? { SmallFile.text(places.path(path)) }
        guard let average = text("/proc/loadavg"), let memory = text("/proc/meminfo") else { return nil }
        return Self(loadAverage: average, memory: memory) { text("/proc/pressure/\($0)") }
    }

    static var processorCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}

/// Files that are read whole, often.
enum SmallFile {
    /// Nil when it is missing, not a regular file's text, or larger than the limit.
    static func text(_ path: String, limit: Int = 1 << 20) -> String? {
        (try? WholeFile.read(path, limit: limit)).map { String(decoding: $0, as: UTF8.self) }
    }
}

extension AgentReport.Room {
    /// Room in a file system (statvfs(3)); nil where there is no such directory.
    static func of(_ path: String, in places: AgentPlaces) -> Self? {
        var status = statvfs()
        guard unsafe statvfs(places.path(path), &status) == 0 else { return nil }
        let block = Int(clamping: status.f_frsize)
        return Self(
            path: path, byteCount: Int(clamping: status.f_blocks) * block,
            // What users may fill: some is kept for root.
            freeByteCount: Int(clamping: status.f_bavail) * block)
    }
}

import Foundation
import Glibc

/// A process's children and their descendants. Process groups and sessions do not identify them: programs make their own.
enum ProcessTree {
    /// Kills all descendants of `ancestor`, without waiting for them to be gone.
    ///
    /// All are stopped first, so that none can start another one, or continue because one has ended, before all are known.
    static func killDescendants(of ancestor: Int32) {
        var known: Swift.Set<Int32> = []
        while case let new = descendants(of: ancestor).filter({ known.insert($0).inserted }), !new.isEmpty {
            for process in new { kill(process, SIGSTOP) }
        }
        for process in known { kill(process, SIGKILL) }
    }

    /// proc(5): the fourth field of `stat`.
    private static func descendants(of ancestor: Int32) -> [Int32] {
        var children: [Int32: [Int32]] = [:]
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let pid = Int32(name),
                let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
                // The name in parentheses may contain any character.
                let end = stat.lastIndex(of: ")")
            else { continue }
            let fields = stat[end...].split(separator: " ")
            if fields.count > 2, let parent = Int32(fields[2]) { children[parent, default: []].append(pid) }
        }
        var found: [Int32] = []
        var open = [ancestor]
        while let next = open.popLast() {
            found += children[next] ?? []
            open += children[next] ?? []
        }
        return found
    }
}

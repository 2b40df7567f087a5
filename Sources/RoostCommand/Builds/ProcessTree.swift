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
            for process in new { waitUntilStopped(process) }
        }
        for process in known {
            // What it may have started meanwhile is in its group, if it leads one.
            kill(-process, SIGKILL)
            kill(process, SIGKILL)
        }
    }

    /// A process that is in the middle of starting another one stops when that one is there: making its namespaces takes milliseconds.
    private static func waitUntilStopped(_ process: Int32) {
        // Waiting for a disk cannot be interrupted, and such a process starts nothing.
        for _ in 0..<200 {
            guard let fact = facts(of: process), !["T", "t", "Z", "X"].contains(fact.state) else { return }
            usleep(5_000)
        }
    }

    /// proc(5), `stat`: its third and fourth field; nil: it is gone.
    private static func facts(of process: Int32) -> (state: Substring, parent: Int32)? {
        guard let stat = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            // The name in parentheses may contain any character.
            let end = stat.lastIndex(of: ")")
        else { return nil }
        let fields = stat[end...].split(separator: " ")
        guard fields.count > 2, let parent = Int32(fields[2]) else { return nil }
        return (fields[1], parent)
    }

    private static func descendants(of ancestor: Int32) -> [Int32] {
        var children: [Int32: [Int32]] = [:]
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let process = Int32(name), let parent = facts(of: process)?.parent else { continue }
            children[parent, default: []].append(process)
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

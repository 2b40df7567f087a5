import Foundation
import Glibc
import Testing

@testable import RoostCommand

/// What an interrupted command ends: all that it started, however far they went from it.
@Suite struct ProcessTreeTests {
    private let directory = NSTemporaryDirectory() + "roost-\(UUID())"

    /// Whether it runs: a process that only waits for its parent to look does not.
    private static func runs(_ process: Int32) -> Bool {
        guard let stat = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            let end = stat.lastIndex(of: ")")
        else { return false }
        return !["Z", "X"].contains(stat[end...].split(separator: " ").dropFirst().first)
    }

    private static func waits(for condition: () throws -> Bool) rethrows -> Bool {
        for _ in 0..<1_000 {
            if try condition() { return true }
            usleep(10_000)
        }
        return false
    }

    @Test func `all descendants end, in whatever session they are, and others go on`() throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        // A name in parentheses, as proc(5) writes names, must not be taken for the end of one.
        let odd = "\(directory)/a) S 1 (b"
        try FileManager.default.copyItem(atPath: "/bin/sleep", toPath: odd)
        func program(_ script: String) throws -> Process {
            let program = Process()
            program.executableURL = URL(fileURLWithPath: "/bin/sh")
            program.arguments = ["-c", script, directory]
            try program.run()
            return program
        }
        let other = try program("exec sleep 60")
        // Threads that run tests block SIGTERM, and so does what they start.
        defer { if other.isRunning { kill(other.processIdentifier, SIGKILL) } }
        let ancestor = try program(
            """
            setsid sh -c 'echo $$ >"$0/session"; sleep 60 & echo $! >"$0/child"; wait' "$0" &
            "$0/a) S 1 (b" 60 & echo $! >"$0/odd"
            echo $$ >"$0/whole"; wait
            """)
        // It may be stopped, and a stopped process hears of nothing else.
        defer { if ancestor.isRunning { kill(ancestor.processIdentifier, SIGKILL) } }
        func number(_ name: String) -> Int32? {
            (try? String(contentsOfFile: "\(directory)/\(name)", encoding: .utf8)).flatMap {
                Int32($0.trimmingCharacters(in: .whitespacesAndNewlines))
            }
        }
        let names = ["session", "child", "odd", "whole"]
        try #require(Self.waits { names.allSatisfy { number($0) != nil } })
        let started = ["session", "child", "odd"].compactMap(number)
        #expect(started.count == 3 && started.allSatisfy(Self.runs))

        ProcessTree.killDescendants(of: ancestor.processIdentifier)
        #expect(Self.waits { !started.contains(where: Self.runs) })
        #expect(Self.runs(other.processIdentifier))
    }
}

import Foundation
import Glibc
import Linux
import Testing

/// Programs that the server starts.
@Suite struct ChildProcessTests {
    /// Standard output of `words`, and how they ended.
    private func run(_ words: [String], environment: [String]? = nil) throws -> (text: String, status: Int32)
    {
        let output = Pipe()
        let null = try FileDescriptor(opening: "/dev/null", flags: O_WRONLY)
        let process = try ChildProcess(
            words, environment: environment, output: output.fileHandleForWriting.fileDescriptor,
            errors: null.number)
        try output.fileHandleForWriting.close()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        return (text, process.wait())
    }

    @Test func `a program starts, and gets no other descriptors, while peers hold three thousand`() throws {
        var before = rlimit()
        let limits = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        try #require(unsafe getrlimit(limits, &before) == 0)
        var wanted = before
        wanted.rlim_cur = max(before.rlim_cur, min(before.rlim_max, 8_192))
        try #require(unsafe setrlimit(limits, &wanted) == 0)
        let null = try FileDescriptor(opening: "/dev/null")
        // Not closed when a program starts, unlike the server's own.
        let held = (0..<3_000).map { _ in dup(null.number) }
        defer { for number in held { close(number) } }
        try #require(held.allSatisfy { $0 > 0 })
        // The fourth is the directory that it lists.
        #expect(try run(["/bin/ls", "/proc/self/fd"]).text.split(separator: "\n") == ["0", "1", "2", "3"])
    }

    @Test func `how a program ended is known, as often as it is asked`() throws {
        #expect(try run(["/bin/sh", "-c", "exit 3"]).status == 3)
        #expect(try run(["/bin/sh", "-c", "kill -9 $$"]).status == 137)
        let process = try ChildProcess(["/bin/sleep", "600"])
        #expect(process.isRunning)
        process.terminate()
        #expect(process.wait() == 143 && process.wait() == 143 && !process.isRunning)
    }

    @Test func `a program has the given environment, nothing to read, and a group of its own`() throws {
        #expect(try run(["/usr/bin/env"], environment: ["A=b c"]).text == "A=b c\n")
        #expect(try run(["/bin/cat"]).text.isEmpty)
        let group = try run(["/bin/sh", "-c", "echo $$; cut -d' ' -f5 /proc/$$/stat"]).text
        #expect(Set(group.split(separator: "\n")).count == 1)
    }

    @Test func `a program that is not there is an error`() {
        #expect(throws: SystemError("run /nowhere/at-all", number: ENOENT)) {
            _ = try ChildProcess(["/nowhere/at-all"])
        }
    }
}

import Foundation
import Glibc
import Linux
import Synchronization
import Testing

/// How other programs are started, as any user may start them.
@Suite struct ChildProcessTests {
    /// Runs a shell and returns what it prints, and its status.
    private func shell(
        _ script: String, environment: [String: String]? = nil, input: Int32? = nil
    ) throws -> (said: String, status: Int32) {
        let nothing = try FileDescriptor(opening: "/dev/null")
        let output = Pipe()
        let process = try ChildProcess(
            "/bin/sh", ["-c", script, "a word"], environment: environment, input: input ?? nothing.number,
            output: output.fileHandleForWriting.fileDescriptor,
            errors: output.fileHandleForWriting.fileDescriptor)
        try output.fileHandleForWriting.close()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        return (said, process.wait())
    }

    @Test func `a program gets its words, its environment, its input and its outputs`() throws {
        let input = Pipe()
        try input.fileHandleForWriting.write(contentsOf: Data("asked".utf8))
        try input.fileHandleForWriting.close()
        let answer = try shell(
            "printf '%s|%s|' \"$0\" \"$NAME\"; cat; echo '|error' >&2; exit 7",
            environment: ["NAME": "v=1 ü"],
            input: input.fileHandleForReading.fileDescriptor)
        #expect(answer.said == "a word|v=1 ü|asked|error\n")
        #expect(answer.status == 7)
        unsafe setenv("ROOST_CHILD_TEST", "inherited", 1)
        #expect(try shell("echo $ROOST_CHILD_TEST").said == "inherited\n")
        #expect(try shell("echo $ROOST_CHILD_TEST$HOME", environment: [:]).said == "\n")
    }

    @Test func `a program inherits no other descriptor, however many are open`() throws {
        var limit = rlimit()
        unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = min(limit.rlim_max, 16_384)
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        var open: [Int32] = []
        defer { open.forEach { close($0) } }
        // Without O_CLOEXEC, and with a gap in the middle.
        for _ in 0..<3_000 {
            let number = unsafe Glibc.open("/dev/null", O_RDONLY)
            try #require(number >= 0)
            open.append(number)
        }
        close(open.remove(at: 1_500))
        // The last one is that of the directory itself, which `ls` opens.
        #expect(try shell("ls -v /proc/self/fd | tr '\\n' ' '").said == "0 1 2 3 ")
    }

    /// Starts a shell of which nothing stays. Its children have this output, too, so it ends when they have ended.
    private func supervised(_ script: String, _ output: Pipe) throws -> ChildProcess {
        let nothing = try FileDescriptor(opening: "/dev/null")
        let process = try ChildProcess(
            "/bin/sh", ["-c", script], input: nothing.number,
            output: output.fileHandleForWriting.fileDescriptor,
            errors: output.fileHandleForWriting.fileDescriptor, endsAll: true)
        try output.fileHandleForWriting.close()
        return process
    }

    @Test(arguments: [
        "sleep 600 &", "setsid sleep 600 &", "(setsid sh -c 'trap \"\" TERM HUP; sleep 600; sleep 600' &)",
        "for i in 1 2 3; do (setsid setsid sh -c 'sleep 600 & (sleep 600 &) ; exec sleep 600' &) & done",
    ])
    func `what a program leaves behind ends with it, whatever session it makes, where that is wanted`(
        script: String
    ) throws {
        let output = Pipe()
        let process = try supervised("trap '' TERM; \(script)\necho said; exit 4", output)
        #expect(process.wait() == 4)
        #expect(output.fileHandleForReading.readDataToEndOfFile() == Data("said\n".utf8))
        #expect(!process.isRunning)
    }

    @Test func `a program of which nothing stays can be asked to end, and be ended`() throws {
        var output = Pipe()
        let asked = try supervised("trap 'echo asked; exit 3' TERM; setsid sleep 600 & echo on; wait", output)
        #expect(output.fileHandleForReading.availableData == Data("on\n".utf8))
        asked.signal(SIGTERM, toGroup: true)
        #expect(asked.wait() == 3)
        #expect(output.fileHandleForReading.readDataToEndOfFile() == Data("asked\n".utf8))
        output = Pipe()
        let deaf = try supervised("trap '' TERM; setsid sleep 600 & echo on; wait", output)
        #expect(output.fileHandleForReading.availableData == Data("on\n".utf8))
        deaf.signal(SIGTERM, toGroup: true)
        #expect(deaf.isRunning)
        deaf.signal(SIGKILL, toGroup: true)
        #expect(deaf.wait() == 128 + SIGKILL)
        #expect(output.fileHandleForReading.readDataToEndOfFile().isEmpty)
        #expect(throws: SystemError("start /nowhere/at-all", number: ENOENT)) {
            try ChildProcess("/nowhere/at-all", [], input: 0, output: 1, errors: 2, endsAll: true)
        }
    }

    @Test func `a program of which nothing stays ends with the one that waits for it`() throws {
        let output = Pipe()
        let started = Mutex<ChildProcess?>(nil)
        Thread.detachNewThread {
            let process = try? supervised("setsid sleep 600 & echo on; wait", output)
            started.withLock { $0 = process }
        }
        // To its end, whether or not it came to say something.
        _ = output.fileHandleForReading.readDataToEndOfFile()
        let found = started.withLock { $0 }
        let process = try #require(found)
        #expect(process.wait() == 128 + SIGKILL)
    }

    @Test func `a program ends by a broken pipe, though this process ignores it`() throws {
        // It stays so: other tests may want it at the same time.
        _ = signal(SIGPIPE, SIG_IGN)
        let answer = try shell("kill -PIPE $$; echo ignored")
        #expect(answer.said.isEmpty && answer.status == 128 + SIGPIPE)
    }

    @Test func `a signal ends a program, and its status says which`() throws {
        let nothing = try FileDescriptor(opening: "/dev/null")
        // Threads of a pool block nearly all signals.
        var (all, before) = (sigset_t(), sigset_t())
        unsafe sigfillset(&all)
        unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
        let process = try ChildProcess(
            "/bin/sleep", ["60"], input: nothing.number, output: nothing.number, errors: nothing.number)
        #expect(process.isRunning)
        #expect(getpgid(process.number) == process.number)
        process.signal(SIGTERM)
        #expect(process.wait() == 128 + SIGTERM)
        #expect(!process.isRunning)
        #expect(process.wait() == 128 + SIGTERM)
        process.signal(SIGKILL)
    }

    @Test func `a signal to the group ends what the program has started, too`() throws {
        let nothing = try FileDescriptor(opening: "/dev/null")
        let output = Pipe()
        let process = try ChildProcess(
            "/bin/sh", ["-c", "sleep 60 & echo started; wait"], input: nothing.number,
            output: output.fileHandleForWriting.fileDescriptor, errors: nothing.number)
        try output.fileHandleForWriting.close()
        let reader = output.fileHandleForReading
        #expect(String(decoding: reader.availableData, as: UTF8.self) == "started\n")
        process.signal(SIGKILL, toGroup: true)
        // Ends when the last process has closed it.
        #expect(reader.readDataToEndOfFile().isEmpty)
        #expect(process.wait() == 128 + SIGKILL)
    }

    @Test func `several threads may wait for a program`() async throws {
        let nothing = try FileDescriptor(opening: "/dev/null")
        let input = Pipe()
        let process = try ChildProcess(
            "/bin/sh", ["-c", "read line; exit 3"], input: input.fileHandleForReading.fileDescriptor,
            output: nothing.number, errors: nothing.number)
        try input.fileHandleForReading.close()
        let statuses = await withTaskGroup(of: Int32.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    await withCheckedContinuation { continuation in
                        Thread.detachNewThread { continuation.resume(returning: process.wait()) }
                    }
                }
            }
            try? input.fileHandleForWriting.close()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses == [3, 3, 3, 3])
    }

    @Test func `a program that cannot be started is an error with its path`() throws {
        let nothing = try FileDescriptor(opening: "/dev/null")
        #expect(throws: SystemError("start /nowhere/at-all", number: ENOENT)) {
            try ChildProcess(
                "/nowhere/at-all", [], input: nothing.number, output: nothing.number, errors: nothing.number)
        }
        #expect(throws: SystemError("start /etc/passwd", number: EACCES)) {
            try ChildProcess(
                "/etc/passwd", [], input: nothing.number, output: nothing.number, errors: nothing.number)
        }
        #expect(throws: SystemError("start /bin/true", number: EBADF)) {
            try ChildProcess("/bin/true", [], input: -1, output: nothing.number, errors: nothing.number)
        }
    }
}

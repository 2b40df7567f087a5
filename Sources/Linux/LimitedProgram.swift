import Glibc

/// Runs a program with a time limit, and keeps the end of what it prints.
package struct LimitedProgram: Sendable {
    package struct Result: Equatable, Sendable {
        /// Its exit status; 128 and the number of the signal that ended it.
        package var status: Int32
        package var isTimedOut: Bool
        /// The end of standard output and error.
        package var output: [UInt8]
    }

    /// Milliseconds between two looks at a program whose output stays open, and those that it has to end in order.
    private static let (period, grace): (Int32, Int) = (20, 2_000)
    /// Reads after its end: as much as a pipe holds.
    private static let readLimit = 32

    private let words: [String]
    private let environment: [String]

    /// - Parameters:
    ///   - words: the program's path, and its arguments.
    ///   - environment: `NAME=VALUE` each; nothing else is passed on.
    package init(_ words: [String], environment: [String]) {
        self.words = words
        self.environment = environment
    }

    /// Runs it in a process group of its own, with nothing on its standard input.
    ///
    /// A process that it leaves behind is not waited for, even when it keeps the output open.
    ///
    /// - Parameters:
    ///   - secondLimit: after that the group is ended.
    ///   - outputLimit: bytes that are kept.
    package func run(secondLimit: Int, outputLimit: Int) throws(SystemError) -> Result {
        var ends: [Int32] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { throw SystemError("make a pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var output = Output(FileDescriptor(owning: ends[0]), limit: outputLimit)
        let process = try start(output: FileDescriptor(owning: ends[1]))
        let last = SystemClock.boot + secondLimit * 1_000
        var isTimedOut = false
        while true {
            _ = try output.read(within: Self.period)
            if !output.isOpen { usleep(2_000) }
            if let status = Self.ended(process) {
                // What it printed before its end is there already; others may still print.
                for _ in 0..<Self.readLimit where try output.read(within: 0) {}
                return Result(status: status, isTimedOut: isTimedOut, output: output.end)
            }
            let now = SystemClock.boot
            if now >= last + Self.grace {
                kill(-process, SIGKILL)
            } else if now >= last, !isTimedOut {
                isTimedOut = true
                kill(-process, SIGTERM)
            }
        }
    }

    private func start(output: consuming FileDescriptor) throws(SystemError) -> pid_t {
        var files = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&files)
        defer { unsafe _ = posix_spawn_file_actions_destroy(&files) }
        unsafe posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0)
        for number: Int32 in [1, 2] {
            unsafe posix_spawn_file_actions_adddup2(&files, output.number, number)
        }
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe _ = posix_spawnattr_destroy(&attributes) }
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] =
            unsafe environment.map { unsafe strdup($0) } + [nil]
        defer {
            unsafe arguments.forEach { unsafe free($0) }
            unsafe variables.forEach { unsafe free($0) }
        }
        var process: pid_t = 0
        let problem = unsafe posix_spawn(
            &process, words[0], &files, &attributes, &arguments, &variables)
        guard problem == 0 else { throw SystemError("run \(words[0])", number: problem) }
        return process
    }

    /// Nil while it runs.
    private static func ended(_ process: pid_t) -> Int32? {
        var status: Int32 = 0
        guard unsafe waitpid(process, &status, WNOHANG) == process else { return nil }
        let signal = status & 0x7F
        return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
    }

    /// The output of a program, as it comes.
    private struct Output: ~Copyable {
        private let pipe: FileDescriptor
        private let limit: Int
        private var bytes: [UInt8] = []
        private(set) var isOpen = true

        init(_ pipe: consuming FileDescriptor, limit: Int) {
            self.pipe = pipe
            self.limit = limit
        }

        var end: [UInt8] { Array(bytes.suffix(limit)) }

        /// Reads what comes within `milliseconds`; false when nothing did.
        mutating func read(within milliseconds: Int32) throws(SystemError) -> Bool {
            var look = pollfd(fd: pipe.number, events: Int16(POLLIN), revents: 0)
            guard isOpen, unsafe poll(&look, 1, milliseconds) > 0 else { return false }
            let more = try pipe.read(atMost: 4_096)
            isOpen = !more.isEmpty
            bytes += more
            if bytes.count > 2 * limit { bytes.removeFirst(bytes.count - limit) }
            return isOpen
        }
    }
}

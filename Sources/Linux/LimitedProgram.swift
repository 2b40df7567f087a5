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

    private let path: String
    private let arguments: [String]
    private let environment: [String: String]

    /// - Parameter environment: nothing else is passed on.
    package init(_ path: String, _ arguments: [String], environment: [String: String]) {
        self.path = path
        self.arguments = arguments
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
        var output = Output(FileDescriptor(owning: ends[0]), limit: outputLimit)
        let program = try start(output: FileDescriptor(owning: ends[1]))
        let last = SystemClock.boot + secondLimit * 1_000
        var isTimedOut = false
        while true {
            _ = try output.read(within: Self.period)
            if !output.isOpen { usleep(2_000) }
            if !program.isRunning {
                // What it printed before its end is there already; others may still print.
                for _ in 0..<Self.readLimit where try output.read(within: 0) {}
                return Result(status: program.wait(), isTimedOut: isTimedOut, output: output.end)
            }
            let now = SystemClock.boot
            if now >= last + Self.grace {
                program.signal(SIGKILL, toGroup: true)
            } else if now >= last, !isTimedOut {
                isTimedOut = true
                program.signal(SIGTERM, toGroup: true)
            }
        }
    }

    private func start(output: consuming FileDescriptor) throws(SystemError) -> ChildProcess {
        let input = try FileDescriptor(opening: "/dev/null")
        return try ChildProcess(
            path, arguments, environment: environment, input: input.number, output: output.number,
            errors: output.number)
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

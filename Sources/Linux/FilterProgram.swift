import Glibc

/// Runs a program that reads its standard input and prints an answer, with a time limit and limits of what it prints.
package struct FilterProgram: Sendable {
    package struct Result: Equatable, Sendable {
        /// Its exit status; 128 and the number of the signal that ended it.
        package var status: Int32
        package var isTimedOut = false
        /// It printed more than its limit, and was ended.
        package var isTooLong = false
        package var output: [UInt8] = []
        /// The beginning of its standard error.
        package var errors: [UInt8] = []
    }

    /// As much as a pipe holds: the program gets all of it before it starts.
    package static let inputLimit = 60 << 10
    /// Milliseconds between two looks at it, and those that it has to end in order.
    private static let (period, grace): (Int32, Int) = (20, 1_000)
    private static let errorLimit = 4_096

    private let path: String
    private let arguments: [String]
    private let environment: [String: String]

    /// - Parameter environment: nothing else is passed on.
    package init(_ path: String, _ arguments: [String], environment: [String: String]) {
        self.path = path
        self.arguments = arguments
        self.environment = environment
    }

    /// Runs it in a process group of its own. A process that it leaves behind is not waited for.
    ///
    /// - Parameters:
    ///   - input: at most ``inputLimit`` bytes.
    ///   - secondLimit: after that the group is ended.
    ///   - outputLimit: bytes; more end it.
    package func run(input: [UInt8], secondLimit: Int, outputLimit: Int) throws(SystemError) -> Result {
        guard input.count <= Self.inputLimit else { throw SystemError("give it its input", number: E2BIG) }
        var output = try Pipe(limit: outputLimit + 1)
        var errors = try Pipe(limit: Self.errorLimit)
        let program = try start(input: input, output: &output, errors: &errors)
        let last = SystemClock.boot + secondLimit * 1_000
        var result = Result(status: 0)
        while program.isRunning {
            Pipe.wait(for: output, errors, milliseconds: Self.period)
            output.take()
            errors.take()
            let now = SystemClock.boot
            result.isTooLong = output.bytes.count > outputLimit
            if now >= last + Self.grace || result.isTooLong {
                program.signal(SIGKILL, toGroup: true)
            } else if now >= last, !result.isTimedOut {
                result.isTimedOut = true
                program.signal(SIGTERM, toGroup: true)
            }
        }
        result.status = program.wait()
        // What it printed before its end is there already.
        output.take()
        errors.take()
        result.isTooLong = output.bytes.count > outputLimit
        (result.output, result.errors) = (output.bytes, errors.bytes)
        return result
    }

    private func start(input: [UInt8], output: inout Pipe, errors: inout Pipe) throws(SystemError)
        -> ChildProcess
    {
        var ends: [Int32] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { throw SystemError("make a pipe") }
        let reading = FileDescriptor(owning: ends[0])
        let writing = FileDescriptor(owning: ends[1])
        try writing.write(input)
        defer {
            output.closeOther()
            errors.closeOther()
        }
        // Both ends of the input are closed here when it has started: it reads to the end.
        return try ChildProcess(
            path, arguments, environment: environment, input: reading.number, output: output.other,
            errors: errors.other)
    }

    /// What a program prints, as it comes. Beyond its limit it is read and dropped.
    private struct Pipe: ~Copyable {
        private static let readLimit = 8

        private let reading: FileDescriptor
        private let limit: Int
        private(set) var other: Int32
        private(set) var bytes: [UInt8] = []

        init(limit: Int) throws(SystemError) {
            var ends: [Int32] = [0, 0]
            guard unsafe pipe(&ends) == 0 else { throw SystemError("make a pipe") }
            // It is read where nothing waits.
            _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
            reading = FileDescriptor(owning: ends[0])
            other = ends[1]
            self.limit = limit
        }

        deinit { if other >= 0 { close(other) } }

        mutating func closeOther() {
            close(other)
            other = -1
        }

        static func wait(for first: borrowing Pipe, _ second: borrowing Pipe, milliseconds: Int32) {
            var looks = [first.reading.number, second.reading.number].map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            _ = unsafe poll(&looks, 2, milliseconds)
            // An output that was closed would not wait.
            if looks.contains(where: { $0.revents & Int16(POLLHUP) != 0 }) { usleep(2_000) }
        }

        mutating func take() {
            var piece = [UInt8](repeating: 0, count: 16_384)
            // As much as it holds; what comes meanwhile is taken the next time.
            for _ in 0..<Self.readLimit {
                let count = unsafe Glibc.read(reading.number, &piece, piece.count)
                if count > 0 {
                    bytes += piece.prefix(min(count, limit - bytes.count))
                } else if count == 0 || errno != EINTR {
                    return
                }
            }
        }
    }
}

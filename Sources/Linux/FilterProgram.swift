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
    /// Bytes of its standard error that are kept.
    package static let errorLimit = 4_096

    private let path: String
    private let arguments: [String]
    private let environment: [String: String]

    /// - Parameter environment: nothing else is passed on.
    package init(_ path: String, _ arguments: [String], environment: [String: String]) {
        self.path = path
        self.arguments = arguments
        self.environment = environment
    }

    /// Runs it in a process group of its own. Processes that it leaves behind end with it, in whatever group they are.
    ///
    /// - Parameters:
    ///   - input: at most ``inputLimit`` bytes.
    ///   - secondLimit: after that all of it is ended.
    ///   - outputLimit: bytes; more end it.
    package func run(input: [UInt8], secondLimit: Int, outputLimit: Int) throws(SystemError) -> Result {
        guard input.count <= Self.inputLimit else { throw SystemError("give it its input", number: E2BIG) }
        var output = try ProgramOutput(.beginning, limit: outputLimit + 1)
        var errors = try ProgramOutput(.beginning, limit: Self.errorLimit)
        let program = try start(input: input, output: output.other, errors: errors.other)
        output.closeOther()
        errors.closeOther()
        var deadline = ProgramDeadline(program, seconds: secondLimit, grace: Self.grace)
        while program.isRunning {
            output.wait(orFor: errors, milliseconds: Self.period)
            output.take()
            errors.take()
            deadline.heed()
            if output.bytes.count > outputLimit { program.signal(SIGKILL, toGroup: true) }
        }
        // What it printed before its end is there already.
        output.take()
        errors.take()
        return Result(
            status: program.wait(), isTimedOut: deadline.isPassed,
            isTooLong: output.bytes.count > outputLimit, output: output.bytes, errors: errors.bytes)
    }

    private func start(input: [UInt8], output: Int32, errors: Int32) throws(SystemError) -> ChildProcess {
        var ends: [Int32] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { throw SystemError("make a pipe") }
        let reading = FileDescriptor(owning: ends[0])
        let writing = FileDescriptor(owning: ends[1])
        try writing.write(input)
        // Both ends of the input are closed here when it has started: it reads to the end.
        return try ChildProcess(
            path, arguments, environment: environment, input: reading.number, output: output,
            errors: errors, endsAll: true)
    }
}

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
        let input = try FileDescriptor(opening: "/dev/null")
        var output = try ProgramOutput(.end, limit: outputLimit)
        let program = try ChildProcess(
            path, arguments, environment: environment, input: input.number, output: output.other,
            errors: output.other)
        output.closeOther()
        var deadline = ProgramDeadline(program, seconds: secondLimit, grace: Self.grace)
        while program.isRunning {
            output.wait(milliseconds: Self.period)
            output.take()
            deadline.heed()
        }
        // What it printed before its end is there already; others may still print.
        output.take()
        return Result(status: program.wait(), isTimedOut: deadline.isPassed, output: output.bytes)
    }
}

import Glibc
import Linux

/// Programs of this machine.
package struct LocalPrograms: AgentPrograms {
    private static let directories = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]
    private static let outputLimit = 64 << 10
    /// As much as a pipe takes without a reader.
    private static let inputLimit = 16 << 10
    private static let environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C"]

    package init() {}

    package func run(_ program: String, _ arguments: [String], input: [UInt8], seconds: Int) throws
        -> ProgramEnd
    {
        guard let path = Self.path(of: program) else {
            throw AgentProblem("there is no program \(program) here")
        }
        let given = try Self.file(with: input)
        var ends: [Int32] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { throw SystemError("make a pipe") }
        let output = FileDescriptor(owning: ends[0])
        let child: ChildProcess
        do {
            let other = FileDescriptor(owning: ends[1])
            child = try ChildProcess(
                path, arguments, environment: Self.environment,
                input: given.number, output: other.number, errors: other.number)
        }
        let last = SystemClock.boot + seconds * 1_000
        var (bytes, isOpen): ([UInt8], Bool) = ([], true)
        while child.isRunning {
            guard SystemClock.boot < last else {
                child.signal(SIGKILL, toGroup: true)
                child.wait()
                throw AgentProblem("\(program) did not end in \(seconds) seconds")
            }
            if isOpen { isOpen = try Self.read(output, into: &bytes, within: 20) } else { usleep(5_000) }
        }
        // What it printed before its end; what it left behind may print for ever.
        for _ in 0..<16 where isOpen { isOpen = try Self.read(output, into: &bytes, within: 0) }
        return ProgramEnd(status: child.wait(), output: bytes)
    }

    /// - Returns: whether more may come.
    private static func read(
        _ output: borrowing FileDescriptor, into bytes: inout [UInt8], within milliseconds: Int32
    ) throws -> Bool {
        var look = pollfd(fd: output.number, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&look, 1, milliseconds) > 0 else { return true }
        let more = try output.read(atMost: 4_096)
        if bytes.count < outputLimit { bytes += more.prefix(outputLimit - bytes.count) }
        return !more.isEmpty
    }

    private static func file(with input: [UInt8]) throws -> FileDescriptor {
        guard !input.isEmpty else { return try FileDescriptor(opening: "/dev/null") }
        guard input.count <= inputLimit else { throw AgentProblem("the input of a program is too long") }
        var ends: [Int32] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { throw SystemError("make a pipe") }
        let reader = FileDescriptor(owning: ends[0])
        let writer = FileDescriptor(owning: ends[1])
        try writer.write(input)
        return reader
    }

    private static func path(of program: String) -> String? {
        if program.hasPrefix("/") { return unsafe access(program, X_OK) == 0 ? program : nil }
        return directories.map { "\($0)/\(program)" }.first { unsafe access($0, X_OK) == 0 }
    }
}

extension AgentPrograms {
    /// Runs a program that has to succeed.
    ///
    /// - Returns: what it printed.
    @discardableResult
    func require(_ program: String, _ arguments: [String], input: [UInt8] = [], seconds: Int = 20) throws
        -> String
    {
        let end = try run(program, arguments, input: input, seconds: seconds)
        let text = String(decoding: end.output, as: UTF8.self)
        guard end.status == 0 else {
            let last = text.split(separator: "\n").last.map { ": \($0)" } ?? ""
            throw AgentProblem("\(program) ended with \(end.status)\(last)")
        }
        return text
    }
}

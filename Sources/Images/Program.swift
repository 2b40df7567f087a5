package import Foundation

/// A program that failed: what was run, how it ended, and the end of what it said.
package struct ProgramFailure: Error, CustomStringConvertible {
    package var command: String
    package var status: Int32
    package var output: String

    package var description: String {
        let said = output.split(separator: "\n").suffix(12).map { "  \($0)" }.joined(separator: "\n")
        return "‘\(command)’ ended with status \(status)" + (said.isEmpty ? "" : ":\n\(said)")
    }
}

/// A program that is not installed, with the package that has it.
package struct ProgramMissing: Error, CustomStringConvertible {
    package var name: String
    package var package: String
    package var description: String { "the program ‘\(name)’ is not installed (apt install \(package))" }
}

/// Other people's programs, run to their end.
package struct Program: Sendable {
    private let url: URL
    private let name: String

    /// - Parameter package: the Debian package that has it, for the error.
    package init(_ name: String, package: String) throws {
        self.name = name
        for directory in ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"] {
            let path = "\(directory)/\(name)"
            if FileManager.default.isExecutableFile(atPath: path) {
                url = URL(fileURLWithPath: path)
                return
            }
        }
        throw ProgramMissing(name: name, package: package)
    }

    /// Starts it with both outputs going to `output`; whoever calls ends it.
    package func start(_ arguments: [String], output: FileHandle) throws -> Process {
        let process = Process()
        process.executableURL = url
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try Self.withoutBlockedSignals { try process.run() }
        return process
    }

    /// Runs it and returns its standard output; `progress` gets each line of both outputs as it comes.
    @discardableResult
    package func run(
        _ arguments: [String], environment: [String: String] = [:], input: Data? = nil,
        progress: (@Sendable (String) -> Void)? = nil
    ) throws -> Data {
        let process = Process()
        process.executableURL = url
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let output = Pipe()
        let errors = Pipe()
        process.standardOutput = output
        process.standardError = errors
        let inputPipe = input.map { _ in Pipe() }
        process.standardInput = inputPipe ?? FileHandle.nullDevice
        try Self.withoutBlockedSignals { try process.run() }
        if let input, let inputPipe {
            let writer = inputPipe.fileHandleForWriting
            Thread.detachNewThread {
                try? writer.write(contentsOf: input)
                try? writer.close()
            }
        }
        let collected = Collector(progress: progress)
        let group = DispatchGroup()
        group.enter()
        let errorHandle = errors.fileHandleForReading
        Thread.detachNewThread {
            while case let data = errorHandle.availableData, !data.isEmpty { collected.add(data) }
            group.leave()
        }
        var result = Data()
        while case let data = output.fileHandleForReading.availableData, !data.isEmpty {
            result.append(data)
            if progress != nil { collected.add(data) }
        }
        group.wait()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw ProgramFailure(
                command: ([name] + arguments).joined(separator: " "), status: process.terminationStatus,
                output: collected.tail
                    + (progress == nil ? String(decoding: result.suffix(2_000), as: UTF8.self) : ""))
        }
        return result
    }

    /// Children inherit what their starter's thread blocks, and threads of a pool block nearly all: without this, nobody could
    /// end them but by SIGKILL. Ctrl-C does not reach them in any case, because Foundation gives each a process group of its
    /// own: they end when they next write to us.
    private static func withoutBlockedSignals(_ body: () throws -> Void) throws {
        var (none, before) = (sigset_t(), sigset_t())
        unsafe sigemptyset(&none)
        unsafe pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
        try body()
    }

    /// Cuts output into lines and keeps the end of it.
    private final class Collector: @unchecked Sendable {
        // Sendable: every access holds the lock.
        private let lock = NSLock()
        private let progress: (@Sendable (String) -> Void)?
        private var line = ""
        private var text = ""

        init(progress: (@Sendable (String) -> Void)?) { self.progress = progress }

        func add(_ data: Data) {
            lock.lock()
            defer { lock.unlock() }
            let new = String(decoding: data, as: UTF8.self)
            text = String((text + new).suffix(8_000))
            line += new
            while let end = line.firstIndex(where: { $0.isNewline }) {
                progress?(String(line[..<end]))
                line = String(line[line.index(after: end)...])
            }
        }

        var tail: String {
            lock.lock()
            defer { lock.unlock() }
            return text
        }
    }
}

package import Foundation
import Glibc
import Synchronization

/// A program that failed: what was run, how it ended, and the end of what it said.
package struct ProgramFailure: Error, CustomStringConvertible {
    package var command: String
    package var status: Int32
    package var output: String

    /// The last lines of what it said.
    var said: String {
        output.split(separator: "\n").suffix(12).map { "  \($0)" }.joined(separator: "\n")
    }

    package var description: String {
        let said = said
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
    private var confinement: Confinement?

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

    package var path: String { url.path }

    /// The same program, which reaches nothing else.
    package func confined(_ confinement: Confinement) -> Self {
        var program = self
        program.confinement = confinement
        return program
    }

    private static let mayStart = Atomic(true)

    /// This process is to end, and no program is started for it any more.
    package struct Refused: Error, CustomStringConvertible {
        package var description: String { "interrupted" }
    }

    /// From now on only those are started that clear away what others have made.
    package static func refuseMore() { mayStart.store(false, ordering: .sequentiallyConsistent) }

    package static func checkMayStart() throws {
        guard mayStart.load(ordering: .sequentiallyConsistent) else { throw Refused() }
    }

    /// Starts it with both outputs going to `output`; whoever calls ends it.
    package func start(_ arguments: [String], output: FileHandle) throws -> Process {
        let process = Process()
        process.executableURL = url
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try Self.begin(process)
        return process
    }

    /// Runs it and returns its standard output; `progress` gets each line of both outputs as it comes.
    ///
    /// - Parameters:
    ///   - file: its standard input instead, an open file's number.
    ///   - filled: a directory that it fills: it is ended before the disk is full, and `DiskNearlyFull` thrown.
    ///   - stop: ends it before its time.
    ///   - isCleanup: whether it clears away what was made, and is started although this process is to end.
    @discardableResult
    package func run(
        _ arguments: [String], environment: [String: String] = [:], input: Data? = nil, file: Int32? = nil,
        filling filled: String? = nil, stop: ProgramStop? = nil, isCleanup: Bool = false,
        progress: (@Sendable (String) -> Void)? = nil
    ) throws -> Data {
        var result = Data()
        do {
            try stream(
                arguments, environment: environment, input: input, file: file, filling: filled, stop: stop,
                isCleanup: isCleanup, progress: progress
            ) { result.append($0) }
        } catch var failure as ProgramFailure {
            // Some programs say on their standard output what is wrong.
            if progress == nil { failure.output += String(decoding: result.suffix(2_000), as: UTF8.self) }
            throw failure
        }
        return result
    }

    /// Runs what unpacks a root, and calls `note` for what it leaves out: devices, which are nothing that this host should have from
    /// others, and which nodes make for themselves, and attributes that only the kernel of the first host may set.
    package func unpack(
        _ arguments: [String], file: Int32? = nil, filling filled: String, note: @Sendable (String) -> Void
    ) throws {
        let lines = Mutex<[String]>([])
        var losses: UnpackedLosses { UnpackedLosses(lines.withLock(\.self)) }
        do {
            try run(arguments, file: file, filling: filled) { line in
                // An archive with a note for each of a million files is heard out to here.
                lines.withLock { if $0.count < 100_000 { $0.append(line) } }
            }
        } catch let failure as ProgramFailure where failure.status == 2 {
            // unsquashfs(1) with -ignore-errors, tar(1): something could not be made. Nothing else is let pass.
            guard losses.isWholeFailure else { throw failure }
        }
        losses.notes.forEach(note)
    }

    /// The same for an output that is too large to be held: `take` gets each piece of it as it comes, and ends the program when
    /// it throws.
    package func stream(
        _ arguments: [String], environment: [String: String] = [:], input: Data? = nil, file: Int32? = nil,
        filling filled: String? = nil, stop: ProgramStop? = nil, isCleanup: Bool = false,
        progress: (@Sendable (String) -> Void)? = nil, take: (Data) throws -> Void
    ) throws {
        let process = Process()
        process.executableURL = url
        process.arguments = arguments
        if let confinement {
            process.executableURL = try Program("bwrap", package: "bubblewrap").url
            process.arguments = confinement.arguments(environment) + [url.path] + arguments
        }
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let output = Pipe()
        let errors = Pipe()
        process.standardOutput = output
        process.standardError = errors
        let inputPipe = input.map { _ in Pipe() }
        let file = file.map { FileHandle(fileDescriptor: $0, closeOnDealloc: false) }
        process.standardInput = inputPipe ?? file ?? FileHandle.nullDevice
        if isCleanup { try Self.withoutBlockedSignals { try process.run() } } else { try Self.begin(process) }
        stop?.begins(process.processIdentifier)
        if let input, let inputPipe {
            let writer = inputPipe.fileHandleForWriting
            Thread.detachNewThread {
                try? writer.write(contentsOf: input)
                try? writer.close()
            }
        }
        let watch = filled.map { DiskWatch($0, process) }
        let collected = Collector(progress: progress)
        let group = DispatchGroup()
        group.enter()
        let errorHandle = errors.fileHandleForReading
        Thread.detachNewThread {
            while case let data = errorHandle.availableData, !data.isEmpty { collected.add(data) }
            group.leave()
        }
        let refusal = Result {
            while case let data = output.fileHandleForReading.availableData, !data.isEmpty {
                try take(data)
                if progress != nil { collected.add(data) }
            }
        }
        if case .failure = refusal { Self.kill(process.processIdentifier) }
        group.wait()
        stop?.ends()
        process.waitUntilExit()
        if let problem = watch?.end() { throw problem }
        try refusal.get()
        guard process.terminationStatus == 0 else {
            // It may have been faster than who watches.
            if let filled { try DiskNearlyFull.check(filled) }
            if confinement != nil, let reason = collected.tail.wholeMatch(of: /bwrap: ([^\n]*)\n?/) {
                throw ConfinementRefused(program: name, reason: String(reason.1))
            }
            throw ProgramFailure(
                command: ([name] + arguments).joined(separator: " "), status: process.terminationStatus,
                output: collected.tail)
        }
    }

    /// Ends a program and its children, too: it leads a process group of its own. Of one that is being confined, the part that waits for
    /// the other would wait for ever, and keep the pipes open that are read here to their end.
    fileprivate static func kill(_ number: Int32) {
        _ = Glibc.kill(-number, SIGKILL)
        _ = Glibc.kill(number, SIGKILL)
    }

    /// Whoever refuses more programs ends those that run by then; one that was about to start ends here.
    private static func begin(_ process: Process) throws {
        try checkMayStart()
        try withoutBlockedSignals { try process.run() }
        do { try checkMayStart() } catch {
            kill(process.processIdentifier)
            throw error
        }
    }

    /// Children inherit what their starter's thread blocks, and threads of a pool block nearly all: without this, nobody could
    /// end them but by SIGKILL. Ctrl-C does not reach them in any case, because Foundation gives each a process group of its
    /// own: commands end them when it reaches them.
    private static func withoutBlockedSignals(_ body: () throws -> Void) throws {
        var (none, before) = (sigset_t(), sigset_t())
        unsafe sigemptyset(&none)
        unsafe pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
        try body()
    }

    /// Ends a program when the disk that it fills is nearly full.
    private final class DiskWatch: @unchecked Sendable {
        // Sendable: every access holds the lock; the process is only told to end.
        private let lock = NSLock()
        private var problem: DiskNearlyFull?
        private var isOver = false

        init(_ directory: String, _ process: Process) {
            let number = process.processIdentifier
            Thread.detachNewThread { [self] in
                while true {
                    do { try DiskNearlyFull.check(directory) } catch {
                        lock.withLock {
                            guard !isOver else { return }
                            problem = error as? DiskNearlyFull
                            Program.kill(number)
                        }
                        return
                    }
                    if lock.withLock({ isOver }) { return }
                    usleep(200_000)
                }
            }
        }

        func end() -> DiskNearlyFull? {
            lock.withLock {
                isOver = true
                return problem
            }
        }
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

/// Ends a program that runs on another thread, when nobody wants its result any more: it is killed, and its `run` throws.
package final class ProgramStop: @unchecked Sendable {
    // Sendable: every access holds the lock.
    private let lock = NSLock()
    private var process: Int32?
    private var isStopped = false

    package init() {}

    package func stop() {
        lock.withLock {
            isStopped = true
            if let process { Program.kill(process) }
        }
    }

    fileprivate func begins(_ process: Int32) {
        lock.withLock {
            self.process = process
            if isStopped { Program.kill(process) }
        }
    }

    /// Its number may be another's from now on.
    fileprivate func ends() { lock.withLock { process = nil } }
}

package import Foundation
import Glibc
package import Linux
import Synchronization

/// A program that failed: what was run, how it ended, and the end of its output.
package struct ProgramFailure: Error, CustomStringConvertible {
    package var command: String
    package var status: Int32
    package var output: String

    /// The last lines of its output.
    var said: String {
        output.split(separator: "\n").suffix(12).map { "  \($0)" }.joined(separator: "\n")
    }

    package var description: String {
        let said = said
        return "‘\(command)’ ended with status \(status)" + (said.isEmpty ? "" : ":\n\(said)")
    }
}

/// A program that is not installed, with its package.
package struct ProgramMissing: Error, CustomStringConvertible {
    package var name: String
    package var package: String
    package var description: String { "the program ‘\(name)’ is not installed (apt install \(package))" }
}

/// Runs other programs to their end.
package struct Program: Sendable {
    private let url: URL
    private let name: String
    private var confinement: Confinement?

    /// - Parameter package: the program's Debian package, for the error.
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

    /// The same program, confined.
    package func confined(_ confinement: Confinement) -> Self {
        var program = self
        program.confinement = confinement
        return program
    }

    /// Of a note on what was left out of a root, longer than any path, and of all notes.
    private static let (noteByteLimit, notesByteLimit) = (8_192, 16 << 20)
    /// The output of a program that reads untrusted data, where all of it is kept.
    private static let confinedByteLimit = 64 << 20

    private static let mayStart = Atomic(true)

    /// This process is ending and starts no more programs.
    package struct Refused: Error, CustomStringConvertible {
        package var description: String { "interrupted" }
    }

    /// From now on only programs that clean up are started.
    package static func refuseMore() { mayStart.store(false, ordering: .sequentiallyConsistent) }

    package static func checkMayStart() throws {
        guard mayStart.load(ordering: .sequentiallyConsistent) else { throw Refused() }
    }

    /// Starts it with both outputs going to `output`; the caller ends it.
    package func start(_ arguments: [String], output: FileHandle) throws -> ChildProcess {
        let nothing = try FileDescriptor(opening: "/dev/null")
        return try Self.begin {
            try ChildProcess(
                path, arguments, input: nothing.number, output: output.fileDescriptor,
                errors: output.fileDescriptor)
        }
    }

    /// Runs it and returns its standard output; `progress` gets each line of both outputs as it arrives.
    ///
    /// - Parameters:
    ///   - file: used as its standard input, a number of an open file.
    ///   - feed: writes its standard input, on a thread of its own; it fails when the program has read enough.
    ///   - filled: a directory that it fills: it is ended before the disk is full, and `DiskNearlyFull` thrown.
    ///   - stop: ends it early.
    ///   - isCleanup: whether it cleans up, and so is started even though this process is ending.
    @discardableResult
    package func run(
        _ arguments: [String], environment: [String: String] = [:], input: Data? = nil, file: Int32? = nil,
        filling filled: String? = nil, stop: ProgramStop? = nil, isCleanup: Bool = false,
        progress: (@Sendable (String) -> Void)? = nil, feed: (@Sendable (FileHandle) throws -> Void)? = nil
    ) throws -> Data {
        var result = Data()
        let feed = feed ?? input.map { input in { @Sendable in try $0.write(contentsOf: input) } }
        do {
            try stream(
                arguments, environment: environment, file: file, filling: filled, stop: stop,
                isCleanup: isCleanup, progress: progress, feed: feed
            ) { piece in
                guard confinement == nil || result.count + piece.count <= Self.confinedByteLimit else {
                    throw ImageLacks("‘\(name)’ has printed more than \(Self.confinedByteLimit >> 20) MiB")
                }
                result.append(piece)
            }
        } catch var failure as ProgramFailure {
            // Some programs report errors on their standard output.
            if progress == nil { failure.output += String(decoding: result.suffix(2_000), as: UTF8.self) }
            throw failure
        }
        return result
    }

    /// Runs a program that unpacks a root, and calls `note` for what it leaves out: devices, which this host must not accept from others
    /// and nodes create themselves, and attributes that only root on the real host may set.
    package func unpack(
        _ arguments: [String], file: Int32? = nil, filling filled: String, note: @Sendable (String) -> Void
    ) throws {
        let lines = Mutex<(all: [String], byteCount: Int)>(([], 0))
        var losses: UnpackedLosses { UnpackedLosses(lines.withLock(\.all)) }
        do {
            try run(arguments, file: file, filling: filled) { line in
                // An archive can cause a note for each of a million files, with names that no file has; we listen up to these limits.
                let line = String(decoding: line.utf8.prefix(Self.noteByteLimit), as: UTF8.self)
                lines.withLock { lines in
                    guard lines.byteCount < Self.notesByteLimit else { return }
                    lines.all.append(line)
                    // An empty one takes room, too.
                    lines.byteCount += line.utf8.count + 32
                }
            }
        } catch let failure as ProgramFailure where failure.status == 2 {
            // unsquashfs(1) with -ignore-errors, tar(1): something could not be created. Any other failure counts.
            guard losses.isWholeFailure else { throw failure }
        }
        losses.notes.forEach(note)
    }

    /// The same for output that is too large to hold: `take` gets each piece as it arrives, and ends the program when it throws.
    package func stream(
        _ arguments: [String], environment: [String: String] = [:], file: Int32? = nil,
        filling filled: String? = nil, stop: ProgramStop? = nil, isCleanup: Bool = false,
        progress: (@Sendable (String) -> Void)? = nil,
        feed: (@Sendable (FileHandle) throws -> Void)? = nil, take: (Data) throws -> Void
    ) throws {
        var words = [path] + arguments
        if let confinement {
            words =
                [try Program("bwrap", package: "bubblewrap").path] + confinement.arguments(environment)
                + words
        }
        let output = Pipe()
        let errors = Pipe()
        let inputPipe = feed.map { _ in Pipe() }
        let nothing = try FileDescriptor(opening: "/dev/null")
        let start = {
            try ChildProcess(
                words[0], Array(words.dropFirst()),
                environment: ProcessInfo.processInfo.environment.merging(environment) { $1 },
                input: inputPipe?.fileHandleForReading.fileDescriptor ?? file ?? nothing.number,
                output: output.fileHandleForWriting.fileDescriptor,
                errors: errors.fileHandleForWriting.fileDescriptor)
        }
        let process = try isCleanup ? start() : Self.begin(start)
        stop?.begins(process)
        // What we read ends when the program has closed its own ends, and what it reads when we have closed ours.
        try output.fileHandleForWriting.close()
        try errors.fileHandleForWriting.close()
        try inputPipe?.fileHandleForReading.close()
        if let feed, let inputPipe {
            let writer = inputPipe.fileHandleForWriting
            Thread.detachNewThread {
                Self.blockBrokenPipes()
                try? feed(writer)
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
        if case .failure = refusal { process.kill() }
        group.wait()
        let status = process.wait()
        if let problem = watch?.end() { throw problem }
        try refusal.get()
        guard status == 0 else {
            // It may have ended before the watch began.
            if let filled { try DiskNearlyFull.check(filled) }
            if confinement != nil, let reason = collected.tail.wholeMatch(of: /bwrap: ([^\n]*)\n?/) {
                throw ConfinementRefused(program: name, reason: String(reason.1))
            }
            throw ProgramFailure(
                command: ([name] + arguments).joined(separator: " "), status: status, output: collected.tail)
        }
    }

    /// Stopping further programs also ends those that run; one that was about to start ends here. Ctrl-C does not reach them, because each
    /// has a process group of its own: commands end them when they get it.
    private static func begin(_ start: () throws -> ChildProcess) throws -> ChildProcess {
        try checkMayStart()
        let process = try start()
        do { try checkMayStart() } catch {
            process.kill()
            process.wait()
            throw error
        }
        return process
    }

    /// On this thread, writing to a program that has ended fails, and ends nothing.
    private static func blockBrokenPipes() {
        var pipes = sigset_t()
        unsafe sigemptyset(&pipes)
        unsafe sigaddset(&pipes, SIGPIPE)
        unsafe pthread_sigmask(SIG_BLOCK, &pipes, nil)
    }

    /// Ends a program when the disk that it fills is nearly full.
    private final class DiskWatch: @unchecked Sendable {
        // Sendable: every access holds the lock; the process is only told to end.
        private let lock = NSLock()
        private var problem: DiskNearlyFull?
        private var isOver = false

        init(_ directory: String, _ process: ChildProcess) {
            Thread.detachNewThread { [self] in
                while true {
                    do { try DiskNearlyFull.check(directory) } catch {
                        lock.withLock {
                            guard !isOver else { return }
                            problem = error as? DiskNearlyFull
                            process.kill()
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
        private var line: [UInt8] = []
        private var text = Data()
        private static let lineByteLimit = 256 << 10

        init(progress: (@Sendable (String) -> Void)?) { self.progress = progress }

        func add(_ data: Data) {
            lock.lock()
            defer { lock.unlock() }
            text = (text + data).suffix(8_000)
            var rest = data[...]
            while let end = rest.firstIndex(where: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
                take(rest[..<end])
                progress?(String(decoding: line, as: UTF8.self))
                line = []
                rest = rest[(end + 1)...]
            }
            take(rest)
        }

        /// A name in an archive can be hundreds of megabytes long, and one character: lines are cut by their bytes.
        private func take(_ bytes: Data) { line += bytes.prefix(max(0, Self.lineByteLimit - line.count)) }

        var tail: String {
            lock.lock()
            defer { lock.unlock() }
            return String(decoding: text, as: UTF8.self)
        }
    }
}

/// Ends a program on another thread when its result is no longer needed: it is killed, and its `run` throws.
package final class ProgramStop: @unchecked Sendable {
    // Sendable: every access holds the lock.
    private let lock = NSLock()
    private var process: ChildProcess?
    private var isStopped = false

    package init() {}

    package func stop() {
        lock.withLock {
            isStopped = true
            process?.kill()
        }
    }

    fileprivate func begins(_ process: ChildProcess) {
        lock.withLock {
            self.process = process
            if isStopped { process.kill() }
        }
    }
}

extension ChildProcess {
    /// Ends it and its children, which share its process group. If it is being confined, its other half would wait forever and keep the
    /// pipes open that we read to their end.
    fileprivate func kill() { signal(SIGKILL, toGroup: true) }
}

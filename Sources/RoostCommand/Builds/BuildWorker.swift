import ArgumentParser
import Center
import Fleet
import Foundation
import Glibc
import Images
import Linux
import NetworkErrors
import Synchronization
import Wire

/// Builds images for the server, which drops the rights for it: a separate process, started before, that reads orders from standard input
/// and writes answers to standard output, one line of JSON each.
///
/// The server may be compromised: only names of images, suites and packages get through, and words for the kernel of a virtual machine.
struct BuildWorker: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build-worker", abstract: "Build images that the server orders.", shouldDisplay: false)
    @Option var stateDirectory: String
    @Option var cache: String

    func run() throws {
        WorkerProcess.outliveServer()
        var running: [Int: (process: ChildProcess, isTest: Bool)] = [:]
        // The input ends with the server: its builds end, too.
        while let line = readLine() {
            guard let order = try? JSONDecoder().decode(ImageBuildOrder.self, from: Data(line.utf8)),
                let order = try? order.checked()
            else { continue }
            running = running.filter { $0.value.process.isRunning }
            if order.isCancelled {
                running[order.build].map { Self.end($0.process, isTest: $0.isTest) }
            } else {
                do { running[order.build] = (try start(order, line), order.test != nil) } catch {
                    BuildJob.say(
                        ImageBuildMessage(build: order.build, failure: ErrorText.of(error), isOver: true))
                }
            }
        }
        for job in running.values { Self.end(job.process, isTest: job.isTest) }
    }

    private func start(_ order: ImageBuildOrder, _ line: String) throws -> ChildProcess {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let nothing = try FileDescriptor(opening: "/dev/null")
        let process = try ChildProcess(
            own, ["build-job", "--state-directory", stateDirectory, "--cache", cache, line],
            input: nothing.number, output: STDOUT_FILENO, errors: STDERR_FILENO)
        Thread.detachNewThread {
            let status = process.wait()
            guard status != 0 else { return }
            BuildJob.say(
                ImageBuildMessage(
                    build: order.build, failure: "the build ended with status \(status)", isOver: true))
        }
        return process
    }

    /// Ends a build and all processes that it started.
    private static func end(_ process: ChildProcess, isTest: Bool) {
        // It cleans up.
        if isTest { process.signal(SIGTERM) }
        for _ in 0..<50 where isTest && process.isRunning { usleep(100_000) }
        guard process.isRunning else { return }
        process.signal(SIGSTOP)
        ProcessTree.killDescendants(of: process.number)
        process.signal(SIGKILL)
    }
}

/// One build or boot test for the worker.
struct BuildJob: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build-job", abstract: "Build one image for the server.", shouldDisplay: false)
    /// Of a line, so that a message is written atomically and never interleaved with another one (pipe(7): `PIPE_BUF`).
    private static let lineByteLimit = 1_000

    @Option var stateDirectory: String
    @Option var cache: String
    @Argument var order: String

    func run() async throws {
        WorkerProcess.outliveServer()
        let order = try JSONDecoder().decode(ImageBuildOrder.self, from: Data(order.utf8)).checked()
        let progress: @Sendable (String) -> Void = { line in
            Self.say(ImageBuildMessage(build: order.build, line: line))
        }
        do {
            if let test = order.test {
                let machine = BootTestMachine(
                    test: test, image: try ImageName(order.image),
                    images: ImageStore(directory: "\(stateDirectory)/images"),
                    archives: "\(stateDirectory)/node", mebibytes: BootTestMachine.standardMebibytes,
                    say: progress, show: progress)
                // The server learns from the machine itself that it is ready, and ends this process.
                let isEnded = Mutex(false)
                ProcessSignals.note([SIGTERM]) { _ in isEnded.withLock { $0 = true } }
                let failure = try await machine.run { isEnded.withLock { $0 } }.failure
                Self.say(ImageBuildMessage(build: order.build, failure: failure, isOver: true))
                return
            }
            if getuid() != 0 { try BuildNamespace.enter() }
            let packer = ImagePacker(
                store: StateDirectory(stateDirectory).images, effort: .fast, cache: cache,
                progress: progress)
            let builder = ImageBuilder(packer: packer, cache: cache, progress: progress)
            let recipe = ImageRecipe(suite: order.suite, packages: order.packages)
            let (digest, _) = try builder.build(recipe, as: ImageName(order.image))
            Self.say(ImageBuildMessage(build: order.build, digest: digest))
        } catch {
            // A failure may be long: its first error gives the reason, or else its end.
            let lines = ErrorText.of(error).split(separator: "\n").map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            for line in lines { Self.say(ImageBuildMessage(build: order.build, line: line)) }
            let why = lines.first { $0.hasPrefix("E: ") } ?? lines.last ?? ""
            Self.say(ImageBuildMessage(build: order.build, failure: why, isOver: true))
        }
    }

    static func say(_ message: ImageBuildMessage) {
        var message = message
        message.line = message.line.map(short)
        message.failure = message.failure.map(short)
        guard var data = try? JSONEncoder().encode(message) else { return }
        data.append(UInt8(ascii: "\n"))
        // The server may be gone; that is no reason to crash during cleanup.
        try? FileHandle.standardOutput.write(contentsOf: data)
    }

    /// Without control characters: JSON has six bytes for each.
    private static func short(_ text: String) -> String {
        String(
            decoding: PlainText(text, keepingLines: true).description.utf8.prefix(lineByteLimit),
            as: UTF8.self)
    }
}

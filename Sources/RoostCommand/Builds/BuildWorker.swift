import ArgumentParser
import Center
import Fleet
import Foundation
import Glibc
import Images

/// Builds images for the server, which has given up the rights for it by then: a process of its own, started before, that takes
/// orders by its standard input and answers by its standard output, a line of JSON each.
///
/// The server may be in foreign hands: nothing but names of images, suites and packages comes through.
struct BuildWorker: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build-worker", abstract: "Build images that the server orders.", shouldDisplay: false)
    @Option var stateDirectory: String
    @Option var cache: String

    func run() throws {
        var running: [Int: Process] = [:]
        // The end of the input is the end of the server: nothing is built for nobody.
        while let line = readLine() {
            guard let order = try? JSONDecoder().decode(ImageBuildOrder.self, from: Data(line.utf8)),
                let order = try? order.checked()
            else { continue }
            running = running.filter(\.value.isRunning)
            if order.isCancelled {
                running[order.build].map(Self.end)
            } else {
                do { running[order.build] = try start(order, line) } catch {
                    BuildJob.say(ImageBuildMessage(build: order.build, failure: "\(error)"))
                }
            }
        }
        running.values.forEach(Self.end)
    }

    private func start(_ order: ImageBuildOrder, _ line: String) throws -> Process {
        let process = Process()
        process.executableURL = URL(
            fileURLWithPath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        process.arguments = ["build-job", "--state-directory", stateDirectory, "--cache", cache, line]
        process.standardInput = FileHandle.nullDevice
        process.terminationHandler = { process in
            guard process.terminationStatus != 0 else { return }
            BuildJob.say(
                ImageBuildMessage(
                    build: order.build, failure: "the build ended with status \(process.terminationStatus)"))
        }
        try process.run()
        return process
    }

    /// Ends a build with everything that it started. Process groups and sessions do not tell who belongs to it: programs make
    /// their own.
    private static func end(_ process: Process) {
        // A few rounds: one that was about to start another may have done so.
        for _ in 0..<5 {
            let members = [process.processIdentifier] + Self.descendants(of: process.processIdentifier)
            for member in members { kill(member, SIGKILL) }
            usleep(50_000)
            if members.allSatisfy({ kill($0, 0) != 0 }) { return }
        }
    }

    /// The processes that `ancestor` started, and those that they started (proc(5): the fourth field of `stat`).
    private static func descendants(of ancestor: Int32) -> [Int32] {
        var children: [Int32: [Int32]] = [:]
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let pid = Int32(name),
                let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
                // The name, in parentheses, may hold anything.
                let end = stat.lastIndex(of: ")")
            else { continue }
            let fields = stat[end...].split(separator: " ")
            if fields.count > 2, let parent = Int32(fields[2]) { children[parent, default: []].append(pid) }
        }
        var found: [Int32] = []
        var open = [ancestor]
        while let next = open.popLast() {
            found += children[next] ?? []
            open += children[next] ?? []
        }
        return found
    }
}

/// One build for the worker.
struct BuildJob: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build-job", abstract: "Build one image for the server.", shouldDisplay: false)
    /// Of a line, so that a message is written at once and never mixed with another's (pipe(7): `PIPE_BUF`).
    private static let lineByteLimit = 1_000

    @Option var stateDirectory: String
    @Option var cache: String
    @Argument var order: String

    func run() throws {
        let order = try JSONDecoder().decode(ImageBuildOrder.self, from: Data(order.utf8)).checked()
        do {
            let progress: @Sendable (String) -> Void = { line in
                Self.say(ImageBuildMessage(build: order.build, line: line))
            }
            let packer = ImagePacker(
                store: ImageStore(directory: "\(stateDirectory)/images"), effort: .fast, cache: cache,
                progress: progress)
            let builder = ImageBuilder(packer: packer, cache: cache, progress: progress)
            let recipe = ImageRecipe(suite: order.suite, packages: order.packages)
            let (digest, _) = try builder.build(recipe, as: ImageName(order.image))
            Self.say(ImageBuildMessage(build: order.build, digest: digest))
        } catch {
            // A failure may be long: its end says why.
            for line in "\(error)".split(separator: "\n") {
                Self.say(ImageBuildMessage(build: order.build, line: String(line)))
            }
            let last = "\(error)".split(separator: "\n").last.map(String.init) ?? ""
            Self.say(
                ImageBuildMessage(build: order.build, failure: last.trimmingCharacters(in: .whitespaces)))
        }
    }

    static func say(_ message: ImageBuildMessage) {
        var message = message
        message.line = message.line.map { String(decoding: $0.utf8.prefix(lineByteLimit), as: UTF8.self) }
        message.failure = message.failure.map {
            String(decoding: $0.utf8.prefix(lineByteLimit), as: UTF8.self)
        }
        guard var data = try? JSONEncoder().encode(message) else { return }
        data.append(UInt8(ascii: "\n"))
        // A server that has gone hears nothing any more; that is no reason to crash while everything ends.
        try? FileHandle.standardOutput.write(contentsOf: data)
    }
}

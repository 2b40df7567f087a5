import Foundation
import Glibc
import Linux

/// A process of this program that keeps its rights when the server drops its own, and reads orders from a pipe.
enum WorkerProcess {
    /// - Parameters:
    ///   - words: the hidden command and its options.
    ///   - unit: the name of its systemd unit.
    ///   - sandbox: properties of that unit.
    /// - Returns: where to write orders, and where to read answers; both end with the worker.
    static func start(
        _ words: [String], unit: String, description: String, sandbox: [String]
    ) throws -> (orders: FileHandle, answers: FileHandle) {
        let (input, output) = (Pipe(), Pipe())
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let command: [String]
        if isUnderSystemd {
            // The server's unit forbids what a worker needs (mounts, namespaces, most of the disk), for its children too: the worker gets
            // its own unit, connected by the same pipes.
            command =
                [
                    "/usr/bin/systemd-run", "--pipe", "--wait", "--collect", "--quiet",
                    "--unit=\(unit)-\(getpid())", "--property=PartOf=roost.service",
                    "--description=\(description)",
                ] + sandbox.map { "--property=\($0)" } + ["--", own] + words
        } else {
            command = [own] + words
        }
        let process = try ChildProcess(
            command[0], Array(command.dropFirst()),
            // Only the server itself notifies systemd for its unit.
            environment: ProcessInfo.processInfo.environment.filter { $0.key != "NOTIFY_SOCKET" },
            input: input.fileHandleForReading.fileDescriptor,
            output: output.fileHandleForWriting.fileDescriptor,
            errors: STDERR_FILENO)
        try input.fileHandleForReading.close()
        try output.fileHandleForWriting.close()
        Thread.detachNewThread { process.wait() }
        return (input.fileHandleForWriting, output.fileHandleForReading)
    }

    /// For the worker: the server may be gone when it is answered, which is an error then, and does not end the worker in its work.
    static func outliveServer() { _ = signal(SIGPIPE, SIG_IGN) }

    private static var isUnderSystemd: Bool {
        // Set for every process of a unit (systemd.exec(5)).
        ProcessInfo.processInfo.environment["INVOCATION_ID"] != nil && getuid() == 0
            && FileManager.default.fileExists(atPath: "/run/systemd/system")
            && FileManager.default.isExecutableFile(atPath: "/usr/bin/systemd-run")
    }
}

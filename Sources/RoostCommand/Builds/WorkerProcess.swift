import Foundation
import Glibc

/// A process of this program that keeps its rights when the server drops its own, and reads orders from a pipe.
enum WorkerProcess {
    /// - Parameters:
    ///   - words: the hidden command and its options.
    ///   - unit: the name of its systemd unit.
    /// - Returns: where to write orders, and where to read answers; both end with the worker.
    static func start(_ words: [String], unit: String, description: String) throws -> (
        orders: FileHandle, answers: FileHandle
    ) {
        let (input, output) = (Pipe(), Pipe())
        let process = Process()
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        if isUnderSystemd {
            // The server's unit forbids what a worker needs (mounts, namespaces, most of the disk), for its children too: the worker gets
            // its own unit, connected by the same pipes.
            process.executableURL = URL(fileURLWithPath: "/usr/bin/systemd-run")
            process.arguments =
                [
                    "--pipe", "--wait", "--collect", "--quiet", "--unit=\(unit)-\(getpid())",
                    "--property=PartOf=roost.service", "--description=\(description)", "--", own,
                ] + words
            // Only the server itself notifies systemd for this unit.
            process.environment = ProcessInfo.processInfo.environment.filter { $0.key != "NOTIFY_SOCKET" }
        } else {
            process.executableURL = URL(fileURLWithPath: own)
            process.arguments = words
        }
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let orders = input.fileHandleForWriting
        // No child of the server may keep the worker's input open after the server has ended.
        _ = fcntl(orders.fileDescriptor, F_SETFD, FD_CLOEXEC)
        return (orders, output.fileHandleForReading)
    }

    private static var isUnderSystemd: Bool {
        // Set for every process of a unit (systemd.exec(5)).
        ProcessInfo.processInfo.environment["INVOCATION_ID"] != nil && getuid() == 0
            && FileManager.default.fileExists(atPath: "/run/systemd/system")
            && FileManager.default.isExecutableFile(atPath: "/usr/bin/systemd-run")
    }
}

import Center
import Foundation
import Glibc

/// The server's side of the worker: started while the server still has its rights.
final class BuildWorkerConnection: Sendable {
    private let orders: FileHandle
    /// Messages of the worker, in their order; ends with it.
    let messages: AsyncStream<ImageBuildMessage>

    init(_ settings: ServerSettings) throws {
        let (input, output) = (Pipe(), Pipe())
        let process = Process()
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let words = [
            own, "build-worker", "--state-directory", settings.stateDirectory, "--cache", settings.imageCache,
        ]
        if Self.isUnderSystemd {
            // The server's unit forbids what building needs (mounts, namespaces, most of the disk), to its children too: the
            // worker gets a unit of its own, joined by the same pipes.
            process.executableURL = URL(fileURLWithPath: "/usr/bin/systemd-run")
            process.arguments =
                [
                    "--pipe", "--wait", "--collect", "--quiet", "--unit=roost-builder-\(getpid())",
                    "--property=PartOf=roost.service", "--description=Builds images for Roost", "--",
                ] + words
        } else {
            process.executableURL = URL(fileURLWithPath: own)
            process.arguments = Array(words.dropFirst())
        }
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        orders = input.fileHandleForWriting
        // No child of the server may keep the worker's input open when the server has ended.
        _ = fcntl(orders.fileDescriptor, F_SETFD, FD_CLOEXEC)
        let (stream, continuation) = AsyncStream.makeStream(of: ImageBuildMessage.self)
        messages = stream
        let reader = output.fileHandleForReading
        Thread.detachNewThread {
            var rest = Data()
            while case let data = reader.availableData, !data.isEmpty {
                rest.append(data)
                while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    let line = rest[..<end]
                    rest = Data(rest[(end + 1)...])
                    if let message = try? JSONDecoder().decode(ImageBuildMessage.self, from: line) {
                        continuation.yield(message)
                    }
                }
            }
            continuation.finish()
        }
    }

    private static var isUnderSystemd: Bool {
        // Set for every process of a unit (systemd.exec(5)).
        ProcessInfo.processInfo.environment["INVOCATION_ID"] != nil && getuid() == 0
            && FileManager.default.fileExists(atPath: "/run/systemd/system")
            && FileManager.default.isExecutableFile(atPath: "/usr/bin/systemd-run")
    }

    func send(_ order: ImageBuildOrder) {
        guard var data = try? JSONEncoder().encode(order) else { return }
        data.append(UInt8(ascii: "\n"))
        try? orders.write(contentsOf: data)
    }

    /// Joins the worker and the center until the worker ends.
    func serve(_ builds: ImageBuilds) async {
        await builds.use { [self] in send($0) }
        for await message in messages { await builds.receive(message) }
        await builds.use(nil)
    }
}

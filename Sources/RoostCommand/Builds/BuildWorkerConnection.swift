import Center
import Foundation
import Glibc

/// The server's side of the worker: started while the server still has its rights.
final class BuildWorkerConnection: Sendable {
    private let orders: FileHandle
    /// The worker's messages in order; ends with the worker.
    let messages: AsyncStream<ImageBuildMessage>

    init(_ settings: ServerSettings) throws {
        let reader: FileHandle
        (orders, reader) = try WorkerProcess.start(
            ["build-worker", "--state-directory", settings.stateDirectory, "--cache", settings.imageCache],
            unit: "roost-builder", description: "Builds images for Roost",
            sandbox: WorkerSandbox.builds)
        let (stream, continuation) = AsyncStream.makeStream(of: ImageBuildMessage.self)
        messages = stream
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

    func send(_ order: ImageBuildOrder) {
        guard var data = try? JSONEncoder().encode(order) else { return }
        data.append(UInt8(ascii: "\n"))
        try? orders.write(contentsOf: data)
    }

    /// Connects the worker and the center until the worker ends.
    func serve(_ builds: ImageBuilds) async {
        await builds.use { [self] in send($0) }
        for await message in messages { await builds.receive(message) }
        await builds.use(nil)
    }
}

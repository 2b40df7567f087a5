import Hummingbird
import Logging
import NIOCore
import Synchronization

/// A web server that answers with a test's text while `body` runs.
enum LoopbackServer {
    static func serve<T: Sendable>(
        _ answer: @escaping @Sendable (_ method: String, _ path: String) async throws -> Response,
        _ body: @escaping @Sendable (_ url: String) async throws -> T
    ) async throws -> T {
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            responder: CallbackResponder<BasicRequestContext> { request, _ in
                try await answer(request.method.rawValue, request.uri.path)
            }, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in port.yield(channel.localAddress?.port ?? 0) }, logger: .silent)
        return try await withThrowingTaskGroup(of: T?.self) { group in
            group.addTask {
                try await application.runService(gracefulShutdownSignals: [])
                return nil
            }
            var found = ports.makeAsyncIterator()
            let number = await found.next() ?? 0
            group.addTask { try await body("http://127.0.0.1:\(number)") }
            while let result = try await group.next() {
                guard let result else { continue }
                group.cancelAll()
                return result
            }
            throw CancellationError()
        }
    }

    static func json(_ text: String) -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}

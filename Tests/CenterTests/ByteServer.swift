import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

@testable import Center

/// A server that answers with a test's bytes, valid or not.
final class ByteServer: Sendable {
    /// The answer to a request, once its header has arrived.
    struct Answer: Sendable {
        var bytes: String
        /// Additional bytes, sent no faster than they are read.
        var fillerByteCount = 0
        var isClosing = false
    }

    enum Event: Equatable, Sendable { case request(String), closed }

    /// Events of all connections.
    let events: AsyncStream<Event>
    /// Filler accepted by the network.
    let sentByteCount = Atomic(0)
    private let told: AsyncStream<Event>.Continuation
    private let answer: @Sendable (_ request: String) -> Answer
    private let listener = Mutex<(any Channel)?>(nil)

    init(
        tls: NIOSSLContext? = nil, socketPath: String? = nil,
        _ answer: @escaping @Sendable (_ request: String) -> Answer
    ) async throws {
        (events, told) = AsyncStream.makeStream()
        self.answer = answer
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
                    }
                    try channel.pipeline.syncOperations.addHandler(Talk(self))
                }
            }
        let bound =
            if let socketPath {
                try await bootstrap.bind(unixDomainSocketPath: socketPath).get()
            } else {
                try await bootstrap.bind(host: "127.0.0.1", port: 0).get()
            }
        listener.withLock { $0 = bound }
    }

    convenience init(tls: NIOSSLContext? = nil, _ bytes: String, isClosing: Bool = false) async throws {
        try await self.init(tls: tls) { _ in Answer(bytes: bytes, isClosing: isClosing) }
    }

    var port: Int { listener.withLock { $0?.localAddress?.port } ?? 0 }
    var url: String { "http://127.0.0.1:\(port)/" }

    /// Stops accepting connections.
    func stop() async throws { try await listener.withLock { $0 }?.close() }

    /// One connection.
    private final class Talk: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let server: ByteServer
        private var request = ""

        init(_ server: ByteServer) { self.server = server }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            request += String(buffer: unwrapInboundIn(data))
            // A TLS handshake begins with this byte, and a server without TLS waits for no more.
            guard request.contains("\r\n\r\n") || request.hasPrefix("\u{16}") else { return }
            server.told.yield(.request(request))
            let answer = server.answer(request)
            request = ""
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer.bytes)), promise: nil)
            fill(answer.fillerByteCount, context)
            if answer.isClosing { context.close(promise: nil) }
        }

        private func fill(_ byteCount: Int, _ context: ChannelHandlerContext) {
            guard byteCount > 0 else { return }
            let part = ByteBuffer(repeating: 7, count: min(byteCount, 64 << 10))
            context.writeAndFlush(wrapOutboundOut(part)).assumeIsolated().whenSuccess { [self] in
                server.sentByteCount.wrappingAdd(part.readableBytes, ordering: .relaxed)
                fill(byteCount - part.readableBytes, context)
            }
        }

        func channelInactive(context: ChannelHandlerContext) { server.told.yield(.closed) }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}

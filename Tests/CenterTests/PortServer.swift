import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A server at one port that speaks as terminal servers do, or as none should.
final class PortServer: Sendable {
    enum Manner: Sendable {
        /// At once, before it hears anything.
        case says([UInt8])
        /// To the first words; TLS begins behind it.
        case answers([UInt8], tls: NIOSSLContext?)
        case silence
        /// Bytes without end.
        case endless(UInt8)
        case closes
    }

    private let listener = Mutex<(any Channel)?>(nil)

    init(_ manner: Manner) async throws {
        let bound = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Talk(manner))
                }
            }.bind(host: "127.0.0.1", port: 0).get()
        listener.withLock { $0 = bound }
    }

    var port: Int { listener.withLock { $0?.localAddress?.port } ?? 0 }

    /// Stops accepting connections.
    func stop() async throws { try await listener.withLock { $0 }?.close() }

    private final class Talk: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let manner: Manner
        private var hasAnswered = false

        init(_ manner: Manner) { self.manner = manner }

        func channelActive(context: ChannelHandlerContext) {
            switch manner {
            case .says(let bytes):
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
            case .endless(let byte): pour(byte, context)
            case .closes: context.close(promise: nil)
            case .answers, .silence: break
            }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard case .answers(let bytes, let tls) = manner, !hasAnswered else { return }
            hasAnswered = true
            let written = context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)))
            guard let tls else { return }
            written.assumeIsolated().whenSuccess {
                try? context.pipeline.syncOperations.addHandler(
                    NIOSSLServerHandler(context: tls), position: .first)
            }
        }

        private func pour(_ byte: UInt8, _ context: ChannelHandlerContext) {
            let part = ByteBuffer(repeating: byte, count: 64 << 10)
            context.writeAndFlush(wrapOutboundOut(part)).assumeIsolated().whenSuccess { [self] in
                pour(byte, context)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}

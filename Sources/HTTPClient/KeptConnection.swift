import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// The connection that a client keeps between requests to one server (RFC 9112 §9.3): a TLS handshake costs both sides more than a
/// request does.
final class KeptConnection: Sendable {
    private struct State {
        var channel: (any Channel)?
        var isClosed = false
    }

    let eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.any()
    private let state = Mutex(State())

    /// The connection, which is the caller's from now on; nil where none is open.
    func take() -> (any Channel)? {
        let channel = state.withLock { state in
            let channel = state.channel
            state.channel = nil
            return channel
        }
        return channel?.isActive == true ? channel : nil
    }

    /// Keeps a connection on which nothing is under way. One is enough: another one is closed.
    func put(_ channel: any Channel) {
        let isKept = state.withLock { state in
            guard !state.isClosed, state.channel?.isActive != true, channel.isActive else { return false }
            state.channel = channel
            return true
        }
        if !isKept { channel.close(promise: nil) }
    }

    /// The client has gone.
    func close() {
        let channel = state.withLock { state in
            state.isClosed = true
            let channel = state.channel
            state.channel = nil
            return channel
        }
        channel?.close(promise: nil)
    }
}

/// Closes a connection on which the server says something, or that fails, while nothing was asked.
final class IdleConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { context.close(promise: nil) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

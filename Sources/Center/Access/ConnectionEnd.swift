import NIOCore
import NIOHTTP1

/// Says when a connection ends after an answer (RFC 9112 §9.3), to the library and to the client.
///
/// The library ends one for the word `close` alone, written just so. After a request that asks for another protocol, or for a tunnel, its
/// decoder reads nothing more: such a connection has to end, or the next request on it waits in vain. One of HTTP/1.0 ends always: only its
/// end says where an answer without a length ends.
final class ConnectionEnd: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// A request that is not answered yet.
    private struct Asked {
        var ends: Bool
        /// Its client reads no chunks (§6.1).
        var isOld: Bool
    }

    private var asked: [Asked] = []

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data) else { return context.fireChannelRead(data) }
        let request = Asked(ends: Self.ends(head), isOld: head.version == .http1_0)
        asked.append(request)
        if request.ends { head.headers.replaceOrAdd(name: "Connection", value: "close") }
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .head(var head) = unwrapOutboundIn(data), head.status.code >= 200, !asked.isEmpty else {
            return context.write(data, promise: promise)
        }
        let request = asked.removeFirst()
        if request.ends { head.headers.replaceOrAdd(name: "Connection", value: "close") }
        // The encoder makes no chunks then.
        if request.isOld { head.version = .http1_0 }
        context.write(wrapOutboundOut(.head(head)), promise: promise)
    }

    private static func ends(_ head: HTTPRequestHead) -> Bool {
        let options = head.headers[canonicalForm: "Connection"].map { $0.lowercased() }
        let leavesHTTP = options.contains("upgrade") && head.headers.contains(name: "Upgrade")
        return options.contains("close") || leavesHTTP || head.method == .CONNECT || head.version == .http1_0
    }
}

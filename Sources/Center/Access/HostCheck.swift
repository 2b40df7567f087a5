import API
import Fleet
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import Wire

/// Takes the Host field from requests whose host is not clear (RFC 9112 §3.2): ``HostMiddleware`` refuses them.
///
/// The library keeps the first of several fields, and makes no difference between versions of HTTP.
final class HostCheck: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data) else { return context.fireChannelRead(data) }
        let hosts = head.headers["Host"]
        if hosts.isEmpty, head.version == .http1_0 {
            // Only HTTP/1.0 may omit it.
            head.headers.add(name: "Host", value: "")
        } else if hosts.count != 1 || !HTTPFraming.isHost(hosts[0]) {
            head.headers.remove(name: "Host")
        }
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }
}

/// Refuses requests without a clear host: a proxy in front of this server could have read another one.
struct HostMiddleware: RouterMiddleware {
    @concurrent func handle(
        _ request: Request, context: CenterContext,
        next: @concurrent (Request, CenterContext) async throws -> Response
    ) async throws -> Response {
        guard request.head.authority != nil else {
            throw Problem(400, "Bad request", "a request needs one Host field, which names a host")
        }
        return try await next(request, context)
    }
}

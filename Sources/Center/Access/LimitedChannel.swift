import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import Wire

/// Connections of the control center: limited per address, and closed when no request arrives.
struct LimitedChannel<Base: ServerChildChannel>: ServerChildChannel {
    let base: Base
    let limits: CenterLimits
    /// Trusted proxies, which name their clients.
    let addresses: ClientAddresses
    /// Whether `base` begins with a TLS handshake.
    var isEncrypted = false
    var deadlines = RequestDeadline.Times()
    /// Where connections count for another peer once it is known; nil: for their address until they end.
    var places: ConnectionPlaces?

    private struct Refused: Error {}

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Base.Value> {
        // Before anything that costs memory, such as TLS.
        let address = channel.remoteAddress?.ipAddress ?? ""
        let isProxied = addresses.isTrusted(address)
        guard let place = limits.takeConnection(from: address, isProxied: isProxied) else {
            channel.close(promise: nil)
            return channel.eventLoop.makeFailedFuture(Refused())
        }
        if let places {
            places.keep(place, of: channel)
        } else {
            channel.closeFuture.whenComplete { [limits] _ in limits.release(place) }
        }
        if addresses.sendsHeader(address) {
            // Before TLS: the header is not encrypted.
            let header = ProxyHeaderHandler { [limits] client, channel in
                guard let place = limits.takeConnection(ofClient: client.description) else { return false }
                channel.closeFuture.whenComplete { _ in limits.release(place) }
                return true
            }
            do { try channel.pipeline.syncOperations.addHandler(header) } catch {
                return channel.eventLoop.makeFailedFuture(error)
            }
        }
        if isEncrypted {
            do { try channel.pipeline.syncOperations.addHandler(PlainRequestHandler()) } catch {
                return channel.eventLoop.makeFailedFuture(error)
            }
        }
        return base.setup(channel: channel, logger: logger).flatMapThrowing { value in
            let pipeline = channel.pipeline.syncOperations
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try pipeline.addHandlers(
                [RequestDeadline(deadlines), HostCheck(), ConnectionEnd()], position: .after(decoder))
            return value
        }
    }

    func handle(value: Base.Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}

/// Closes connections whose handshake or request does not complete in time, even when bytes keep trickling in.
///
/// States: before the first request → receiving a request → answering → between requests → receiving … A request may be answered before
/// it is complete, such as a form that is too long: what is left of it is then waited for, but not for long.
final class RequestDeadline: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart

    struct Times: Sendable {
        /// From the connection to its first request, handshake included.
        var first = TimeAmount.seconds(20)
        /// For a request.
        var whole = TimeAmount.seconds(60)
        /// Between requests.
        var between = TimeAmount.seconds(75)
        /// For the rest of one that is answered.
        var rest = TimeAmount.seconds(10)
    }

    private let times: Times
    private var deadline: Scheduled<Void>?
    /// Requests received and not yet answered.
    private var openCount = 0
    /// Requests answered and not yet received.
    private var earlyCount = 0

    init(_ times: Times = Times()) { self.times = times }

    func handlerAdded(context: ChannelHandlerContext) { arm(times.first, context) }

    func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: arm(times.whole, context)
        case .body: break
        case .end:
            if earlyCount > 0 {
                earlyCount -= 1
                arm(times.between, context)
            } else {
                openCount += 1
                deadline?.cancel()
            }
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) {
            if openCount == 0 {
                earlyCount += 1
                arm(times.rest, context)
            } else {
                openCount -= 1
                if openCount == 0 { arm(times.between, context) }
            }
        }
        context.write(data, promise: promise)
    }

    private func arm(_ time: TimeAmount, _ context: ChannelHandlerContext) {
        deadline?.cancel()
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
    }
}

import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// One request and its answer, on a connection of its own or on one that was kept. It lives on one event loop.
///
/// States: connecting → sending → waiting → receiving the body → over. Each may go to over, which has no events; sending and waiting go
/// back to connecting once, where a kept connection turns out to be closed.
final class HTTPExchange: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = Never
    typealias OutboundOut = HTTPClientRequestPart

    /// Parts of a body, at most 64 KiB each, in memory when reading resumes and when it stops.
    private static let (lowWatermark, highWatermark) = (2, 8)
    private static let headerByteLimit = 128 << 10

    private let destination: HTTPDestination
    private let request: (head: HTTPRequestHead, body: ByteBuffer)
    private let tls: (context: NIOSSLContext, serverName: String?)?
    private let limits: HTTPClientLimits
    private let deadline: NIODeadline
    private let kept: KeptConnection?
    private let eventLoop: any EventLoop
    /// Nil once there is an answer, which it would retain: an answer ends with its reader, and the connection with the answer.
    private var promise: EventLoopPromise<HTTPClientResponse>?
    private var loop: NIOIsolatedEventLoop { eventLoop.assumeIsolated() }

    private var channel: (any Channel)?
    /// Where the body goes, from the head of the answer on.
    private var body: HTTPClientBody.Base.Source?
    private var isOver = false
    /// Whether it is on a connection that was there before; whether all of it is sent, and another request may follow the answer.
    private var (isOnKept, isSent, isAnswerLast) = (false, false, true)
    /// The reader has enough for now; whether the channel asked meanwhile.
    private var (isHeld, isReadHeld) = (false, false)
    private var wholeTimer: Scheduled<Void>?
    private var pauseTimer: Scheduled<Void>?

    init(
        _ destination: HTTPDestination, _ request: (head: HTTPRequestHead, body: ByteBuffer),
        tls: (context: NIOSSLContext, serverName: String?)?,
        limits: HTTPClientLimits, deadline: NIODeadline, kept: KeptConnection?,
        promise: EventLoopPromise<HTTPClientResponse>
    ) {
        (self.destination, self.request, self.tls, self.kept) = (destination, request, tls, kept)
        (self.limits, self.deadline, self.promise) = (limits, deadline, promise)
        eventLoop = promise.futureResult.eventLoop
    }

    // MARK: Asking

    /// Connects and sends; the promise gets the answer or the failure.
    func begin() {
        wholeTimer = loop.scheduleTask(deadline: deadline) { [self] in fail(.noAnswer(limits.whole)) }
        // Also when the waiting task is cancelled.
        promise?.futureResult.assumeIsolated().whenFailure { [self] _ in end() }
        if let channel = kept?.take() {
            (isOnKept, self.channel) = (true, channel)
            arm(limits.connect, .noConnection(limits.connect))
            do { try addSelf(to: channel) } catch { lost(error) }
        } else {
            connect()
        }
    }

    private func connect() {
        arm(limits.connect, .noConnection(limits.connect))
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(limits.connect))
        let connection =
            switch destination.address {
            case .host(let name, let port): bootstrap.connect(host: name, port: port)
            case .socket(let path): bootstrap.connect(unixDomainSocketPath: path)
            }
        connection.assumeIsolated().whenComplete { [self] result in
            do { try start(on: result.get()) } catch { fail(error) }
        }
    }

    /// Not earlier: several of a name's addresses may have been tried at once.
    private func start(on channel: any Channel) throws {
        guard !isOver else { return channel.close(promise: nil) }
        self.channel = channel
        let pipeline = channel.pipeline.syncOperations
        if let tls {
            try pipeline.addHandler(NIOSSLClientHandler(context: tls.context, serverHostname: tls.serverName))
        }
        var decoder = NIOHTTPDecoderLimitConfiguration()
        decoder.maxHeaderListSize = Self.headerByteLimit
        try pipeline.addHTTPClientHandlers(decoderLimitConfiguration: decoder)
        if kept != nil { try pipeline.addHandler(IdleConnection()) }
        try addSelf(to: channel)
    }

    private func addSelf(to channel: any Channel) throws {
        let pipeline = channel.pipeline.syncOperations
        guard kept != nil else { return try pipeline.addHandler(self) }
        try pipeline.addHandler(self, position: .before(pipeline.handler(type: IdleConnection.self)))
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let headSent = context.write(wrapOutboundOut(.head(request.head)))
        if request.body.readableBytes > 0 {
            context.write(wrapOutboundOut(.body(.byteBuffer(request.body))), promise: nil)
        }
        let allSent = context.writeAndFlush(wrapOutboundOut(.end(nil)))
        headSent.assumeIsolated().whenSuccess { [self] in disarm() }
        allSent.assumeIsolated().whenSuccess { [self] in
            isSent = true
            armPause()
        }
    }

    // MARK: The answer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver, context.channel === channel else { return }
        armPause()
        switch unwrapInboundIn(data) {
        case .head(let head):
            let exchange = NIOLoopBound(self, eventLoop: context.eventLoop)
            let made = HTTPClientBody.Base.makeSequence(
                backPressureStrategy: .init(
                    lowWatermark: Self.lowWatermark, highWatermark: Self.highWatermark),
                finishOnDeinit: true, delegate: Demand(exchange: exchange, loop: context.eventLoop))
            body = made.source
            isAnswerLast = !head.isKeepAlive
            promise?.succeed(
                HTTPClientResponse(
                    status: Int(head.status.code), headers: head.headers,
                    body: HTTPClientBody(base: made.sequence)))
            promise = nil
        case .body(let bytes):
            guard body?.yield(bytes) == .stopProducing else { return }
            isHeld = true
            disarm()
        case .end:
            body?.finish()
            end(keeping: kept != nil && isSent && !isAnswerLast)
        }
    }

    func read(context: ChannelHandlerContext) {
        if isHeld { isReadHeld = true } else { context.read() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if context.channel === channel { lost(error) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if context.channel === channel { lost(HTTPClientError(.closedEarly, at: destination.description)) }
    }

    /// What the body's reader wants; called on the reader's thread.
    struct Demand: NIOAsyncSequenceProducerDelegate {
        fileprivate let exchange: NIOLoopBound<HTTPExchange>
        fileprivate let loop: any EventLoop

        func produceMore() { loop.execute { exchange.value.goOn() } }
        func didTerminate() { loop.execute { exchange.value.end() } }
    }

    private func goOn() {
        guard !isOver, isHeld else { return }
        isHeld = false
        armPause()
        guard isReadHeld else { return }
        isReadHeld = false
        channel?.read()
    }

    // MARK: The end

    private func fail(_ cause: HTTPClientError.Cause) {
        fail(HTTPClientError(cause, at: destination.description))
    }

    /// The connection is gone.
    private func lost(_ error: any Error) {
        guard !isOver, isOnKept, promise != nil else { return fail(error) }
        // The server closed it while nothing was under way, and only now it shows: once more, on a new one.
        let former = channel
        (isOnKept, isSent, channel) = (false, false, nil)
        former?.close(promise: nil)
        connect()
    }

    private func fail(_ error: any Error) {
        guard !isOver else { return }
        let certificate = try? channel?.pipeline.syncOperations.nioSSL_peerCertificate()
        let failure = HTTPClientError(meaning: error, at: destination.description, certificate: certificate)
        body?.finish(failure)
        promise?.fail(failure)
        end()
    }

    private func end(keeping: Bool = false) {
        guard !isOver else { return }
        isOver = true
        wholeTimer?.cancel()
        disarm()
        body = nil
        guard keeping, let kept, let channel else {
            channel?.close(promise: nil)
            return
        }
        let isReadHeld = isReadHeld
        channel.pipeline.syncOperations.removeHandler(self).assumeIsolated().whenComplete { _ in
            // What the reader held back is over: the end of the connection has to be seen from now on.
            if isReadHeld { channel.read() }
            kept.put(channel)
        }
    }

    private func armPause() {
        if let pause = limits.pause, !isHeld { arm(pause, .silence(pause)) }
    }

    private func arm(_ time: Duration, _ cause: HTTPClientError.Cause) {
        disarm()
        guard !isOver else { return }
        pauseTimer = loop.scheduleTask(in: TimeAmount(time)) { [self] in fail(cause) }
    }

    private func disarm() { pauseTimer?.cancel() }
}

import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import NetworkErrors
import Sealing
import Synchronization
import Wire

/// Looks what answers at ports of terminal servers. Nothing that a server says is trusted, and no password goes there.
final class PortProber: Sendable {
    /// For connection, answer and TLS together.
    let limit: Duration
    private let context = Mutex<NIOSSLContext?>(nil)

    init(limit: Duration = .seconds(5)) { self.limit = limit }

    /// Every certificate is accepted, because it is only looked at; so is what servers of Windows before 2016 still speak.
    private func tls() throws -> NIOSSLContext {
        try context.withLock { known in
            if let known { return known }
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.trustRoots = .certificates([])
            configuration.minimumTLSVersion = .tlsv1
            configuration.cipherSuites = "ALL"
            let made = try NIOSSLContext(configuration: configuration)
            known = made
            return made
        }
    }

    func finding(_ service: PortDialogue.Service, at host: String, _ port: Int) async -> PortFinding {
        guard let tls = try? tls() else { return .silent("this server cannot use TLS") }
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let promise = loop.makePromise(of: PortFinding.self)
        let place = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        let limit = TimeAmount(limit)
        loop.execute {
            ProbeConnection(PortDialogue(service), place, tls, promise).begin(host, port, within: limit)
        }
        // The promise never fails.
        return (try? await promise.futureResult.get()) ?? .silent("the probe was given up")
    }
}

/// One connection of a probe. It lives on one event loop.
private final class ProbeConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var dialogue: PortDialogue
    private let place: String
    private let tls: NIOSSLContext
    /// Nil once it is over.
    private var promise: EventLoopPromise<PortFinding>?
    private let eventLoop: any EventLoop
    private var loop: NIOIsolatedEventLoop { eventLoop.assumeIsolated() }
    private var channel: (any Channel)?
    private var timer: Scheduled<Void>?
    /// Of the server's certificate, once it has shown one.
    private var fingerprint: String?
    private var isEncrypting = false

    init(
        _ dialogue: PortDialogue, _ place: String, _ tls: NIOSSLContext,
        _ promise: EventLoopPromise<PortFinding>
    ) {
        (self.dialogue, self.place, self.tls, self.promise) = (dialogue, place, tls, promise)
        eventLoop = promise.futureResult.eventLoop
    }

    func begin(_ host: String, _ port: Int, within limit: TimeAmount) {
        let seconds = limit.nanoseconds / 1_000_000_000
        timer = loop.scheduleTask(in: limit) { [self] in
            over(
                .silent(
                    channel == nil
                        ? "no connection to \(place) in \(seconds) s"
                        : "\(place) says nothing for \(seconds) s"))
        }
        let connection = ClientBootstrap(group: eventLoop).connectTimeout(limit)
            // What is said before the handler is there would be lost.
            .channelOption(.autoRead, value: false)
            .connect(host: host, port: port)
        connection.assumeIsolated().whenComplete { [self] result in
            do { try start(on: result.get()) } catch {
                over(.silent(ErrorText.ofConnection(error, to: place)))
            }
        }
    }

    private func start(on channel: any Channel) throws {
        guard promise != nil else { return channel.close(promise: nil) }
        self.channel = channel
        try channel.pipeline.syncOperations.addHandler(self)
        let opening = dialogue.opening
        if !opening.isEmpty { channel.writeAndFlush(ByteBuffer(bytes: opening), promise: nil) }
        try channel.syncOptions?.setOption(.autoRead, value: true)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard promise != nil, !isEncrypting else { return }
        switch dialogue.handle(Array(unwrapInboundIn(data).readableBytesView)) {
        case .wait: break
        case .over(let finding): over(finding)
        case .startTLS:
            isEncrypting = true
            do { try encrypt(context) } catch { over(.other(ErrorText.of(error))) }
        }
    }

    private func encrypt(_ context: ChannelHandlerContext) throws {
        let connection = NIOLoopBound(self, eventLoop: context.eventLoop)
        let handler = try NIOSSLClientHandler(context: tls, serverHostname: nil) { chain, promise in
            if let certificate = chain.first, let bytes = try? certificate.toDERBytes() {
                connection.value.fingerprint = Hashing.hexadecimal(Hashing.sha256(bytes))
            }
            promise.succeed(.certificateVerified)
        }
        try context.pipeline.syncOperations.addHandler(handler, position: .first)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event { shown() }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if fingerprint != nil { shown() } else { over(.other(ErrorText.ofConnection(error, to: place))) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if fingerprint != nil { shown() } else { over(.other("\(place) closes the connection")) }
    }

    private func shown() {
        guard let fingerprint else { return }
        over(dialogue.shown(certificate: fingerprint))
    }

    private func over(_ finding: PortFinding) {
        guard let promise else { return }
        self.promise = nil
        timer?.cancel()
        channel?.close(promise: nil)
        promise.succeed(finding)
    }
}

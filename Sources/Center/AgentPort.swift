import API
import Fleet
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOSSL
import NetworkErrors

/// The port that agents of terminal servers come to. They show a certificate of the agents' authority; nothing else is served there, and
/// agents can do nothing elsewhere.
struct AgentPort {
    /// Seconds between reports; between signs of life to those that wait for orders; before another try to listen.
    private static let (interval, pulse, pause) = (5, 10, 30)
    private static let (reportByteLimit, resultByteLimit, requestByteLimit) = (1 << 20, 64 << 10, 16 << 10)

    let agents: Agents
    let limits: CenterLimits
    let renderer: PageRenderer
    let logger: Logger
    let quiet: Logger
    /// How long a connection may take, and stay without a request.
    var deadlines = RequestDeadline.Times()
    let connections = AgentConnections()

    /// Listens while there may be an agent, until cancelled. That a port is taken is logged, and ends nothing else.
    func run(ready: @escaping @Sendable (Int) -> Void = { _ in }) async throws {
        guard let port = agents.port else { return try await Self.wait() }
        while !agents.areExpected { try await Task.sleep(for: .seconds(1)) }
        while true {
            do {
                try await serve(port, ready: ready)
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                logger.error("agents: cannot listen on port \(port.number): \(ErrorText.of(error))")
            }
            try await Task.sleep(for: .seconds(Self.pause))
        }
    }

    private static func wait() async throws {
        while true { try await Task.sleep(for: .seconds(3_600)) }
    }

    private func serve(_ port: Agents.Port, ready: @escaping @Sendable (Int) -> Void) async throws {
        let tls = try configuration(port.authority)
        let places = ConnectionPlaces(limits: limits)
        let responder = router(places).buildResponder()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for host in port.hosts {
                let application = Application(
                    responder: responder,
                    server: HTTPServerBuilder { [limits, deadlines, places] responder in
                        LimitedChannel(
                            base: try TLSChannel(
                                HTTP1Channel(
                                    responder: responder,
                                    configuration: HTTP1Channel.Configuration(idleTimeout: .seconds(75))),
                                tlsConfiguration: tls), limits: limits,
                            addresses: ClientAddresses(named: [], isTLS: true, readsHeader: false),
                            isEncrypted: true, deadlines: deadlines, places: places)
                    },
                    configuration: ApplicationConfiguration(
                        address: .hostname(host, port: port.number), serverName: "roost"),
                    onServerRunning: { ready($0.localAddress?.port ?? 0) }, logger: quiet)
                group.addTask { try await application.runService(gracefulShutdownSignals: []) }
            }
            group.addTask { try await closeRevoked() }
            try await group.next()
            group.cancelAll()
        }
    }

    /// Ends the connections of agents that are not let in any more, with each change of the configuration.
    private func closeRevoked() async throws {
        while true {
            let events = agents.fleet.events.listen()
            // Also where this one was lost.
            await connections.close(unless: counts)
            var number = 0
            for await event in events {
                let isGap = number != 0 && event.number > number + 1
                number = event.number
                guard isGap || event.event?.kind == .configuration else { continue }
                await connections.close(unless: counts)
            }
            try Task.checkCancellation()
            try await Task.sleep(for: .seconds(Self.pulse))
        }
    }

    /// While that cannot be read, as far as is known.
    private func counts(_ fingerprint: String) async -> Bool {
        do { return try await agents.name(ofFingerprint: fingerprint) != nil } catch { return true }
    }

    /// Both sides show certificates of one authority, which signs nothing else.
    private func configuration(_ authority: AgentAuthority) throws -> TLSConfiguration {
        guard let own = authority.port() else { throw Problem(500, "Failed", "libcrypto cannot make keys") }
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(own.certificate.utf8)).map {
                .certificate($0)
            },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(own.key.utf8), format: .pem)))
        tls.minimumTLSVersion = .tlsv13
        // Clients have no host names; who they are is said by the certificate that was stored when it was signed.
        tls.certificateVerification = .noHostnameVerification
        tls.trustRoots = .certificates(
            try NIOSSLCertificate.fromPEMBytes(Array(authority.certificate.utf8)))
        return tls
    }

    // MARK: Requests

    private func router(_ places: ConnectionPlaces) -> Router<CenterContext> {
        let router = Router(context: CenterContext.self)
        router.add(middleware: ProblemMiddleware(logger: logger, pages: renderer))
        let group = router.group("agent/v1")
        group.post("report") { request, context in
            let name = try await agent(of: context, places)
            let report = try await request.decoded(
                AgentReport.self, upTo: Self.reportByteLimit, isTolerant: true)
            let taken = agents.terminals.take(report, from: name, at: Clock.steadyMillisecond)
            if let lost = try await agents.note(mark: report.mark) { logger.error("\(lost.warning)") }
            return try JSONAnswer(
                AgentReportAnswer(acknowledged: taken, interval: Self.interval, mark: agents.mark))
        }
        group.post("results") { request, context in
            let name = try await agent(of: context, places)
            let result = try await request.decoded(
                AgentResult.self, upTo: Self.resultByteLimit, isTolerant: true)
            agents.terminals.take(result, from: name)
            return HTTPResponse.Status.noContent
        }
        group.post("renew") { request, context in
            let name = try await agent(of: context, places)
            let wish = try await request.decoded(
                AgentRenewRequest.self, upTo: Self.requestByteLimit, isTolerant: true)
            let shown = try await connections.fingerprint(of: context.channel) ?? ""
            return try await JSONAnswer(agents.renew(wish, of: name, showing: shown))
        }
        group.get("orders") { _, context in
            let name = try await agent(of: context, places)
            return Response(
                status: .ok, headers: [.contentType: "application/jsonl"],
                body: ResponseBody(asyncSequence: try await lines(for: name, context)))
        }
        return router
    }

    /// Whose certificate it is. It is looked up with each request, so that a revoked one no longer counts on connections that are open.
    private func agent(of context: CenterContext, _ places: ConnectionPlaces) async throws -> TerminalName {
        guard let fingerprint = try await connections.fingerprint(of: context.channel),
            let name = try await agents.name(ofFingerprint: fingerprint)
        else {
            throw Problem(
                403, "Forbidden",
                "this agent is not known here any more: its server was removed, or its certificate revoked; join again (roost server token)"
            )
        }
        // Many may come from one address (NAT): what has shown a certificate counts for its agent.
        guard places.know(context.channel, asAgent: name.text) else {
            context.channel.close(promise: nil)
            throw Problem(
                429, "Too many requests",
                "at most \(CenterLimits.agentConnectionLimit) connections of one agent", retryAfter: 1)
        }
        guard agents.takesRequest(of: name) else {
            throw Problem(
                429, "Too many requests", "at most \(Agents.perSecond) requests a second", retryAfter: 1)
        }
        return name
    }

    /// The orders for an agent, a line of JSON each, with empty lines as signs of life. They end when the agent is not known any more,
    /// listens again, or goes.
    private func lines(for name: TerminalName, _ context: CenterContext) async throws
        -> AsyncStream<ByteBuffer>
    {
        let fingerprint = try await connections.fingerprint(of: context.channel)
        let orders = agents.terminals.orders(for: name)
        let (lines, feed) = AsyncStream.makeStream(
            of: ByteBuffer.self, bufferingPolicy: .bufferingOldest(1_100))
        agents.beginsListening(name)
        let work = Task { [agents] in
            defer {
                agents.endsListening(name)
                feed.finish()
            }
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    for await order in orders {
                        guard let line = try? JSONEncoder().encode(order) else { continue }
                        feed.yield(ByteBuffer(bytes: line + [UInt8(ascii: "\n")]))
                    }
                }
                group.addTask {
                    while let fingerprint, (try? await agents.name(ofFingerprint: fingerprint)) == name {
                        feed.yield(ByteBuffer(string: "\n"))
                        guard (try? await Task.sleep(for: .seconds(Self.pulse))) != nil else { return }
                    }
                }
                await group.next()
                group.cancelAll()
            }
        }
        feed.onTermination = { _ in work.cancel() }
        // At once, and not when the next sign of life finds no one: log-ins go elsewhere meanwhile.
        context.channel.closeFuture.whenComplete { _ in work.cancel() }
        return lines
    }
}

import Fleet
import Foundation
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
package import Logging
import NIOCore
import NIOSSL
import Synchronization
package import Wire

/// An address that the control center listens on, besides its local socket.
package struct CenterAddress: Sendable, Equatable {
    package var host: String
    /// What people type to reach it, where ``host`` stands for all addresses.
    package var shownHost: String
    package var port: Int
    /// PEM files; nil: plain HTTP, only for loopback.
    package var certificate: (chainPath: String, keyPath: String)?

    package init(
        host: String, shownAs shownHost: String? = nil, port: Int,
        certificate: (chainPath: String, keyPath: String)?
    ) {
        self.host = host
        self.shownHost = shownHost ?? host
        self.port = port
        self.certificate = certificate
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.host == right.host && left.port == right.port
            && left.certificate?.chainPath == right.certificate?.chainPath
    }

    package var url: String {
        "\(certificate == nil ? "http" : "https")://\(IPAddress(shownHost)?.inURL ?? shownHost):\(port)"
    }
}

/// The control center: API and pages, on a local socket and by HTTPS.
package struct ControlCenter: Sendable {
    /// Seconds without traffic before a connection is closed.
    private static let idleTimeout = TimeAmount.seconds(75)

    private let services: CenterServices
    private let gate: Gate
    private let renderer: PageRenderer
    private let socketPath: String
    private let addresses: [CenterAddress]
    private let proxies: [IPNetwork]?
    private let readsProxyHeader: Bool
    /// By chain path.
    private let certificates: [String: ServerCertificate]
    private let logger: Logger
    /// For the HTTP library.
    private var quiet: Logger

    /// - Parameters:
    ///   - proxies: addresses of proxies that name their clients in `X-Forwarded-For` or `Forwarded`; nil: only on this host, where plain
    ///     HTTP is for them.
    ///   - readsProxyHeader: whether their connections start with a PROXY protocol header.
    package init(
        services: CenterServices, socketPath: String, addresses: [CenterAddress],
        logInSources: LogInSources = LogInSources(), proxies: [IPNetwork]? = nil,
        readsProxyHeader: Bool = false, logger: Logger
    ) throws {
        var services = services
        services.issuer = logInSources.openID?.issuer
        services.hasDirectory = logInSources.ldap != nil
        self.services = services
        self.proxies = proxies
        self.readsProxyHeader = readsProxyHeader
        self.socketPath = socketPath
        self.addresses = addresses
        certificates = try addresses.compactMap(\.certificate).reduce(into: [:]) { all, files in
            all[files.chainPath] = try ServerCertificate(chainPath: files.chainPath, keyPath: files.keyPath)
        }
        self.logger = logger
        quiet = logger
        // The HTTP library logs Swift's error descriptions, even for clean ends; failed answers are logged here.
        quiet.logLevel = .critical
        gate = try Gate(fleet: services.fleet, sources: logInSources, logger: logger)
        renderer = PageRenderer(version: services.version)
    }

    /// Serves until cancelled. Calls `ready` when all sockets listen, with the setup link while there is no administrator.
    package func run(ready: @escaping @Sendable (_ setupLink: String?) -> Void) async throws {
        unsafe unlink(socketPath)
        let setupWord = try await gate.setupWord()
        let setupLink = setupWord.flatMap { word in addresses.first.map { "\($0.url)/setup?token=\(word)" } }
        let listening = Countdown(addresses.count + 1) { ready(setupLink) }
        // Access to the socket means full administration: its owner and group.
        let local = Application(
            responder: localRouter().responderWithOtherMethods(),
            configuration: ApplicationConfiguration(
                address: .unixDomainSocket(path: socketPath), serverName: "roost"),
            onServerRunning: { [socketPath] _ in
                unsafe chmod(socketPath, 0o660)
                listening.arrive()
            }, logger: quiet)
        let distant = try addresses.map { try application(at: $0) { listening.arrive() } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await local.runService(gracefulShutdownSignals: []) }
            group.addTask { [services] in try await services.fleet.events.pulse() }
            group.addTask { [services] in try await services.limits.watch() }
            group.addTask { [services] in try await services.webHooks.run() }
            group.addTask { [services] in try await services.replication.run() }
            group.addTask { [agentPort] in try await agentPort.run() }
            group.addTask { [services, logger] in
                try await services.terminals.run { logger.warning("\($0)") }
            }
            group.addTask { [services, logger] in
                try await services.probes.run { logger.warning("\($0)") }
            }
            group.addTask { [services, logger] in
                try await services.renewals.run { logger.warning("\($0)") }
            }
            group.addTask { [services, logger] in
                try await services.logIns.run { logger.warning("\($0)") }
            }
            group.addTask { [services, logger] in
                try await services.schedules.run(ScheduleWork(services: services)) { logger.error("\($0)") }
            }
            group.addTask { [services] in
                try await services.fleet.watchPresence { await services.heard() }
            }
            group.addTask { [services, logger] in
                try await services.fleet.watchRollouts { logger.error("roll-outs: \($0)") }
            }
            group.addTask { [services, logger] in
                try await services.watchTroubles { logger.error("troubles: \($0)") }
            }
            for (address, application) in zip(addresses, distant) {
                group.addTask {
                    do {
                        try await application.runService(gracefulShutdownSignals: [])
                    } catch let error {
                        throw CannotListen(at: address, error) ?? error
                    }
                }
            }
            try await group.next()
            group.cancelAll()
        }
    }

    /// New connections use the certificates that are on the disk now.
    package func reloadCertificates() throws {
        for certificate in certificates.values { try certificate.reload() }
    }

    private func application(at address: CenterAddress, running: @escaping @Sendable () -> Void) throws
        -> Application<RouterResponder<CenterContext>>
    {
        let http = HTTP1Channel.Configuration(idleTimeout: Self.idleTimeout)
        let (limits, addresses) = (services.limits, clientAddresses(isTLS: address.certificate != nil))
        let server: HTTPServerBuilder
        if let certificate = address.certificate.flatMap({ certificates[$0.chainPath] }) {
            let sealed = certificate.configuration
            server = HTTPServerBuilder { responder in
                LimitedChannel(
                    base: try TLSChannel(
                        HTTP1Channel(responder: responder, configuration: http), tlsConfiguration: sealed),
                    limits: limits, addresses: addresses, isEncrypted: true)
            }
        } else {
            server = HTTPServerBuilder { responder in
                LimitedChannel(
                    base: HTTP1Channel(responder: responder, configuration: http), limits: limits,
                    addresses: addresses)
            }
        }
        return Application(
            responder: distantRouter(isTLS: address.certificate != nil).responderWithOtherMethods(),
            server: server,
            configuration: ApplicationConfiguration(
                address: .hostname(address.host, port: address.port), serverName: "roost"),
            onServerRunning: { _ in running() }, logger: quiet)
    }

    private var agentPort: AgentPort {
        AgentPort(
            agents: services.agents, limits: services.limits, renderer: renderer, logger: logger, quiet: quiet
        )
    }

    // MARK: Routes

    private func localRouter() -> Router<CenterContext> {
        let router = Router(context: CenterContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: HeadMiddleware())
        router.add(middleware: ProblemMiddleware(logger: logger, pages: renderer))
        router.add(middleware: KnownMethodMiddleware())
        router.add(middleware: WholePathMiddleware())
        router.add(middleware: LocalIdentityMiddleware())
        addAPI(to: router)
        MetricsRoutes().add(to: Routes(group: router.group(), door: Door(to: services)))
        return router
    }

    /// The router for the network: every route behind its middleware.
    ///
    /// - Parameter noting: called for each route with a permission, with its method, whole path and permission.
    func distantRouter(isTLS: Bool, noting: @escaping Routes.Noting = { _, _, _ in }) -> Router<CenterContext>
    {
        let router = Router(context: CenterContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: HeadMiddleware())
        router.add(
            middleware: ClientAddressMiddleware(addresses: clientAddresses(isTLS: isTLS), isTLS: isTLS))
        router.add(middleware: SecurityHeaders())
        router.add(middleware: ProblemMiddleware(logger: logger, pages: renderer))
        router.add(middleware: RateLimitMiddleware(limits: services.limits))
        router.add(middleware: HostMiddleware())
        router.add(middleware: KnownMethodMiddleware())
        router.add(middleware: WholePathMiddleware())
        router.add(middleware: IdentityMiddleware(gate: gate, isTLS: isTLS))
        addAPI(to: router, noting: noting)
        EntryPages(gate: gate, pages: renderer, isTLS: isTLS).add(to: router.group())
        let door = Door(to: services)
        let routes = Routes(group: router.group(), door: door, noting: noting)
        MetricsRoutes().add(to: routes)
        let pages = Pages(renderer: renderer)
        pages.add(to: routes)
        WallPage(pages: pages, door: door).add(to: router.group())
        return router
    }

    private func clientAddresses(isTLS: Bool) -> ClientAddresses {
        ClientAddresses(named: proxies, isTLS: isTLS, readsHeader: readsProxyHeader)
    }

    private func addAPI(to router: Router<CenterContext>, noting: @escaping Routes.Noting = { _, _, _ in }) {
        let group = router.group("api/v1")
        Routes(group: group, door: Door(to: services)) { noting($0, RouterPath("/api/v1\($1)"), $2) }.addAPI()
        AgentRoutes().addJoining(to: group, door: Door(to: services))
        group.get("openapi.yaml") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "application/yaml"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: Assets.openAPI)))
        }
    }
}

/// Calls a closure when the last of several has arrived.
private final class Countdown: Sendable {
    private let left: Mutex<Int>
    private let body: @Sendable () -> Void

    init(_ count: Int, _ body: @escaping @Sendable () -> Void) {
        left = Mutex(count)
        self.body = body
    }

    func arrive() {
        let isLast = left.withLock { left in
            left -= 1
            return left == 0
        }
        if isLast { body() }
    }
}

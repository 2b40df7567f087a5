import Fleet
import Foundation
import Hummingbird
import HummingbirdTLS
package import Logging
import NIOSSL

/// The control center: the API, on a local socket and, where wanted, by HTTPS.
package struct ControlCenter: Sendable {
    private let services: CenterServices
    private let socketPath: String
    private let remote: RemoteAccess?
    private let logger: Logger

    package init(services: CenterServices, socketPath: String, remote: RemoteAccess?, logger: Logger) {
        self.services = services
        self.socketPath = socketPath
        self.remote = remote
        self.logger = logger
    }

    /// Serves until cancelled. `ready` is called when the socket listens.
    package func run(ready: @escaping @Sendable () -> Void) async throws {
        unsafe unlink(socketPath)
        // Whoever may open the socket administers everything: its owner and group.
        let local = Application(
            router: router(token: nil),
            configuration: ApplicationConfiguration(
                address: .unixDomainSocket(path: socketPath), serverName: "roost"),
            onServerRunning: { [socketPath] _ in
                unsafe chmod(socketPath, 0o660)
                ready()
            }, logger: logger)
        guard let remote else { return try await local.runService(gracefulShutdownSignals: []) }
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(remote.certificatePath).map {
                .certificate($0)
            },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: remote.keyPath, format: .pem)))
        tls.minimumTLSVersion = .tlsv12
        let distant = Application(
            router: router(token: remote.token), server: try .tls(.http1(), tlsConfiguration: tls),
            configuration: ApplicationConfiguration(
                address: .hostname(remote.host, port: remote.port), serverName: "roost"), logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await local.runService(gracefulShutdownSignals: []) }
            group.addTask { try await distant.runService(gracefulShutdownSignals: []) }
            try await group.next()
            group.cancelAll()
        }
    }

    private func router(token: String?) -> Router<BasicRequestContext> {
        let router = Router(context: BasicRequestContext.self)
        router.add(middleware: ProblemMiddleware(logger: logger))
        if let token { router.add(middleware: TokenMiddleware(token: token)) }
        let api = router.group("api/v1")
        FleetRoutes(services: services).add(to: api)
        ImageRoutes(services: services).add(to: api)
        return router
    }
}

/// Makes every error an answer of RFC 9457.
struct ProblemMiddleware<Context: RequestContext>: RouterMiddleware {
    let logger: Logger

    @concurrent func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            let problem = problem(for: error, path: request.uri.path)
            let body = try JSONEncoder().encode(problem)
            return Response(
                status: .init(code: problem.status), headers: [.contentType: "application/problem+json"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
        }
    }

    private func problem(for error: any Error, path: String) -> Problem {
        switch error {
        case let problem as Problem: return problem
        case StoreError.notFound(let detail): return Problem(404, "Not found", detail)
        case StoreError.conflict(let detail): return Problem(409, "Conflict", detail)
        case let error as StoreError:
            logger.error("\(error)")
            return Problem(503, "Unavailable", error.description)
        case let error as InvalidName: return Problem(422, "Invalid name", error.description)
        case let error as InvalidSetting: return Problem(422, "Invalid setting", error.description)
        case let error as DecodingError: return Problem(422, "Unreadable request", Self.text(of: error))
        case let error as HTTPError where error.status.code == 404:
            return Problem(404, "Not found", error.body ?? "there is no \(path)")
        case let error as HTTPError:
            return Problem(error.status.code, "Refused", error.body ?? error.status.reasonPhrase)
        default:
            logger.error("\(path): \(error)")
            return Problem(500, "Failed", "\(error)")
        }
    }

    private static func text(of error: DecodingError) -> String {
        switch error {
        case .dataCorrupted(let context), .keyNotFound(_, let context), .typeMismatch(_, let context),
            .valueNotFound(_, let context):
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            return path.isEmpty ? context.debugDescription : "\(path): \(context.debugDescription)"
        @unknown default: return "\(error)"
        }
    }
}

extension Request {
    /// The body as JSON.
    func decoded<T: Decodable>(_: T.Type = T.self) async throws -> T {
        let buffer = try await body.collect(upTo: 8 << 20)
        return try JSONDecoder().decode(T.self, from: Data(buffer.readableBytesView))
    }

    func query(_ name: String) -> String? { uri.queryParameters.get(name) }
}

/// An answer as JSON.
struct JSONAnswer: ResponseGenerator {
    private let data: Data
    private let status: HTTPResponse.Status

    init(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        data = try encoder.encode(value)
        self.status = status
    }

    func response(from request: Request, context: some RequestContext) throws -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: data)))
    }
}

import Hummingbird

/// The API beyond this machine: HTTPS, with a token in each request.
package struct RemoteAccess: Sendable {
    package var host: String
    package var port: Int
    /// PEM files.
    package var certificatePath: String
    package var keyPath: String
    /// What a request's `Authorization: Bearer …` must hold.
    package var token: String

    package init(host: String, port: Int, certificatePath: String, keyPath: String, token: String) {
        self.host = host
        self.port = port
        self.certificatePath = certificatePath
        self.keyPath = keyPath
        self.token = token
    }
}

/// Refuses requests without the token.
struct TokenMiddleware<Context: RequestContext>: RouterMiddleware {
    let token: String

    @concurrent func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard let given = request.headers[.authorization], Self.isEqual(given, "Bearer \(token)") else {
            throw Problem(401, "Unauthorised", "this server wants a token: --token or ROOST_TOKEN")
        }
        return try await next(request, context)
    }

    /// Takes as long for a wrong token as for a nearly right one.
    private static func isEqual(_ left: String, _ right: String) -> Bool {
        guard left.utf8.count == right.utf8.count else { return false }
        return zip(left.utf8, right.utf8).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

import API
import Fleet
import HTTPTypes
import Hummingbird

extension Router<CenterContext> {
    /// The methods of RFC 9110 §9.3 and RFC 5789, and QUERY, which newer clients try. Others are not implemented for any path.
    fileprivate static var knownMethods: [HTTPRequest.Method] {
        [.get, .head, .post, .put, .patch, .delete, .options, .trace]
            + [HTTPRequest.Method("QUERY")].compactMap(\.self)
    }

    /// Builds the responder. For each path of the router it also answers the methods that have no route there: OPTIONS with the list of
    /// those that have one, all others with 405 and the same list (RFC 9110 §15.5.6).
    func responderWithOtherMethods() -> RouterResponder<CenterContext> {
        let paths = Dictionary(grouping: routes, by: { String(describing: $0.path) })
        for routes in paths.values {
            guard let path = routes.first?.path else { continue }
            var methods = Set(routes.map(\.method))
            // The library answers HEAD wherever GET has a route.
            if methods.contains(.get) { methods.insert(.head) }
            let allowed = methods.union([.options])
            let list = Self.knownMethods.filter(allowed.contains).map(\.rawValue).joined(separator: ", ")
            for method in Self.knownMethods where !methods.contains(method) {
                if method == .options {
                    on(path, method: method) { _, _ in Response(status: .noContent, headers: [.allow: list]) }
                } else {
                    on(path, method: method) { request, _ -> Response in
                        throw Problem(
                            405, "Method not allowed",
                            "\(request.uri.path) does not take \(request.method.rawValue), but \(list)",
                            allowedMethods: list)
                    }
                }
            }
        }
        return buildResponder()
    }
}

/// Refuses methods that no path has (RFC 9110 §15.6.2), such as PROPFIND and CONNECT.
struct KnownMethodMiddleware: RouterMiddleware {
    @concurrent func handle(
        _ request: Request, context: CenterContext,
        next: @concurrent (Request, CenterContext) async throws -> Response
    ) async throws -> Response {
        guard Router<CenterContext>.knownMethods.contains(request.method) else {
            throw Problem(501, "Not implemented", "this server has no method \(request.method.rawValue)")
        }
        return try await next(request, context)
    }
}

/// Refuses paths of the API with an empty name in them. The router passes over it: `DELETE nodes//alarm`, of a program whose variable is unset,
/// would remove a node called alarm.
struct WholePathMiddleware: RouterMiddleware {
    @concurrent func handle(
        _ request: Request, context: CenterContext,
        next: @concurrent (Request, CenterContext) async throws -> Response
    ) async throws -> Response {
        let path = request.uri.path
        if let root = path.firstRange(of: "/api/v1/"), path[root.upperBound...].contains("//") {
            throw Problem(404, "Not found", "a name in \(path) is empty")
        }
        return try await next(request, context)
    }
}

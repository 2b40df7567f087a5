import API
import Fleet
import Foundation
import HTTPTypes
import Hummingbird
import Logging

/// Authenticates the caller by bearer token or cookie. A browser's changes also need its session's CSRF token.
struct IdentityMiddleware: RouterMiddleware {
    /// The prefix makes browsers insist on Secure, Path=/ and no Domain (RFC 6265bis §4.1.3).
    static let cookieName = "__Host-roost"
    /// The same for plain loopback, where browsers accept no Secure cookie.
    static let plainCookieName = "roost"
    static let formByteLimit = 4 << 20
    /// Without a log-in, a form is only a name and a password.
    static let strangersFormByteLimit = 16 << 10

    let gate: Gate
    let isTLS: Bool

    var cookie: String { isTLS ? Self.cookieName : Self.plainCookieName }

    @concurrent func handle(
        _ request: Request, context: CenterContext,
        next: @concurrent (Request, CenterContext) async throws -> Response
    ) async throws -> Response {
        var (request, context) = (request, context)
        context.language = Language(request)
        if let token = Self.token(in: request.headers[.authorization]) {
            context.recheck = { [gate] in try await gate.caller(token: token) }
        } else if let value = request.cookies[cookie]?.value {
            context.recheck = { [gate] in try await gate.caller(cookie: value) }
        }
        context.caller = try await context.recheck?()
        let isChange = ![.get, .head, .options].contains(request.method)
        if isChange {
            if request.headers[.contentType]?.hasPrefix("application/x-www-form-urlencoded") == true {
                let limit = context.caller == nil ? Self.strangersFormByteLimit : Self.formByteLimit
                let body = try await request.content(upTo: limit)
                guard let form = Form(bytes: Array(buffer: body)) else {
                    throw Problem(413, "Too large", "a form has at most \(Form.fieldLimit) fields")
                }
                context.form = form
            }
            try checkOrigin(of: request, context)
        }
        return try await next(request, context)
    }

    /// The bearer token (RFC 6750 §2.1; the scheme in any case, RFC 9110 §11.1). Other schemes are for a proxy, which passes on what it
    /// asked for itself.
    private static func token(in header: String?) -> String? {
        let words = (header ?? "").split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0].lowercased() == "bearer" else { return nil }
        return words[1].trimmingCharacters(in: .whitespaces)
    }

    /// Other sites can make a browser send its cookie, but they cannot know the token.
    private func checkOrigin(of request: Request, _ context: CenterContext) throws {
        // Browsers report where a request comes from (W3C Fetch Metadata §2.4): other pages must not log anyone in or out, or in as another
        // user.
        let site = request.headers[.fetchSite] ?? "none"
        guard ["same-origin", "none"].contains(site) else {
            throw Problem(403, "Forbidden", "the form is from another site; open this server's own page")
        }
        guard let caller = context.caller, case .session(let csrfToken, _) = caller.proof else { return }
        let given = request.headers[.csrfToken] ?? context.form?["csrf"] ?? ""
        guard Secrets.isEqual(given, csrfToken) else {
            throw Problem(
                403, "Forbidden", "the form does not belong to this log-in; load the page again and repeat it"
            )
        }
    }
}

extension HTTPField.Name {
    static let fetchSite = HTTPField.Name("Sec-Fetch-Site") ?? .origin
    /// A literal that is a valid field name: it cannot fail.
    static let csrfToken = HTTPField.Name("X-CSRF-Token") ?? .authorization
}

/// Gives the local socket its identity.
struct LocalIdentityMiddleware: RouterMiddleware {
    @concurrent func handle(
        _ request: Request, context: CenterContext,
        next: @concurrent (Request, CenterContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.caller = .local
        return try await next(request, context)
    }
}

/// Refuses requests over the rate limit.
struct RateLimitMiddleware: RouterMiddleware {
    let limits: CenterLimits

    @concurrent func handle(
        _ request: Request, context: CenterContext,
        next: @concurrent (Request, CenterContext) async throws -> Response
    ) async throws -> Response {
        guard limits.takesRequest(from: context.address) else {
            throw Problem(
                429, "Too many requests",
                "at most \(CenterLimits.requestsPerSecond) requests a second from one address",
                retryAfter: 1)
        }
        return try await next(request, context)
    }
}

/// Answers to HEAD have no content (RFC 9110 §9.3.2), errors too: a proxy would take it for the beginning of the next answer.
struct HeadMiddleware: RouterMiddleware {
    @concurrent func handle(
        _ request: Request, context: CenterContext,
        next: @concurrent (Request, CenterContext) async throws -> Response
    ) async throws -> Response {
        let response = try await next(request, context)
        return request.method == .head ? response.createHeadResponse() : response
    }
}

/// Security headers of every answer: nothing from elsewhere, no frames, no content sniffing.
struct SecurityHeaders: RouterMiddleware {
    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        + "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

    @concurrent func handle(
        _ request: Request, context: CenterContext,
        next: @concurrent (Request, CenterContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        response.headers[.contentSecurityPolicy] = Self.policy
        response.headers[.xContentTypeOptions] = "nosniff"
        response.headers[.referrerPolicy] = "same-origin"
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        if context.isSecure { response.headers[.strictTransportSecurity] = "max-age=31536000" }
        return response
    }
}

extension HTTPField.Name {
    static let referrerPolicy = HTTPField.Name("Referrer-Policy") ?? .server
}

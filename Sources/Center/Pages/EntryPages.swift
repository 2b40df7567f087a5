import API
import Fleet
import Foundation
import HTTPTypes
import Hummingbird
import NetworkErrors

/// Log-in, log-out, first run, language, and the static files.
struct EntryPages {
    let gate: Gate
    let pages: PageRenderer
    let isTLS: Bool

    func add(to router: RouterGroup<CenterContext>) {
        addAssets(to: router)
        router.get("login") { request, context in
            try await page(logInView(context, back: back(request.query("back"))), "Log in", request, context)
        }
        router.post("login") { request, context in try await logIn(request, context) }
        if let provider = gate.openID {
            router.get("login/oidc") { request, context in
                try await depart(to: provider, request, context)
            }
            router.get("login/oidc/done") { request, context in
                try await arrive(from: provider, request, context)
            }
        }
        router.post("logout") { _, context in
            if case .session(_, let hash)? = context.caller?.proof { try await gate.logOut(hash: hash) }
            return redirect("/login", cookie: cookie("", seconds: 0, context))
        }
        router.get("setup") { request, context in
            let token = request.query("token") ?? ""
            guard try await gate.maySetUp(with: token) else {
                throw Problem(
                    403, "Forbidden",
                    "this link has already been used, or is from before the server's last start; its log shows the new one"
                )
            }
            return try page(
                SetUpView(token: token, pages.words(context)), "Welcome to Roost", request, context)
        }
        router.post("setup") { request, context in try await setUp(request, context) }
        router.post("language") { request, context in
            guard let form = context.form, let language = Language(rawValue: form["language"]) else {
                throw Problem(422, "Unreadable request", "there is no such language")
            }
            return redirect(
                back(form["back"]),
                cookie:
                    "\(Language.cookieName)=\(language.rawValue); Path=/; Max-Age=31536000; SameSite=Lax\(context.isSecure ? "; Secure" : "")"
            )
        }
    }

    private func addAssets(to router: RouterGroup<CenterContext>) {
        let files: [(String, [UInt8], String)] = [
            ("roost.css", Assets.styleSheet, "text/css; charset=utf-8"),
            ("roost.js", Assets.script, "text/javascript; charset=utf-8"),
            ("roost.svg", Assets.icon, "image/svg+xml"),
        ]
        for (name, bytes, type) in files {
            router.get("assets/\(name)") { _, _ in
                Response(
                    status: .ok, headers: [.contentType: type, .cacheControl: "max-age=3600"],
                    body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
            }
        }
    }

    private func page(
        _ view: some TemplateView, _ title: String, _ request: Request, _ context: CenterContext,
        status: HTTPResponse.Status = .ok
    ) throws -> Response {
        try pages.page(
            view, PageRenderer.Frame(title: title, hasMenu: false), request: request, context: context,
            status: status)
    }

    private func logIn(_ request: Request, _ context: CenterContext) async throws -> Response {
        guard let form = context.form else { throw Problem(400, "Unreadable request", "this is not a form") }
        do {
            let secret = try await gate.logIn(
                name: form["name"], password: form["password"], from: context.address)
            return redirect(back(form["back"]), cookie: cookie(secret, seconds: Gate.sessionLimit, context))
        } catch let problem as Problem {
            let view = try await logInView(
                context, name: form["name"], back: back(form["back"]),
                failure: pages.words(context)(problem))
            return try page(view, "Log in", request, context, status: .init(code: problem.status))
        }
    }

    private func logInView(
        _ context: CenterContext, name: String = "", back: String, failure: String? = nil
    ) async throws -> LogInView {
        let words = pages.words(context)
        return LogInView(
            name: name, back: back, provider: gate.openID?.settings.title, isSetUp: try await gate.isSetUp(),
            failure: failure.map { words($0) }, words)
    }

    // MARK: Log-in at a provider

    private func depart(to provider: OpenIDProvider, _ request: Request, _ context: CenterContext)
        async throws -> Response
    {
        let host = request.head.authority ?? ""
        let own = "\(context.isSecure ? "https" : "http")://\(host)/login/oidc/done"
        let departure = try await provider.depart(
            redirect: provider.settings.redirect ?? own, back: back(request.query("back")))
        return redirect(
            departure.url,
            cookie: cookie(
                departure.cookie, seconds: OpenIDProvider.logInLimit, name: departureCookie, context))
    }

    private func arrive(from provider: OpenIDProvider, _ request: Request, _ context: CenterContext)
        async throws -> Response
    {
        do {
            if let error = request.query("error") {
                throw Problem(403, "Forbidden", "the log-in provider refused: \(Self.code(of: error))")
            }
            let (secret, back) = try await gate.counted(from: context.address) {
                let (person, back) = try await provider.arrive(
                    cookie: request.cookies[departureCookie]?.value ?? "",
                    state: request.query("state") ?? "",
                    code: request.query("code") ?? "", issuer: request.query("iss") ?? "")
                return (try await gate.logIn(person), back)
            }
            var response = redirect(back, cookie: cookie(secret, seconds: Gate.sessionLimit, context))
            // The ticket is used up.
            response.headers.append(
                HTTPField(name: .setCookie, value: cookie("", seconds: 0, name: departureCookie, context)))
            return response
        } catch let problem as Problem {
            let view = try await logInView(context, back: "/", failure: pages.words(context)(problem))
            return try page(view, "Log in", request, context, status: .init(code: problem.status))
        }
    }

    /// The provider's error code, such as `access_denied` (OpenID Connect Core §3.1.2.6). The link can be forged, so any other text would
    /// be an attacker's on this page.
    static func code(of error: String) -> String {
        let isWord =
            error.utf8.count <= 64 && error.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == 0x5F }
        return isWord ? error : "error"
    }

    /// Identifies the log-in that a browser began; prefix as for the session's cookie.
    private var departureCookie: String { isTLS ? "__Host-roost-oidc" : "roost-oidc" }

    private func setUp(_ request: Request, _ context: CenterContext) async throws -> Response {
        guard let form = context.form else { throw Problem(400, "Unreadable request", "this is not a form") }
        do {
            try await gate.setUp(with: form["token"], name: form["name"], password: form["password"])
        } catch {
            let words = pages.words(context)
            let view = SetUpView(
                token: form["token"], name: form["name"], failure: words(ErrorText.of(error)), words)
            return try page(view, "Welcome to Roost", request, context, status: .unprocessableContent)
        }
        let secret = try await gate.openSession(of: form["name"])
        return redirect("/", cookie: cookie(secret, seconds: Gate.sessionLimit, context))
    }

    /// Named by the listener: with HTTPS, browsers enforce the name's prefix. Behind a proxy it is Secure all the same.
    private func cookie(_ value: String, seconds: Int, name: String? = nil, _ context: CenterContext)
        -> String
    {
        let name = name ?? (isTLS ? IdentityMiddleware.cookieName : IdentityMiddleware.plainCookieName)
        let secure = context.isSecure ? "; Secure" : ""
        return "\(name)=\(value); Path=/; HttpOnly; SameSite=Lax; Max-Age=\(seconds)\(secure)"
    }

    private func redirect(_ path: String, cookie: String) -> Response {
        Response(status: .seeOther, headers: [.location: path, .setCookie: cookie])
    }

    private func back(_ path: String?) -> String { Back.path(path) }
}

/// Where to go after an act: always a path of this server.
enum Back {
    static func path(_ text: String?, otherwise standard: String = "/") -> String {
        guard let text, text.hasPrefix("/"), !text.hasPrefix("//"), !text.contains("\\"),
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return standard }
        return text
    }

    /// `path` with the number of the new revision, so that the next page can offer undo.
    static func done(_ path: String, _ revision: Int) -> String {
        let parts = path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var words = parts.count > 1 ? parts[1].split(separator: "&").map(String.init) : []
        words.removeAll { $0.hasPrefix("done=") }
        return "\(parts.first ?? "/")?\((words + ["done=\(revision)"]).joined(separator: "&"))"
    }
}

import Fleet
import Foundation
import Hummingbird

/// The way in and out: log-in, first run, language, and the files of the pages.
struct EntryPages {
    let services: CenterServices
    let gate: Gate
    let pages: PageRenderer
    let isTLS: Bool

    func add(to router: RouterGroup<CenterContext>) {
        addAssets(to: router)
        router.get("login") { request, context in
            try page(
                "login", "Log in",
                ["back": back(request.query("back")), "isSetUp": try await gate.isSetUp()], request,
                context)
        }
        router.post("login") { request, context in try await logIn(request, context) }
        router.post("logout") { _, context in
            if case .session(_, let hash)? = context.caller?.proof { try await gate.logOut(hash: hash) }
            return redirect("/login", cookie: cookie("", seconds: 0))
        }
        router.get("setup") { request, context in
            let token = request.query("token") ?? ""
            guard try await gate.maySetUp(with: token) else {
                throw Problem(
                    403, "Forbidden",
                    "this link was used or is from before the server's last start; its log shows the new one")
            }
            return try page("setup", "Welcome to Roost", ["token": token], request, context)
        }
        router.post("setup") { request, context in try await setUp(request, context) }
        router.post("language") { request, context in
            guard let form = context.form, let language = Language(rawValue: form["language"]) else {
                throw Problem(422, "Unreadable request", "there is no such language")
            }
            return redirect(
                back(form["back"]),
                cookie: "\(Language.cookieName)=\(language.rawValue); Path=/; Max-Age=31536000; SameSite=Lax")
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
        _ template: String, _ title: String, _ fields: [String: Any], _ request: Request,
        _ context: CenterContext, status: HTTPResponse.Status = .ok
    ) throws -> Response {
        try pages.page(
            template, PageRenderer.Frame(title: title, hasMenu: false), fields, request: request,
            context: context,
            status: status)
    }

    private func logIn(_ request: Request, _ context: CenterContext) async throws -> Response {
        guard let form = context.form else { throw Problem(400, "Unreadable request", "this is no form") }
        do {
            let secret = try await gate.logIn(
                name: form["name"], password: form["password"], from: context.address)
            return redirect(back(form["back"]), cookie: cookie(secret, seconds: Gate.sessionLimit))
        } catch let problem as Problem {
            return try page(
                "login", "Log in",
                [
                    "failure": pages.words(context)(problem.detail), "name": form["name"],
                    "back": back(form["back"]), "isSetUp": try await gate.isSetUp(),
                ], request, context, status: .init(code: problem.status))
        }
    }

    private func setUp(_ request: Request, _ context: CenterContext) async throws -> Response {
        guard let form = context.form else { throw Problem(400, "Unreadable request", "this is no form") }
        do {
            try await gate.setUp(with: form["token"], name: form["name"], password: form["password"])
        } catch {
            let text = (error as? Problem)?.detail ?? "\(error)"
            return try page(
                "setup", "Welcome to Roost",
                ["failure": pages.words(context)(text), "token": form["token"], "name": form["name"]],
                request, context,
                status: .unprocessableContent)
        }
        let secret = try await gate.openSession(of: form["name"])
        return redirect("/", cookie: cookie(secret, seconds: Gate.sessionLimit))
    }

    private func cookie(_ value: String, seconds: Int) -> String {
        let name = isTLS ? IdentityMiddleware.cookieName : IdentityMiddleware.plainCookieName
        return
            "\(name)=\(value); Path=/; HttpOnly; SameSite=Lax; Max-Age=\(seconds)\(isTLS ? "; Secure" : "")"
    }

    private func redirect(_ path: String, cookie: String) -> Response {
        Response(status: .seeOther, headers: [.location: path, .setCookie: cookie])
    }

    private func back(_ path: String?) -> String { Back.path(path) }
}

/// Where to go after an act: a path of this server and nothing else.
enum Back {
    static func path(_ text: String?, otherwise standard: String = "/") -> String {
        guard let text, text.hasPrefix("/"), !text.hasPrefix("//"), !text.contains("\\"),
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return standard }
        return text
    }

    /// `path` with the number of the revision that was made, so that the next page can offer to undo it.
    static func done(_ path: String, _ revision: Int) -> String {
        let parts = path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var words = parts.count > 1 ? parts[1].split(separator: "&").map(String.init) : []
        words.removeAll { $0.hasPrefix("done=") }
        return "\(parts.first ?? "/")?\((words + ["done=\(revision)"]).joined(separator: "&"))"
    }
}

import API
import Fleet
import Hummingbird

/// Administrators with their roles, and the tokens of programs.
struct AccessPages {
    let pages: Pages

    private var access: AccessRoutes { AccessRoutes(services: pages.services) }

    func add(to routes: Routes) {
        routes.get("administrators", .administer) { request, context, caller in
            try await administrators(nil, request, context, caller)
        }
        routes.post("administrators/save", .administer) { request, context, caller in
            do {
                try await save(pages.form(context), caller)
                return pages.redirect("/administrators")
            } catch {
                guard let failure = Self.failure(of: error) else { throw error }
                return try await administrators(failure, request, context, caller)
            }
        }
        routes.get("tokens", .read) { request, context, caller in
            try await tokens(nil, request, context, caller)
        }
        routes.post("tokens", .read) { request, context, caller in
            do {
                let form = try pages.form(context)
                let grants = Self.words(form["grants"])
                let wish = TokenRequest(
                    name: form["name"], grants: grants.isEmpty ? nil : grants, days: Int(form["days"]))
                let made = try await access.makeToken(wish, caller)
                return try await tokens(secret: made.token, nil, request, context, caller)
            } catch {
                guard let failure = Self.failure(of: error) else { throw error }
                return try await tokens(failure, request, context, caller)
            }
        }
        routes.post("tokens/:id/revoke", .read) { _, context, caller in
            guard let id = Int(try context.parameter("id")) else {
                throw Problem(404, "Not found", "there is no such token")
            }
            try await access.revoke(id, caller)
            return pages.redirect("/tokens")
        }
    }

    /// What a person has to put right, or may not do.
    private struct Failure {
        var text: String
        var status = HTTPResponse.Status.unprocessableContent
    }

    /// Nil for what is the server's fault.
    private static func failure(of error: any Error) -> Failure? {
        switch error {
        case let problem as Problem where problem.status < 500:
            Failure(text: problem.detail, status: .init(code: problem.status))
        case let error as InvalidName: Failure(text: error.description)
        case StoreError.conflict(let detail), StoreError.notFound(let detail): Failure(text: detail)
        default: nil
        }
    }

    private static func words(_ text: String) -> [String] {
        text.split { $0.isWhitespace || $0 == "," }.map(String.init)
    }

    private func administrators(
        _ failure: Failure?, _ request: Request, _ context: CenterContext, _ caller: Caller
    ) async throws -> Response {
        let view = AdministratorsView(
            try await access.administrators(caller), failure: failure?.text, pages.renderer.words(context))
        return try pages.show(
            view, "Administrators", section: "/administrators", request, context,
            status: failure?.status ?? .ok)
    }

    private func save(_ form: Form, _ caller: Caller) async throws {
        let name = form["name"]
        if form.has("remove") { return try await access.remove(name, caller) }
        if form.has("new"), try await pages.fleet.store.administrators().contains(where: { $0.name == name })
        {
            throw StoreError.conflict("there is an administrator \(name) already")
        }
        try await access.save(
            name,
            AdministratorRequest(
                grants: Self.words(form["grants"]), fullName: form["full"], isDisabled: form.has("disabled"),
                password: form["password"].isEmpty ? nil : form["password"],
                source: Administrator.Source(rawValue: form["source"]),
                subject: form.has("subject") ? form["subject"] : nil), caller)
    }

    /// - Parameter secret: that of the one just made.
    private func tokens(
        secret: String? = nil, _ failure: Failure?, _ request: Request, _ context: CenterContext,
        _ caller: Caller
    ) async throws -> Response {
        let view = TokensView(
            try await access.tokens(caller), secret: secret, failure: failure?.text,
            pages.renderer.words(context))
        return try pages.show(
            view, "API tokens", section: "/tokens", request, context, status: failure?.status ?? .ok)
    }
}

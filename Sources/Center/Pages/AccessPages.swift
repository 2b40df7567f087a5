import API
import Fleet
import Hummingbird

/// Administrators with their roles, and API tokens.
struct AccessPages {
    let pages: Pages

    func add(to routes: Routes) {
        routes.get("administrators", .administer) { request, context, acts in
            try await administrators(nil, request, context, acts)
        }
        routes.post("administrators/save", .administer) { request, context, acts in
            do {
                try await save(pages.form(context), acts)
                return pages.redirect("/administrators")
            } catch {
                guard let failure = Self.failure(of: error) else { throw error }
                return try await administrators(failure, request, context, acts)
            }
        }
        routes.get("tokens", .read) { request, context, acts in
            try await tokens(nil, request, context, acts)
        }
        routes.post("tokens", .read) { request, context, acts in
            do {
                let form = try pages.form(context)
                let grants = Self.words(form["grants"])
                let wish = TokenRequest(
                    name: form["name"], grants: grants.isEmpty ? nil : grants, days: Int(form["days"]))
                let made = try await acts.makeToken(wish)
                return try await tokens(secret: made.token, nil, request, context, acts)
            } catch {
                guard let failure = Self.failure(of: error) else { throw error }
                return try await tokens(failure, request, context, acts)
            }
        }
        routes.post("tokens/:id/revoke", .read) { _, context, acts in
            try await acts.revokeToken(context.number("id", of: "token"))
            return pages.redirect("/tokens")
        }
    }

    /// An error that a person can fix, or a missing permission.
    private struct Failure {
        var text: String
        var status = HTTPResponse.Status.unprocessableContent
    }

    /// Nil for server errors.
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
        _ failure: Failure?, _ request: Request, _ context: CenterContext, _ acts: Acts
    ) async throws -> Response {
        let view = AdministratorsView(
            try await acts.administrators(), account: context.caller?.account, failure: failure?.text,
            pages.renderer.words(context))
        return try pages.show(
            view, "Administrators", section: "/administrators", request, context,
            status: failure?.status ?? .ok)
    }

    private func save(_ form: Form, _ acts: Acts) async throws {
        let name = form["name"]
        // Of two people who change an account at once, the second sees what the first one changed.
        let expected = form.has("new") ? Precondition.isNew : .matching(form["tag"])
        if form.has("remove") { return try await acts.removeAdministrator(name, if: expected) }
        _ = try await acts.save(
            administrator: name,
            AdministratorRequest(
                grants: Self.words(form["grants"]), fullName: form["full"], isDisabled: form.has("disabled"),
                password: form["password"].isEmpty ? nil : form["password"],
                source: Administrator.Source(rawValue: form["source"]),
                subject: form.has("subject") ? form["subject"] : nil,
                // Tokens that the form did not show are revoked, as by default.
                revokesTokens: form.has("tokens") ? form.has("revoke") : nil),
            if: expected)
    }

    /// - Parameter secret: the secret of the token just created.
    private func tokens(
        secret: String? = nil, _ failure: Failure?, _ request: Request, _ context: CenterContext,
        _ acts: Acts
    ) async throws -> Response {
        let view = TokensView(
            try await acts.tokens(), secret: secret, failure: failure?.text,
            pages.renderer.words(context))
        return try pages.show(
            view, "API tokens", section: "/tokens", request, context, status: failure?.status ?? .ok)
    }
}

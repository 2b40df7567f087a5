import API
import Fleet
import Hummingbird

/// Administrators with their roles, and the tokens of programs.
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
            try await tokens([:], nil, request, context, acts)
        }
        routes.post("tokens", .read) { request, context, acts in
            do {
                let form = try pages.form(context)
                let grants = Self.words(form["grants"])
                let wish = TokenRequest(
                    name: form["name"], grants: grants.isEmpty ? nil : grants, days: Int(form["days"]))
                let made = try await acts.makeToken(wish)
                return try await tokens(["secret": made.token ?? ""], nil, request, context, acts)
            } catch {
                guard let failure = Self.failure(of: error) else { throw error }
                return try await tokens([:], failure, request, context, acts)
            }
        }
        routes.post("tokens/:id/revoke", .read) { _, context, acts in
            guard let id = Int(try context.parameter("id")) else {
                throw Problem(404, "Not found", "there is no such token")
            }
            try await acts.revokeToken(id)
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
        _ failure: Failure?, _ request: Request, _ context: CenterContext, _ acts: Acts
    ) async throws -> Response {
        let all = try await acts.administrators()
        var fields: [String: Any] = [
            "rows": all.enumerated().map { index, one -> [String: Any] in
                [
                    "id": index, "name": one.name, "fullName": one.fullName, "isDisabled": one.isDisabled,
                    "grants": one.grants.map(\.description).joined(separator: " "),
                    "isLocal": one.source == .local, "source": one.source.rawValue,
                    "isProviders": one.source == .oidc, "subject": one.identity?.subject ?? "",
                ]
            }
        ]
        fields["sources"] = Administrator.Source.allCases.map(\.rawValue)
        fields["failure"] = failure?.text
        return try pages.show(
            "administrators", "Administrators", section: "/administrators", fields, request, context,
            status: failure?.status ?? .ok)
    }

    private func save(_ form: Form, _ acts: Acts) async throws {
        let name = form["name"]
        if form.has("remove") { return try await acts.removeAdministrator(name) }
        _ = try await acts.save(
            administrator: name,
            AdministratorRequest(
                grants: Self.words(form["grants"]), fullName: form["full"], isDisabled: form.has("disabled"),
                password: form["password"].isEmpty ? nil : form["password"],
                source: Administrator.Source(rawValue: form["source"]),
                subject: form.has("subject") ? form["subject"] : nil), isNew: form.has("new"))
    }

    private func tokens(
        _ extra: [String: Any], _ failure: Failure?, _ request: Request, _ context: CenterContext,
        _ acts: Acts
    ) async throws -> Response {
        var fields = extra
        fields["failure"] = failure?.text
        fields["rows"] = try await acts.tokens().map { token -> [String: Any] in
            [
                "id": token.id, "name": token.name, "owner": token.owner,
                "grants": token.grants.joined(separator: " "),
                "created": Format.time(second: token.createdAt),
                "expires": Format.time(second: token.holdsUntil), "used": Format.time(second: token.usedAt),
            ]
        }
        return try pages.show(
            "tokens", "API tokens", section: "/tokens", fields, request, context,
            status: failure?.status ?? .ok)
    }
}

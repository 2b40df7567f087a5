import API
import Fleet
import Hummingbird

/// Administrators with their roles, and API tokens.
struct AccessPages: FleetPage {
    static let views: [any TemplateView.Type] = [AdministratorsView.self, TokensView.self]
    static let menu = [
        MenuEntry("/administrators", "Administrators", .administration, .administer),
        MenuEntry("/tokens", "API tokens", .administration, .read),
    ]

    let pages: Pages

    func add(to routes: Routes) {
        routes.get("administrators", .administer) { request, context, acts in
            try await administrators(request.query("name"), nil, request, context, acts)
        }
        routes.post("administrators/save", .administer) { request, context, acts in
            let form = try pages.form(context)
            do {
                try await save(form, acts)
                return pages.redirect(Back.done("/administrators", acts.revision))
            } catch {
                guard let failure = Self.failure(of: error, pages.renderer.words(context)) else {
                    throw error
                }
                return try await administrators(
                    form.has("new") ? "" : form["name"], failure, typed: form, request, context, acts)
            }
        }
        routes.get("tokens", .read) { request, context, acts in
            try await tokens(isNew: request.query("new") != nil, nil, request, context, acts)
        }
        routes.post("tokens", .read) { request, context, acts in
            let form = try pages.form(context)
            do {
                let grants = GrantFields.grants(form)
                let wish = TokenRequest(
                    name: form["name"], grants: grants.isEmpty ? nil : grants, days: Int(form["days"]))
                let made = try await acts.makeToken(wish)
                return try await tokens(isNew: false, secret: made.token, nil, request, context, acts)
            } catch {
                guard let failure = Self.failure(of: error, pages.renderer.words(context)) else {
                    throw error
                }
                return try await tokens(isNew: true, typed: form, failure, request, context, acts)
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
    private static func failure(of error: any Error, _ words: Words) -> Failure? {
        switch error {
        case let problem as Problem where problem.status < 500:
            Failure(text: words(problem), status: .init(code: problem.status))
        case is InvalidName, is InvalidSetting: Failure(text: words(error))
        case StoreError.conflict(let detail), StoreError.notFound(let detail): Failure(text: words(detail))
        default: nil
        }
    }

    /// - Parameters:
    ///   - name: whose form is open; empty: that of a new one.
    ///   - typed: the form that was refused.
    private func administrators(
        _ name: String?, _ failure: Failure?, typed: Form? = nil, _ request: Request,
        _ context: CenterContext, _ acts: Acts
    ) async throws -> Response {
        let (words, groups) = (pages.renderer.words(context), acts.groupPaths(.administer))
        let all = try await acts.administrators()
        let chosen = all.first { $0.record.name == name }
        var form: AdministratorForm?
        if let chosen {
            form = AdministratorForm(
                chosen, isOwn: chosen.record.name == context.caller?.account, groups: groups, typed: typed,
                failure: failure?.text, words)
        } else if name?.isEmpty == true {
            form = AdministratorForm(groups: groups, typed: typed, failure: failure?.text, words)
        } else if let failure {
            // It is gone, or another's.
            throw Problem(failure.status.code, "Failed", Sentence(plain: failure.text))
        }
        let view = AdministratorsView(
            all.map(\.record), own: context.caller?.account, form: form, words)
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
                grants: GrantFields.grants(form), fullName: form["full"], isDisabled: form.has("disabled"),
                password: form["password"].isEmpty ? nil : form["password"],
                source: Administrator.Source(rawValue: form["source"]),
                subject: form.has("subject") ? form["subject"] : nil,
                // Tokens that the form did not show are revoked, as by default.
                revokesTokens: form.has("tokens") ? form.has("revoke") : nil),
            if: expected)
    }

    /// - Parameters:
    ///   - isNew: whether the form for a new one is open.
    ///   - typed: what was refused.
    ///   - secret: the secret of the token just created.
    private func tokens(
        isNew: Bool, typed: Form? = nil, secret: String? = nil, _ failure: Failure?, _ request: Request,
        _ context: CenterContext, _ acts: Acts
    ) async throws -> Response {
        let words = pages.renderer.words(context)
        let form =
            isNew
            ? TokenForm(
                groups: Array(acts.groupPaths(.read).prefix(FormView.suggestionLimit)),
                hasReplica: acts.may(.administer, in: .site), typed: typed, words) : nil
        let view = TokensView(
            try await acts.tokens(), secret: secret, failure: failure?.text, form: form, words)
        return try pages.show(
            view, "API tokens", section: "/tokens", request, context, status: failure?.status ?? .ok)
    }
}

/// The roles that a form gives.
enum GrantFields {
    private static let limit = 100

    /// As they are written: `operator@/school`; from a picker for each role and its group, or from one field.
    static func grants(_ form: Form) -> [String] {
        guard form.has("role.0") else {
            return form["grants"].split { $0.isWhitespace || $0 == "," }.map(String.init)
        }
        return (0..<limit).lazy.map { (form["role.\($0)"], form["place.\($0)"]) }.filter { !$0.0.isEmpty }
            .map { role, place in place.isEmpty || place == "/" ? role : "\(role)@\(place)" }
    }
}

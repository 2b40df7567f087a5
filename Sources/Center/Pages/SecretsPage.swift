import API
import Fleet
import Hummingbird

/// Secrets of nodes: what they are, how they are armed, who got them.
struct SecretsPage: FleetPage {
    static let views: [any TemplateView.Type] = [SecretsView.self, SecretView.self]
    static let menu = [MenuEntry("/secrets", "Secrets", .configuration, .read)]

    let pages: Pages

    func add(to routes: Routes) {
        routes.get("secrets", .read) { request, context, acts in
            try await show(isNew: request.query("new") != nil, request, context, acts)
        }
        routes.post("secrets", .configure) { request, context, acts in
            let form = try pages.form(context)
            do {
                let made = try await acts.addSecret(Self.wish(form))
                return pages.redirect("/secrets/\(made.record.name)")
            } catch let error {
                guard let failure = Self.mistake(error, pages.renderer.words(context)) else { throw error }
                return try await show(
                    isNew: true, typed: form, failure: failure, request, context, acts)
            }
        }
        routes.get("secrets/:name", .read) { request, context, acts in
            try await showOne(request, context, acts)
        }
        routes.post("secrets/:name", .configure) { request, context, acts in
            let form = try pages.form(context)
            let name = try SecretName(context.parameter("name"))
            var wish = SecretRequest()
            if form.has("value") || form.has("base64") { Self.read(form, into: &wish) }
            if form.has("rotate") { wish.rotate = true }
            do {
                if form.has("arming") { wish.arming = try Self.arming(form) }
                _ = try await acts.changeSecret(name, wish)
                return pages.redirect("/secrets/\(name)")
            } catch let error {
                guard let failure = Self.mistake(error, pages.renderer.words(context)) else { throw error }
                return try await showOne(failure: failure, request, context, acts)
            }
        }
        routes.post("secrets/:name/remove", .configure) { _, context, acts in
            try await acts.removeSecret(SecretName(context.parameter("name")))
            return pages.redirect("/secrets")
        }
    }

    /// What is wrong with the form; nil: something else is.
    private static func mistake(_ error: any Error, _ words: Words) -> String? {
        let isOfForm = (error as? Problem)?.status == 422 || error is InvalidSetting || error is InvalidName
        return isOfForm ? words(error) : nil
    }

    private static func wish(_ form: Form) throws -> SecretRequest {
        func text(_ name: String) -> String? { form[name].isEmpty ? nil : form[name] }
        // The other fields are of secrets for nodes.
        if form["for"] == SecretsView.forHooks {
            var wish = SecretRequest(
                name: try SecretName(form["name"]), group: .site, receiver: form["receiver"])
            read(form, into: &wish)
            return wish
        }
        var wish = SecretRequest(
            name: try SecretName(form["name"]), group: try GroupPath(text("group") ?? "/"),
            node: text("node"), rule: text("rule"), path: text("path"), mode: text("mode"),
            owner: text("owner"), arming: try arming(form),
            receiver: form.has("for") ? nil : text("receiver"))
        var kind = text("kind") ?? (text("length") == nil ? nil : Minting.Kind.password.rawValue)
        if kind == SecretsView.byPeople { kind = nil }
        if let kind { wish.minted = try minting(kind, text) }
        if kind == nil || !form["value"].isEmpty || !form["base64"].isEmpty { read(form, into: &wish) }
        return wish
    }

    private static func minting(_ kind: String, _ text: (String) -> String?) throws -> MintingRequest {
        guard let kind = Minting.Kind(rawValue: kind) else {
            throw Problem(422, "Invalid kind", "‘\(kind)’ is not a kind of minted secrets")
        }
        func number(_ name: String) throws -> Int? {
            guard let text = text(name) else { return nil }
            guard let number = Int(text) else {
                throw Problem(422, "Invalid number", "‘\(text)’ is not a number")
            }
            return number
        }
        var wish = MintingRequest(kind: kind)
        (wish.length, wish.days, wish.minutes) = (
            try number("length"), try number("days"), try number("minutes")
        )
        wish.names = text("names")?.split(whereSeparator: { $0.isWhitespace || $0 == "," }).map(String.init)
        (wish.server, wish.program) = (text("server"), text("program"))
        (wish.alphabet, wish.seconds) = (text("alphabet"), try number("seconds"))
        wish.groups = text("groups")?.split(whereSeparator: { $0.isWhitespace || $0 == "," }).map(String.init)
        wish.authority = text("authority")?.replacing("\r\n", with: "\n")
        return wish
    }

    private static func arming(_ form: Form) throws -> Secret.Arming? {
        let text = form["arming"]
        guard !text.isEmpty else { return nil }
        guard let arming = Secret.Arming(rawValue: text) else {
            throw Problem(422, "Invalid arming", "‘\(text)’ is not a way to arm a secret")
        }
        return arming
    }

    /// The value as the form says, or as text, or as Base64 where only that is given. Browsers end lines with CR LF.
    private static func read(_ form: Form, into wish: inout SecretRequest) {
        switch form["as"] {
        case SecretsView.asText: return wish.value = form["value"].replacing("\r\n", with: "\n")
        case SecretsView.asBase64, SecretsView.asFile:
            return wish.base64 = form["base64"].filter { !$0.isWhitespace }
        default: break
        }
        let base64 = form["base64"].filter { !$0.isWhitespace }
        if !base64.isEmpty { wish.base64 = base64 }
        let value = form["value"].replacing("\r\n", with: "\n")
        if base64.isEmpty || !value.isEmpty { wish.value = value }
    }

    /// - Parameters:
    ///   - isNew: whether the form for a new one is open.
    ///   - typed: what was refused.
    private func show(
        isNew: Bool, typed: Form? = nil, failure: String? = nil, _ request: Request,
        _ context: CenterContext, _ acts: Acts
    ) async throws -> Response {
        let groups = acts.groupPaths(.configure)
        var offer: SecretsView.Offer?
        if isNew, let group = groups.first {
            let limit = FormView.suggestionLimit
            offer = SecretsView.Offer(
                group: group, hasReceiver: acts.may(.administer, in: .site),
                groups: groups.prefix(limit).map(\.description),
                nodes: try await acts.names("").prefix(limit).map(\.text),
                rules: try await acts.rules().prefix(limit).map(\.name.text))
        }
        let view = SecretsView(
            try await acts.secrets(), failure: failure, mayAdd: !groups.isEmpty,
            mayChange: { acts.may(.configure, in: $0) }, offer: offer, typed: typed,
            pages.renderer.words(context))
        return try pages.show(
            view, "Secrets", section: "/secrets", request, context,
            failure: failure)
    }

    private func showOne(
        failure: String? = nil, _ request: Request, _ context: CenterContext, _ acts: Acts
    ) async throws -> Response {
        let secret = try await acts.secret(SecretName(context.parameter("name"))).record
        let view = SecretView(
            secret, failure: failure, mayChange: acts.may(.configure, in: secret.group),
            pages.renderer.words(context))
        return try pages.show(
            view, secret.name.text, section: "/secrets", request, context,
            failure: failure)
    }
}

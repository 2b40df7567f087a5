import API
import Fleet

/// Administrators, each as a form, and the form for a new one.
struct AdministratorsView: TemplateView {
    static let template = PageTemplate("administrators", Embedded.administrators_mustache)

    var failure: String?
    var rows: [Row]
    var added: FormView

    struct Row: View {
        var name: String
        /// Of its state, for the form.
        var tag: String
        var isDisabled: Bool
        /// The source of authentication, if it is not this server.
        var source: String?
        /// Why no one can log in with it; nil where people can.
        var warning: String?
        var fields: [FieldView]
        /// The names of its API tokens; nil when there are none.
        var tokens: String?
    }

    /// - Parameter account: the caller's own.
    init(_ all: [Saved<AdministratorAnswer>], account: String?, failure: String?, _ words: Words) {
        self.failure = failure
        rows = all.enumerated().map { Row($1, number: $0, isOwn: $1.record.name == account, words) }
        added = FormView(
            path: "/administrators/save", style: "card settings", heading: words("New administrator"),
            hidden: [HiddenView("new", "yes")],
            fields: [
                FieldView("name", words("Name"), InputView(isRequired: true, autocomplete: "off")),
                FieldView("full", words("Full name"), InputView()),
                FieldView(
                    "grants", words("Roles"),
                    InputView(isRequired: true, placeholder: "operator@/school helpdesk")),
                FieldView(
                    "source", words("Logs in by"),
                    options: Administrator.Source.allCases.map { OptionView(text: $0.rawValue) }),
                FieldView(
                    "password", words("Password (only for local)"),
                    InputView(type: "password", minimumLength: 10, autocomplete: "new-password")),
            ], submit: words("Add"))
    }
}

extension AdministratorsView.Row {
    init(_ saved: Saved<AdministratorAnswer>, number: Int, isOwn: Bool, _ words: Words) {
        let one = saved.record
        name = one.name
        tag = saved.tag
        isDisabled = one.isDisabled
        source = one.source == .local ? nil : one.source.rawValue
        warning = one.warning.map { words($0) }
        fields = [
            FieldView("full", words("Full name"), id: "full-\(number)", InputView(value: one.fullName)),
            FieldView(
                "grants", words("Roles"), id: "grants-\(number)",
                InputView(
                    value: one.grants.joined(separator: " "), isRequired: true)),
        ]
        switch one.source {
        case .local:
            fields.append(
                FieldView(
                    "password", words("New password (empty leaves it)"), id: "password-\(number)",
                    InputView(type: "password", autocomplete: "new-password")))
        case .oidc:
            fields.append(
                FieldView(
                    "subject",
                    words(
                        "The person's identifier at the log-in provider (sub); empty: the first log-in under this name within 30 days"
                    ), id: "subject-\(number)",
                    InputView(
                        value: one.subject, maximumLength: 255, autocomplete: "off")))
        default: break
        }
        fields.append(FieldView("disabled", words("may not log in"), isTicked: one.isDisabled))
        guard !one.tokens.isEmpty else { return }
        tokens = one.tokens.map(\.name).joined(separator: ", ")
        fields.append(
            FieldView(
                "revoke", words("with a new password, or when disabled: revoke the API tokens"),
                isTicked: !isOwn))
    }
}

/// API tokens, and the form for a new one.
struct TokensView: TemplateView {
    static let template = PageTemplate("tokens", Embedded.tokens_mustache)

    var failure: String?
    /// The token just created.
    var secret: String?
    var table: TableView<Row>
    var added: FormView

    struct Row: View {
        var name: String
        var owner: String
        var grants: String
        var created: String
        /// Nil: never.
        var expires: String?
        var used: String?
        var menu: ActionMenuView
    }

    init(_ tokens: [TokenAnswer], secret: String?, failure: String?, _ words: Words) {
        self.secret = secret
        self.failure = failure
        table = TableView(
            words("API tokens"),
            columns: words.all("Name", "Owner", "Roles", "Created", "Expires", "Last used", "Actions"),
            rows: tokens.map { Row($0, words) })
        added = FormView(
            path: "/tokens", style: "card settings", heading: words("New token"),
            fields: [
                FieldView(
                    "name", words("What is it for?"), InputView(isRequired: true, maximumLength: 100)),
                FieldView(
                    "grants", words("Roles (empty: all of yours)"),
                    hint: words(
                        "A token of the role replica is for another server that copies versions from this one: it has that server's name, and reaches nothing else."
                    ), InputView(placeholder: "auditor operator@/school")),
                FieldView(
                    "days", words("Days until it expires (0: never)"),
                    InputView(type: "number", value: "90", minimum: 0, maximum: 3_650)),
            ], submit: words("Create"))
    }
}

extension TokensView.Row {
    init(_ token: TokenAnswer, _ words: Words) {
        name = token.name
        owner = token.owner
        grants = token.grants.joined(separator: " ")
        created = Format.time(second: token.createdAt)
        expires = token.holdsUntil.map { Format.time(second: $0) }
        used = token.usedAt.map { Format.time(second: $0) }
        menu = ActionMenuView(actions: [
            ActionView(
                path: "/tokens/\(token.id)/revoke", label: words("Revoke"), style: "quiet danger")
        ])
    }
}

/// The log-in page.
struct LogInView: TemplateView {
    static let template = PageTemplate("login", Embedded.login_mustache)

    var failure: String?
    var form: FormView
    /// Log-in at a provider.
    var provider: LinkView?
    /// Whether there is an administrator yet.
    var isSetUp: Bool

    /// - Parameters:
    ///   - name: as typed.
    ///   - provider: the title of a log-in provider.
    init(
        name: String = "", back: String, provider: String?, isSetUp: Bool, failure: String? = nil,
        _ words: Words
    ) {
        self.isSetUp = isSetUp
        self.failure = failure
        self.provider = provider.map { LinkView(path: "/login/oidc?back=\(back)", label: $0) }
        form = FormView(
            path: "/login", hidden: [HiddenView("back", back)],
            fields: [
                FieldView(
                    "name", words("Name"),
                    InputView(value: name, isRequired: true, isFocused: true, autocomplete: "username")),
                FieldView(
                    "password", words("Password"),
                    InputView(type: "password", isRequired: true, autocomplete: "current-password")),
            ], submit: words("Log in"))
    }
}

/// The form for the first administrator.
struct SetUpView: TemplateView {
    static let template = PageTemplate("setup", Embedded.setup_mustache)

    var failure: String?
    var form: FormView

    /// - Parameters:
    ///   - token: the token in the link that opened it.
    ///   - name: as typed.
    init(token: String, name: String = "", failure: String? = nil, _ words: Words) {
        self.failure = failure
        form = FormView(
            path: "/setup", hidden: [HiddenView("token", token)],
            fields: [
                FieldView(
                    "name", words("Name"),
                    InputView(value: name, isRequired: true, isFocused: true, autocomplete: "username")),
                FieldView(
                    "password", words("Password"),
                    hint: words("At least ten characters; a few words are best."),
                    InputView(
                        type: "password", isRequired: true, minimumLength: 10, autocomplete: "new-password")),
            ], submit: words("Create the administrator"))
    }
}

import API
import Fleet

/// Administrators in a table, and the form of one of them or of a new one.
struct AdministratorsView: TemplateView {
    static let template = PageTemplate("administrators", Embedded.administrators_mustache)

    var table: TableView<Row>
    /// Nil while none is chosen.
    var form: AdministratorForm?

    struct Row: View {
        var name: String
        var link: String
        var fullName: String
        /// Whether it is the caller's own.
        var isOwn: Bool
        var roles: [String]
        var source: String
        /// Whether a log-in asks for more than a password.
        var secondFactor: String
        /// Nil: the warning says it.
        var state: StateView?
        /// Why no one can log in with it; nil where people can.
        var warning: String?
        /// The last log-in; nil: never.
        var last: String?
        /// Where one who never logged in gets another password; nil: they did, or have none here.
        var invitation: LinkView?
    }

    /// - Parameter own: the name of the caller's account.
    init(_ all: [AdministratorAnswer], own: String?, form: AdministratorForm?, _ words: Words) {
        table = TableView(
            words("Administrators"),
            columns: words.all(
                "Name", "Roles", "State", "Logs in by", "Second factor", "Last log-in", "Actions"),
            rows: all.map { Row($0, isOwn: $0.name == own, words) })
        self.form = form
    }
}

extension AdministratorsView.Row {
    init(_ one: AdministratorAnswer, isOwn: Bool = false, _ words: Words) {
        (name, fullName, self.isOwn) = (one.name, one.fullName, isOwn)
        roles = one.grants.map(Grant.shown)
        link = "/administrators?name=\(Escape.component(one.name))"
        source = words(one.source.manner)
        // Its log-in page may ask for one, which this server is not told.
        secondFactor = words(one.source == .oidc ? "up to the log-in provider" : "no")
        warning = one.warning.map { words($0) }
        state =
            one.isDisabled
            ? StateView(kind: "failed", text: words("disabled"))
            : warning == nil ? StateView(kind: "ready", text: words("active")) : nil
        last = one.lastLogInAt.map { Format.time(second: $0) }
        if last == nil, one.source == .local, !one.isDisabled {
            invitation = LinkView(path: "\(link)#password", label: words("Set password"))
            // The name may stand here without a password that anyone knows.
            if warning == nil, !isOwn { state = StateView(kind: "booting", text: words("never logged in")) }
        }
    }
}

extension Grant {
    /// A role with its group, as it is shown: `operator · /school`.
    fileprivate static func shown(_ grant: String) -> String { grant.replacing("@", with: " · ") }
}

extension Administrator.Source {
    /// What people log in with, in English.
    fileprivate var manner: String {
        switch self {
        case .local: "name and password"
        case .ldap: "directory"
        case .oidc: "log-in provider"
        }
    }
}

/// One administrator as a form: as stored, or as it was filled in when it was refused.
struct AdministratorForm: View {
    var heading: String
    var failure: String?
    var hidden: [HiddenView]
    var warning: String?
    /// The names of its API tokens; nil when there are none.
    var tokens: String?
    /// One more than it has.
    var grants: [GrantRow]
    var fields: [FieldView]
    var submit: String
    /// Nil for a new one.
    var removal: String?

    /// A role and the group that it holds for.
    struct GrantRow: View {
        var number: Int
        var roles: [OptionView]
        var groups: [OptionView]
    }

    /// A new administrator.
    ///
    /// - Parameter groups: those that the caller may give roles in.
    init(groups: [GroupPath], typed: Form?, failure: String?, _ words: Words) {
        heading = words("New administrator")
        self.failure = failure
        hidden = [HiddenView("new", "yes")]
        grants = GrantRow.rows(typed.map { GrantFields.grants($0) } ?? [], groups: groups, words)
        fields = [
            FieldView(
                "name", words("Name"),
                InputView(value: typed?["name"], isRequired: true, isFocused: true, autocomplete: "off")),
            FieldView("full", words("Full name"), InputView(value: typed?["full"])),
            FieldView(
                "source", words("Logs in by"),
                options: Administrator.Source.allCases.map {
                    OptionView(
                        text: words($0.manner), value: $0.rawValue, isChosen: $0.rawValue == typed?["source"])
                }),
            FieldView(
                "password", words("Password (only for local)"),
                InputView(type: "password", minimumLength: 10, autocomplete: "new-password")),
        ]
        submit = words("Add administrator")
    }

    /// - Parameter isOwn: whether it is the caller's own.
    init(
        _ saved: Saved<AdministratorAnswer>, isOwn: Bool, groups: [GroupPath], typed: Form? = nil,
        failure: String? = nil, _ words: Words
    ) {
        let one = saved.record
        heading = one.name
        self.failure = failure
        // What was refused is still about what was read then.
        hidden = [HiddenView("name", one.name), HiddenView("tag", typed?["tag"] ?? saved.tag)]
        warning = one.warning.map { words($0) }
        grants = GrantRow.rows(typed.map { GrantFields.grants($0) } ?? one.grants, groups: groups, words)
        fields = [FieldView("full", words("Full name"), InputView(value: typed?["full"] ?? one.fullName))]
        switch one.source {
        case .local:
            fields.append(
                FieldView(
                    "password", words("New password (empty leaves it)"),
                    InputView(type: "password", autocomplete: "new-password")))
        case .oidc:
            fields.append(
                FieldView(
                    "subject",
                    words(
                        "The person's identifier at the log-in provider (sub); empty: the first log-in under this name within 30 days"
                    ),
                    InputView(
                        value: typed?["subject"] ?? one.subject, maximumLength: 255, autocomplete: "off")))
        default: break
        }
        fields.append(
            FieldView(
                "disabled", words("may not log in"), isTicked: typed?.has("disabled") ?? one.isDisabled))
        (submit, removal) = (words("Save"), words("Remove"))
        guard !one.tokens.isEmpty else { return }
        tokens = one.tokens.map(\.name).joined(separator: ", ")
        hidden.append(HiddenView("tokens", "yes"))
        fields.append(
            FieldView(
                "revoke", words("with a new password, or when disabled: revoke the API tokens"),
                isTicked: typed?.has("revoke") ?? !isOwn))
    }
}

extension AdministratorForm.GrantRow {
    /// - Parameter grants: as they are written: `operator@/school`.
    /// - Parameters:
    ///   - spare: how many empty ones follow.
    fileprivate static func rows(
        _ grants: [String], groups: [GroupPath], spare: Int = 1,
        roles: [Role] = Role.allCases.filter { $0 != .replica }, _ words: Words
    ) -> [Self] {
        (grants + Array(repeating: "", count: max(1, spare - grants.count))).enumerated().map {
            number, grant in
            let parts = grant.split(separator: "@", maxSplits: 1).map(String.init)
            let (role, place) = (parts.first ?? "", parts.count > 1 ? parts[1] : "/")
            return Self(
                number: number,
                roles: [OptionView(text: "", isChosen: role.isEmpty)]
                    + roles.map {
                        OptionView(text: $0.rawValue, isChosen: $0.rawValue == role)
                    },
                groups: OptionView.groups(groups.map(\.description), chosen: place, words))
        }
    }
}

/// API tokens, and the form for a new one.
struct TokensView: TemplateView {
    static let template = PageTemplate("tokens", Embedded.tokens_mustache)

    var failure: String?
    /// The token just created.
    var secret: String?
    /// Nil while there is none.
    var table: TableView<Row>?
    /// Whether the form can be opened.
    var mayAdd: Bool
    /// The open form.
    var form: TokenForm?

    struct Row: View {
        var name: String
        var owner: String
        var grants: [String]
        var created: String
        /// Nil: never.
        var expires: String?
        /// In how long that is; nil when it is past.
        var left: String?
        /// Whether that is near.
        var isSoon: Bool
        /// Instead of when it expires.
        var rests: String?
        var used: String?
        var menu: ActionMenuView
    }

    init(_ tokens: [TokenAnswer], secret: String?, failure: String?, form: TokenForm?, _ words: Words) {
        self.secret = secret
        self.failure = failure
        if !tokens.isEmpty {
            table = TableView(
                words("API tokens"),
                columns: words.all("Name", "Owner", "Roles", "Created", "Expires", "Last used", "Actions"),
                rows: tokens.map { Row($0, words) })
        }
        mayAdd = form == nil
        self.form = form
    }
}

/// A new API token as a form.
struct TokenForm: View {
    /// Empty ones that a new token has room for.
    private static let grantCount = 3

    var grants: [AdministratorForm.GrantRow]
    var fields: [FieldView]
    /// What the role replica is for; nil for callers who may not give it.
    var replica: String?

    /// - Parameters:
    ///   - groups: those that it offers.
    ///   - hasReplica: whether it offers the role replica.
    ///   - typed: what was refused.
    init(groups: [GroupPath], hasReplica: Bool, typed: Form?, _ words: Words) {
        grants = AdministratorForm.GrantRow.rows(
            typed.map { GrantFields.grants($0) } ?? [], groups: groups, spare: Self.grantCount,
            roles: Role.allCases.filter { hasReplica || $0 != .replica }, words)
        fields = [
            FieldView(
                "name", words("What is it for?"),
                InputView(value: typed?["name"], isRequired: true, isFocused: true, maximumLength: 100)),
            FieldView(
                "days", words("Days until it expires (0: never)"),
                InputView(type: "number", value: typed?["days"] ?? "90", minimum: 0, maximum: 3_650)),
        ]
        guard hasReplica else { return }
        replica = words(
            "A token of the role replica is for another server that copies versions from this one: it has that server's name, and reaches nothing else."
        )
    }
}

extension TokensView.Row {
    /// Seconds before its end in which a token is marked.
    private static let soon = 14 * 86_400

    init(_ token: TokenAnswer, _ words: Words) {
        name = token.name
        owner = token.owner
        grants = token.grants.map(Grant.shown)
        created = Format.time(second: token.createdAt)
        expires = token.holdsUntil.map { Format.time(second: $0) }
        let rest = token.holdsUntil.map { $0 - Clock.second }
        left = rest.flatMap { $0 > 0 ? words("ends in %1", Format.age($0 * 1_000)) : nil }
        isSoon = rest.map { $0 < Self.soon } ?? false
        if let end = token.restsAt, end <= Clock.second {
            rests = words("suspended until its owner logs in")
        }
        used = token.usedAt.map { Format.time(second: $0) }
        menu = ActionMenuView(actions: [
            ActionView(
                path: "/tokens/\(token.id)/revoke", label: words("Revoke"), style: "quiet danger")
        ])
    }
}

import API
import Fleet

/// Sessions on terminal servers.
struct DesktopSessionsView: TemplateView {
    static let template = PageTemplate("desktopsessions", Embedded.desktopsessions_mustache)

    var tabs: TabsView
    var query: String
    /// Nil when none matches.
    var table: TableView<Row>?
    var pages: PagerView

    struct Row: View {
        var user: String
        /// Nil for callers who may not help there.
        var link: String?
        var server: String
        var kind: String
        var display: String
        var place: String
        var since: String
        var idle: String
        var isConnected: Bool
        /// Nil while its server is heard.
        var silentSince: String?
    }

    /// - Parameter mayHelp: whether the caller may intervene on servers of that group.
    init(
        _ page: Acts.Page<TerminalSessionAnswer>, _ pager: Pager, mayHelp: (GroupPath) -> Bool, _ words: Words
    ) {
        tabs = TabsView(desktops: "/desktops/sessions", words)
        query = pager.query
        pages = pager.links(count: page.count)
        guard !page.rows.isEmpty else { return }
        table = TableView(
            words("Sessions"),
            columns: words.all("User", "Server", "Kind", "Where", "Since", "Idle", "Connected"),
            rows: page.rows.map { one in
                let (server, id) = (Escape.component(one.server.text), Escape.component(one.id))
                return Row(
                    user: one.user,
                    link: mayHelp(one.group) ? "/desktops/session?server=\(server)&id=\(id)" : nil,
                    server: one.server.text, kind: one.kind.rawValue, display: one.display, place: one.place,
                    since: Format.time(second: one.startedAt),
                    idle: one.idle.map { words("%1 min", "\($0 / 60)") } ?? "", isConnected: one.isConnected,
                    silentSince: one.isUncertain ? Format.time(second: one.heardAt) : nil)
            })
    }
}

/// One session, and what can be done with it.
struct DesktopSessionView: TemplateView {
    static let template = PageTemplate("desktopsession", Embedded.desktopsession_mustache)

    var tabs: TabsView
    var heading: String
    var problem: String?
    var done: String?
    var server: String
    var kind: String
    var place: String
    var since: String
    /// Nil while its server is heard.
    var silentSince: String?
    var message: FormView
    var disconnect: ActionView
    var end: ConfirmView

    /// - Parameters:
    ///   - done: what was done with it.
    ///   - text: of a message that could not be sent.
    init(
        _ session: TerminalSessionAnswer, problem: String? = nil, done: String? = nil, text: String = "",
        _ words: Words
    ) {
        tabs = TabsView(desktops: "/desktops/sessions", words)
        heading = words("Session of %1", session.user)
        (self.problem, self.done) = (problem, done)
        server = session.server.text
        kind = "\(session.kind.rawValue) \(session.display)"
        place = session.place
        since = Format.time(second: session.startedAt)
        silentSince = session.isUncertain ? Format.time(second: session.heardAt) : nil
        let hidden = [HiddenView("server", session.server.text), HiddenView("id", session.id)]
        message = FormView(
            path: "/desktops/session", hidden: hidden + [HiddenView("act", "message")],
            fields: [
                FieldView(
                    "text", words("Message"), InputView(value: text, isRequired: true, maximumLength: 500))
            ], submit: words("Send"))
        disconnect = ActionView(
            path: "/desktops/session", label: words("Disconnect"),
            hidden: hidden + [HiddenView("act", "disconnect")])
        end = ConfirmView(
            path: "/desktops/session", hidden: hidden + [HiddenView("act", "end")],
            label: words("End session"),
            isDanger: true, back: LinkView(path: "/desktops/sessions", label: words("Cancel")))
    }
}

/// The directory of people.
struct DesktopAccountsView: TemplateView {
    static let template = PageTemplate("desktopaccounts", Embedded.desktopaccounts_mustache)

    var tabs: TabsView
    var query: String
    /// Nil when none matches.
    var table: TableView<Row>?
    var pages: PagerView
    var mayAdd: Bool

    struct Row: View {
        var name: String
        /// Nil for callers who may only read.
        var edit: String?
        var fullName: String
        var number: String
        var groups: String
        var state: StateView
        var until: String
    }

    init(_ page: Acts.Page<AccountAnswer>, _ pager: Pager, mayChange: Bool, _ words: Words) {
        tabs = TabsView(desktops: "/desktops/accounts", words)
        query = pager.query
        pages = pager.links(count: page.count)
        mayAdd = mayChange
        guard !page.rows.isEmpty else { return }
        table = TableView(
            words("Accounts"), columns: words.all("Name", "Full name", "Number", "Groups", "State", "Until"),
            rows: page.rows.map { one in
                Row(
                    name: one.account.name.text,
                    edit: mayChange
                        ? "/desktops/account?name=\(Escape.component(one.account.name.text))" : nil,
                    fullName: one.account.fullName, number: "\(one.account.uid)",
                    groups: one.account.groups.joined(separator: ", "), state: StateView(one, words),
                    until: one.account.expires ?? "")
            })
    }
}

extension StateView {
    fileprivate init(_ account: AccountAnswer, _ words: Words) {
        if account.account.isDisabled {
            self.init(kind: "unseen", text: words("disabled"))
        } else if !account.isOpen {
            self.init(kind: "unseen", text: words("expired"))
        } else if account.hasPassword {
            self.init(kind: "ready", text: words("open"))
        } else {
            self.init(kind: "booting", text: words("no password"))
        }
    }
}

/// An account as a form: new, or as it is, or as it was typed with what is wrong.
struct AccountFormView: TemplateView {
    static let template = PageTemplate("accountform", Embedded.accountform_mustache)

    var tabs: TabsView
    var heading: String
    var problem: String?
    var form: FormView

    init(_ typed: AccountForm, problem: String? = nil, _ words: Words) {
        tabs = TabsView(desktops: "/desktops/accounts", words)
        heading = typed.isNew ? words("New account") : typed["name"]
        self.problem = problem
        func input(_ name: String, _ label: String, _ hint: String? = nil) -> FieldView {
            FieldView(name, words(label), hint: hint.map { words($0) }, InputView(value: typed[name]))
        }
        let homes = AccountHome.allCases.map {
            OptionView(text: $0.rawValue, isChosen: $0.rawValue == typed["home"])
        }
        form = FormView(
            path: "/desktops/account", style: "settings",
            hidden: [HiddenView("new", typed.isNew ? "yes" : "")]
                + (typed.isNew ? [] : [HiddenView("name", typed["name"]), HiddenView("tag", typed["tag"])]),
            fields: (typed.isNew
                ? [
                    FieldView(
                        "name", words("Name"),
                        InputView(
                            value: typed["name"], isRequired: true, pattern: #"[a-z_][a-z0-9_\-]{0,31}"#,
                            maximumLength: 32))
                ] : []) + [
                    input("full", "Full name"),
                    input("uid", "Number", "Empty: the first that is free"),
                    input("groups", "Groups", "Of the terminal servers, with commas between them"),
                    input("expires", "Last day", "Such as 2027-07-31; empty: none"),
                    FieldView("home", words("Its home when the session has ended"), options: homes),
                    FieldView(
                        "password",
                        words(typed.isNew ? "Password" : "New password (empty leaves it)"),
                        InputView(type: "password", maximumLength: 256, autocomplete: "new-password")),
                    FieldView("disabled", words("disabled"), isTicked: !typed["disabled"].isEmpty),
                ], submit: words("Save"), removal: typed.isNew ? nil : words("Remove this account"))
    }
}

/// What stands in the fields of the form of an account.
struct AccountForm {
    private var texts: [String: String]
    var isNew: Bool

    subscript(name: String) -> String { texts[name] ?? "" }

    private static let names = ["name", "tag", "full", "uid", "groups", "expires", "home", "disabled"]

    /// - Parameter account: nil: a new one.
    init(_ account: DeclaredAccount?, tag: String = "") {
        isNew = account == nil
        texts = ["tag": tag, "home": (account?.home ?? .keep).rawValue]
        guard let account else { return }
        texts["name"] = account.name.text
        texts["full"] = account.fullName
        texts["uid"] = "\(account.uid)"
        texts["groups"] = account.groups.joined(separator: ", ")
        texts["expires"] = account.expires ?? ""
        texts["disabled"] = account.isDisabled ? "on" : ""
    }

    /// As it was typed; a password is not shown again.
    init(_ form: Form) {
        isNew = !form["new"].isEmpty
        texts = Dictionary(uniqueKeysWithValues: Self.names.map { ($0, form[$0]) })
    }

    func request(password: String) throws(InvalidSetting) -> AccountRequest {
        let uid = self["uid"].filter { $0 != " " }
        guard uid.isEmpty || Int(uid) != nil else { throw InvalidSetting("uid: ‘\(uid)’ is not a number") }
        return AccountRequest(
            fullName: self["full"], uid: Int(uid),
            groups: self["groups"].split { $0 == "," || $0.isWhitespace }.map(String.init),
            isDisabled: !self["disabled"].isEmpty, expires: self["expires"],
            home: AccountHome(rawValue: self["home"]), password: password.isEmpty ? nil : password)
    }
}

import API
import Fleet

/// Sessions on terminal servers.
struct DesktopSessionsView: TemplateView {
    static let template = PageTemplate("desktopsessions", Embedded.desktopsessions_mustache)

    var tabs: TabsView
    /// How many there are, of those that fit the search.
    var summary: String
    /// That a message was sent.
    var done: String?
    var filter: FilterView
    var silent: SilentServersView?
    /// What can be done with ticked sessions; nil where none of the page's can be helped.
    var bulk: Bulk?
    /// Nil when none matches.
    var table: TableView<TerminalSessionRow>?
    var pages: PagerView

    /// Whether the list has columns of ticks and actions.
    var hasActions = false

    struct Bulk: View {
        /// The search of the list, to which it leads back.
        var search: String
    }

    /// Servers that have chips.
    private static let serverLimit = 12

    /// - Parameters:
    ///   - mayHelp: whether the caller may intervene on servers of that group.
    ///   - isSent: whether a message was sent.
    ///   - now: seconds since 1970.
    init(
        _ overview: Acts.SessionOverview, _ pager: Pager, mayHelp: (GroupPath) -> Bool,
        isSent: Bool = false, now: Int, _ words: Words
    ) {
        if isSent { done = words("The message was sent.") }
        tabs = TabsView(desktops: "/desktops/sessions", words)
        let count = overview.page.count
        summary =
            count == 1
            ? words("1 session") : words("%1 sessions", Format.number(count, words.language))
        filter = FilterView(
            "/desktops/sessions", query: pager.query, label: words("Search sessions"),
            chips: Self.chips(overview, query: pager.query, words))
        silent = SilentServersView(overview.silent, words)
        pages = pager.links(count: overview.page.count)
        guard !overview.page.rows.isEmpty else { return }
        let rows = overview.page.rows.map { one in
            TerminalSessionRow(one, mayHelp: mayHelp(one.group), now: now, words)
        }
        let mayHelpSome = overview.page.rows.contains { mayHelp($0.group) }
        var table = TableView(
            words("Sessions"),
            columns: words.all("User", "State", "Server", "Where", "Kind", "Duration", "Idle")
                + (mayHelpSome ? [words("Actions")] : []), rows: rows)
        hasActions = mayHelpSome
        if mayHelpSome {
            table.columns.insert(ColumnView(title: words("Select all"), selectsAll: true), at: 0)
            bulk = rows.contains { $0.tick != nil } ? Bulk(search: pager.query) : nil
        }
        self.table = table
    }

    /// Those of a state and those of a server; a server that has all the silent ones has one chip with them.
    private static func chips(
        _ overview: Acts.SessionOverview, query: String, _ words: Words
    ) -> [(query: String, title: String, count: Int)] {
        let only = overview.silent.count == 1 ? overview.silent.first?.name : nil
        let states = TerminalSessionState.allCases.map { state in
            let title = StateView(state, words).text
            return (
                query: "state=\(state.rawValue)",
                title: state == .serverSilent ? only.map { "\(title): \($0)" } ?? title : title,
                count: overview.counts[state] ?? 0
            )
        }
        let servers = overview.serverCounts.sorted { $0.key < $1.key }.map {
            (query: "server=\($0.key)", title: $0.key.text, count: $0.value)
        }
        guard (2...serverLimit).contains(servers.count) else { return states }
        return states + servers.filter { $0.title != only?.text || $0.query == query }
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
    /// Nil: it is not known, or not for this caller.
    var seat: TerminalSessionRow.Seat?
    var from: String
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
        kind = TerminalSessionRow.shown(session)
        (seat, from) = (TerminalSessionRow.Seat(session), session.address ?? "")
        since = Format.time(second: session.startedAt)
        silentSince = session.isUncertain ? Format.time(second: session.heardAt) : nil
        let hidden = [HiddenView("server", session.server.text), HiddenView("id", session.id)]
        message = FormView(
            path: "/desktops/session", hidden: hidden + [HiddenView("act", "message")],
            fields: [
                FieldView(
                    "text", words("Message"),
                    InputView(value: text, isRequired: true, isFocused: true, maximumLength: 500))
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
    /// Nil where all can be seen at once.
    var filter: FilterView?
    /// Nil when none matches.
    var table: TableView<Row>?
    var pages: PagerView
    var mayAdd: Bool
    /// Whether there is no account at all.
    var isUnused: Bool
    // Columns that some row has something in.
    var hasFullName = false
    var hasGroups = false
    var hasLast = false
    var hasUntil = false

    struct Row: View {
        var name: String
        /// Nil for callers who may only read.
        var edit: String?
        /// Disables it, or enables it again; nil for callers who may only read.
        var toggle: ActionView?
        /// Leads to the page that says what becomes of it; nil for callers who may only read.
        var removal: ActionView?
        var fullName: String
        var number: String
        var groups: String
        var state: StateView
        /// The servers where the person has a session now.
        var sessions: [LinkView]
        /// When the last session began that is over; nil: there is one now, or none is known.
        var lastAt: String?
        /// In place of both.
        var never: String
        var until: String
    }

    /// Accounts from which on they are searched.
    private static let searchedFrom = 10

    /// - Parameters:
    ///   - states: how many accounts are in each state.
    ///   - sessions: where these people have sessions, as far as the caller may know who is where.
    ///   - last: when people's last sessions began that are over: seconds since 1970.
    ///   - seesAll: whether that is all that is known.
    init(
        _ page: Acts.Page<AccountAnswer>, _ pager: Pager, states: [AccountState: Int],
        sessions: [String: [TerminalName]], last: [String: Int], seesAll: Bool, mayChange: Bool,
        _ words: Words
    ) {
        tabs = TabsView(desktops: "/desktops/accounts", words)
        let count = states.values.reduce(0, +)
        isUnused = count == 0
        if count >= Self.searchedFrom || !pager.query.isEmpty {
            filter = FilterView(
                "/desktops/accounts", query: pager.query, label: words("Search accounts"),
                chips: AccountState.allCases.map {
                    ("state=\($0.rawValue)", StateView($0, words).text, states[$0] ?? 0)
                })
        }
        pages = pager.links(count: page.count)
        mayAdd = mayChange
        guard !page.rows.isEmpty else { return }
        let rows = page.rows.map { one in
            let name = one.account.name.text
            let links = (sessions[name] ?? []).map(LinkView.init(terminal:))
            let lastAt = links.isEmpty ? last[name].map { Format.time(second: $0) } : nil
            return Row(
                name: name, edit: mayChange ? "/desktops/account?name=\(Escape.component(name))" : nil,
                toggle: mayChange ? Self.toggle(one.account, words) : nil,
                removal: mayChange ? Self.removal(name, words) : nil,
                fullName: one.account.fullName, number: "\(one.account.uid)",
                groups: one.account.groups.joined(separator: ", "), state: StateView(one.state, words),
                sessions: links, lastAt: lastAt,
                never: seesAll && links.isEmpty && lastAt == nil ? words("never") : "",
                until: one.account.expires ?? "")
        }
        hasFullName = rows.contains { !$0.fullName.isEmpty }
        hasGroups = rows.contains { !$0.groups.isEmpty }
        hasLast = rows.contains { !$0.sessions.isEmpty || $0.lastAt != nil || !$0.never.isEmpty }
        hasUntil = rows.contains { !$0.until.isEmpty }
        let columns = [
            (true, words("Name")), (hasFullName, words("Full name")), (hasGroups, words("Groups")),
            (true, words("State")), (hasLast, words("Last log-in")), (hasUntil, words("Until")),
            (true, words("User ID")), (mayChange, words("Actions")),
        ]
        table = TableView(words("Accounts"), columns: columns.filter(\.0).map(\.1), rows: rows)
    }

    private static func toggle(_ account: DeclaredAccount, _ words: Words) -> ActionView {
        let label = words(account.isDisabled ? "Enable" : "Disable")
        return ActionView(
            path: "/desktops/account", label: label, style: "quiet", spoken: "\(label) \(account.name)",
            hidden: [
                HiddenView("name", account.name.text),
                HiddenView("act", account.isDisabled ? "enable" : "disable"),
            ])
    }
}

extension DesktopAccountsView {
    fileprivate static func removal(_ name: String, _ words: Words) -> ActionView {
        let label = words("Remove")
        return ActionView(
            path: "/desktops/account", label: label, style: "danger", spoken: "\(label) \(name)",
            hidden: [HiddenView("name", name), HiddenView("remove", "yes")])
    }
}

extension StateView {
    init(_ state: AccountState, _ words: Words) {
        switch state {
        case .open: self.init(kind: "ready", text: words("enabled"))
        case .noPassword: self.init(kind: "booting", text: words("no password"))
        case .expired: self.init(kind: "unseen", text: words("expired"))
        case .disabled: self.init(kind: "unseen", text: words("disabled"))
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
            parts: [
                FormPart(
                    words("Person"),
                    (typed.isNew
                        ? [
                            FieldView(
                                "name", words("Name"),
                                InputView(
                                    value: typed["name"], isRequired: true,
                                    pattern: #"[a-z_][a-z0-9_\-]{0,31}"#, maximumLength: 32))
                        ] : []) + [
                            input("full", "Full name"),
                            FieldView(
                                "password",
                                words(typed.isNew ? "Password" : "New password (empty leaves it)"),
                                InputView(type: "password", maximumLength: 256, autocomplete: "new-password")),
                            FieldView("disabled", words("disabled"), isTicked: !typed["disabled"].isEmpty),
                        ]),
                FormPart(
                    words("On terminal servers"),
                    [
                        input("groups", "Groups", "Of the terminal servers, with commas between them"),
                        input("uid", "User ID", "Empty: the first that is free"),
                        FieldView("home", words("Its home when the session has ended"), options: homes),
                        input("expires", "Last day", "Such as 2027-07-31; empty: none"),
                    ]),
            ], submit: words("Save"), removal: typed.isNew ? nil : words("Remove this account"))
    }
}

/// The contents of the fields in the form of an account.
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

import API
import Fleet

/// A terminal server or a pool as a form: new, or as it is written down, or as it was typed with what is wrong.
struct DesktopFormView: TemplateView {
    static let template = PageTemplate("desktopform", Embedded.desktopform_mustache)

    var tabs: TabsView
    var heading: String
    /// What is wrong beside single fields.
    var problem: String?
    var form: FormView

    /// - Parameters:
    ///   - typed: the contents of the fields.
    ///   - errors: what is wrong with them, by their names; an empty name is for the whole.
    ///   - groups: those in which the caller may have one.
    init<Record: DesktopRecord>(
        _ typed: DesktopForm<Record>, errors: [String: Sentence] = [:], groups: [GroupPath], _ words: Words
    ) {
        let fields = FormFields(typed: typed.texts, errors: errors, words: words)
        let shape = Record.shape(typed, fields, groups, words)
        tabs = TabsView(desktops: shape.tab, words)
        heading = typed.isNew ? shape.heading : typed["name"]
        problem = errors[""].map { words($0) }
        form = FormView(
            path: shape.path, style: "settings",
            hidden: FormFields.hidden(name: typed["name"], isNew: typed.isNew, tag: typed.tag),
            fields: typed.isNew ? [fields.name] : [], parts: shape.parts,
            submit: words("What would change?"), removal: typed.isNew ? nil : shape.removal)
    }
}

/// What the forms of terminal servers and of pools do not share.
struct DesktopFormShape {
    var tab: String
    /// Where the form is sent to.
    var path: String
    /// Of a new one.
    var heading: String
    var removal: String
    var parts: [FormPart]
}

extension TerminalServer {
    static func shape(
        _ typed: TerminalForm, _ fields: FormFields, _ groups: [GroupPath], _ words: Words
    ) -> DesktopFormShape {
        let system = System.allCases.map {
            OptionView(
                text: $0 == .windows ? "Windows" : "Linux", value: $0.rawValue,
                isChosen: $0.rawValue == typed["system"])
        }
        return DesktopFormShape(
            tab: "/desktops/servers", path: "/desktops/server", heading: words("New terminal server"),
            removal: words("Remove this terminal server"),
            parts: [
                FormPart(
                    words("How it is reached"),
                    [
                        fields.input("address", "Address", "A host name or an address"),
                        FieldView("system", words("System"), options: system),
                        fields.input(
                            "protocols", "Protocols", "rdp, ssh, x2go, vnc, or with a port: rdp:3390"),
                        fields.group(groups, hint: "Its administrators are the server's"),
                    ]),
                FormPart(
                    words("What it takes"),
                    [
                        fields.input("tags", "Tags", "Pools find it by them"),
                        fields.number("limit", "Most sessions", "Empty: as many as its load allows"),
                        fields.input("weight", "Weight", "2: it takes twice as much as others of its size"),
                        fields.lines(
                            "hours", "Opening hours", "A line each: mon-fri 07:00-18:00; empty: always"),
                    ]),
                FormPart(
                    words("More"), folds: true,
                    [
                        fields.input("release", "Release", "Empty: what its agent says"),
                        fields.input("node", "Node", "If it boots from here"),
                        fields.input(
                            "certificate", "Certificate (SHA-256)", "Of RDP, where no agent tells it"),
                    ]),
            ])
    }
}

extension TerminalPool {
    static func shape(_ typed: PoolForm, _ fields: FormFields, _ groups: [GroupPath], _ words: Words)
        -> DesktopFormShape
    {
        let second = SecondLogIn.allCases.map {
            OptionView(
                text: words($0.phrase), value: $0.rawValue, isChosen: $0.rawValue == typed["second"])
        }
        return DesktopFormShape(
            tab: "/desktops", path: "/desktops/pool", heading: words("New pool"),
            removal: words("Remove this pool"),
            parts: [
                FormPart(
                    words("Servers"),
                    [
                        fields.lines(
                            "levels", "Levels",
                            "A line for each, filled in their order: names of servers, tag:TAG and pool:POOL"),
                        fields.input(
                            "protocols", "Protocols", "rdp, ssh, x2go, vnc: the preferred one first"),
                    ]),
                FormPart(
                    words("Who may use it, and when"),
                    [
                        fields.group(groups, hint: "Its nodes and those below may use the pool"),
                        fields.lines("users", "People", "A name a line; empty: all"),
                        fields.lines("groups", "Groups of people", "A name a line; empty: all"),
                        fields.lines(
                            "hours", "Opening hours", "A line each: mon-fri 07:00-18:00; empty: always"),
                    ]),
                FormPart(
                    words("Sessions"),
                    [
                        FieldView("second", words("A person who has a session elsewhere"), options: second),
                        fields.number(
                            "idle", "Disconnect after",
                            "Minutes without a key press; empty: never"),
                        fields.number(
                            "disconnected", "End after", "Minutes since it was disconnected; empty: never"),
                    ]),
                FormPart(
                    words("More"), folds: true,
                    [
                        fields.input("release", "Release", "Only servers with it; empty: all"),
                        fields.input(
                            "broker", "RD Connection Broker",
                            "Its text for the pool, if it places log-ins itself"),
                    ]),
            ])
    }
}

extension TerminalPool.SecondLogIn {
    fileprivate var phrase: String {
        switch self {
        case .takeOver: "The session comes here"
        case .ask: "The person is asked whether it comes here"
        case .refuse: "The log-in is refused"
        case .allow: "There is one more session"
        }
    }
}

/// Makes fields of what was typed and what is wrong with it.
struct FormFields {
    var typed: [String: String]
    var errors: [String: Sentence]
    var words: Words

    var name: FieldView {
        var field = FieldView(
            "name", words("Name"),
            InputView(
                value: typed["name"], isRequired: true, pattern: #"[a-z0-9\-]{1,63}"#, maximumLength: 63))
        field.error = errors["name"].map { words($0) }
        return field
    }

    func input(_ name: String, _ label: String, _ hint: String? = nil) -> FieldView {
        finished(FieldView(name, words(label), InputView(value: typed[name])), hint)
    }

    /// A whole number of at least one, or nothing.
    func number(_ name: String, _ label: String, _ hint: String? = nil) -> FieldView {
        finished(
            FieldView(
                name, words(label), InputView(type: "number", value: typed[name], minimum: 1)), hint)
    }

    func lines(_ name: String, _ label: String, _ hint: String? = nil) -> FieldView {
        finished(FieldView(name, words(label), LinesView(rows: 3, text: typed[name] ?? "")), hint)
    }

    func group(_ groups: [GroupPath], hint: String? = nil) -> FieldView {
        let now = typed["group"] ?? ""
        let paths = groups.map(\.description)
        let all = paths.contains(now) || now.isEmpty ? paths : [now] + paths
        return finished(
            FieldView(
                "group", words("Group"), options: all.map { OptionView(text: $0, isChosen: $0 == now) }),
            hint)
    }

    private func finished(_ field: FieldView, _ hint: String?) -> FieldView {
        var field = field
        field.hint = hint.map { words($0) }
        field.error = errors[field.name].map { words($0) }
        return field
    }

    static func hidden(name: String, isNew: Bool, tag: String) -> [HiddenView] {
        [HiddenView("new", isNew ? "yes" : "")]
            + (isNew ? [] : [HiddenView("name", name), HiddenView("tag", tag)])
    }
}

import API
import Fleet

/// Web hooks with their last delivery, and the form for a new one.
struct HooksView: TemplateView {
    static let template = PageTemplate("hooks", Embedded.hooks_mustache)

    var failure: String?
    /// The secret of the hook just created.
    var secret: String?
    /// Nil while there is none.
    var table: TableView<Row>?
    /// Whether the form can be opened.
    var mayAdd: Bool
    /// The open form.
    var added: FormView?
    /// Groups that its field offers.
    var groups: [String]

    struct Row: View {
        var url: String
        /// Nil: all.
        var kinds: String?
        var group: String
        var delivery: Delivery?
        var menu: ActionMenuView
    }

    struct Delivery: View {
        var at: String
        var state: StateView
    }

    /// - Parameters:
    ///   - groups: those that the form offers; nil: it is not open.
    ///   - typed: what was refused.
    init(
        _ hooks: [WebHookAnswer], secret: String?, failure: String?, groups: [String]?, typed: Form? = nil,
        _ words: Words
    ) {
        self.secret = secret
        self.failure = failure
        if !hooks.isEmpty {
            table = TableView(
                words("Web hooks"), live: "hooks",
                columns: words.all("Address", "Events", "Group", "Last delivery", "Actions"),
                rows: hooks.map { Row($0, words) })
        }
        mayAdd = groups == nil
        self.groups = groups ?? []
        added = groups.map { _ in Self.form(words).filled(from: typed) }
    }

    /// The boxes of the kinds begin so.
    private static let kindPrefix = "kinds."

    /// The kinds of events that a form names: by boxes, or as words in one field.
    static func kinds(_ form: Form) -> [String] {
        form["kinds"].split { $0.isWhitespace || $0 == "," }.map(String.init)
            + form.group(kindPrefix).map(\.name)
    }

    private static func form(_ words: Words) -> FormView {
        FormView(
            path: "/hooks", style: "card settings", heading: words("New web hook"),
            fields: [
                FieldView(
                    "url", "URL",
                    InputView(type: "url", isRequired: true, isFocused: true, placeholder: "https://")),
                FieldView("group", words("Group"), InputView(value: "/", list: "group-names")),
            ],
            parts: [
                FormPart(
                    words("Events (none ticked: all)"),
                    ServerEvent.Kind.allCases.map { kind in
                        FieldView(
                            kindPrefix + kind.rawValue, "\(kind.rawValue): \(words(kind.meaning))",
                            isTicked: false)
                    })
            ], submit: words("Add"))
    }
}

extension EventKind {
    /// What happened, in English.
    var meaning: String {
        switch self {
        case .boot: "a machine reached a stage of its boot, or failed"
        case .lost: "a node has fallen silent"
        case .heard: "a lost node is there again"
        case .off: "a machine was shut down"
        case .configuration: "the configuration was changed"
        case .hardware: "a machine reported its hardware"
        case .drift: "a network card is in another machine"
        case .alarm: "another machine asked for what belongs to a node"
        case .log: "a machine logged something"
        case .crash: "the kernel of a machine crashed"
        case .build: "a build or boot test of an image advanced"
        case .rollout: "a roll-out advanced, or a node was held"
        case .volume: "the volume of a node was made or changed"
        case .session: "a person logged in or out"
        case .step: "a step of a node's configuration failed"
        case .schedule: "a schedule began, ended, or did not run"
        case .clock: "the clock of the server was set"
        }
    }
}

extension HooksView.Row {
    init(_ hook: WebHookAnswer, _ words: Words) {
        url = hook.name.map { "\($0): \(hook.url)" } ?? hook.url
        kinds = hook.kinds.isEmpty ? nil : hook.kinds.joined(separator: " ")
        group = hook.group.description
        delivery = hook.lastAt.map {
            HooksView.Delivery(
                at: Format.time(second: $0),
                state: StateView(
                    kind: hook.isHealthy == false ? "failed" : "ready", text: hook.lastResult ?? ""))
        }
        menu = ActionMenuView(actions: [
            ActionView(path: "/hooks/\(hook.reference)/remove", label: words("remove"), style: "quiet danger")
        ])
    }
}

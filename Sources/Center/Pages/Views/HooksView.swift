import API
import Fleet

/// Web hooks with their last delivery, and the form for a new one.
struct HooksView: TemplateView {
    static let template = PageTemplate("hooks", Embedded.hooks_mustache)

    var failure: String?
    /// The secret that was made for the hook just created.
    var secret: String?
    /// Sends a test to the hook just created, and leaves its secret on the page.
    var trial: ActionView?
    /// How the test went that was just sent.
    var test: Test?
    /// Nil while there is none.
    var table: TableView<Row>?
    /// Whether the form can be opened.
    var mayAdd: Bool
    /// The open form.
    var added: FormView?

    struct Test: View {
        var name: String
        var state: StateView

        /// Nil before the first delivery.
        init?(_ hook: WebHookAnswer, _ words: Words) {
            guard let delivery = Delivery(hook, words) else { return nil }
            (name, state) = (hook.label ?? hook.name?.text ?? hook.url, delivery.state)
        }
    }

    struct Row: View {
        /// Nil: it has none.
        var name: String?
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

        /// Nil before the first one.
        init?(_ hook: WebHookAnswer, _ words: Words) {
            guard let second = hook.lastAt else { return nil }
            at = Format.time(second: second)
            let (isGood, result) = (hook.isHealthy != false, hook.lastResult ?? "")
            state = StateView(
                kind: isGood ? "ready" : "failed", text: words(isGood ? "delivered" : "not delivered"),
                because: result)
        }
    }

    /// - Parameters:
    ///   - made: the hook just created, and its secret.
    ///   - groups: those that the form offers; nil: it is not open.
    ///   - typed: what was refused.
    init(
        _ hooks: [WebHookAnswer], made: Made? = nil, test: WebHookAnswer? = nil, failure: String?,
        groups: [String]?, typed: Form? = nil, _ words: Words
    ) {
        secret = made?.secret
        trial = made.map {
            ActionView(
                path: "/hooks/\($0.reference)/test", label: words("Send a test"), style: "quiet",
                hidden: $0.secret.map { [HiddenView(Self.shown, $0)] } ?? [])
        }
        self.test = test.flatMap { Test($0, words) }
        self.failure = failure
        if !hooks.isEmpty {
            table = TableView(
                words("Web hooks"), live: "hooks",
                columns: words.all("Name", "Address", "Events", "Group", "Last delivery", "Actions"),
                rows: hooks.map { Row($0, words) })
        }
        mayAdd = groups == nil
        added = groups.map { Self.form($0, typed: typed, words).filled(from: typed, except: [Self.key]) }
    }

    /// A hook just created.
    struct Made {
        var reference: String
        /// Nil: people chose it, and know it.
        var secret: String?

        init(_ hook: WebHookAnswer, secret: String? = nil) {
            (reference, self.secret) = (hook.reference, secret ?? hook.secret)
        }
    }

    /// The secret that is on the page, in the form of a test.
    static let shown = "secret"

    /// The key of signatures in the form of a new hook.
    static let key = "key"
    /// The box of all events; those of the kinds begin with the prefix.
    private static let (all, kindPrefix) = ("all", "kinds.")

    /// The kinds of events that a form names: by boxes, or as words in one field; none are all.
    static func kinds(_ form: Form) throws -> [String] {
        if form.has(all) { return [] }
        let kinds =
            form["kinds"].split { $0.isWhitespace || $0 == "," }.map(String.init)
            + form.group(kindPrefix).map(\.name)
        guard !kinds.isEmpty else {
            throw Problem(422, "Invalid kind", "no event is chosen: tick one at least")
        }
        return kinds
    }

    private static func form(_ groups: [String], typed: Form?, _ words: Words) -> FormView {
        let lengths = WebHook.secretLengths
        return FormView(
            path: "/hooks", style: "card settings",
            fields: [
                FieldView(
                    "label", words("Name"), hint: words("What it is for, such as the chat of the help desk"),
                    InputView(isFocused: true, maximumLength: WebHook.labelLimit)),
                FieldView("url", "URL", InputView(type: "url", isRequired: true, placeholder: "https://")),
                FieldView(
                    key, words("Secret for the signature"),
                    hint: words("Empty: one is made, and shown once"),
                    InputView(
                        type: "password", minimumLength: lengths.lowerBound,
                        maximumLength: lengths.upperBound, autocomplete: "new-password")),
                .group(
                    groups, first: groups.first ?? GroupPath.site.description, typed: typed, words),
            ],
            parts: sections.map { title, kinds in
                let isOfProblems = kinds.contains(.trouble)
                var boxes = kinds.map { kind in
                    FieldView(kindPrefix + kind.rawValue, words(kind.meaning), isTicked: isOfProblems)
                }
                if kinds.contains(.clock) {
                    boxes.append(
                        FieldView(all, words("all events, and those of later releases"), isTicked: false))
                }
                return FormPart(words(title), folds: !isOfProblems, boxes)
            }, submit: words("Add web hook"), cancel: "/hooks")
    }

    private static let others: [EventKind] = [.trouble, .troubleOver]

    /// The kinds that are offered, by what they are about.
    static let sections: [(title: String, kinds: [EventKind])] = [
        // All else that is wrong comes after what is named.
        ("Problems, and when they end", EventKind.problems.filter { !others.contains($0) } + others),
        ("Nodes", [.boot, .off, .session, .log, .hardware, .volume]),
        ("Images and server", [.build, .rollout, .configuration, .schedule, .clock]),
    ]
}

extension EventKind {
    /// What happened, in English.
    var meaning: String {
        switch self {
        case .boot: "a machine reached a stage of its boot, or failed"
        case .bootFailed: "a boot failed"
        case .lost: "a node has fallen silent"
        case .heard: "a silent node is heard again"
        case .off: "a machine was shut down"
        case .configuration: "the configuration was changed"
        case .hardware: "a machine reported its hardware"
        case .drift: "a network card moved to another machine"
        case .alarm: "a second machine uses a node's identity"
        case .log: "a machine logged something"
        case .crash: "the kernel of a machine crashed"
        case .build: "a build or boot test of an image advanced"
        case .rollout: "a roll-out advanced, or a node was held"
        case .volume: "the volume of a node was made or changed"
        case .session: "a person logged in or out"
        case .step: "a step of a node's configuration failed"
        case .schedule: "a schedule began, ended, or did not run"
        case .clock: "the clock of the server was set"
        case .trouble:
            "anything else that the dashboard lists as wrong, such as a stuck node, a silent terminal server or a full disk"
        case .troubleOver: "such a problem is over"
        case .test: "a person tries out the web hook"
        }
    }
}

extension HooksView.Row {
    init(_ hook: WebHookAnswer, _ words: Words) {
        name = hook.label ?? hook.name?.text
        url = hook.url
        let problems = Set(EventKind.problems.map(\.rawValue))
        kinds =
            hook.kinds.isEmpty
            ? nil : Set(hook.kinds) == problems ? words("Problems only") : hook.kinds.joined(separator: " ")
        group = hook.group == .site ? words("whole site") : hook.group.description
        delivery = HooksView.Delivery(hook, words)
        let path = "/hooks/\(hook.reference)"
        menu = ActionMenuView(actions: [
            ActionView(path: "\(path)/test", label: words("Send a test"), style: "quiet"),
            ActionView(path: "\(path)/remove", label: words("remove"), style: "quiet danger"),
        ])
    }
}

import API
import Fleet

/// Web hooks with their last delivery, and the form for a new one.
struct HooksView: TemplateView {
    static let template = PageTemplate("hooks", Embedded.hooks_mustache)

    var failure: String?
    /// The secret of the hook just created.
    var secret: String?
    var table: TableView<Row>
    var added: FormView

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

    init(_ hooks: [WebHookAnswer], secret: String?, failure: String?, _ words: Words) {
        self.secret = secret
        self.failure = failure
        table = TableView(
            words("Web hooks"), live: "hooks",
            columns: words.all("Address", "Events", "Group", "Last delivery", "Actions"),
            rows: hooks.map { Row($0, words) })
        added = FormView(
            path: "/hooks", style: "card settings", heading: words("New web hook"),
            fields: [
                FieldView("url", "URL", InputView(type: "url", isRequired: true, placeholder: "https://")),
                FieldView(
                    "kinds", words("Kinds of events (empty: all)"),
                    hint: ServerEvent.Kind.allCases.map(\.rawValue).joined(separator: " "), InputView()),
                FieldView("group", words("Group"), InputView(value: "/")),
            ], submit: words("Add"))
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

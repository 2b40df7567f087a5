import Fleet

/// Match rules, strongest first.
struct RulesView: TemplateView {
    static let template = PageTemplate("rules", Embedded.rules_mustache)

    var failure: String?
    /// Nil while there is none.
    var table: TableView<Row>?
    /// Whether the form for a new one can be opened.
    var mayAdd: Bool
    /// The open form, of a new one or of one that is there.
    var form: FormView?

    struct Row: View {
        var priority: Int
        var name: String
        /// Its form; nil for callers who may not change it.
        var edit: String?
        var condition: String
        var settings: [String]
        /// The number of matching nodes, and the search for them; nil: there is none.
        var fitting: LinkView?
    }

    /// - Parameters:
    ///   - rules: strongest first, with the number of matching nodes.
    ///   - isNew: whether the form for a new one is open.
    ///   - open: the name of the rule whose form is open.
    ///   - typed: what was refused, for the reason `failure`.
    init(
        _ rules: [(rule: MatchRule, nodeCount: Int)], mayEdit: Bool, isNew: Bool, open: String? = nil,
        typed: Form? = nil, failure: String? = nil, _ words: Words
    ) {
        self.failure = failure
        if !rules.isEmpty {
            table = TableView(
                words("Match rules"),
                columns: words.all("Name", "Condition", "Sets", "Priority", "Nodes"),
                rows: rules.map { Row($0.rule, nodeCount: $0.nodeCount, mayEdit: mayEdit, words) })
        }
        if mayEdit {
            let chosen = rules.first { $0.rule.name.text == open }?.rule
            form = isNew ? Self.form(words) : chosen.map { Self.form(of: $0, words) }
            form = form?.filled(from: typed)
        }
        mayAdd = mayEdit && form == nil
    }

    private static func form(_ words: Words) -> FormView {
        let attributes = NodeAttribute.allCases.filter(\.isLasting).map(\.rawValue).joined(separator: ", ")
        return FormView(
            path: "/rules/edit", style: "card settings", heading: words("New rule"),
            hidden: [HiddenView("new", "yes")],
            fields: [
                FieldView(
                    "name", words("Name"),
                    InputView(isRequired: true, isFocused: true, pattern: #"[a-z0-9\-]{1,63}"#)),
                FieldView(
                    "condition", words("Condition"), hint: attributes,
                    InputView(isRequired: true, placeholder: #"memory < 2 GiB and vendor = "HP""#)),
                FieldView(
                    "priority", words("Priority"), InputView(type: "number", value: "0", isRequired: true)),
                FieldView(
                    "settings", words("Settings, one SETTING=VALUE per line"),
                    LinesView(rows: 4, placeholder: "overlay-size=25%")),
            ], submit: words("What would change?"), cancel: "/rules")
    }

    private static func form(of rule: MatchRule, _ words: Words) -> FormView {
        FormView(
            path: "/rules/edit", style: "card settings", heading: rule.name.text,
            hidden: [HiddenView("name", rule.name.text)],
            fields: [
                FieldView(
                    "condition", words("Condition"),
                    InputView(value: rule.condition, isRequired: true, isFocused: true)),
                FieldView(
                    "priority", words("Priority"),
                    InputView(type: "number", value: String(rule.priority), isRequired: true)),
                FieldView(
                    "settings", words("Settings, one SETTING=VALUE per line"),
                    LinesView(rows: 4, text: Row.assignments(rule).joined(separator: "\n"))),
            ], submit: words("What would change?"), cancel: "/rules", removal: words("Remove this rule"))
    }
}

extension RulesView.Row {
    fileprivate init(_ rule: MatchRule, nodeCount: Int, mayEdit: Bool, _ words: Words) {
        (priority, name, condition) = (rule.priority, rule.name.text, rule.condition)
        edit = mayEdit ? "/rules?name=\(Escape.component(name))" : nil
        settings = Self.assignments(rule)
        guard nodeCount > 0 else { return }
        fitting = LinkView(path: "/nodes?q=\(Escape.component(condition))", label: String(nodeCount))
    }

    /// What it sets, without secrets.
    fileprivate static func assignments(_ rule: MatchRule) -> [String] {
        RecordSettings.redacted(rule.settings).sorted { $0.key < $1.key }.map { name, value in
            "\(name)=\(SettingDefinition.named(name)?.typed(value) ?? value.description)"
        }
    }
}

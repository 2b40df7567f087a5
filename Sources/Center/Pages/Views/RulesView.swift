import Fleet

/// Match rules, strongest first.
struct RulesView: TemplateView {
    static let template = PageTemplate("rules", Embedded.rules_mustache)

    var failure: String?
    var rules: [Rule]
    /// Whether the form for a new one can be opened.
    var mayAdd: Bool
    /// The open form.
    var added: FormView?

    struct Rule: View {
        var name: String
        var condition: String
        var priority: Int
        /// Whether its form was refused.
        var isOpen = false
        /// The number of matching nodes.
        var fitting: Int
        var form: FormView
    }

    /// - Parameters:
    ///   - rules: strongest first, with the number of matching nodes.
    ///   - isNew: whether the form for a new one is open.
    ///   - typed: what was refused, for the reason `failure`.
    init(
        _ rules: [(rule: MatchRule, nodeCount: Int)], mayEdit: Bool, isNew: Bool, typed: Form? = nil,
        failure: String? = nil, _ words: Words
    ) {
        self.failure = failure
        mayAdd = mayEdit && !isNew
        self.rules = rules.map { rule, count in
            let isTyped = !isNew && typed?["name"] == rule.name.text
            return Rule(
                rule, fitting: count, mayEdit: mayEdit, typed: isTyped ? typed : nil, words)
        }
        if mayEdit, isNew { added = Self.form(words).filled(from: typed) }
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
            ], submit: words("What would change?"))
    }
}

extension RulesView.Rule {
    init(_ rule: MatchRule, fitting: Int, mayEdit: Bool, typed: Form?, _ words: Words) {
        let name = rule.name.text
        let settings = RecordSettings.redacted(rule.settings).sorted { $0.key < $1.key }.map { name, value in
            "\(name)=\(SettingDefinition.named(name)?.typed(value) ?? value.description)"
        }.joined(separator: "\n")
        self.name = name
        condition = rule.condition
        priority = rule.priority
        isOpen = typed != nil
        self.fitting = fitting
        form = FormView(
            path: "/rules/edit", style: "settings", hidden: [HiddenView("name", name)],
            fields: [
                FieldView(
                    "condition", words("Condition"), id: "condition-\(name)",
                    InputView(value: rule.condition, isRequired: true)),
                FieldView(
                    "priority", words("Priority"), id: "priority-\(name)",
                    InputView(type: "number", value: String(rule.priority), isRequired: true)),
                FieldView(
                    "settings", words("Settings, one SETTING=VALUE per line"), id: "settings-\(name)",
                    LinesView(rows: 4, text: settings)),
            ], submit: mayEdit ? words("What would change?") : nil,
            removal: mayEdit ? words("Remove this rule") : nil
        ).filled(from: typed)
    }
}

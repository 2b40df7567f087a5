import Fleet

/// Fields with a submit button; without one, what is in them.
struct FormView: TemplateView {
    static let template = PageTemplate("form", Embedded.form_mustache)

    var path: String
    /// Classes of the form.
    var style: String?
    var heading: String?
    var hidden: [HiddenView] = []
    var fields: [FieldView] = []
    /// Fields under headings, below those without.
    var parts: [FormPart] = []
    /// The label of its button; nil when read-only.
    var submit: String?
    /// Where its Cancel leads; nil: it has none.
    var cancel: String?
    /// The label of a second button, which removes the form's subject.
    var removal: String?
}

extension FormView {
    /// Names that a field offers; more would make the page slow.
    static let suggestionLimit = 500

    /// The same with what was typed, after it was refused.
    ///
    /// - Parameter secrets: fields whose contents are not sent back.
    func filled(from typed: Form?, except secrets: Set<String> = []) -> Self {
        guard let typed else { return self }
        func filled(_ fields: [FieldView]) -> [FieldView] {
            fields.map { secrets.contains($0.name) ? $0 : $0.filled(from: typed) }
        }
        var form = self
        form.fields = filled(fields)
        form.parts = parts.map { FormPart($0.heading, folds: $0.isFolded, filled($0.fields)) }
        return form
    }
}

/// Fields of a form that belong together.
struct FormPart: View {
    var heading: String
    var fields: [FieldView]
    /// Whether it is shown as its heading only until a click.
    var isFolded: Bool
    var isOpen: Bool

    /// - Parameter folds: most people never need it: it begins folded, unless there is something in its fields or wrong with them.
    init(_ heading: String, folds: Bool = false, _ fields: [FieldView]) {
        self.heading = heading
        self.fields = fields
        isFolded = folds
        isOpen = fields.contains { $0.error != nil || $0.isFilled }
    }
}

/// One field of a form: an input, a choice, lines of text or a checkbox, with its label, a hint and an error.
struct FieldView: TemplateView {
    static let template = PageTemplate("field", Embedded.field_mustache)

    var id: String
    var name: String
    var label: String
    var hint: String?
    var error: String?
    /// Exactly one of these is set.
    var input: InputView?
    var choice: ChoiceView?
    var lines: LinesView?
    var box: BoxView?

    fileprivate func filled(from typed: Form) -> Self {
        var field = self
        // An unticked box is not sent.
        field.box?.isTicked = typed.has(name)
        guard typed.has(name) else { return field }
        field.input?.value = typed[name]
        field.lines?.text = typed[name].replacing("\r\n", with: "\n")
        field.choice?.options =
            choice?.options.map { $0.chosen(if: typed[name]) } ?? []
        return field
    }

    var isFilled: Bool {
        box?.isTicked == true || [input?.value, lines?.text].contains { !($0 ?? "").isEmpty }
    }

    /// - Parameter id: the element's id, if it differs from `name`.
    init(_ name: String, _ label: String, id: String? = nil, hint: String? = nil, _ input: InputView) {
        self.init(name, label, id: id, hint: hint)
        self.input = input
    }

    init(_ name: String, _ label: String, id: String? = nil, options: [OptionView]) {
        self.init(name, label, id: id, hint: nil)
        choice = ChoiceView(options: options)
    }

    init(_ name: String, _ label: String, id: String? = nil, hint: String? = nil, _ lines: LinesView) {
        self.init(name, label, id: id, hint: hint)
        self.lines = lines
    }

    /// One of the groups that there are.
    ///
    /// - Parameters:
    ///   - first: the one that is chosen at first.
    ///   - typed: what was refused. Its group is offered although it is not among them: another one in its place would not be noticed.
    static func group(_ paths: [String], first: String, typed: Form?, _ words: Words) -> Self {
        let wish = typed?["group"] ?? ""
        return Self(
            "group", words("Group"),
            options: OptionView.groups(paths, chosen: wish.isEmpty ? first : wish, words))
    }

    /// In how much time a schedule's machines begin.
    static func window(_ value: String?, _ words: Words) -> Self {
        Self(
            "window", words("Window"),
            hint: words(
                "Such as 2h: many machines are spread over its first half; those that have not begun by its end are left out"
            ), InputView(value: value))
    }

    init(_ name: String, _ label: String, isTicked: Bool) {
        self.init(name, label, id: nil, hint: nil)
        box = BoxView(isTicked: isTicked)
    }

    private init(_ name: String, _ label: String, id: String?, hint: String?) {
        self.id = id ?? name
        self.name = name
        self.label = label
        self.hint = hint
    }
}

struct InputView: View {
    /// The input's HTML type; nil: text.
    var type: String?
    var value: String?
    var isRequired = false
    var isFocused = false
    var pattern: String?
    var minimum: Int?
    var maximum: Int?
    var minimumLength: Int?
    var maximumLength: Int?
    var placeholder: String?
    var autocomplete: String?
    /// The identifier of a list of suggestions.
    var list: String?
    /// The field of the form that takes the bytes of the file that is chosen here, in Base64.
    var bytesTo: String?
}

extension InputView {
    /// A whole number.
    init(numberIn limits: ClosedRange<Int>) {
        self.init(type: "number", minimum: limits.lowerBound, maximum: limits.upperBound)
    }
}

struct LinesView: View {
    var rows: Int
    var text = ""
    var placeholder: String?
    /// Whether those beside the screen see only points.
    var isMasked = false
}

struct BoxView: View {
    var isTicked: Bool
}

struct ChoiceView: View {
    var options: [OptionView]
}

struct OptionView: View {
    var text: String
    /// What the form sends; nil: the text.
    var value: String?
    var isChosen = false

    /// Groups by their paths.
    ///
    /// - Parameter chosen: is offered although it is not among them.
    static func groups(_ paths: [String], chosen: String, _ words: Words) -> [Self] {
        (paths.contains(chosen) ? paths : paths + [chosen]).map {
            Self(
                text: $0 == GroupPath.site.description ? words("whole site") : $0, value: $0,
                isChosen: $0 == chosen)
        }
    }

    /// The same, chosen if the form has this value.
    func chosen(if value: String) -> Self {
        OptionView(text: text, value: self.value, isChosen: (self.value ?? text) == value)
    }
}

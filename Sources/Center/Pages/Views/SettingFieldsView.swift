import Fleet

/// Settings as rows in sections: what each is, its value and where that comes from; a row opens its field.
struct SettingFieldsView: TemplateView {
    static let template = PageTemplate("settings", Embedded.settings_mustache)

    /// Each section goes from its first setting to the next one's, in the order of all.
    static let sectionStarts: [(first: String, title: String)] = [
        (Settings.enrolment.definition.name, "Enrolment"), (Settings.image.definition.name, "Image and boot"),
        (Settings.overlaySize.definition.name, "Storage"),
        (Settings.onFailure.definition.name, "Faults and protection"),
        (Settings.reportSessions.definition.name, "Sessions"),
        (Settings.timeZone.definition.name, "Operating system"),
        (Settings.logIn.definition.name, "Log-ins and accounts"),
    ]

    var sections: [Section]
    /// Whether there are several, with links to them.
    var hasIndex: Bool
    /// Why the form was refused.
    var failure: String?

    var settings: [Setting] { sections.flatMap(\.settings) }

    /// What was typed, and why it was refused.
    struct Refusal {
        var typed: Form
        var error: any Error

        /// Whether the error is about a setting: it begins with its name.
        fileprivate func isAbout(_ name: String) -> Bool {
            guard let invalid = error as? InvalidSetting else { return false }
            return invalid.sentence.english.hasPrefix("\(name): ")
        }
    }

    /// - Parameters:
    ///   - own: this level's own settings.
    ///   - effective: the effective settings here.
    ///   - mayEdit: whether its fields are sent; otherwise people only look at them.
    init(
        _ definitions: [SettingDefinition], own: [String: SettingValue], effective: EffectiveSettings,
        mayEdit: Bool = true, refusal: Refusal? = nil, _ words: Words
    ) {
        let titles = Self.titles
        sections = []
        for definition in definitions {
            // Keys of other programs are in none.
            let title = words(titles[definition.name] ?? "Variables of LTSP")
            var setting = Setting(
                definition, own: own[definition.name], effective: effective[definition], words)
            setting.change = words(mayEdit ? "Change" : "Show")
            if let refusal { setting.fill(from: refusal, isSecret: definition.isSecret) }
            if sections.last?.title != title {
                sections.append(Section(id: "section-\(sections.count + 1)", title: title))
            }
            sections[sections.count - 1].settings.append(setting)
        }
        for index in sections.indices { sections[index].count(words) }
        hasIndex = sections.count > 1
        failure = refusal.map { words($0.error) }
    }

    /// The title of each setting's section, in English.
    static var titles: [String: String] {
        var (titles, current): ([String: String], String) = ([:], "")
        for definition in SettingDefinition.all {
            current = sectionStarts.first(where: { $0.first == definition.name })?.title ?? current
            titles[definition.name] = current
        }
        return titles
    }

    struct Section: View {
        var id: String
        var title: String
        /// Its settings.
        var total = 0
        /// How many are set at this level; nil: none.
        var here: String?
        var settings: [Setting] = []

        fileprivate mutating func count(_ words: Words) {
            total = settings.count
            let count = settings.count { $0.isSet }
            here = count == 0 ? nil : words("%1 set here", "\(count)")
        }
    }

    struct Setting: View {
        var title: String
        var name: String
        /// The same, where the title is another text.
        var key: String?
        var summary: String
        var phase: String
        /// The effective value in its row.
        var value: String
        /// Where that comes from, in its row.
        var source: StateView
        /// The effective value; for a secret, only whether it is set. Nil where the field shows it.
        var now: String?
        var origin: String
        /// Whether this level sets it.
        var isSet: Bool
        /// Whether its field is open: it was refused.
        var isOpen = false
        /// What opens its field.
        var change = ""
        /// Exactly one of these is set.
        var choice: ChoiceView?
        var number: Number?
        var line: Line?
        var lines: Lines?
    }

    struct Number: View {
        var own: String
        var minimum: Int
        var maximum: Int
        var unit: String
    }

    struct Line: View {
        var own: String
    }

    struct Lines: View {
        var own: String
        var rows: Int
        var hint: String
    }
}

extension SettingFieldsView.Setting {
    init(
        _ definition: SettingDefinition, own value: SettingValue?, effective setting: EffectiveSetting,
        _ words: Words
    ) {
        name = definition.name
        title = definition.title.map { words($0) } ?? definition.name
        key = definition.title == nil ? nil : definition.name
        summary = words(definition.summary)
        phase = words("applies at: \(definition.phase.rawValue)")
        let isInField = value.map { $0 == setting.value } ?? !definition.isSecret
        let shown = definition.redacted(setting.value).description
        now = isInField || shown.isEmpty ? nil : shown
        let unit = definition.unit.isEmpty ? "" : words(definition.unit)
        // A unit is in the plural.
        self.value =
            shown.isEmpty
            ? words(definition.unset) : unit.isEmpty || shown == "1" ? shown : "\(shown) \(unit)"
        origin = words(setting.origin)
        isSet = value != nil
        source =
            isSet
            ? StateView(kind: "here", text: words("set here"))
            : StateView(kind: setting.origin == .productDefault ? "off" : "inherited", text: origin)
        let text =
            definition.isSecret
            ? (value == nil ? "" : RecordSettings.hidden.description) : (value ?? setting.value).formText
        switch definition.kind {
        case .choice(let options): choice = Self.choice(options, chosen: text)
        case .boolean: choice = Self.choice(["yes", "no"], chosen: text)
        case .integer(let range):
            number = SettingFieldsView.Number(
                own: text, minimum: range.lowerBound, maximum: range.upperBound, unit: unit)
        case .text where text.contains("\n"):
            lines = SettingFieldsView.Lines(
                own: text, rows: min(8, text.split(separator: "\n").count + 1), hint: "")
        case .text: line = SettingFieldsView.Line(own: text)
        case .list, .map:
            lines = SettingFieldsView.Lines(
                own: text, rows: min(8, max(2, text.split(separator: "\n").count + 1)),
                hint: words(definition.kind == .list ? "one entry per line" : "one KEY=VALUE per line"))
        }
    }

    /// As it was filled in, open where that differs. A secret is not sent back.
    fileprivate mutating func fill(from refusal: SettingFieldsView.Refusal, isSecret: Bool) {
        let (typed, before) = (refusal.typed, (isSet, text))
        isSet = typed.has("has.\(name)")
        if typed.has("value.\(name)"), !isSecret {
            let text = typed["value.\(name)"].replacing("\r\n", with: "\n")
            choice = choice.map { Self.choice($0.options.map(\.text), chosen: text) }
            number?.own = text
            line?.own = text
            lines?.own = text
        }
        isOpen = before != (isSet, text) || refusal.isAbout(name)
    }

    /// What is in its field.
    private var text: String {
        number?.own ?? line?.own ?? lines?.own ?? choice?.options.first(where: \.isChosen)?.text ?? ""
    }

    private static func choice(_ words: [String], chosen: String) -> ChoiceView {
        ChoiceView(options: words.map { OptionView(text: $0, isChosen: $0 == chosen) })
    }
}

extension Words {
    /// The level that a value comes from.
    fileprivate func callAsFunction(_ origin: SettingOrigin) -> String {
        switch origin {
        case .productDefault: self("default")
        case .group(let path): path == .site ? self("site") : self("group %1", "\(path)")
        case .image(let name): self("image %1", "\(name)")
        case .version(let name, let number): self("image %1", "\(name)@\(number)")
        case .rule(let name): self("rule %1", "\(name)")
        case .file(let file): file.description
        case .node(let name): self("node %1", "\(name)")
        }
    }
}

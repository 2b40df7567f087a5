import Fleet

/// Settings as form fields in sections, each with its origin, and with its effective value where that is not in the field.
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

    var settings: [Setting]
    /// For links to them.
    var sections: [Section]
    /// Whether there are several.
    var hasIndex: Bool

    /// - Parameters:
    ///   - own: this level's own settings.
    ///   - effective: the effective settings here.
    init(
        _ definitions: [SettingDefinition], own: [String: SettingValue], effective: EffectiveSettings,
        _ words: Words
    ) {
        let titles = Self.titles
        sections = []
        settings = []
        for definition in definitions {
            // Keys of other programs are in none.
            let title = words(titles[definition.name] ?? "Variables of LTSP")
            var setting = Setting(
                definition, own: own[definition.name], effective: effective[definition], words)
            if sections.last?.title != title {
                setting.section = Section(id: "section-\(sections.count + 1)", title: title)
                sections += [setting.section].compactMap(\.self)
            }
            settings.append(setting)
        }
        hasIndex = sections.count > 1
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
    }

    struct Setting: View {
        /// The section that begins with it.
        var section: Section?
        var name: String
        var summary: String
        var phase: String
        /// The effective value; for a secret, only whether it is set. Nil where the field shows it.
        var now: String?
        var origin: String
        /// Whether this level sets it.
        var isSet: Bool
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
        summary = words(definition.summary)
        phase = words("applies at: \(definition.phase.rawValue)")
        let isInField = value.map { $0 == setting.value } ?? !definition.isSecret
        let shown = definition.redacted(setting.value).description
        now = isInField || shown.isEmpty ? nil : shown
        origin = words(setting.origin)
        isSet = value != nil
        let text =
            definition.isSecret
            ? (value == nil ? "" : RecordSettings.hidden.description) : (value ?? setting.value).formText
        switch definition.kind {
        case .choice(let options): choice = Self.choice(options, chosen: text)
        case .boolean: choice = Self.choice(["yes", "no"], chosen: text)
        case .integer(let range):
            number = SettingFieldsView.Number(
                own: text, minimum: range.lowerBound, maximum: range.upperBound, unit: definition.unit)
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

import Fleet

/// Settings as form fields, each with its effective value and origin.
struct SettingFieldsView: TemplateView {
    static let template = PageTemplate("settings", Embedded.settings_mustache)

    var settings: [Setting]

    /// - Parameters:
    ///   - own: this level's own settings.
    ///   - effective: the effective settings here.
    init(
        _ definitions: [SettingDefinition], own: [String: SettingValue], effective: EffectiveSettings,
        _ words: Words
    ) {
        settings = definitions.map {
            Setting($0, own: own[$0.name], effective: effective[$0], words)
        }
    }

    struct Setting: View {
        var name: String
        var summary: String
        var phase: String
        /// The effective value; for a secret, only whether it is set.
        var value: String
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
        self.value = definition.redacted(setting.value).description
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

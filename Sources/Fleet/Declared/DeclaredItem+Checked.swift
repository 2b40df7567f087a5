extension DeclaredItem {
    /// The item with its values as the form of its record wants them; all that is wrong is added to `problems`.
    ///
    /// In files everything is text at first: what a text means, the form says.
    package func checked(_ problems: inout [DeclaredProblem]) -> DeclaredItem {
        guard let form = DeclaredForms.named(member) else {
            problems.append(problem(Self.unknown(member, among: DeclaredForms.members)))
            return self
        }
        var check = FormCheck(item: self)
        var item = self
        item.fields = check.value(fields, as: .object(DeclaredForms.fields[member] ?? []), at: .whole)
        if keyText?.isEmpty != false {
            check.note("\(form.keyMember) is required: it names the record", at: .whole)
        }
        problems += check.problems
        return item
    }

    package static func unknown(_ name: String, among known: [String]) -> Sentence {
        let meant = NearestName.of(name, among: known)
        let known = known.joined(separator: ", ")
        guard let meant else { return "unknown key ‘\(name)’ (known here: \(known))" }
        return "unknown key ‘\(name)’; did you mean ‘\(meant)’? (known here: \(known))"
    }
}

/// Compares one item with its form.
private struct FormCheck {
    let item: DeclaredItem
    var problems: [DeclaredProblem] = []

    init(item: DeclaredItem) { self.item = item }

    mutating func note(_ text: Sentence, at path: DeclaredPath) {
        problems.append(item.problem(path == .whole ? text : "\(path.words): \(text)", at: path))
    }

    mutating func value(_ value: DeclaredValue, as form: FieldForm, at path: DeclaredPath) -> DeclaredValue {
        switch form {
        case .text: return text(value, at: path)
        case .choice(let words):
            if let text = value.text, words.contains(text) { return value }
            note("‘\(value.beginning)’ is not one of \(words.joined(separator: ", "))", at: path)
        case .integer:
            if case .integer = value { return value }
            if let number = value.text.flatMap({ Int($0) }) { return .integer(number) }
            note("‘\(value.beginning)’ is not a whole number", at: path)
        case .number:
            if case .integer = value { return value }
            if let number = value.text.flatMap({ Double($0) }), number.isFinite {
                return Int(exactly: number).map { .integer($0) } ?? .text("\(number)")
            }
            note("‘\(value.beginning)’ is not a number", at: path)
        case .boolean:
            if case .boolean = value { return value }
            if let flag = value.text.flatMap(Self.flag) { return .boolean(flag) }
            note("‘\(value.beginning)’ is neither yes nor no", at: path)
        case .list(let entry): return list(value, of: entry, at: path)
        case .map: return map(value, at: path)
        case .object(let fields): return object(value, fields, at: path)
        case .settings: return settings(value, at: path)
        }
        return value
    }

    private static func flag(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "yes", "true", "on": true
        case "no", "false", "off": false
        default: nil
        }
    }

    private mutating func text(_ value: DeclaredValue, at path: DeclaredPath) -> DeclaredValue {
        switch value {
        case .text: return value
        case .integer(let number): return .text(String(number))
        case .boolean(let flag): return .text(flag ? "yes" : "no")
        case .list, .object:
            note("must be a text", at: path)
            return value
        }
    }

    private mutating func list(_ value: DeclaredValue, of form: FieldForm, at path: DeclaredPath)
        -> DeclaredValue
    {
        switch value {
        case .list(let entries):
            var checked: [DeclaredValue] = []
            for entry in entries { checked.append(self.value(entry, as: form, at: path)) }
            return .list(checked)
        case .object:
            note("must be a list", at: path)
            return value
        default: return .list([self.value(value, as: form, at: path)])
        }
    }

    private mutating func map(_ value: DeclaredValue, at path: DeclaredPath) -> DeclaredValue {
        guard let members = value.object else {
            note("must be a map of keys to texts", at: path)
            return value
        }
        var checked: [String: DeclaredValue] = [:]
        for (name, member) in members { checked[name] = text(member, at: path.appending(name)) }
        return .object(checked)
    }

    private mutating func object(_ value: DeclaredValue, _ fields: [RecordField], at path: DeclaredPath)
        -> DeclaredValue
    {
        guard let members = value.object else {
            note("must be a map of keys to values", at: path)
            return value
        }
        var checked: [String: DeclaredValue] = [:]
        for (name, member) in members.sorted(by: { $0.key < $1.key }) {
            guard let field = fields.first(where: { $0.name == name }) else {
                problems.append(
                    item.problem(
                        DeclaredItem.unknown(name, among: fields.map(\.name)), at: path.appending(name)))
                continue
            }
            checked[name] = self.value(member, as: field.form, at: path.appending(name))
        }
        return .object(checked)
    }

    // MARK: Settings

    private mutating func settings(_ value: DeclaredValue, at path: DeclaredPath) -> DeclaredValue {
        guard let members = value.object else {
            note("must be a map of settings", at: path)
            return value
        }
        var checked: [String: DeclaredValue] = [:]
        for (name, member) in members.sorted(by: { $0.key < $1.key }) {
            let place = path.appending(name)
            do throws(InvalidSetting) {
                let definition = try SettingDefinition.settable(name)
                guard checked[definition.name] == nil else {
                    throw InvalidSetting("\(definition.name) is given twice")
                }
                checked[definition.name] = try setting(member, definition)
            } catch {
                problems.append(item.problem(error.sentence, at: place))
            }
        }
        return .object(checked)
    }

    private func setting(_ value: DeclaredValue, _ definition: SettingDefinition) throws(InvalidSetting)
        -> DeclaredValue
    {
        if definition.isSecret {
            guard value.text.map(RecordSettings.isHidden) == true else {
                throw InvalidSetting(
                    "\(definition.name) is secret, so files do not have its value: write \(RecordSettings.hidden) or leave it out, and set it with roost set"
                )
            }
            return value
        }
        return DeclaredValue(try definition.checked(settingValue(value, definition)))
    }

    private func settingValue(_ value: DeclaredValue, _ definition: SettingDefinition)
        throws(InvalidSetting) -> SettingValue
    {
        func texts(_ entries: [DeclaredValue]) throws(InvalidSetting) -> [String] {
            var texts: [String] = []
            for entry in entries {
                switch entry {
                case .list, .object:
                    throw InvalidSetting("\(definition.name): an entry is not text")
                default: texts.append(entry.plain)
                }
            }
            return texts
        }
        switch (value, definition.kind) {
        case (.list(let entries), .list): return .list(try texts(entries))
        case (.object(let members), .map):
            var map: [String: String] = [:]
            for (name, text) in zip(members.keys, try texts(Array(members.values))) { map[name] = text }
            return .map(map)
        case (.list, _), (.object, _):
            throw InvalidSetting("\(definition.name) is \(definition.kindDescription)")
        default: return try definition.value(fromText: value.plain)
        }
    }
}

extension DeclaredValue {
    /// As a person types it.
    fileprivate var plain: String {
        switch self {
        case .text(let text): text
        default: description
        }
    }

    package init(_ value: SettingValue) {
        self =
            switch value {
            case .text(let text): .text(text)
            case .integer(let number): .integer(number)
            case .boolean(let flag): .boolean(flag)
            case .list(let entries): .list(entries.map { .text($0) })
            case .map(let members): .object(members.mapValues { .text($0) })
            }
    }

    /// As a store keeps it; lists of what is no text as their words.
    package var settingValue: SettingValue {
        switch self {
        case .text(let text): .text(text)
        case .integer(let number): .integer(number)
        case .boolean(let flag): .boolean(flag)
        case .list(let entries): .list(entries.map { $0.text ?? $0.description })
        case .object: .text(description)
        }
    }
}

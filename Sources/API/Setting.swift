package import Fleet

/// One setting of a node with its origin.
package struct SettingAnswer: Codable, Sendable {
    package struct Layer: Codable, Sendable {
        package var origin: String
        package var value: SettingValue
    }

    package var name: String
    package var value: SettingValue
    package var origin: String
    package var hides: [Layer]
    /// When a change reaches the node: `enrolment`, `boot`, `init`, `running`.
    package var appliesAt: String

    package init(_ setting: EffectiveSetting) {
        let definition = setting.definition
        name = definition.name
        value = definition.redacted(setting.value)
        origin = setting.origin.description
        appliesAt = definition.phase.rawValue
        hides = setting.hidden.map {
            Layer(origin: $0.origin.description, value: definition.redacted($0.value))
        }
    }
}

/// The definition of a setting.
package struct SettingDefinitionAnswer: Codable, Sendable {
    package var name: String
    /// `text`, `choice`, `integer`, `boolean`, `list`, `map`.
    package var kind: String
    /// The values of a choice.
    package var choices: [String]?
    package var minimum: Int?
    package var maximum: Int?
    /// The unit of a number; empty if it has none.
    package var unit: String
    package var defaultValue: SettingValue
    package var summary: String
    package var appliesAt: String
    package var isSecret: Bool
    package var isSiteWide: Bool

    package init(_ definition: SettingDefinition) {
        name = definition.name
        defaultValue = definition.defaultValue
        unit = definition.unit
        summary = definition.summary
        appliesAt = definition.phase.rawValue
        isSecret = definition.isSecret
        isSiteWide = definition.isSiteWide
        switch definition.kind {
        case .text: kind = "text"
        case .choice(let words): (kind, choices) = ("choice", words)
        case .integer(let range): (kind, minimum, maximum) = ("integer", range.lowerBound, range.upperBound)
        case .boolean: kind = "boolean"
        case .list: kind = "list"
        case .map: kind = "map"
        }
    }
}

/// Changes to the settings of one level.
package struct SettingsChange: Codable, Sendable {
    /// A group's path, a node's name, `rule:` and a rule's name, or `image:` and an image or a version (`image:debian@3`): see ``SettingsTarget``.
    package var target: String
    package var set: [String: SettingValue]
    package var unset: [String]
    /// Entries to add to a list or map at this level.
    package var add: [String: SettingValue]
    /// Entries to remove from a list at this level; for a map, keys.
    package var remove: [String: [String]]

    package init(
        target: String, set: [String: SettingValue] = [:], unset: [String] = [],
        add: [String: SettingValue] = [:], remove: [String: [String]] = [:]
    ) {
        self.target = target
        self.set = set
        self.unset = unset
        self.add = add
        self.remove = remove
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        target = try fields.decode(String.self, forKey: .target)
        set = try fields.decodeIfPresent([String: SettingValue].self, forKey: .set) ?? [:]
        unset = try fields.decodeIfPresent([String].self, forKey: .unset) ?? []
        add = try fields.decodeIfPresent([String: SettingValue].self, forKey: .add) ?? [:]
        remove = try fields.decodeIfPresent([String: [String]].self, forKey: .remove) ?? [:]
    }
}

/// Where settings are changed. The names are not checked yet.
package enum SettingsTarget: Equatable, Sendable, CustomStringConvertible {
    case group(String), image(String), rule(String), node(String)

    private static let (rulePrefix, imagePrefix) = ("rule:", "image:")

    package init(_ text: String) {
        if text.hasPrefix("/") {
            self = .group(text)
        } else if text.hasPrefix(Self.rulePrefix) {
            self = .rule(String(text.dropFirst(Self.rulePrefix.count)))
        } else if text.hasPrefix(Self.imagePrefix) {
            self = .image(String(text.dropFirst(Self.imagePrefix.count)))
        } else {
            self = .node(text)
        }
    }

    package var description: String {
        switch self {
        case .group(let name), .node(let name): name
        case .rule(let name): Self.rulePrefix + name
        case .image(let name): Self.imagePrefix + name
        }
    }
}

extension SettingsChange {
    /// - Parameter assignments: each setting once.
    package init(target: String, _ assignments: [SettingAssignment], unset: [String] = []) throws {
        self.init(target: target, unset: unset)
        var seen = Set(unset)
        for assignment in assignments {
            let name = assignment.definition.name
            guard seen.insert(name).inserted else {
                throw InvalidSetting("\(name) is given twice (\(name)+=VALUE adds to a list)")
            }
            switch assignment.act {
            case .set(let value): set[name] = value
            case .add(let value): add[name] = value
            case .remove(let entries): remove[name] = entries
            }
        }
    }
}

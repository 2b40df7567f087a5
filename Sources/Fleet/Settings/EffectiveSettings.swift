/// Where a value was set, from the weakest to the strongest.
package enum SettingOrigin: Equatable, Sendable {
    case productDefault
    case group(GroupPath)
    /// An image's settings for all its nodes. They cannot include the image itself.
    case image(ImageName)
    /// Those of one version. They cannot include what decides which version it is.
    case version(ImageName, Int)
    case rule(RuleName)
    /// A kept file of the site or an image.
    case file(FileOrigin)
    case node(NodeName)
}

extension SettingOrigin: CustomStringConvertible {
    package var description: String { sentence.english }

    package var sentence: Sentence {
        switch self {
        case .productDefault: "default"
        case .image(let name): "image \(name)"
        case .version(let name, let number): "image \(name)@\(number)"
        case .group(let path): path == .site ? "site" : "group \(path)"
        case .rule(let name): "rule \(name)"
        case .file(let origin): Sentence(plain: origin.description)
        case .node(let name): "node \(name)"
        }
    }
}

/// One setting with its effective value for one node.
package struct EffectiveSetting: Equatable, Sendable {
    package var definition: SettingDefinition
    package var value: SettingValue
    /// The level of the value; for lists and maps, the last one that added to it.
    package var origin: SettingOrigin
    /// Weaker levels that also set it, strongest first, with their values.
    package var hidden: [Layer]

    package struct Layer: Equatable, Sendable {
        package var origin: SettingOrigin
        package var value: SettingValue
    }
}

/// The effective settings of a node: product default → site → groups downwards → image → its version → match rules → kept file of the site →
/// kept file of the image → node.
package struct EffectiveSettings: Sendable {
    /// One level with its settings.
    package typealias Level = (origin: SettingOrigin, settings: [String: SettingValue])

    let levels: [Level]

    /// `levels` from the weakest to the strongest.
    package init(levels: [Level]) { self.levels = levels }

    // MARK: Values

    /// A setting's effective value; throws when a level's value is unreadable.
    ///
    /// A value sealed with a key that this server does not have is ignored.
    package func value<Value>(of setting: Setting<Value>) throws(UnreadableSetting) -> Value {
        let definition = setting.definition
        var held: SettingValue?
        for level in levels {
            guard let value = level.settings[definition.name], !definition.isClosed(value) else { continue }
            guard definition.merge.takes(value) else {
                throw UnreadableSetting(definition, value, at: level.origin.of(definition.name))
            }
            held = definition.merge.combined(held ?? definition.defaultValue, value)
        }
        guard let held else { return setting.defaultValue }
        do throws(InvalidSetting) { return try setting.value(of: held) } catch {
            throw firstProblem(of: definition)
                ?? UnreadableSetting(definition, held, at: self[definition].origin)
        }
    }

    /// A setting's effective value; nil when unreadable.
    package subscript<Value>(setting: Setting<Value>) -> Value? { try? value(of: setting) }

    /// The level of a setting's value.
    package func origin<Value>(of setting: Setting<Value>) -> SettingOrigin {
        self[setting.definition].origin
    }

    /// The first unreadable setting that is used in booting.
    var firstBootProblem: UnreadableSetting? {
        var replaced: Set<String> = []
        for level in levels.reversed() {
            for (name, value) in level.settings.sorted(by: { $0.key < $1.key }) {
                guard let definition = SettingDefinition.named(name), definition.phase.isBoot,
                    !definition.isClosed(value), !replaced.contains(name)
                else { continue }
                if definition.merge == .replace { replaced.insert(name) }
                if definition.unreadability(value) != nil {
                    return UnreadableSetting(definition, value, at: level.origin.of(definition.name))
                }
            }
        }
        return nil
    }

    /// The strongest level with an unreadable value of `definition`.
    private func firstProblem(of definition: SettingDefinition) -> UnreadableSetting? {
        for level in levels.reversed() {
            guard let value = level.settings[definition.name], definition.unreadability(value) != nil,
                !definition.isClosed(value)
            else { continue }
            return UnreadableSetting(definition, value, at: level.origin.of(definition.name))
        }
        return nil
    }

    /// As if no level set any of `definitions`.
    func without(_ definitions: [SettingDefinition]) -> EffectiveSettings {
        let names = Set(definitions.map(\.name))
        return EffectiveSettings(
            levels: levels.map { level in (level.origin, level.settings.filter { !names.contains($0.key) }) })
    }

    // MARK: To be shown

    package subscript(definition: SettingDefinition) -> EffectiveSetting {
        var layers = [EffectiveSetting.Layer(origin: .productDefault, value: definition.defaultValue)]
        for level in levels {
            guard let value = level.settings[definition.name] else { continue }
            layers.append(EffectiveSetting.Layer(origin: level.origin.of(definition.name), value: value))
        }
        let value = layers.dropFirst().reduce(layers[0].value) {
            definition.merge.combined($0, $1.value)
        }
        return EffectiveSetting(
            definition: definition, value: value, origin: layers[layers.count - 1].origin,
            hidden: layers.dropLast().reversed())
    }

    /// The value without its origin, for comparing thousands of nodes.
    package func shown(_ definition: SettingDefinition) -> SettingValue {
        var value = definition.defaultValue
        for level in levels {
            if let stronger = level.settings[definition.name] {
                value = definition.merge.combined(value, stronger)
            }
        }
        return value
    }

    /// The value that applies, without those that were sealed with a key that this server does not have.
    func open(_ definition: SettingDefinition) -> SettingValue {
        levels.reduce(definition.defaultValue) { value, level in
            guard let stronger = level.settings[definition.name], !definition.isClosed(stronger) else {
                return value
            }
            return definition.merge.combined(value, stronger)
        }
    }

    /// Names of all settings that some level sets.
    var namesSet: Set<String> { levels.reduce(into: []) { $0.formUnion($1.settings.keys) } }

    /// All settings, and behind them the keys of namespaces that some level sets.
    package var definitions: [SettingDefinition] {
        SettingDefinition.all + SettingDefinition.keys(among: namesSet)
    }

    package var all: [EffectiveSetting] { definitions.map { self[$0] } }
}

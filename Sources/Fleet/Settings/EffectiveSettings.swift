/// Where a value was set.
package enum SettingOrigin: Equatable, Sendable {
    case productDefault
    case group(GroupPath)
    case rule(RuleName)
    case node(NodeName)
}

extension SettingOrigin: CustomStringConvertible {
    package var description: String {
        switch self {
        case .productDefault: "default"
        case .group(let path): path == .site ? "site" : "group \(path)"
        case .rule(let name): "rule \(name)"
        case .node(let name): "node \(name)"
        }
    }
}

/// One setting as it holds for one node.
package struct EffectiveSetting: Equatable, Sendable {
    package var definition: SettingDefinition
    package var value: SettingValue
    /// The level that the value comes from; for lists and maps the last that added to it.
    package var origin: SettingOrigin
    /// Weaker levels that also set it, strongest first, with what they said.
    package var hidden: [Layer]

    package struct Layer: Equatable, Sendable {
        package var origin: SettingOrigin
        package var value: SettingValue
    }
}

/// The settings that hold for a node: product default → site → groups downwards → match rules → node.
package struct EffectiveSettings: Sendable {
    /// One level with what it sets.
    package typealias Level = (origin: SettingOrigin, settings: [String: SettingValue])

    private let levels: [Level]

    /// `levels` from the weakest to the strongest.
    package init(levels: [Level]) { self.levels = levels }

    package subscript(definition: SettingDefinition) -> EffectiveSetting {
        var layers = [EffectiveSetting.Layer(origin: .productDefault, value: definition.defaultValue)]
        for level in levels {
            guard let value = level.settings[definition.name] else { continue }
            layers.append(EffectiveSetting.Layer(origin: level.origin, value: value))
        }
        let value = layers.dropFirst().reduce(layers[0].value) { combined(definition, $0, $1.value) }
        return EffectiveSetting(
            definition: definition, value: value, origin: layers[layers.count - 1].origin,
            hidden: layers.dropLast().reversed())
    }

    /// The value alone, without where it comes from: what thousands of nodes are compared by.
    package func value(of definition: SettingDefinition) -> SettingValue {
        var value = definition.defaultValue
        for level in levels {
            if let stronger = level.settings[definition.name] {
                value = combined(definition, value, stronger)
            }
        }
        return value
    }

    /// As if no level set any of `definitions`.
    func without(_ definitions: [SettingDefinition]) -> EffectiveSettings {
        let names = Set(definitions.map(\.name))
        return EffectiveSettings(
            levels: levels.map { level in (level.origin, level.settings.filter { !names.contains($0.key) }) })
    }

    /// Names of everything that some level sets.
    var namesSet: Set<String> { levels.reduce(into: []) { $0.formUnion($1.settings.keys) } }

    private func combined(
        _ definition: SettingDefinition, _ weaker: SettingValue, _ stronger: SettingValue
    ) -> SettingValue {
        switch (definition.kind, weaker, stronger) {
        // The console list has an order that is a whole: its last word is /dev/console.
        case (.list, .list(let first), .list(let second)) where definition != .console:
            .list(first + second.filter { !first.contains($0) })
        case (.map, .map(let first), .map(let second)): .map(first.merging(second) { $1 })
        default: stronger
        }
    }

    package var all: [EffectiveSetting] { SettingDefinition.all.map { self[$0] } }

    package func isOn(_ definition: SettingDefinition) -> Bool { value(of: definition) == .boolean(true) }

    package func text(_ definition: SettingDefinition) -> String {
        if case .text(let value) = value(of: definition) { value } else { "" }
    }

    package func integer(_ definition: SettingDefinition) -> Int {
        if case .integer(let value) = value(of: definition) { value } else { 0 }
    }

    package func list(_ definition: SettingDefinition) -> [String] {
        if case .list(let value) = value(of: definition) { value } else { [] }
    }

    package func map(_ definition: SettingDefinition) -> [String: String] {
        if case .map(let value) = value(of: definition) { value } else { [:] }
    }
}

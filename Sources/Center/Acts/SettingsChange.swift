import API
package import Fleet

extension SettingsChange {
    /// Settings after one level's changes.
    ///
    /// - Parameter inherited: the effective settings, for lists that a level sets as a whole.
    package func applied(to settings: [String: SettingValue], inheriting inherited: EffectiveSettings? = nil)
        throws
        -> [String: SettingValue]
    {
        var settings = settings
        for name in unset { settings[try SettingDefinition.settable(name).name] = nil }
        for (name, value) in set {
            let definition = try SettingDefinition.settable(name)
            let value = try definition.checked(value)
            if definition == Settings.rootPassword.definition {
                let hash = try ShadowPassword.hash(value.description)
                settings[Settings.rootPasswordHash.name] = .text(hash)
            } else {
                settings[definition.name] = value
            }
        }
        for (name, value) in add {
            let definition = try SettingDefinition.settable(name)
            // Lists set at other levels accumulate by themselves.
            let before =
                settings[definition.name]
                ?? (definition.merge == .replace ? inherited?.shown(definition) : nil)
            settings[definition.name] = try definition.checked(Self.sum(before, value, of: definition))
        }
        for (name, entries) in remove {
            let definition = try SettingDefinition.settable(name)
            guard let before = settings[definition.name] else { continue }
            settings[definition.name] = try definition.checked(
                Self.difference(before, entries, of: definition))
        }
        return settings
    }

    private static func sum(_ before: SettingValue?, _ more: SettingValue, of definition: SettingDefinition)
        throws -> SettingValue
    {
        switch (before ?? definition.empty, more) {
        case (.list(let old), .list(let new)): return .list(old + new.filter { !old.contains($0) })
        case (.map(let old), .map(let new)): return .map(old.merging(new) { $1 })
        default:
            throw InvalidSetting(
                "\(definition.name) is \(definition.kindDescription), to which nothing can be added: \(definition.name)=VALUE sets it"
            )
        }
    }

    private static func difference(
        _ before: SettingValue, _ entries: [String], of definition: SettingDefinition
    ) throws -> SettingValue {
        switch before {
        case .list(let old): return .list(old.filter { !entries.contains($0) })
        case .map(let old): return .map(old.filter { !entries.contains($0.key) })
        default:
            throw InvalidSetting(
                "\(definition.name) is \(definition.kindDescription): --unset \(definition.name) removes it"
            )
        }
    }
}

extension SettingDefinition {
    /// The value without entries; a text for kinds that have none.
    fileprivate var empty: SettingValue {
        switch kind {
        case .list: .list([])
        case .map: .map([:])
        default: .text("")
        }
    }
}

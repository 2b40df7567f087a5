/// The settings that there are, by their names.
package struct SettingRegistry: Sendable {
    /// Those of this program.
    package static let standard = SettingRegistry(
        Settings.all, typed: [Settings.rootPassword.definition], namespaces: Settings.namespaces)

    /// Every setting there is, in the order in which they are shown.
    package let all: [SettingDefinition]
    /// What people type under another name than it is kept under.
    private let typed: [SettingDefinition]
    private let namespaces: [String: SettingNamespace]
    private let byName: [String: SettingDefinition]
    /// The name that a setting has now, of each that it had before.
    let formerNames: [String: String]

    init(_ all: [SettingDefinition], typed: [SettingDefinition] = [], namespaces: [SettingNamespace] = []) {
        self.all = all
        self.typed = typed
        self.namespaces = Dictionary(uniqueKeysWithValues: namespaces.map { ($0.prefix, $0) })
        byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
        formerNames = Dictionary(
            uniqueKeysWithValues: all.flatMap { setting in setting.formerNames.map { ($0, setting.name) } })
    }

    /// The setting of that name, or of a name that it had before.
    package func named(_ name: String) -> SettingDefinition? {
        if let definition = byName[formerNames[name] ?? name] { return definition }
        return try? inNamespace(name)
    }

    /// What can be set under this name, or why nothing can: settings, and what is kept under another name.
    package func settable(_ name: String) throws(InvalidSetting) -> SettingDefinition {
        if let definition = typed.first(where: { $0.name == name }) ?? byName[formerNames[name] ?? name] {
            return definition
        }
        if let definition = try inNamespace(name) { return definition }
        let meant = NearestName.of(name, among: all.map(\.name))
        throw InvalidSetting(
            "there is no setting ‘\(name)’" + (meant.map { "; did you mean ‘\($0)’?" } ?? "")
                + " (roost set --list shows all)")
    }

    /// Nil for a name without a namespace that there is; throws where that does not take the key.
    private func inNamespace(_ name: String) throws(InvalidSetting) -> SettingDefinition? {
        guard let dot = name.firstIndex(of: "."), let namespace = namespaces[String(name[..<dot])] else {
            return nil
        }
        return try namespace.definition(String(name[name.index(after: dot)...]))
    }
}

/// Settings whose keys are free below a prefix, as in `lts.SCREEN_07`: other people's words, which a level may set as they are.
package struct SettingNamespace: Sendable {
    /// Without the dot.
    package let prefix: String
    /// The setting of a key; throws why there can be none.
    package let definition: @Sendable (String) throws(InvalidSetting) -> SettingDefinition

    /// - Parameter setting: what a key means, by its full name; throws why it means nothing.
    init<Value>(
        _ prefix: String,
        _ setting:
            @escaping @Sendable (_ key: String, _ name: String) throws(InvalidSetting) -> Setting<Value>
    ) {
        self.prefix = prefix
        definition = { key throws(InvalidSetting) in try setting(key, "\(prefix).\(key)").definition }
    }

    /// Its keys of those that a level sets.
    package func keys(of settings: [String: SettingValue]) -> [String] {
        settings.keys.filter { $0.hasPrefix("\(prefix).") }.map { String($0.dropFirst(prefix.count + 1)) }
            .sorted()
    }
}

extension SettingDefinition {
    /// Every setting there is, in the order in which they are shown.
    package static var all: [SettingDefinition] { SettingRegistry.standard.all }

    /// The setting of that name, or of a name that it had before.
    package static func named(_ name: String) -> SettingDefinition? { SettingRegistry.standard.named(name) }

    /// What can be set under this name, or why nothing can.
    package static func settable(_ name: String) throws(InvalidSetting) -> SettingDefinition {
        try SettingRegistry.standard.settable(name)
    }

    /// Names of the settings whose values are never shown.
    package static let secretNames: [String] = all.filter(\.isSecret).map(\.name)
    /// Names of the settings that a store keeps sealed: the secret ones, and the nodes' files, which may be keys.
    package static let sealedNames: [String] = all.filter(\.isSealed).map(\.name)
}

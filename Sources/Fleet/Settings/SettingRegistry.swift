import Synchronization

/// All settings, by name.
package struct SettingRegistry: Sendable {
    /// The settings of this program.
    package static let standard = SettingRegistry(
        Settings.all, typed: [Settings.rootPassword.definition], namespaces: Settings.namespaces)

    /// All settings, in display order.
    package let all: [SettingDefinition]
    /// Typed under one name and stored under another.
    private let typed: [SettingDefinition]
    private let namespaces: [String: SettingNamespace]
    private let byName: [String: SettingDefinition]
    /// The present name for each former name.
    let formerNames: [String: String]

    init(_ all: [SettingDefinition], typed: [SettingDefinition] = [], namespaces: [SettingNamespace] = []) {
        self.all = all
        self.typed = typed
        self.namespaces = Dictionary(uniqueKeysWithValues: namespaces.map { ($0.prefix, $0) })
        byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
        formerNames = Dictionary(
            uniqueKeysWithValues: all.flatMap { setting in setting.formerNames.map { ($0, setting.name) } })
    }

    /// The setting with that name or former name.
    package func named(_ name: String) -> SettingDefinition? {
        if let definition = byName[formerNames[name] ?? name] { return definition }
        return try? inNamespace(name)
    }

    /// The definition that can be set under this name: a setting, or one stored under another name; throws why there is none.
    package func settable(_ name: String) throws(InvalidSetting) -> SettingDefinition {
        if let definition = typed.first(where: { $0.name == name }) ?? byName[formerNames[name] ?? name] {
            return definition
        }
        if let definition = try inNamespace(name) { return definition }
        let meant = NearestName.of(name, among: all.map(\.name))
        guard let meant else {
            throw InvalidSetting("there is no setting ‘\(name)’ (roost set --list shows all)")
        }
        throw InvalidSetting(
            "there is no setting ‘\(name)’; did you mean ‘\(meant)’? (roost set --list shows all)")
    }

    /// Nil for a name without a known namespace; throws if the namespace refuses the key.
    private func inNamespace(_ name: String) throws(InvalidSetting) -> SettingDefinition? {
        guard let dot = name.firstIndex(of: "."), let namespace = namespaces[String(name[..<dot])] else {
            return nil
        }
        return try namespace.definition(String(name[name.index(after: dot)...]))
    }
}

/// Settings with free keys below a prefix, as in `lts.SCREEN_07`: words of other programs that a level may set unchanged.
package struct SettingNamespace: Sendable {
    /// Without the dot.
    package let prefix: String
    /// The setting of a key; throws why the key is invalid.
    package let definition: @Sendable (String) throws(InvalidSetting) -> SettingDefinition

    /// - Parameter setting: the meaning of a key, by its full name; throws if it has none.
    init<Value>(
        _ prefix: String,
        _ setting:
            @escaping @Sendable (_ key: String, _ name: String) throws(InvalidSetting) -> Setting<Value>
    ) {
        self.prefix = prefix
        let known = KnownSettings()
        definition = { key throws(InvalidSetting) in
            if let definition = known[key] { return definition }
            let definition = try setting(key, "\(prefix).\(key)").definition
            known[key] = definition
            return definition
        }
    }
}

/// The settings of a namespace that were asked for: making one takes longer than all that is done with it, and ten thousand nodes have
/// the same.
private final class KnownSettings: Sendable {
    private static let countLimit = 10_000
    private let byKey = Mutex<[String: SettingDefinition]>([:])

    subscript(key: String) -> SettingDefinition? {
        get { byKey.withLock { $0[key] } }
        set {
            byKey.withLock { byKey in
                if byKey.count >= Self.countLimit { byKey.removeAll() }
                byKey[key] = newValue
            }
        }
    }
}

extension SettingDefinition {
    /// All settings, in display order.
    package static var all: [SettingDefinition] { SettingRegistry.standard.all }

    /// Those with the names, in display order; keys of namespaces last.
    static func among(_ names: Set<String>) -> [SettingDefinition] {
        all.filter { names.contains($0.name) } + keys(among: names)
    }

    /// The keys of namespaces among the names, in their order.
    package static func keys(among names: Set<String>) -> [SettingDefinition] {
        names.filter { $0.contains(".") }.sorted().compactMap { named($0) }
    }

    /// The setting with that name or former name.
    package static func named(_ name: String) -> SettingDefinition? { SettingRegistry.standard.named(name) }

    /// The definition that can be set under this name; throws why there is none.
    package static func settable(_ name: String) throws(InvalidSetting) -> SettingDefinition {
        try SettingRegistry.standard.settable(name)
    }

    private static let secretNames = Set(all.filter(\.isSecret).map(\.name))
    /// Settings whose values a store seals, without those of namespaces.
    package static let sealedNames = Set(all.filter(\.isSealed).map(\.name))

    /// Whether the values of a setting are never shown.
    package static func isSecret(_ name: String) -> Bool {
        secretNames.contains(name) || name.contains(".") && named(name)?.isSecret == true
    }

    /// Whether a store seals a setting: secrets, the nodes' files, which may be keys, and variables of LTSP.
    package static func isSealed(_ name: String) -> Bool {
        sealedNames.contains(name) || name.contains(".") && named(name)?.isSealed == true
    }

    /// With what the names of settings begin that a store seals: whole names, and prefixes of namespaces.
    package static let sealedBeginnings: [String] =
        sealedNames.sorted().map { "\($0)\"" } + Settings.namespaces.map { "\($0.prefix)." }
        + [KeptFile.sealedBeginning, AppliedRecord.sealedBeginning]
}

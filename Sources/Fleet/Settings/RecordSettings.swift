/// The settings of a record by their names. Secrets are encoded as `(set)`. An encoder with ``revealsSecrets`` writes them in clear: that of
/// the command line, which sends what was typed there, and that of the API's entity tags. One with a ``SettingSealer`` seals them: the store's.
@propertyWrapper package struct RecordSettings: Equatable, Sendable {
    /// What stands for a secret wherever it is shown; as an answer it means that the secret stays what it is.
    package static let hidden = SettingValue.text("(set)")
    /// `userInfo` of an encoder that writes secrets in clear.
    package static let revealsSecrets = CodingUserInfoKey.revealsSecrets

    /// `userInfo` of coders that seal and open: a ``SettingSealer``.
    package static let sealer = CodingUserInfoKey.settingSealer

    package var wrappedValue: [String: SettingValue]

    package init(wrappedValue: [String: SettingValue]) { self.wrappedValue = wrappedValue }

    /// The settings as people may see them.
    package static func redacted(_ settings: [String: SettingValue]) -> [String: SettingValue] {
        var shown = settings
        for name in SettingDefinition.secretNames where shown[name] != nil { shown[name] = hidden }
        return shown
    }

    /// What is meant by settings that come back from where they were shown.
    ///
    /// - Parameter stored: what they are now.
    package static func merged(_ settings: [String: SettingValue], into stored: [String: SettingValue]?)
        -> [String: SettingValue]
    {
        var settings = settings
        for name in SettingDefinition.secretNames where settings[name] == hidden {
            settings[name] = stored?[name]
        }
        return settings
    }

    /// Characters of all settings of one level together.
    private static let lengthLimit = 1 << 20

    /// The settings of one level as they are kept; throws what is wrong with them.
    ///
    /// - Parameter before: what the level has now; what stays is not looked at again.
    static func checked(
        _ settings: [String: SettingValue], since before: [String: SettingValue]?, isSite: Bool = false
    ) throws -> [String: SettingValue] {
        var checked = settings
        var length = 0
        for (name, value) in settings {
            length += value.description.utf8.count
            // What is there already stays, whatever rules came later, and also where its secret is lost and it cannot be read.
            guard before?[name] != value else { continue }
            guard let definition = SettingDefinition.named(name) else {
                throw InvalidSetting("there is no setting ‘\(name)’ (roost set --list shows all)")
            }
            guard isSite || !definition.isSiteWide else {
                throw InvalidSetting("\(name) can only be set for the whole site")
            }
            checked[name] = try definition.checked(value)
            if let problem = definition.newProblem(value.without(before?[name])) {
                throw InvalidSetting("\(name): \(problem)")
            }
        }
        guard length <= lengthLimit else {
            throw InvalidSetting("the settings of one level may be \(lengthLimit >> 10) KiB together")
        }
        return checked
    }
}

extension RecordSettings: Codable {
    package init(from decoder: any Decoder) throws {
        wrappedValue = try decoder.singleValueContainer().decode([String: SettingValue].self)
        for (former, name) in SettingRegistry.standard.formerNames {
            guard let value = wrappedValue.removeValue(forKey: former), wrappedValue[name] == nil else {
                continue
            }
            wrappedValue[name] = value
        }
        guard let sealer = decoder.userInfo[Self.sealer] as? SettingSealer else { return }
        for name in SettingDefinition.sealedNames {
            if let value = wrappedValue[name] { wrappedValue[name] = sealer.open(value) }
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let sealer = encoder.userInfo[Self.sealer] as? SettingSealer {
            var settings = wrappedValue
            for name in SettingDefinition.sealedNames {
                if let value = settings[name] { settings[name] = try sealer.seal(value) }
            }
            return try container.encode(settings)
        }
        let isRevealed = encoder.userInfo[Self.revealsSecrets] as? Bool == true
        try container.encode(isRevealed ? wrappedValue : Self.redacted(wrappedValue))
    }
}

/// How a store keeps settings with secrets in them.
package struct SettingSealer: Sendable {
    /// The same value always becomes the same one. What is sealed already stays as it is.
    package var seal: @Sendable (SettingValue) throws -> SettingValue
    /// What was not sealed, or cannot be opened, stays as it is.
    package var open: @Sendable (SettingValue) -> SettingValue

    package init(
        seal: @escaping @Sendable (SettingValue) throws -> SettingValue,
        open: @escaping @Sendable (SettingValue) -> SettingValue
    ) {
        self.seal = seal
        self.open = open
    }
}

extension CodingUserInfoKey {
    fileprivate static let revealsSecrets = named("roost.reveals-secrets")
    fileprivate static let settingSealer = named("roost.setting-sealer")

    private static func named(_ name: String) -> CodingUserInfoKey {
        guard let key = CodingUserInfoKey(rawValue: name) else { preconditionFailure("every text is a key") }
        return key
    }
}

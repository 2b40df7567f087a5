/// A record's settings by name. Secrets are encoded as `(set)`. An encoder with ``revealsSecrets`` writes them in clear: the command
/// line's, which sends what was typed, and the one for the API's entity tags. An encoder with a ``SettingSealer`` seals them: the store's.
@propertyWrapper package struct RecordSettings: Equatable, Sendable {
    /// The placeholder that is shown for a secret; when it is sent back, the secret stays unchanged.
    package static let hidden = SettingValue.text("(set)")
    /// Whether a form's field for a secret was sent back as it was shown.
    package static func isHidden(_ text: String) -> Bool { .text(text) == hidden }

    /// The `userInfo` key of an encoder that writes secrets in clear.
    package static let revealsSecrets = CodingUserInfoKey.revealsSecrets

    /// The `userInfo` key of coders that seal and open: a ``SettingSealer``.
    package static let sealer = CodingUserInfoKey.settingSealer

    package var wrappedValue: [String: SettingValue]

    package init(wrappedValue: [String: SettingValue]) { self.wrappedValue = wrappedValue }

    /// The settings with secrets hidden.
    package static func redacted(_ settings: [String: SettingValue]) -> [String: SettingValue] {
        var shown = settings
        for name in settings.keys where SettingDefinition.isSecret(name) { shown[name] = hidden }
        return shown
    }

    /// The meaning of settings that were shown and come back.
    ///
    /// - Parameter stored: their present values.
    package static func merged(_ settings: [String: SettingValue], into stored: [String: SettingValue]?)
        -> [String: SettingValue]
    {
        var merged = settings
        for (name, value) in settings where value == hidden && SettingDefinition.isSecret(name) {
            merged[name] = stored?[name]
        }
        return merged
    }

    /// The maximum characters of all settings of one level.
    private static let lengthLimit = 1 << 20

    /// The settings of one level as stored; throws if they are invalid.
    ///
    /// - Parameter before: the level's present settings; unchanged ones are not checked again.
    static func checked(
        _ settings: [String: SettingValue], since before: [String: SettingValue]?, isSite: Bool = false
    ) throws -> [String: SettingValue] {
        var checked = settings
        var length = 0
        for (name, value) in settings {
            length += value.description.utf8.count
            // Present values stay, even if later rules forbid them, or their secret is lost and they are unreadable.
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
            throw InvalidSetting("the settings of one level have at most \(lengthLimit >> 10) KiB together")
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
        for (name, value) in wrappedValue where SettingDefinition.isSealed(name) {
            wrappedValue[name] = sealer.open(value)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let sealer = encoder.userInfo[Self.sealer] as? SettingSealer {
            var settings = wrappedValue
            for (name, value) in wrappedValue where SettingDefinition.isSealed(name) {
                settings[name] = try sealer.seal(value)
            }
            return try container.encode(settings)
        }
        let isRevealed = encoder.userInfo[Self.revealsSecrets] as? Bool == true
        try container.encode(isRevealed ? wrappedValue : Self.redacted(wrappedValue))
    }
}

extension SettingDefinition {
    /// `value` as people see it: of a secret, only whether it is set.
    package func redacted(_ value: SettingValue) -> SettingValue {
        isSecret && value != defaultValue ? RecordSettings.hidden : value
    }
}

/// How a store keeps settings with secrets.
package struct SettingSealer: Sendable {
    /// Deterministic: equal values have equal results. Sealed values stay unchanged.
    package var seal: @Sendable (SettingValue) throws -> SettingValue
    /// Values that are not sealed, or cannot be opened, stay unchanged.
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

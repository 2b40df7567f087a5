/// The settings of a record by their names. Secrets are encoded as `(set)`. Only an encoder with ``revealsSecrets`` writes them in clear:
/// the store's, and that of the command line, which sends what was typed there.
@propertyWrapper package struct RecordSettings: Equatable, Sendable {
    /// What stands for a secret wherever it is shown; as an answer it means that the secret stays what it is.
    package static let hidden = SettingValue.text("(set)")
    /// `userInfo` of an encoder that writes secrets in clear.
    package static let revealsSecrets = CodingUserInfoKey.revealsSecrets

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
}

extension RecordSettings: Codable {
    package init(from decoder: any Decoder) throws {
        wrappedValue = try decoder.singleValueContainer().decode([String: SettingValue].self)
    }

    package func encode(to encoder: any Encoder) throws {
        let isRevealed = encoder.userInfo[Self.revealsSecrets] as? Bool == true
        var container = encoder.singleValueContainer()
        try container.encode(isRevealed ? wrappedValue : Self.redacted(wrappedValue))
    }
}

extension CodingUserInfoKey {
    fileprivate static let revealsSecrets: CodingUserInfoKey = {
        guard let key = CodingUserInfoKey(rawValue: "roost.reveals-secrets") else {
            preconditionFailure("every text is a key")
        }
        return key
    }()
}

extension SettingDefinition {
    /// Names of the settings whose values are never shown.
    package static let secretNames: [String] = all.filter(\.isSecret).map(\.name)
}

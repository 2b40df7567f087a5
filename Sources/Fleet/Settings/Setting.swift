/// One setting: its name, its values, and how they are parsed, checked and merged. ``Settings`` has them all.
///
/// The store, the API and forms hold a ``SettingValue``. ``EffectiveSettings`` returns a value of this type for it, or an error that names
/// the setting and its level.
package struct Setting<Value: Equatable & Sendable>: Sendable {
    /// Everything except the type of its values.
    package let definition: SettingDefinition
    /// The value when no level sets it.
    package let defaultValue: Value
    private let form: SettingForm<Value>

    /// - Parameters:
    ///   - formerly: former names, still accepted from people and files.
    ///   - phase: when a change reaches a node.
    ///   - summary: its effect, in one line; pages have translations.
    ///   - unit: the unit of a number.
    ///   - isSecret: whether only its presence is shown.
    ///   - isSealed: whether a store keeps it sealed; secrets always are.
    ///   - isSiteWide: whether groups, rules and nodes cannot set it.
    init(
        _ name: String, formerly: [String] = [], _ form: SettingForm<Value>, _ defaultValue: Value,
        at phase: SettingDefinition.Phase, _ summary: String, unit: String = "", isSecret: Bool = false,
        isSealed: Bool = false, isSiteWide: Bool = false
    ) {
        self.form = form
        self.defaultValue = defaultValue
        definition = SettingDefinition(
            name: name, formerNames: formerly, kind: form.kind, merge: form.merge, notation: form.notation,
            defaultValue: form.write(defaultValue), summary: summary, unit: unit, phase: phase,
            isSecret: isSecret, isSealed: isSecret || isSealed, isSiteWide: isSiteWide,
            unreadability: { stored in
                do throws(InvalidSetting) { _ = try form.read(stored) } catch { return error.sentence }
                return nil
            },
            problem: { stored in
                do throws(InvalidSetting) { return form.problem(try form.read(stored)) } catch {
                    return error.sentence
                }
            },
            newProblem: { stored in
                guard let value = try? form.read(stored) else { return nil }
                return form.flaw(value)
            })
    }

    package var name: String { definition.name }

    /// Parses a stored or typed value; the error does not contain the setting's name.
    package func value(of stored: SettingValue) throws(InvalidSetting) -> Value { try form.read(stored) }

    /// `value` as stored.
    package func stored(_ value: Value) -> SettingValue { form.write(value) }
}

extension [String: SettingValue] {
    /// Sets a setting of a level.
    package mutating func set<Typed>(_ setting: Setting<Typed>, to value: Typed) {
        self[setting.name] = setting.stored(value)
    }
}

/// How the levels that set a setting combine.
package enum MergeRule: Sendable {
    /// The strongest level's value replaces all others.
    case replace
    /// Levels add entries, starting with the weakest; duplicates are removed.
    case append
    /// Levels add keys; a stronger level's value for a key wins.
    case byKey

    /// The effective value of `stronger` over `weaker`. Values of different kinds cannot be merged.
    func combined(_ weaker: SettingValue, _ stronger: SettingValue) -> SettingValue {
        switch (self, weaker, stronger) {
        case (.append, .list(let first), .list(let second)):
            .list(first + second.filter { !first.contains($0) })
        case (.byKey, .map(let first), .map(let second)): .map(first.merging(second) { $1 })
        default: stronger
        }
    }

    /// Whether `value` can be merged with those of other levels.
    func takes(_ value: SettingValue) -> Bool {
        switch (self, value) {
        case (.replace, _), (.append, .list), (.byKey, .map): true
        default: false
        }
    }
}

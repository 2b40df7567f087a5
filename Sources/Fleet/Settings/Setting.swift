/// One setting: its name, what its values are, and how they are read, checked and joined. ``Settings`` has them all.
///
/// What the store, the API and forms hold is a ``SettingValue``. Who asks ``EffectiveSettings`` by one of these gets a value of its type,
/// or an error that names the setting and where it is set.
package struct Setting<Value: Equatable & Sendable>: Sendable {
    /// All of it but the type of its values.
    package let definition: SettingDefinition
    /// What holds where no level sets it.
    package let defaultValue: Value
    private let form: SettingForm<Value>

    /// - Parameters:
    ///   - formerly: names that it had before, as people and files may still have them.
    ///   - phase: when a change reaches a node.
    ///   - summary: what it does, in one line; pages have it in their languages.
    ///   - unit: what a number counts.
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
                do throws(InvalidSetting) { _ = try form.read(stored) } catch { return error.description }
                return nil
            },
            problem: { stored in
                do throws(InvalidSetting) { return form.problem(try form.read(stored)) } catch {
                    return error.description
                }
            },
            newProblem: { stored in
                guard let value = try? form.read(stored) else { return nil }
                return form.flaw(value)
            })
    }

    package var name: String { definition.name }

    /// Reads what is stored or typed; throws what is wrong with it, without the setting's name.
    package func value(of stored: SettingValue) throws(InvalidSetting) -> Value { try form.read(stored) }

    /// `value` as it is stored.
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
    /// The strongest level's value is the whole value.
    case replace
    /// Levels add entries, the weakest level's first; an entry that comes again is kept once.
    case append
    /// Levels add keys; a stronger level's value for a key wins.
    case byKey

    /// What holds when `stronger` is set over `weaker`. What is not of one kind cannot be joined.
    func combined(_ weaker: SettingValue, _ stronger: SettingValue) -> SettingValue {
        switch (self, weaker, stronger) {
        case (.append, .list(let first), .list(let second)):
            .list(first + second.filter { !first.contains($0) })
        case (.byKey, .map(let first), .map(let second)): .map(first.merging(second) { $1 })
        default: stronger
        }
    }

    /// Whether `value` can be joined with those of other levels.
    func takes(_ value: SettingValue) -> Bool {
        switch (self, value) {
        case (.replace, _), (.append, .list), (.byKey, .map): true
        default: false
        }
    }
}

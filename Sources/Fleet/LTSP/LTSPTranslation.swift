/// What variables of the old files become here: settings, as far as there are any.
package struct LTSPTranslation: Equatable, Sendable {
    /// What becomes of a variable, in one word.
    package enum Fate: String, Sendable, Codable, CaseIterable {
        /// With the same effect.
        case taken
        /// As something else with the same effect.
        case translated
        /// There is no setting for it yet: the node gets the variable itself.
        case kept
        /// The value does not fit.
        case notTaken = "not taken"
        /// It has no meaning here; the node gets the variable itself.
        case recorded
        /// It has no use here.
        case dropped
    }

    package var fate: Fate
    /// `time-zone=Europe/Lisbon`, or why it is not taken.
    package var text: String
    package var settings: [String: SettingValue] = [:]

    /// - Parameters:
    ///   - images: the names of the images that may be set; nil: any.
    ///   - others: of the same machine, for variables that belong together.
    package init(
        _ variable: LTSPVariable, in dialect: LTSPVariableKind.Dialect, images: Set<String>? = nil,
        others: [LTSPVariable] = []
    ) {
        (fate, text) = (.recorded, Self.strangerText(variable.name, in: dialect))
        guard let kind = LTSPVariableKind.of(variable.name, in: dialect) else {
            keep(variable, in: dialect)
            return
        }
        if let logIn = LTSPLogIn(variable, in: dialect, others: others) {
            take(logIn, variable, in: dialect, kind)
            return
        }
        switch kind.treatment {
        case .recorded:
            text = "it has no meaning here (\(kind.subject))"
            keep(variable, in: dialect)
        case .dropped: (fate, text) = (.dropped, "it has no use here (\(kind.subject))")
        case .same, .translated:
            guard let setting = kind.setting else {
                (fate, text) = (.kept, "there is no setting for it yet (\(kind.subject))")
                keep(variable, in: dialect)
                return
            }
            fate = kind.treatment == .same ? .taken : .translated
            guard setting != "name" else {
                text = "the node’s name"
                return
            }
            do throws(InvalidSetting) {
                guard let definition = SettingDefinition.named(setting) else {
                    throw InvalidSetting("there is no setting ‘\(setting)’ (roost set --list shows all)")
                }
                let own = try LTSPStepValue(variable, in: dialect, others: others)
                let wanted =
                    if let own { own.value } else {
                        try Self.value(of: variable, in: dialect, images: images)
                    }
                guard let value = wanted else {
                    text = "nothing is set: that is so without it"
                    return
                }
                let checked = try definition.checked(value)
                if let problem = definition.newProblem(checked) {
                    throw InvalidSetting("\(setting): \(problem)")
                }
                settings = [setting: checked]
                // Commands and the like may have passwords in them.
                text = own == nil ? "\(setting)=\(definition.typed(checked))" : "\(setting)=\(checked.names)"
            } catch  where LTSPStepValue.settings.contains(setting) {
                let isCommand = [Settings.commands.name, Settings.cron.name].contains(setting)
                let reason = isCommand ? "its value does not fit" : error.description
                (fate, text) = (.kept, "\(setting): \(reason)")
                keep(variable, in: dialect)
            } catch { (fate, text) = (.notTaken, error.description) }
        }
    }

    /// Of a variable that is in no table: a slip of the pen, or one of the site’s own.
    private static func strangerText(_ name: String, in dialect: LTSPVariableKind.Dialect) -> String {
        let number = name.split(separator: "_").dropFirst().first.map(String.init) ?? ""
        if dialect == .lts, name.hasPrefix("SCREEN_"), number.utf8.count == 1,
            number.utf8.allSatisfy(\.isDecimal)
        {
            return "screens have two digits: SCREEN_0\(number)"
        }
        let other: LTSPVariableKind.Dialect = dialect == .lts ? .ltsp : .lts
        return LTSPVariableKind.of(name, in: other) == nil
            ? "no variable of LTSP has this name" : "it is a variable of \(other.rawValue) only"
    }

    /// Sets the variable itself. The report does not have the value: it may be a password.
    private mutating func keep(_ variable: LTSPVariable, in dialect: LTSPVariableKind.Dialect) {
        let name = dialect.setting(variable.name)
        do throws(InvalidSetting) {
            let definition = try SettingDefinition.settable(name)
            settings = [name: try definition.checked(.text(variable.value))]
            text = "\(name): \(text)"
        } catch { (fate, text) = (.notTaken, error.description) }
    }

    /// Settings beside the variable, or why there are none.
    private mutating func take(
        _ logIn: LTSPLogIn, _ variable: LTSPVariable, in dialect: LTSPVariableKind.Dialect,
        _ kind: LTSPVariableKind
    ) {
        (fate, text) = (.kept, logIn.hint ?? "it sets nothing here by itself (\(kind.subject))")
        keep(variable, in: dialect)
        guard fate == .kept, !logIn.settings.isEmpty else { return }
        var checked: [String: SettingValue] = [:]
        do throws(InvalidSetting) {
            for (name, value) in logIn.settings {
                checked[name] = try SettingDefinition.settable(name).checked(value)
            }
            settings.merge(checked) { $1 }
            fate = .translated
            text = checked.keys.sorted().map { "\($0)=\(checked[$0]?.names ?? "")" }.joined(separator: ", ")
        } catch { text = "\(dialect.setting(variable.name)): \(error.description)" }
    }

    /// Nil where the variable asks for what is so anyway.
    private static func value(
        of variable: LTSPVariable, in dialect: LTSPVariableKind.Dialect, images: Set<String>?
    ) throws(InvalidSetting) -> SettingValue? {
        let value = variable.value
        if value.utf8.contains(0x0D) { throw InvalidSetting("the value has a carriage return in it") }
        if value.isEmpty { return nil }
        switch variable.name {
        case "TIMEZONE": return .text(value)
        case "USE_LOCAL_SWAP": return isTrue(value) ? .list(["disk"]) : nil
        case "LOCAL_SWAP": return value != "0" ? .list(["disk"]) : nil
        case "COMPCACHE": return isTrue(value) || value.first?.isNumber == true ? .list(["zram:50%"]) : nil
        // A file of 512 MB is what nbdswapd makes.
        case "NBD_SWAP": return isTrue(value) ? .list(["server:512M"]) : nil
        case "IMAGE_TO_RAM": return value != "0" ? .text("ram") : nil
        case "KERNEL_PARAMETERS": return .list(value.split(whereSeparator: \.isWhitespace).map(String.init))
        case "DEFAULT_IMAGE":
            if let images, !images.contains(value) {
                throw InvalidSetting("there is no image ‘\(value)’ (roost image list shows all)")
            }
            return .text(value)
        default:
            guard variable.name.hasPrefix("HOSTS_") else {
                throw InvalidSetting("there is no setting for it yet")
            }
            let words = value.split(whereSeparator: \.isWhitespace)
            guard words.count > 1 else { throw InvalidSetting("a line of hosts is ADDRESS NAME …") }
            return .map([String(words[0]): words.dropFirst().joined(separator: " ")])
        }
    }

    /// The truth of LTSP 5: neither `1` nor `on` nor `t`.
    static func isTrue(_ value: String) -> Bool {
        ["true", "y", "yes"].contains(value.lowercased())
    }

    /// The settings of several variables together; lists and maps grow.
    package static func settings(
        of variables: [LTSPVariable], in dialect: LTSPVariableKind.Dialect, images: Set<String>? = nil
    ) -> [String: SettingValue] {
        var settings: [String: SettingValue] = [:]
        // RCFILE_1 and RCFILE_01 would have one name: the one that runs first gets it.
        let families = dialect == .lts ? ["PREINIT_", "INIT_COMMAND_", "RCFILE_"] : []
        let others = variables.filter { variable in !families.contains { variable.name.hasPrefix($0) } }
        for variable in others + families.flatMap(variables.inVersionOrder) {
            let translation = LTSPTranslation(variable, in: dialect, images: images, others: variables)
            for (name, value) in translation.settings {
                settings[name] = joined(
                    settings[name], LTSPStepValue.renamed(value, of: name, beside: settings[name]))
            }
        }
        return settings
    }

    static func joined(_ old: SettingValue?, _ new: SettingValue) -> SettingValue {
        switch (old, new) {
        case (.list(let old)?, .list(let new)): .list(old + new.filter { !old.contains($0) })
        case (.map(let old)?, .map(let new)): .map(old.merging(new) { $1 })
        default: new
        }
    }
}

import Wire

/// What a variable of the old files becomes in a setting of a node's steps: mounts, commands, services and the like.
struct LTSPStepValue {
    /// The settings that there are for such variables. A value that does not fit there stays with the variable.
    static let settings: Set<String> = [
        Settings.mounts.name, Settings.cron.name, Settings.nameServers.name, Settings.searchDomains.name,
        Settings.timeServers.name, Settings.syslog.name, Settings.modules.name, Settings.commands.name,
        Settings.services.name, Settings.keymap.name, Settings.locale.name,
    ]

    /// Nil where the variable asks for what is so anyway.
    let value: SettingValue?

    /// Nil for a variable that becomes something else.
    ///
    /// - Parameter others: of the same machine.
    init?(
        _ variable: LTSPVariable, in dialect: LTSPVariableKind.Dialect, others: [LTSPVariable]
    ) throws(InvalidSetting) {
        guard let kind = LTSPVariableKind.of(variable.name, in: dialect), let setting = kind.setting,
            Self.settings.contains(setting)
        else { return nil }
        let text = variable.value
        if text.utf8.contains(0x0D) { throw InvalidSetting("the value has a carriage return in it") }
        if text.isEmpty {
            value = nil
            return
        }
        switch variable.name {
        case "NFS_HOME": value = try Self.home(text, others)
        case "NFS_HOME_OPTIONS": value = nil
        case "DNS_SERVER", "SEARCH_DOMAIN": value = .list(Self.words(text))
        case "TIMESERVER":
            guard text.lowercased() != "auto" else {
                throw InvalidSetting("‘auto’ is the old server, which is not in the file")
            }
            value = .list(Self.words(text))
        case "SYSLOG_HOST", "CONSOLE_KEYMAP", "LANG": value = .text(text)
        case "BLACKLIST_MODULES": value = Self.each(text, "deny")
        case "KEEP_SYSTEM_SERVICES": value = Self.each(text, "keep")
        case "RM_SYSTEM_SERVICES", "DISABLE_SYSTEM_SERVICES": value = Self.each(text, "remove")
        case "MASK_SYSTEM_SERVICES": value = Self.each(text, "mask")
        default: value = try Self.ofFamily(variable.name, text)
        }
    }

    /// Variables with a number or a name of their own at the end.
    private static func ofFamily(_ name: String, _ text: String) throws(InvalidSetting) -> SettingValue {
        func rest(_ prefix: String) -> String? {
            name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : nil
        }
        if rest("FSTAB_") != nil { return try mount(text) }
        if let rest = rest("CRONTAB_") { return .map(["crontab-\(rest)": text]) }
        if rest("MODULE_") != nil {
            let words = fields(text)
            guard let module = words.first else { throw InvalidSetting("it names no module") }
            let options = words.dropFirst().joined(separator: " ")
            return .map([module: options.isEmpty ? "load" : options])
        }
        // The old programs ran these in the order of versions: 2 before 10.
        let families: [(String, String, StepPhase)] = [
            ("PREINIT_", "preinit", .beforeInit), ("INIT_COMMAND_", "init", .atInit),
            ("RCFILE_", "rcfile", .late),
        ]
        for (prefix, word, phase) in families {
            guard let rest = rest(prefix) else { continue }
            return .map(["\(word)-\(padded(rest))": "\(phase.rawValue) -- \(text)"])
        }
        // In the order of bytes, and both before init.
        if let rest = rest("PRE_INIT_") { return .map(["1-pre-init-\(rest)": "before-init -- \(text)"]) }
        if let rest = rest("POST_INIT_") { return .map(["2-post-init-\(rest)": "before-init -- \(text)"]) }
        throw InvalidSetting("there is no setting for it yet")
    }

    /// RCFILE_1 and RCFILE_01 are two commands, whose names must not be one.
    static func renamed(
        _ value: SettingValue, of setting: String, beside known: SettingValue?
    ) -> SettingValue {
        guard setting == Settings.commands.name, case .map(let new) = value, case .map(let old)? = known
        else {
            return value
        }
        return .map(
            Dictionary(new.map { old[$0] == nil || old[$0] == $1 ? ($0, $1) : ("\($0)-2", $1) }) { first, _ in
                first
            })
    }

    /// `DEVICE PLACE TYPE [OPTIONS [DUMP PASS]]`, as fstab(5) has it.
    private static func mount(_ text: String) throws(InvalidSetting) -> SettingValue {
        var fields = fields(text)
        guard fields.count >= 3 else {
            throw InvalidSetting("a line of fstab is DEVICE PLACE TYPE OPTIONS")
        }
        let place = fields.remove(at: 1)
        return .map([place: fields.joined(separator: " ")])
    }

    private static func home(_ text: String, _ others: [LTSPVariable]) throws(InvalidSetting) -> SettingValue
    {
        guard text.contains(":") else {
            throw InvalidSetting("it is on the old server, which is not in the file: SERVER:/home says which")
        }
        let options = others.first { $0.name == "NFS_HOME_OPTIONS" }?.value ?? ""
        return .map(["/home": "\(text) nfs \(options.isEmpty ? "defaults" : options)"])
    }

    private static func each(_ text: String, _ wish: String) -> SettingValue {
        .map(Dictionary(words(text).map { ($0, wish) }) { first, _ in first })
    }

    /// A part between blanks: options have commas in them.
    private static func fields(_ text: String) -> [String] {
        text.split(whereSeparator: \.isWhitespace).map(String.init)
    }

    private static func words(_ text: String) -> [String] {
        text.split { $0.isWhitespace || $0 == "," }.map(String.init)
    }

    /// A number at the beginning or the end with four digits, so that the order of names is that of versions. One within, as in
    /// `JOIN_K8S`, is a part of a word.
    private static func padded(_ name: String) -> String {
        func zeros(_ count: Int) -> String {
            count == 0 ? "" : String(repeating: "0", count: max(0, 4 - count))
        }
        func isDigit(_ character: Character) -> Bool { character.isASCII && character.isNumber }
        let first = name.prefix(while: isDigit)
        let rest = name.dropFirst(first.count)
        let last = rest.reversed().prefix(while: isDigit).count
        return zeros(first.count) + first + rest.dropLast(last) + zeros(last) + rest.suffix(last)
    }
}

extension SettingValue {
    /// The entries of a map by their names only.
    fileprivate var joinedNames: String? {
        if case .map(let entries) = self { entries.keys.sorted().joined(separator: ",") } else { nil }
    }

    /// For reports: what is set, without what it says where that may be a command.
    var names: String {
        if let joinedNames { return joinedNames }
        return switch self {
        case .list(let words): words.joined(separator: ",")
        case .text(let text): text
        default: ""
        }
    }
}

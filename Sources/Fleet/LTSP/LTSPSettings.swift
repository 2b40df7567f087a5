/// A variable of `lts.conf` or `ltsp.conf` that a level sets under its own name, as in `lts.SOUND`: what Roost has no setting for. The node
/// gets it, and nothing here runs it.
package struct LTSPValue: SettingWord {
    package let settingText: String

    package init(reading text: String) throws(InvalidSetting) {
        guard text.utf8.count <= LTSPLimit.valueByteCount else {
            throw InvalidSetting("a value has at most \(LTSPLimit.valueByteCount >> 10) KiB")
        }
        for byte in text.utf8 where byte < 0x20 && byte != 0x09 && byte != 0x0A || byte == 0x7F {
            throw InvalidSetting(
                byte == 0x0D ? "the value has a carriage return in it" : "the character \(byte) is in no text"
            )
        }
        settingText = text
    }
}

extension LTSPVariableKind.Dialect {
    /// The prefix of settings with names of this dialect, without the dot.
    package var namespace: String {
        switch self {
        case .lts: "lts"
        case .ltsp: "ltsp"
        }
    }

    /// Where a node finds the variables, below its root.
    var path: String {
        switch self {
        case .lts: "etc/lts.conf"
        case .ltsp: "etc/ltsp/ltsp.conf"
        }
    }

    /// Where scripts and units of a node find the same without a section, below its root.
    var environmentPath: String { "etc/roost/\(namespace).env" }

    /// The header of the section that every client reads.
    var header: String {
        switch self {
        case .lts: "[Default]"
        case .ltsp: "[common]"
        }
    }

    /// The name of a variable as a setting.
    package func setting(_ variable: String) -> String { "\(namespace).\(variable)" }

    /// - Parameter key: a variable's name.
    func setting(_ key: String, _ name: String) throws(InvalidSetting) -> Setting<LTSPValue> {
        guard key.isShellName, key.utf8.count <= 100, self == .ltsp || key == key.uppercased() else {
            throw InvalidSetting(
                self == .lts
                    ? "\(name): a variable has capitals, digits and _, at most 100"
                    : "\(name): a variable has letters, digits and _, at most 100")
        }
        return Setting(
            name, .word, LTSPValue.none, at: .initialisation,
            "A variable of LTSP that the node gets unchanged; empty: not this one",
            isSecret: LTSPVariableKind.isSecret(key), isSealed: true)
    }
}

extension LTSPValue {
    fileprivate static let none = LTSPValue()
    private init() { settingText = "" }
}

extension LTSPVariableKind {
    /// Whether a variable is a password or the like by its name. Commands may have secrets in them all the same, which is why all values are
    /// sealed in the store.
    package static func isSecret(_ variable: String) -> Bool {
        let name = variable.uppercased()
        return ["PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN"].contains { name.contains($0) }
    }

    /// Whether a value has a word in it that programs take for a secret: `--token X`, `password=X`.
    package static func hasSecret(_ value: String) -> Bool {
        let text = value.lowercased()
        return [
            "token", "password", "passwd", "passphrase", "secret", "private key", "pass=",
        ].contains { text.contains($0) }
    }

    /// Whether its value may only go to the machine that it is for.
    package static func isConfidential(_ variable: LTSPVariable) -> Bool {
        isSecret(variable.name) || hasSecret(variable.value)
    }
}

extension EffectiveSettings {
    /// The variables of a dialect that some level sets, in the order of their names. An empty one counts as not set, as in LTSP.
    package func variables(_ dialect: LTSPVariableKind.Dialect) -> [(name: String, value: String)] {
        let prefix = "\(dialect.namespace)."
        return namesSet.filter { $0.hasPrefix(prefix) }.sorted().compactMap { name in
            guard let definition = SettingDefinition.named(name), case .text(let value) = open(definition),
                !value.isEmpty
            else { return nil }
            return (String(name.dropFirst(prefix.count)), value)
        }
    }
}

/// Variables as text that getltscfg, a shell and systemd (EnvironmentFile=) read alike: `NAME="value"`, with a backslash before what acts
/// between quotation marks.
enum LTSPFileText {
    /// - Parameter header: of the section; nil: none, as in an environment file.
    static func of(
        _ variables: [(name: String, value: String)], header: String?, isOneLine: Bool
    ) -> String {
        var text =
            "# Made by Roost for this node at each boot; ‘roost node show’ says where each value is from.\n"
        if let header { text += "\(header)\n" }
        for (name, value) in variables {
            // getltscfg knows no value of several lines, and ltsp takes some lines for its own inside of values, too.
            let lines = value.split(separator: "\n", omittingEmptySubsequences: false).dropFirst()
            if isOneLine && !lines.isEmpty || header != nil && lines.contains(where: isChanged) {
                text += "# \(name) has lines that this file cannot have; the environment file has it\n"
                continue
            }
            text += "\(name)=\"\(quoted(value))\"\n"
        }
        return text
    }

    /// Whether ltsp takes a line for a header or an INCLUDE.
    private static func isChanged(_ line: Substring) -> Bool {
        if line.drop(while: { $0 == " " }).hasPrefix("[") { return true }
        guard line.prefix(7).lowercased() == "include" else { return false }
        return line.dropFirst(7).drop { $0 == " " }.hasPrefix("=")
    }

    static func quoted(_ value: String) -> String {
        var text = ""
        text.reserveCapacity(value.utf8.count + 8)
        for character in value.unicodeScalars {
            if "\\\"$`".unicodeScalars.contains(character) { text.unicodeScalars.append("\\") }
            text.unicodeScalars.append(character)
        }
        return text
    }
}

/// Warnings about the commands that a change sets: lines of a plan.
enum CommandNotes {
    /// Lines that are told one by one.
    private static let lineLimit = 20

    static func lines(of edits: [FleetEdit], from before: FleetSnapshot, to after: FleetSnapshot) -> [String]
    {
        let lines = edits.flatMap { edit -> [String] in
            guard let record = edit.record as? any SettingsRecord else { return [] }
            let former = edit.inverse(in: before).record as? any SettingsRecord
            let place = "of \(type(of: record).kind.replacing("-", with: " ")) \(edit.key)"
            return Settings.commandLines.flatMap { name in
                let entries = record.settings[name]?.without(former?.settings[name])
                return Self.lines(of: entries, named: name, place, in: after)
            }
        }
        let rest = lines.count - lineLimit
        return rest <= 1 ? lines : lines.prefix(lineLimit) + ["and \(rest) more lines of this kind"]
    }

    private static func lines(
        of entries: SettingValue?, named setting: String, _ place: String, in snapshot: FleetSnapshot
    ) -> [String] {
        guard case .map(let map)? = entries else { return [] }
        return map.sorted { $0.key < $1.key }.flatMap { key, text -> [String] in
            var lines: [String] = []
            let command = setting == Settings.commands.name ? try? NodeCommand(reading: key, text) : nil
            if let secret = LiteralSecret.found(in: command?.command ?? text) {
                lines.append(
                    "‘\(key)’ in \(setting) \(place) has \(secret) in it, which all who may see the setting read: make it a secret (roost secret add), and give it to a command as secret=VARIABLE:NAME"
                )
            }
            let missing = Set(command?.secrets.values.map(\.self) ?? []).filter {
                snapshot.contents.secrets[$0] == nil
            }
            return lines
                + missing.sorted().map {
                    "‘\(key)’ in \(setting) \(place) needs the secret \($0), which is not there: it will fail"
                }
        }
    }
}

extension Settings {
    /// Those whose values are command lines, by a name.
    fileprivate static let commandLines = [commands.name, cron.name, timers.name]
}

/// A password, token or key that a command has in its own text.
package enum LiteralSecret {
    /// What is found, in words; nil: nothing that looks like one.
    package static func found(in text: String) -> String? {
        if text.firstMatch(of: /\b[a-z0-9]{6}\.[a-z0-9]{16}\b/) != nil { return "a token of Kubernetes" }
        if text.firstMatch(of: /\b(AKIA|ASIA)[A-Z0-9]{16}\b/) != nil { return "a key of AWS" }
        if text.firstMatch(of: /\b(gh[pousr]_[A-Za-z0-9]{36}|github_pat_|glpat-)/) != nil {
            return "a token of a forge"
        }
        if text.contains("PRIVATE KEY-----") { return "a private key" }
        if text.firstMatch(of: /\b[a-z][a-z0-9+.-]*:\/\/[^\/\s:@]*:[^$\/\s@][^\/\s@]*@/) != nil {
            return "an address with a password"
        }
        return (text.firstMatch(of: assignment) ?? text.firstMatch(of: option)).map {
            "a value for ‘\($0.1)’"
        }
    }

    /// `password=X`, `--token X`, but not what a variable, a substitution or a file gives: `--token "$T"`, `--password /run/secrets/x`.
    private static var assignment: Regex<(Substring, Substring)> {
        /(password|passwd|passphrase|secret|token|api[-_]?key|access[-_]?key)=["']?[^\s"'$`<@\/|&;()=-]/
            .ignoresCase()
    }

    private static var option: Regex<(Substring, Substring)> {
        /--(?:[a-z-]*-)?(password|passwd|passphrase|secret|token|api-key|access-key)\s+["']?[^\s"'$`<@\/|&;()=-]/
            .ignoresCase()
    }
}

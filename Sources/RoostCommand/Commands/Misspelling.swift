import ArgumentParser
import Fleet

/// Suggests a command for words that are not one.
enum Misspelling {
    /// Names of the same in other programs.
    private static let synonyms = [
        "create": "add", "new": "add", "delete": "rm", "del": "rm", "remove": "rm", "ls": "list",
        "info": "show",
        "reboot": "restart", "poweroff": "power-off", "shutdown": "power-off", "edit": "set", "change": "set",
    ]
    /// Commands that are recognised without their first word.
    private static let shortened = [
        "add": "node add", "list": "node list", "ls": "node list", "show": "node show", "log": "node log",
        "logs": "node log", "reboot": "node restart", "shutdown": "node power-off", "restart": "node restart",
        "unset": "set --unset",
        "settings": "set --list",
        "user": "admin", "users": "admin", "version": "--version", "start": "serve", "run": "serve",
        "check": "doctor", "dhcp": "lease",
    ]

    /// The error for `words`; nil when they start with a command, as far as known.
    static func message(_ words: [String]) -> String? {
        // Of what ‘help’ is asked for, the same holds.
        if words.first == "help" { return message(Array(words.dropFirst())) }
        var command: any ParsableCommand.Type = Roost.self
        var path = ["roost"]
        for (index, word) in words.enumerated() {
            let children = command.configuration.subcommands.filter { $0.configuration.shouldDisplay }
            let all = command.configuration.subcommands
            guard !all.isEmpty, !word.hasPrefix("-") else { return nil }
            if word == "help" {
                let asked = ["help"] + path.dropFirst() + words[(index + 1)...]
                return "‘help’ is the first word: roost \(asked.joined(separator: " "))"
            }
            if let child = all.first(where: { names(of: $0).contains(word) }) {
                command = child
                path.append(word)
                continue
            }
            // The words after a command with a default subcommand may be arguments of that one.
            guard command.configuration.defaultSubcommand == nil else { return nil }
            let place = path.joined(separator: " ")
            let meant = path.count == 1 ? ofAll(word, children) : of(word, children)
            return "there is no command ‘\(place) \(word)’"
                + (meant.map { "; did you mean ‘\(place) \($0)’?" } ?? "") + " (\(place) --help shows all)"
        }
        return nil
    }

    private static func names(of command: any ParsableCommand.Type) -> [String] {
        [command._commandName] + command.configuration.aliases
    }

    private static func of(_ word: String, _ commands: [any ParsableCommand.Type]) -> String? {
        let names = commands.flatMap(names)
        if let synonym = synonyms[word], names.contains(synonym) { return synonym }
        return NearestName.of(word, among: names)
    }

    /// Among the program's own commands, or a subcommand that only one of them has.
    private static func ofAll(_ word: String, _ commands: [any ParsableCommand.Type]) -> String? {
        if let command = shortened[word] ?? of(word, commands) { return command }
        let having = commands.filter { group in
            group.configuration.subcommands.contains { names(of: $0).contains(word) }
        }
        return having.count == 1 ? having.first.map { "\($0._commandName) \(word)" } : nil
    }
}

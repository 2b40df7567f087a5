package import Wire

/// A command that a node runs, by a name: commands of a phase run in the order of their names.
package struct NodeCommand: SettingEntry {
    package let key: String
    /// `COMMAND`, `WORD … -- COMMAND`, or `off`. Words: a phase, `stop` or `go-on`, `retry=N`, seconds as `30s`,
    /// `secret=VARIABLE:NAME`.
    package let text: String
    package let phase: StepPhase
    package let failure: StepFailure
    package let attempts: UInt8
    package let secondLimit: UInt16
    /// Variables whose values are secrets, by name.
    package let secrets: [String: SecretName]
    /// Given to `/bin/sh -c`.
    package let command: String

    /// Seconds, unless the words say more.
    package static let usualSecondLimit: UInt16 = 120
    private static let mark = "--"

    package init(reading key: String, _ text: String) throws(InvalidSetting) {
        guard StepName.isName(key) else {
            throw InvalidSetting(
                "‘\(key)’ is not the name of a command: letters, digits, - and _, 64 at most")
        }
        (self.key, self.text) = (key, text)
        let parts = Self.words(of: text)
        let words = parts.prefix { $0 != Self.mark }
        var options = Options()
        // A command may have a ‘--’ of its own.
        let hasWords = words.count < parts.count && words.allSatisfy { options.take($0) }
        if !hasWords { options = Options() }
        command = hasWords ? String(text[parts[words.count].endIndex...].trimmed) : text
        (phase, failure) = (options.phase ?? .late, options.failure ?? .goOn)
        (attempts, secondLimit) = (options.attempts ?? 1, options.secondLimit ?? Self.usualSecondLimit)
        secrets = options.secrets
        guard !command.trimmed.isEmpty, !command.utf8.contains(0) else {
            throw InvalidSetting("command \(key) is empty; ‘off’ takes a weaker level's away")
        }
        if !hasWords, let word = words.first, words.count < parts.count, options.take(word) {
            throw InvalidSetting(
                "‘\(words.joined(separator: " "))’ of command \(key) is not a phase (\(StepPhase.allCases.map(\.rawValue).joined(separator: ", "))), stop, go-on, retry=N, a time limit such as 30s or secret=VARIABLE:NAME"
            )
        }
    }

    /// Configurations are made by the thousand: letters are looked at as bytes where they are.
    private static func words(of text: String) -> [Substring] {
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else { return text.split(whereSeparator: \.isWhitespace) }
        return text.utf8.split { $0 == 0x20 || (0x09...0x0D).contains($0) }.map { Substring($0) }
    }

    package var isOff: Bool { text == "off" }

    private struct Options {
        var phase: StepPhase?
        var failure: StepFailure?
        var attempts: UInt8?
        var secondLimit: UInt16?
        var secrets: [String: SecretName] = [:]

        private static let secretLimit = 16
        /// What the shell and the programs that it starts read themselves.
        private static let ownNames: Set<String> = ["PATH", "HOME", "LANG", "IFS", "ENV", "PWD"]

        /// The words of `secret=VARIABLE:NAME`.
        private static func secret(_ word: Substring) -> (variable: String, name: SecretName)? {
            let parts = word.dropFirst("secret=".count).split(
                separator: ":", omittingEmptySubsequences: false)
            guard word.hasPrefix("secret="), parts.count == 2, let name = try? SecretName(parts[1]),
                parts[0].utf8.count <= 64, parts[0].wholeMatch(of: /[A-Z_][A-Z0-9_]*/) != nil,
                !parts[0].hasPrefix("LD_"), !parts[0].hasPrefix("ROOST_"),
                !ownNames.contains(String(parts[0]))
            else { return nil }
            return (String(parts[0]), name)
        }

        /// Whether it is a word of its kind, the first one.
        mutating func take(_ word: Substring) -> Bool {
            if let phase = StepPhase(rawValue: String(word)), self.phase == nil {
                self.phase = phase
            } else if let failure = StepFailure(rawValue: String(word)), self.failure == nil {
                self.failure = failure
            } else if word.hasPrefix("retry="), let count = UInt8(word.dropFirst(6)),
                (1...20).contains(count),
                attempts == nil
            {
                attempts = count + 1
            } else if word.last == "s", let count = UInt16(word.dropLast()), (1...3_600).contains(count),
                secondLimit == nil
            {
                secondLimit = count
            } else if let (variable, name) = Self.secret(word), secrets[variable] == nil,
                secrets.count < Self.secretLimit
            {
                secrets[variable] = name
            } else {
                return false
            }
            return true
        }
    }
}

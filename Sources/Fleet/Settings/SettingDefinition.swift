/// One setting that Roost knows: its name, type, default and meaning.
package struct SettingDefinition: Equatable, Sendable {
    /// What a value may be, and how levels combine.
    package enum Kind: Equatable, Sendable {
        case text
        /// One of these words.
        case choice([String])
        case integer(ClosedRange<Int>)
        case boolean
        /// Levels add to it, the site's entries first; an entry that comes again is kept once.
        case list
        /// Levels add keys; a lower level's value for a key wins.
        case map
    }

    package var name: String
    package var kind: Kind
    package var defaultValue: SettingValue
    package var summary: String
    /// What a number counts; empty for what has none.
    package var unit: String
    package var phase: Phase
    /// Whoever shows values shows only that there is one.
    package var isSecret: Bool
    /// It is the site's alone: groups, rules and nodes cannot set it.
    package var isSiteWide: Bool

    /// When a change of the setting reaches a node.
    package enum Phase: String, Sendable, CaseIterable, Codable {
        /// At once, in the server: it concerns machines that are not enrolled.
        case enrolment
        /// When the node boots next: its loader and kernel.
        case boot
        /// When the node boots next: before its init.
        case initialisation = "init"
        /// Within seconds, while the node runs.
        case running
    }

    package init(
        _ name: String, _ kind: Kind, _ defaultValue: SettingValue, at phase: Phase, _ summary: String,
        unit: String = "", isSecret: Bool = false, isSiteWide: Bool = false
    ) {
        self.name = name
        self.kind = kind
        self.defaultValue = defaultValue
        self.summary = summary
        self.phase = phase
        self.unit = unit
        self.isSecret = isSecret
        self.isSiteWide = isSiteWide
    }
}

/// Why a value cannot be a setting's.
package struct InvalidSetting: Error, Equatable, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}

extension SettingDefinition {
    /// `value`, when it is of this setting's kind and the setting's own rule allows it.
    package func checked(_ value: SettingValue) throws(InvalidSetting) -> SettingValue {
        switch (kind, value) {
        case (.text, .text), (.boolean, .boolean), (.list, .list), (.map, .map): break
        case (.choice(let words), .text(let word)):
            guard words.contains(word) else {
                throw InvalidSetting("\(name): ‘\(word)’ is not one of \(words.joined(separator: ", "))")
            }
        case (.integer(let range), .integer(let number)):
            guard range.contains(number) else {
                throw InvalidSetting(
                    "\(name): \(number) is not within \(range.lowerBound) to \(range.upperBound)")
            }
        default: throw InvalidSetting("\(name): ‘\(value)’ is not \(kindDescription)")
        }
        if let problem = SettingDefinition.problem(of: value, in: name) {
            throw InvalidSetting("\(name): \(problem)")
        }
        return value
    }

    package var kindDescription: String {
        switch kind {
        case .text: "text"
        case .choice(let words): words.joined(separator: " | ")
        case .integer(let range): "a whole number, \(range.lowerBound) to \(range.upperBound)"
        case .boolean: "yes or no"
        case .list: "a list"
        case .map: "a map of key=value"
        }
    }
}

extension StringProtocol {
    /// Without spaces at either end.
    var trimmed: SubSequence {
        guard let first = firstIndex(where: { !$0.isWhitespace }),
            let last = lastIndex(where: { !$0.isWhitespace })
        else { return self[endIndex...] }
        return self[first...last]
    }
}

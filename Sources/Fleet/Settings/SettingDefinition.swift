/// What is told of one setting, whatever the type of its values: its name, kind, default and meaning. A ``Setting`` has one.
package struct SettingDefinition: Sendable {
    /// What a value may be.
    package enum Kind: Equatable, Sendable {
        case text
        /// One of these words.
        case choice([String])
        case integer(ClosedRange<Int>)
        case boolean
        case list
        case map
    }

    package let name: String
    /// Names that it had before.
    let formerNames: [String]
    package let kind: Kind
    /// How levels combine.
    package let merge: MergeRule
    let notation: EntryNotation
    package let defaultValue: SettingValue
    package let summary: String
    /// What a number counts; empty for what has none.
    package let unit: String
    package let phase: Phase
    /// Whoever shows values shows only that there is one.
    package let isSecret: Bool
    /// A store keeps it sealed.
    let isSealed: Bool
    /// It is the site's alone: groups, rules and nodes cannot set it.
    package let isSiteWide: Bool
    /// Why what is stored cannot be read; nil when it can.
    let unreadability: @Sendable (SettingValue) -> String?
    /// What is wrong with a value that is set; nil when nothing is.
    let problem: @Sendable (SettingValue) -> String?
    /// What is wrong with a value that is new: rules that came later leave what is set already as it is.
    let newProblem: @Sendable (SettingValue) -> String?

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

        /// Whether a node boots with it.
        var isBoot: Bool { self == .boot || self == .initialisation }
    }
}

extension SettingDefinition: Equatable {
    /// A name has one definition.
    package static func == (one: Self, other: Self) -> Bool { one.name == other.name }
}

extension SettingDefinition.Kind: CustomStringConvertible {
    package var description: String {
        switch self {
        case .text: "text"
        case .choice(let words): words.joined(separator: " | ")
        case .integer(let range): "a whole number, \(range.lowerBound) to \(range.upperBound)"
        case .boolean: "yes or no"
        case .list: "a list"
        case .map: "a map of key=value"
        }
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
        if let problem = problem(value) { throw InvalidSetting("\(name): \(problem)") }
        return value
    }

    package var kindDescription: String { kind.description }

    /// Whether `value` was sealed with a key that this server does not have. It stays as it is, and does nothing.
    func isClosed(_ value: SettingValue) -> Bool { isSealed && value.sealed != nil }
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

/// The description of one setting, without the type of its values: name, kind, default and meaning. A ``Setting`` has one.
package struct SettingDefinition: Sendable {
    /// The kind of a value.
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
    /// Its former names.
    let formerNames: [String]
    package let kind: Kind
    /// How levels combine.
    package let merge: MergeRule
    let notation: EntryNotation
    package let defaultValue: SettingValue
    package let summary: String
    /// The unit of a number; empty if it has none.
    package let unit: String
    package let phase: Phase
    /// Only its presence is shown.
    package let isSecret: Bool
    /// A store keeps it sealed.
    package let isSealed: Bool
    /// Only the site sets it: groups, rules and nodes cannot.
    package let isSiteWide: Bool
    /// Why a stored value is unreadable; nil when it is readable.
    let unreadability: @Sendable (SettingValue) -> Sentence?
    /// The problem of a value to set; nil when there is none.
    let problem: @Sendable (SettingValue) -> Sentence?
    /// The problem of a new value; later rules do not affect present ones.
    let newProblem: @Sendable (SettingValue) -> Sentence?

    /// When a change to the setting reaches a node.
    package enum Phase: String, Sendable, CaseIterable, Codable {
        /// At once, in the server: it concerns machines that are not enrolled.
        case enrolment
        /// At the node's next boot: its loader and kernel.
        case boot
        /// At the node's next boot: before its init.
        case initialisation = "init"
        /// Within seconds, while the node runs.
        case running

        /// Whether it is used in booting.
        var isBoot: Bool { self == .boot || self == .initialisation }
    }
}

extension SettingDefinition: Equatable {
    /// Each name has one definition.
    package static func == (one: Self, other: Self) -> Bool { one.name == other.name }
}

extension SettingDefinition.Kind: CustomStringConvertible {
    package var description: String { sentence.english }

    /// For use after «is» and «is not».
    package var sentence: Sentence {
        switch self {
        case .text: "text"
        case .choice(let words): Sentence(plain: words.joined(separator: " | "))
        case .integer(let range): "a whole number, \(range.lowerBound) to \(range.upperBound)"
        case .boolean: "yes or no"
        case .list: "a list"
        case .map: "a map of key=value"
        }
    }
}

/// Why a value is invalid for a setting.
package struct InvalidSetting: Error, Equatable, CustomStringConvertible {
    package var sentence: Sentence
    package init(_ sentence: Sentence) { self.sentence = sentence }

    /// In English.
    package var description: String { sentence.english }
}

extension SettingDefinition {
    /// `value`, if it is of this setting's kind and its rule allows it.
    package func checked(_ value: SettingValue) throws(InvalidSetting) -> SettingValue {
        if let problem = problem(value) { throw InvalidSetting("\(name): \(problem)") }
        return value
    }

    package var kindDescription: Sentence { kind.sentence }

    /// Whether `value` was sealed with a key that this server does not have. It stays unchanged and is ignored.
    func isClosed(_ value: SettingValue) -> Bool { isSealed && value.sealed != nil }
}

extension StringProtocol {
    /// Without surrounding spaces.
    package var trimmed: SubSequence {
        guard let first = firstIndex(where: { !$0.isWhitespace }),
            let last = lastIndex(where: { !$0.isWhitespace })
        else { return self[endIndex...] }
        return self[first...last]
    }
}

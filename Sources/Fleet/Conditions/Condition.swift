/// A yes-or-no question about a node: `memory < 2 GiB and vendor = "HP"`.
///
/// Match rules and the search for nodes share this language. Its grammar, loosest first:
///
///     condition  = term *( "or" term )
///     term       = factor *( ["and"] factor )
///     factor     = "not" factor / "(" condition ")" / comparison / word
///     comparison = attribute ( "=" / "!=" / "<" / "<=" / ">" / ">=" / "~" ) value
///
/// A word alone is searched for in the node's name, addresses and hardware. A word with brackets is a range of names: `n[1-40]`,
/// `pc-[01-12,20]`; one with `*` or `?` is a pattern of names: `pc-*`.
package indirect enum Condition: Equatable, Sendable {
    case always
    case all([Condition])
    case any([Condition])
    case not(Condition)
    case comparison(NodeAttribute, Comparison, ConditionValue)
    case word(String)
    case names(NameRange)
}

/// A comparison operator.
package enum Comparison: String, Sendable, CaseIterable {
    case equal = "="
    case unequal = "!="
    case less = "<"
    case atMost = "<="
    case greater = ">"
    case atLeast = ">="
    /// A pattern with `*` and `?`; without them, a substring.
    case like = "~"
}

/// The value that an attribute is compared with.
package enum ConditionValue: Equatable, Sendable {
    case text(String)
    /// A count, or MiB for an amount of memory.
    case number(Int)
}

/// Why a text is not a condition, with the position.
package struct InvalidCondition: Error, Equatable, CustomStringConvertible {
    package var text: String
    package var problem: Sentence

    package var sentence: Sentence { "‘\(text)’ is not a condition: \(problem)" }

    package var description: String { sentence.english }
}

extension Condition {
    /// The maximum nesting of a condition.
    static let depthLimit = 32
    /// The maximum number of comparisons, words and ranges: each one is evaluated for each node.
    package static let comparisonLimit = 50
    /// The maximum length in characters.
    package static let lengthLimit = 2_000

    /// Parses a condition typed by a person; an empty text is always true.
    package init(_ text: some StringProtocol) throws(InvalidCondition) {
        var parser = try ConditionParser(String(text))
        self = try parser.whole()
    }

    /// Parses the condition of an existing rule: its length is not limited.
    package init(stored text: String) throws(InvalidCondition) {
        var parser = try ConditionParser(text, isNew: false)
        self = try parser.whole()
    }

    /// The group that has all nodes it can hold for in it or below, where it says so plainly: `group = /school`.
    package var place: GroupPath? {
        switch self {
        case .comparison(.group, .equal, .text(let text)): try? GroupPath(text)
        case .all(let parts): parts.compactMap(\.place).max { $0.lineage.count < $1.lineage.count }
        default: nil
        }
    }

    /// Whether it is true for a node with these facts.
    package func holds(for facts: NodeFacts) -> Bool {
        switch self {
        case .always: true
        case .all(let parts): parts.allSatisfy { $0.holds(for: facts) }
        case .any(let parts): parts.contains { $0.holds(for: facts) }
        case .not(let part): !part.holds(for: facts)
        case .word(let word): facts.mentions(word)
        case .names(let range): range.contains(facts.name)
        case .comparison(let attribute, let comparison, let value):
            Self.holds(comparison, facts.values(of: attribute), value)
        }
    }

    /// An attribute with several values (cards, monitors) matches when one of them does, and is unequal when none is equal.
    private static func holds(_ comparison: Comparison, _ values: [ConditionValue], _ wanted: ConditionValue)
        -> Bool
    {
        if comparison == .unequal { return !holds(.equal, values, wanted) }
        return values.contains { value in
            switch (value, wanted) {
            case (.number(let value), .number(let wanted)):
                switch comparison {
                case .equal, .like: value == wanted
                case .unequal: value != wanted
                case .less: value < wanted
                case .atMost: value <= wanted
                case .greater: value > wanted
                case .atLeast: value >= wanted
                }
            case (.text(let value), .text(let wanted)):
                switch comparison {
                case .equal: value.lowercased() == wanted.lowercased()
                case .like: Wildcard.matches(value.lowercased(), pattern: wanted.lowercased())
                case .less: value < wanted
                case .atMost: value <= wanted
                case .greater: value > wanted
                case .atLeast: value >= wanted
                case .unequal: false
                }
            default: false
            }
        }
    }
}

/// Patterns with `*` and `?`.
enum Wildcard {
    static func isPattern(_ text: String) -> Bool { text.utf8.contains { $0 == 0x2A || $0 == 0x3F } }

    /// Without a wildcard, `pattern` may occur anywhere in `text`.
    static func matches(_ text: String, pattern: String) -> Bool {
        guard isPattern(pattern) else { return text.contains(pattern) }
        return matches(Array(text.utf8)[...], Array(pattern.utf8)[...])
    }

    /// Backtracks to the last star only, so the time is at most the product of both lengths.
    private static func matches(_ text: ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>) -> Bool {
        var (position, place) = (text.startIndex, pattern.startIndex)
        var star: (place: Int, position: Int)?
        while position < text.endIndex {
            if place < pattern.endIndex, pattern[place] == 0x2A {
                star = (place, position)
                place += 1
            } else if place < pattern.endIndex, pattern[place] == 0x3F || pattern[place] == text[position] {
                (position, place) = (position + 1, place + 1)
            } else if let last = star {
                star = (last.place, last.position + 1)
                (position, place) = (last.position + 1, last.place + 1)
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy { $0 == 0x2A }
    }
}

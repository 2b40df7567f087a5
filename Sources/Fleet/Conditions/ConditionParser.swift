import Wire

/// Parses a ``Condition`` by recursive descent.
struct ConditionParser {
    private enum Token: Equatable {
        case word(String)
        case quoted(String)
        case comparison(Comparison)
        case open, close
    }

    private let text: String
    private var tokens: [Token] = []
    /// Where each token is in the text.
    private var places: [Range<String.Index>] = []
    private var position = 0
    private let comparisonLimit: Int
    private let isNew: Bool
    private var comparisonCount = 0

    /// - Parameter isNew: whether it may be refused for what was valid once.
    init(_ text: String, isNew: Bool = true) throws(InvalidCondition) {
        self.text = text
        self.isNew = isNew
        comparisonLimit = isNew ? Condition.comparisonLimit : .max
        guard text.hasLength(in: 0...Condition.lengthLimit) else {
            throw fail("longer than \(Condition.lengthLimit) characters")
        }
        try tokenise()
    }

    mutating func whole() throws(InvalidCondition) -> Condition {
        guard !tokens.isEmpty else { return .always }
        let condition = try any(depth: 0)
        guard position == tokens.count else { throw fail("‘)’ without ‘(’") }
        return condition
    }

    private func fail(_ problem: Sentence) -> InvalidCondition {
        InvalidCondition(text: text.beginning(length: 200), problem: problem)
    }

    // MARK: Tokens

    private mutating func tokenise() throws(InvalidCondition) {
        var rest = text[...]
        while let first = rest.first {
            let (begin, count) = (rest.startIndex, tokens.count)
            defer { if tokens.count > count { places.append(begin..<rest.startIndex) } }
            if first.isWhitespace {
                rest.removeFirst()
            } else if first == "(" || first == ")" {
                tokens.append(first == "(" ? .open : .close)
                rest.removeFirst()
            } else if let comparison = Self.comparison(&rest) {
                tokens.append(.comparison(comparison))
            } else if first == "\"" {
                rest.removeFirst()
                guard let end = rest.firstIndex(of: "\"") else { throw fail("a quotation mark is missing") }
                tokens.append(.quoted(String(rest[..<end])))
                rest = rest[rest.index(after: end)...]
            } else {
                let end = rest.firstIndex { $0.isWhitespace || "()=<>~!\"".contains($0) } ?? rest.endIndex
                guard end > rest.startIndex else { throw fail("‘\(first)’ is not valid here") }
                tokens.append(.word(String(rest[..<end])))
                rest = rest[end...]
            }
        }
    }

    private static func comparison(_ rest: inout Substring) -> Comparison? {
        // The longer ones first: `<` is a prefix of `<=`.
        for comparison in Comparison.allCases.sorted(by: { $0.rawValue.count > $1.rawValue.count })
        where rest.hasPrefix(comparison.rawValue) {
            rest = rest.dropFirst(comparison.rawValue.count)
            return comparison
        }
        return nil
    }

    /// A condition with other values of an attribute, and all else as it was typed; one that is none stays.
    ///
    /// - Parameter replace: gets each value that the attribute is compared with; nil: it stays.
    static func replacingValues(
        of attribute: NodeAttribute, in text: String, _ replace: (Comparison, String) -> String?
    ) -> String {
        guard let parser = try? ConditionParser(text, isNew: false) else { return text }
        var result = text
        // From the end, so that the places before stay right.
        for index in parser.tokens.indices.dropLast(2).reversed() {
            guard case .word(let name) = parser.tokens[index], name.lowercased() == attribute.rawValue,
                case .comparison(let comparison) = parser.tokens[index + 1]
            else { continue }
            switch parser.tokens[index + 2] {
            case .word(let value):
                guard let other = replace(comparison, value) else { continue }
                result.replaceSubrange(parser.places[index + 2], with: other)
            case .quoted(let value):
                guard let other = replace(comparison, value) else { continue }
                result.replaceSubrange(parser.places[index + 2], with: "\"\(other)\"")
            case .comparison, .open, .close: continue
            }
        }
        return result
    }

    // MARK: Grammar

    private var next: Token? { position < tokens.count ? tokens[position] : nil }

    private func isNext(_ keyword: String) -> Bool {
        if case .word(let word)? = next { word.lowercased() == keyword } else { false }
    }

    private mutating func any(depth: Int) throws(InvalidCondition) -> Condition {
        guard depth < Condition.depthLimit else { throw fail("brackets are nested too deeply") }
        var parts = [try all(depth: depth)]
        while isNext("or") {
            position += 1
            parts.append(try all(depth: depth))
        }
        return parts.count == 1 ? parts[0] : .any(parts)
    }

    private mutating func all(depth: Int) throws(InvalidCondition) -> Condition {
        var parts = [try factor(depth: depth)]
        while let token = next, token != .close, !isNext("or") {
            if isNext("and") { position += 1 }
            parts.append(try factor(depth: depth))
        }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    private mutating func factor(depth: Int) throws(InvalidCondition) -> Condition {
        guard depth < Condition.depthLimit else { throw fail("brackets are nested too deeply") }
        guard let token = next else { throw fail("it is incomplete") }
        position += 1
        switch token {
        case .open:
            let condition = try any(depth: depth + 1)
            guard next == .close else { throw fail("‘(’ without ‘)’") }
            position += 1
            return condition
        case .word(let word) where word.lowercased() == "not": return .not(try factor(depth: depth + 1))
        case .word(let word):
            try count()
            guard case .comparison(let comparison)? = next else { return try alone(word) }
            position += 1
            return try compared(word, comparison)
        case .quoted(let word):
            try count()
            return .word(word.lowercased())
        case .close: throw fail("‘)’ without ‘(’")
        case .comparison(let comparison): throw fail("‘\(comparison.rawValue)’ needs an attribute before it")
        }
    }

    private mutating func count() throws(InvalidCondition) {
        comparisonCount += 1
        guard comparisonCount <= comparisonLimit else {
            throw fail("more than \(comparisonLimit) comparisons")
        }
    }

    private func alone(_ word: String) throws(InvalidCondition) -> Condition {
        if Wildcard.isPattern(word), isNew || !word.contains("[") {
            guard !word.contains("[") else {
                throw fail("‘\(word)’ is both a range and a pattern: write two words")
            }
            return .comparison(.name, .like, .text(word))
        }
        guard word.contains("[") else { return .word(word.lowercased()) }
        guard let range = NameRange(word) else { throw fail("‘\(word)’ is not a range such as n[1-40]") }
        return .names(range)
    }

    private mutating func compared(_ name: String, _ comparison: Comparison) throws(InvalidCondition)
        -> Condition
    {
        guard let attribute = NodeAttribute(rawValue: name.lowercased()) else {
            let known = NodeAttribute.allCases.map(\.rawValue).joined(separator: ", ")
            throw fail("there is no attribute ‘\(name)’; there are \(known)")
        }
        let value: String
        switch next {
        case .word(let word): value = word
        case .quoted(let text): value = text
        default: throw fail("a value is missing after ‘\(name) \(comparison.rawValue)’")
        }
        position += 1
        if isNew, attribute.isPlain, comparison == .equal || comparison == .unequal, Wildcard.isPattern(value)
        {
            let pattern = (comparison == .equal ? "" : "not ") + "\(attribute.rawValue)~\(value)"
            throw fail("‘\(comparison.rawValue)’ compares the whole value; a pattern takes ‘~’: \(pattern)")
        }
        guard attribute.isNumber else { return .comparison(attribute, comparison, .text(value)) }
        var unit = ""
        if case .word(let word)? = next, Self.mebibytes[word.lowercased()] != nil {
            unit = word
            position += 1
        }
        guard let number = Self.number(value + unit) else { throw fail("‘\(value)’ is not a number") }
        return .comparison(attribute, comparison, .number(number))
    }

    private static let mebibytes: [String: Int] = [
        "mib": 1, "mb": 1, "m": 1, "gib": 1_024, "gb": 1_024, "g": 1_024, "tib": 1_048_576, "tb": 1_048_576,
        "t": 1_048_576,
    ]

    /// `8`, or an amount with a unit, in MiB: `2GiB`.
    private static func number(_ text: String) -> Int? {
        let digits = text.prefix { $0.isNumber }
        guard let number = Int(digits) else { return nil }
        let unit = text.dropFirst(digits.count).lowercased()
        guard !unit.isEmpty else { return number }
        guard let factor = mebibytes[unit] else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : product
    }
}

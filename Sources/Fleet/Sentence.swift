/// A message as a phrase and its values, which pages translate where they show it: written as a text with interpolations, it is
/// `stuck after %1` and `kernel`.
package struct Sentence: Hashable, Sendable, ExpressibleByStringInterpolation, CustomStringConvertible {
    package enum Value: Hashable, Sendable {
        /// A name, a number, or what a machine said.
        case text(String)
        /// Another phrase, translated as well.
        case sentence(Sentence)
    }

    /// English, with `%1`, `%2` for the values.
    package private(set) var phrase: String
    package private(set) var values: [Value] = []

    package init(stringLiteral phrase: String) { self.phrase = phrase }

    /// A text that may be a phrase: if it is none, it stays as it is in every language.
    package init(phrase: String) { self.phrase = phrase }

    /// - Parameter values: as many as the phrase has places.
    package init(phrase: String, values: [Value]) { (self.phrase, self.values) = (phrase, values) }

    package init(stringInterpolation: StringInterpolation) {
        (phrase, values) = (stringInterpolation.phrase, stringInterpolation.values)
    }

    /// What `error` says: with its values, where it is a message of this module; else as it is, in every language.
    package init(of error: any Error) {
        switch error {
        case let invalid as InvalidSetting: self = invalid.sentence
        case let error as StoreError: self = error.sentence
        case let name as InvalidName: self = name.sentence
        case let long as SettingLengths.TooLong: self = long.sentence
        case let condition as InvalidCondition: self = condition.sentence
        case let lack as NoNodeArchive: self = lack.sentence
        case let unreadable as UnreadableSetting: self = unreadable.sentence
        case let problem as LTSPProblem: self = problem.sentence
        case let problem as DeclaredProblem: self = problem.sentence
        default: self.init(plain: "\(error)")
        }
    }

    package init(_ words: PlacementWords) {
        phrase = words.text
        values = words.values.map { .text($0) }
    }

    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var phrase = ""
        fileprivate var values: [Value] = []

        package init(literalCapacity: Int, interpolationCount: Int) {}

        package mutating func appendLiteral(_ literal: String) { phrase += literal }
        package mutating func appendInterpolation(_ value: some CustomStringConvertible) {
            append(.text(value.description))
        }
        package mutating func appendInterpolation(_ value: Sentence) { append(.sentence(value)) }
        // Errors bring their own phrases.
        package mutating func appendInterpolation(_ error: any Error) {
            append(.sentence(Sentence(of: error)))
        }
        package mutating func appendInterpolation(_ error: some Error & CustomStringConvertible) {
            append(.sentence(Sentence(of: error)))
        }
        package mutating func appendInterpolation(_ origin: SettingOrigin) {
            append(.sentence(origin.sentence))
        }
        package mutating func appendInterpolation(_ kind: SettingDefinition.Kind) {
            append(.sentence(kind.sentence))
        }

        private mutating func append(_ value: Value) {
            values.append(value)
            phrase += "%\(values.count)"
        }
    }

    /// With something said at its end, which may be nothing.
    package func followed(by end: Sentence) -> Sentence { end.phrase.isEmpty ? self : "\(self)\(end)" }

    // Two are the same when they say the same.
    package static func == (one: Self, other: Self) -> Bool { one.english == other.english }
    package func hash(into hasher: inout Hasher) { hasher.combine(english) }

    /// In English.
    package var english: String { filled { $0 } }

    package var description: String { english }

    /// A text that is no phrase: a name, or what another program said.
    package init(plain text: String) { self = "\(text)" }

    /// The text before a colon at the beginning, and the rest as a phrase of its own: `mtu: ‘%1’ is not a number`, where each has to be
    /// translated and the whole is in no list. Nil: it does not begin like that.
    package var halves: (name: Sentence, rest: Sentence)? {
        guard let colon = phrase.firstRange(of: ": ") else { return nil }
        let (name, rest) = (phrase[..<colon.lowerBound], phrase[colon.upperBound...])
        let isName = name.allSatisfy { $0.isLowercase || $0.isNumber || "-%. ".contains($0) }
        guard !name.isEmpty, !rest.isEmpty, isName else { return nil }
        return (part(name), part(rest))
    }

    /// A part of the phrase, with the values that it has.
    private func part(_ text: Substring) -> Sentence {
        var part = Sentence(phrase: "")
        var rest = text
        while let mark = rest.firstIndex(of: "%") {
            let digit = rest.index(after: mark)
            part.phrase += rest[..<mark]
            guard digit < rest.endIndex, let number = rest[digit].wholeNumberValue,
                values.indices.contains(number - 1)
            else {
                part.phrase += "%"
                rest = rest[digit...]
                continue
            }
            part.values.append(values[number - 1])
            part.phrase += "%\(part.values.count)"
            rest = rest[rest.index(after: digit)...]
        }
        part.phrase += rest
        return part
    }

    /// - Parameters:
    ///   - part: gives a sentence among the values in another language; left out: as this one.
    ///   - translate: gives a phrase in another language.
    package func filled(part: ((Sentence) -> String)? = nil, _ translate: (String) -> String) -> String {
        var (result, rest) = ("", translate(phrase)[...])
        // In one pass: a value may contain what looks like a place for another.
        while let mark = rest.firstIndex(of: "%") {
            let digit = rest.index(after: mark)
            let number = digit < rest.endIndex ? rest[digit].wholeNumberValue : nil
            guard let number, values.indices.contains(number - 1) else {
                result += rest[...mark]
                rest = rest[digit...]
                continue
            }
            result += rest[..<mark]
            switch values[number - 1] {
            case .text(let text): result += text
            case .sentence(let sentence): result += part?(sentence) ?? sentence.filled(translate)
            }
            rest = rest[rest.index(after: digit)...]
        }
        return result + rest
    }
}

/// In JSON a text: English, which is no phrase again where it is read.
extension Sentence: Codable {
    package init(from decoder: any Decoder) throws {
        self.init(plain: try decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(english)
    }
}

/// A message as a phrase and its values, which pages translate where they show it: written as a text with interpolations, it is
/// `stuck after %1` and `kernel`.
package struct Sentence: Equatable, Sendable, ExpressibleByStringInterpolation {
    package enum Value: Equatable, Sendable {
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

    package init(stringInterpolation: StringInterpolation) {
        (phrase, values) = (stringInterpolation.phrase, stringInterpolation.values)
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

        private mutating func append(_ value: Value) {
            values.append(value)
            phrase += "%\(values.count)"
        }
    }

    /// In English.
    package var english: String { filled { $0 } }

    /// - Parameter translate: gives a phrase in another language.
    package func filled(_ translate: (String) -> String) -> String {
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
            case .sentence(let sentence): result += sentence.filled(translate)
            }
            rest = rest[rest.index(after: digit)...]
        }
        return result + rest
    }
}

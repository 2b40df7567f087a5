import Fleet

/// Phrases found again in texts: texts in a store, and those that nodes and agents report, are English, with their values filled in.
///
/// A value is one word, or itself a phrase; at the end of a sentence, in brackets and in quotation marks it is any text.
struct PhraseForms: Sendable {
    /// A phrase between its values: `node %1 added to %2` is `node `, ` added to ` and an empty end.
    private struct Form: Sendable {
        let phrase: String
        let parts: [[UInt8]]
        /// Of the values, in their order in the phrase.
        let numbers: [Int]
        /// Letters of its own: of two forms that fit, the one with more is meant.
        let weight: Int

        init?(_ phrase: String) {
            var (parts, numbers): ([[UInt8]], [Int]) = ([[]], [])
            var rest = Array(phrase.utf8)[...]
            while let byte = rest.popFirst() {
                if byte == UInt8(ascii: "%"), let digit = rest.first, (0x31...0x39).contains(digit) {
                    rest.removeFirst()
                    numbers.append(Int(digit - 0x30))
                    parts.append([])
                } else {
                    parts[parts.count - 1].append(byte)
                }
            }
            weight = parts.joined().count { (0x61...0x7A).contains($0 | 0x20) }
            // Values beside each other are not told apart, and a form of few letters fits everything.
            guard !numbers.isEmpty, numbers.sorted() == Array(1...numbers.count),
                weight >= (parts[0].isEmpty ? 6 : 2), parts.dropFirst().dropLast().allSatisfy({ !$0.isEmpty })
            else { return nil }
            (self.phrase, self.parts, self.numbers) = (phrase, parts, numbers)
        }

        /// Its longest word that no value touches: a text without it does not fit.
        var word: ArraySlice<UInt8>? {
            parts.indices.flatMap { index in
                PhraseForms.words(of: parts[index]).filter {
                    (index == 0 || $0.startIndex > 0)
                        && (index == parts.count - 1 || $0.endIndex < parts[index].count)
                }
            }.max { $0.count < $1.count }
        }

        /// The values in their order in the text; nil where it does not fit.
        func values(in text: [UInt8]) -> [ArraySlice<UInt8>]? {
            guard let first = parts.first, let last = parts.last, text.count > first.count + last.count,
                text.starts(with: first), text.suffix(last.count).elementsEqual(last)
            else { return nil }
            var rest = text[first.count..<(text.count - last.count)]
            var values: [ArraySlice<UInt8>] = []
            for part in parts.dropFirst().dropLast() {
                guard let place = Self.place(of: part, in: rest), place > rest.startIndex else { return nil }
                values.append(rest[..<place])
                rest = rest[(place + part.count)...]
            }
            guard !rest.isEmpty else { return nil }
            return values + [rest]
        }

        private static func place(of part: [UInt8], in text: ArraySlice<UInt8>) -> Int? {
            guard text.count >= part.count else { return nil }
            return (text.startIndex...(text.endIndex - part.count)).first {
                text[$0] == part[0] && text[$0..<($0 + part.count)].elementsEqual(part)
            }
        }

        /// Whether a value may be any text, by the text around it.
        func isOpen(_ index: Int) -> Bool {
            let (before, after) = (parts[index], parts[index + 1])
            if after.isEmpty, weight >= 10 || before.suffix(2).elementsEqual(": ".utf8) { return true }
            if after.starts(with: ", and ".utf8) { return true }
            return [("‘", "’"), ("(", ")")].contains { opening, closing in
                before.suffix(opening.utf8.count).elementsEqual(opening.utf8)
                    && after.starts(with: closing.utf8)
            }
        }
    }

    /// Phrases in phrases that are looked for, and texts that are looked at for one: a node can send one that many forms fit in part.
    private static let (depthLimit, attemptLimit) = (5, 400)
    /// Bytes of a text that is looked at.
    private static let byteLimit = 2_000

    /// By a word that they have.
    private let forms: [ArraySlice<UInt8>: [Form]]
    private let phrases: Set<String>

    init(_ phrases: some Sequence<String>) {
        self.phrases = Set(phrases)
        forms = self.phrases.sorted().compactMap { Form($0) }.reduce(into: [:]) { forms, form in
            if let word = form.word { forms[word, default: []].append(form) }
        }
    }

    /// Runs of letters of ASCII.
    private static func words(of text: [UInt8]) -> [ArraySlice<UInt8>] {
        text.indices.split { !(0x61...0x7A).contains(text[$0] | 0x20) }.map {
            text[$0.startIndex..<$0.endIndex]
        }
    }

    /// The phrase that a text was made of; nil where there is none.
    func sentence(of text: String) -> Sentence? {
        var attempts = Self.attemptLimit
        return sentence(of: text, depth: 0, &attempts)
    }

    private func sentence(of text: String, depth: Int, _ attempts: inout Int) -> Sentence? {
        attempts -= 1
        let bytes = Array(text.utf8)
        // A single word is a name.
        guard attempts > 0, depth < Self.depthLimit, bytes.count <= Self.byteLimit,
            bytes.contains(UInt8(ascii: " "))
        else {
            return nil
        }
        if phrases.contains(text) { return Sentence(phrase: text) }
        var best: (weight: Int, sentence: Sentence)?
        for form in Set(Self.words(of: bytes)).compactMap({ forms[$0] }).joined() {
            if let best, (best.weight, form.phrase) >= (form.weight, best.sentence.phrase) { continue }
            guard let found = form.values(in: bytes),
                let values = values(found, of: form, depth: depth, &attempts)
            else { continue }
            best = (form.weight, Sentence(phrase: form.phrase, values: values))
        }
        return best?.sentence ?? pair(of: text, depth: depth, &attempts)
    }

    /// A name or a phrase before a colon or a semicolon, with a phrase behind it.
    private func pair(of text: String, depth: Int, _ attempts: inout Int) -> Sentence? {
        for (mark, phrase) in [("; ", "%1; %2"), (": ", "%1: %2")] {
            guard let place = text.firstRange(of: mark),
                let end = sentence(of: String(text[place.upperBound...]), depth: depth + 1, &attempts)
            else { continue }
            let beginning = String(text[..<place.lowerBound])
            if let begun = sentence(of: beginning, depth: depth + 1, &attempts) {
                return Sentence(phrase: phrase, values: [.sentence(begun), .sentence(end)])
            }
            guard !beginning.isEmpty, !beginning.contains(" ") else { continue }
            return Sentence(phrase: phrase, values: [.text(beginning), .sentence(end)])
        }
        return nil
    }

    private func values(
        _ found: [ArraySlice<UInt8>], of form: Form, depth: Int, _ attempts: inout Int
    ) -> [Sentence.Value]? {
        var values: [Int: Sentence.Value] = [:]
        for (index, bytes) in found.enumerated() {
            let text = String(decoding: bytes, as: UTF8.self)
            if let part = sentence(of: text, depth: depth + 1, &attempts) {
                values[form.numbers[index]] = .sentence(part)
            } else {
                guard form.isOpen(index) || !text.contains(" ") else { return nil }
                values[form.numbers[index]] = .text(text)
            }
        }
        return (1...found.count).map { values[$0] ?? .text("") }
    }
}

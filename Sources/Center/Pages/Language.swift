import API
import Fleet
import Foundation
import Hummingbird
import NetworkErrors
import Synchronization

/// A language of the pages. The API is in English.
enum Language: String, Sendable, CaseIterable {
    case english = "en"
    case french = "fr"
    case spanish = "es"
    case portuguese = "pt"
    case greek = "el"

    static let cookieName = "roost-language"

    var ownName: String {
        switch self {
        case .english: "English"
        case .french: "Français"
        case .spanish: "Español"
        case .portuguese: "Português"
        case .greek: "Ελληνικά"
        }
    }

    /// The language chosen on a page; else the browser's preference among those available (RFC 9110 §12.5.4).
    init(_ request: Request) {
        if let chosen = request.cookies[Self.cookieName]?.value, let language = Self(rawValue: chosen) {
            self = language
            return
        }
        self = Self(accepted: request.headers[.acceptLanguage] ?? "")
    }

    init(accepted header: String) {
        let wishes = header.split(separator: ",").prefix(20).map {
            wish -> (language: Self?, weight: Double) in
            let parts = wish.split(separator: ";")
            let tag = parts.first?.split(separator: "-").first.map { $0.filter { $0 != " " }.lowercased() }
            let weight = parts.dropFirst().lazy.compactMap { part -> Double? in
                let text = part.filter { $0 != " " }
                return text.hasPrefix("q=") ? Double(text.dropFirst(2)) : nil
            }.first
            return (tag.flatMap { Self(rawValue: $0) }, weight ?? 1)
        }
        var best: (language: Self, weight: Double)?
        for (language, weight) in wishes {
            guard let language, weight > 0, weight > best?.weight ?? 0 else { continue }
            best = (language, weight)
        }
        self = best?.language ?? .english
    }
}

/// The phrases of one language. English text is the key; untranslated phrases stay English.
struct Words: Sendable {
    let language: Language
    private let entries: [String: String]
    private let forms: PhraseForms

    /// - Parameter phrases: blocks of lines, separated by blank lines: English, then each language in the order of ``Language/allCases``.
    init(_ language: Language, phrases: String) {
        self.language = language
        var entries: [String: String] = [:]
        let column = Language.allCases.firstIndex(of: language) ?? 0
        // By bytes: there are thousands of blocks.
        var block: [Substring.UTF8View] = []
        for line in (phrases + "\n").utf8.split(separator: 0x0A, omittingEmptySubsequences: false) {
            guard line.isEmpty else {
                block.append(line)
                continue
            }
            if block.count == Language.allCases.count {
                entries[String(Substring(block[0]))] = String(Substring(block[column]))
            }
            block = []
        }
        self.entries = entries
        // English texts are what they are already.
        forms = PhraseForms(language == .english ? [] : Array(entries.keys))
    }

    func callAsFunction(_ english: String) -> String { entries[english] ?? english }

    func all(_ english: String...) -> [String] { english.map { self($0) } }

    func has(_ english: String) -> Bool { entries[english] != nil }

    /// `english` with `%1`, `%2` … replaced.
    func callAsFunction(_ english: String, _ values: String...) -> String {
        var text = self(english)
        for (index, value) in values.enumerated() {
            text = text.replacing("%\(index + 1)", with: value)
        }
        return text
    }

    func callAsFunction(_ sentence: Sentence) -> String {
        // A text that may be a phrase with its values in it.
        if sentence.values.isEmpty, entries[sentence.phrase] == nil,
            let known = forms.sentence(of: sentence.phrase)
        {
            return known.filled(part: { self($0) }) { self($0) }
        }
        // The name of a field or a setting before what is wrong with it.
        if entries[sentence.phrase] == nil, let (name, rest) = sentence.halves {
            let (said, saidRest) = (self(name), self(rest))
            // A text of something else keeps its own marks.
            if sentence.values.isEmpty, said == name.english, saidRest == rest.english {
                return sentence.phrase
            }
            let both: Sentence = "\(said): \(saidRest)"
            return both.filled { self($0) }
        }
        return sentence.filled(part: { self($0) }) { self($0) }
    }

    /// A text from a store, a node or an agent, which is English: the phrase that it was made of, or the text as it is.
    ///
    /// A single word is a name, or what a program printed.
    func told(_ text: String) -> String { text.contains(" ") ? self(Sentence(phrase: text)) : text }

    /// Why a request is refused.
    func callAsFunction(_ problem: Problem) -> String { self(problem.sentence) }

    /// Why something was refused or failed.
    func callAsFunction(_ error: any Error) -> String { self(Sentence(said: error)) }

    /// Translates every `[[English]]` in a template.
    func translating(_ template: String) -> String {
        var (result, rest) = ("", template[...])
        while let open = rest.firstRange(of: "[["), let close = rest[open.upperBound...].firstRange(of: "]]")
        {
            result += rest[..<open.lowerBound]
            result += self(String(rest[open.upperBound..<close.lowerBound]))
            rest = rest[close.upperBound...]
        }
        return result + rest
    }
}

extension Words {
    /// Those of one language, read when they are first asked for: that takes some hundredths of a second.
    private final class Edition: Sendable {
        private let made = Mutex<Words?>(nil)

        func read(_ language: Language) -> Words {
            made.withLock { made in
                if let made { return made }
                let words = Words(language, phrases: Embedded.phrases_txt)
                made = words
                return words
            }
        }
    }

    private static let editions: [Language: Edition] = Dictionary(
        uniqueKeysWithValues: Language.allCases.map { ($0, Edition()) })

    /// The words of the pages in a language.
    static func of(_ language: Language) -> Words {
        editions[language]?.read(language) ?? Words(language, phrases: "")
    }

    /// A phrase in the language of a locale, such as `fr_FR.UTF-8`; in English where pages do not have that language.
    static func translate(_ text: String, _ locale: String?) -> String {
        let language = locale.flatMap { Language(rawValue: String($0.prefix(2))) } ?? .english
        return of(language)(text)
    }
}

extension Sentence {
    /// What `error` says, also where it comes from the system or another library.
    init(said error: any Error) {
        switch error {
        case let problem as Problem: self = problem.sentence
        case is InvalidSetting, is StoreError, is InvalidName, is UnreadableSetting, is InvalidCondition:
            self.init(of: error)
        default: self.init(phrase: ErrorText.of(error))
        }
    }
}

extension Error {
    /// Whether it says what is wrong with what was typed, and its form is to come back with that.
    var isRefusalOfForm: Bool {
        let error: any Error = self
        return switch error {
        case StoreError.unavailable: false
        case is StoreError, is InvalidSetting, is InvalidName, is InvalidCondition: true
        case let problem as Problem: problem.status == 422
        default: false
        }
    }
}

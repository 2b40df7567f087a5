/// A word of the shell, with what becomes of it when a shell reads it. Nothing is ever run.
struct ShellWord: Equatable, Sendable {
    enum Part: Equatable, Sendable {
        case text(String)
        case variable(String, orElse: Alternative?)
        /// What only a shell can tell: `$(…)`, backquotes, arithmetic, cut values; as written.
        case unknown(String)
    }

    /// `${NAME:-text}` and its kin.
    struct Alternative: Equatable, Sendable {
        /// `+`: the text stands where there is a value, not where there is none.
        var isForSet: Bool
        /// `:`: an empty value counts as none.
        var emptyIsUnset: Bool
        var text: String
    }

    private(set) var parts: [Part] = []

    init(_ parts: [Part] = []) { self.parts = parts }

    /// The text, where it depends on nothing.
    var literal: String? {
        switch parts.count {
        case 0: return ""
        case 1: if case .text(let text) = parts[0] { return text } else { return nil }
        default: return nil
        }
    }

    /// As written, if a part of it is known only to a shell.
    var unknown: String? {
        for case .unknown(let text) in parts { return text }
        return nil
    }

    mutating func end(_ text: inout [UInt8]) {
        guard !text.isEmpty else { return }
        parts.append(.text(text.asText))
        text = []
    }

    mutating func add(_ part: Part) { parts.append(part) }

    /// Its value, at most `LTSPLimit.valueByteCount` long; unknown parts stay as written.
    func value(_ variable: (String) -> String?) -> String {
        if let literal { return literal }
        var value = ""
        for part in parts where value.utf8.count < LTSPLimit.valueByteCount {
            switch part {
            case .text(let text), .unknown(let text): value += text
            case .variable(let name, let alternative):
                let stored = variable(name)
                guard let alternative else {
                    value += stored ?? ""
                    continue
                }
                let isSet = stored.map { !alternative.emptyIsUnset || !$0.isEmpty } ?? false
                if isSet == alternative.isForSet {
                    value += alternative.text
                } else if isSet {
                    value += stored ?? ""
                }
            }
        }
        guard value.utf8.count > LTSPLimit.valueByteCount else { return value }
        return String(decoding: value.utf8.prefix(LTSPLimit.valueByteCount), as: UTF8.self)
    }
}

/// Why a text is nothing that a shell could read.
struct ShellProblem: Error, Equatable {
    var line: Int
    var text: String
}

/// Splits text of a shell into words and operators, as dash does (POSIX.1-2017, XCU 2.2 and 2.3).
struct ShellReader {
    enum Token: Equatable {
        /// - Parameter variable: where the word is `NAME=…`, the name; the word is then what follows.
        case word(ShellWord, variable: String?, line: Int)
        /// `;`, `&&`, `(`, a line end …
        case mark(String, line: Int)
        case end
    }

    private let bytes: [UInt8]
    private(set) var at = 0
    private(set) var line: Int

    init(_ bytes: [UInt8], line: Int) {
        self.bytes = bytes
        self.line = line
    }

    private var next: UInt8? { at < bytes.count ? bytes[at] : nil }
    private func peek(_ distance: Int) -> UInt8? {
        at + distance < bytes.count ? bytes[at + distance] : nil
    }

    mutating func token() throws(ShellProblem) -> Token {
        skipBlanks()
        guard let byte = next else { return .end }
        let begin = line
        if byte == 0x0A {
            (at, line) = (at + 1, line + 1)
            return .mark("\n", line: begin)
        }
        for mark in [";;", "&&", "||", "<<", ">>", ";", "&", "|", "(", ")", "<", ">"]
        where bytes[at...].starts(with: mark.utf8) {
            at += mark.utf8.count
            return .mark(mark, line: begin)
        }
        var length = 0
        while let byte = peek(length), byte.isOfShellName { length += 1 }
        guard length > 0, !byte.isDecimal, peek(length) == UInt8(ascii: "=") else {
            return .word(try word(), variable: nil, line: begin)
        }
        let name = bytes[at..<at + length].asText
        at += length + 1
        return .word(try word(), variable: name, line: begin)
    }

    /// Blanks, continued lines and a comment.
    private mutating func skipBlanks() {
        while let byte = next {
            if byte.isBlank {
                at += 1
            } else if byte == UInt8(ascii: "\\"), peek(1) == 0x0A {
                (at, line) = (at + 2, line + 1)
            } else if byte == UInt8(ascii: "#") {
                while let byte = next, byte != 0x0A { at += 1 }
            } else {
                return
            }
        }
    }

    /// Up to a blank or an operator outside of quotes.
    private mutating func word() throws(ShellProblem) -> ShellWord {
        var word = ShellWord()
        var text: [UInt8] = []
        while let byte = next, !byte.isBlank, !Self.ends.contains(byte) {
            switch byte {
            case UInt8(ascii: "\\"):
                if peek(1) == 0x0A { line += 1 } else if let escaped = peek(1) { text.append(escaped) }
                at = min(at + 2, bytes.count)
            case UInt8(ascii: "'"): try addSingleQuoted(to: &text)
            case UInt8(ascii: "\""): try addDoubleQuoted(to: &word, &text)
            case UInt8(ascii: "$"), UInt8(ascii: "`"): try addExpansion(to: &word, &text)
            default:
                text.append(byte)
                at += 1
            }
        }
        word.end(&text)
        return word
    }

    private static let ends = Array("\n;&|()<>".utf8)
    /// What a backslash acts on between double quotation marks.
    private static let escapable = Array("$`\"\\\n".utf8)

    private mutating func addSingleQuoted(to text: inout [UInt8]) throws(ShellProblem) {
        let begin = line
        at += 1
        while let byte = next {
            at += 1
            if byte == UInt8(ascii: "'") { return }
            if byte == 0x0A { line += 1 }
            text.append(byte)
        }
        throw ShellProblem(line: begin, text: "a quotation mark (') is opened here and never closed")
    }

    private mutating func addDoubleQuoted(to word: inout ShellWord, _ text: inout [UInt8])
        throws(ShellProblem)
    {
        let begin = line
        at += 1
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                at += 1
                return
            case UInt8(ascii: "\\") where peek(1).map { Self.escapable.contains($0) } ?? false:
                if peek(1) == 0x0A { line += 1 } else if let escaped = peek(1) { text.append(escaped) }
                at += 2
            case UInt8(ascii: "$"), UInt8(ascii: "`"): try addExpansion(to: &word, &text)
            default:
                if byte == 0x0A { line += 1 }
                text.append(byte)
                at += 1
            }
        }
        throw ShellProblem(line: begin, text: "a quotation mark (\") is opened here and never closed")
    }

    /// What begins with `$` or a backquote.
    private mutating func addExpansion(to word: inout ShellWord, _ text: inout [UInt8])
        throws(ShellProblem)
    {
        let begin = at
        guard next == UInt8(ascii: "$") else {
            try skip(past: "`", "a backquote")
            word.end(&text)
            return word.add(.unknown(bytes[begin..<at].asText))
        }
        guard let first = peek(1) else {
            at += 1
            return text.append(UInt8(ascii: "$"))
        }
        if first == UInt8(ascii: "(") {
            try skipParentheses()
        } else if first == UInt8(ascii: "{") {
            at += 1
            try skip(past: "}", "a brace")
            word.end(&text)
            return word.add(Self.part(ofBraces: bytes[begin..<at]))
        } else if first.isOfShellName, !first.isDecimal {
            at += 1
            while let byte = next, byte.isOfShellName { at += 1 }
            word.end(&text)
            return word.add(.variable(bytes[begin + 1..<at].asText, orElse: nil))
        } else if first.isDecimal || Array("@*#?-$!".utf8).contains(first) {
            at += 2
        } else {
            at += 1
            return text.append(UInt8(ascii: "$"))
        }
        word.end(&text)
        word.add(.unknown(bytes[begin..<at].asText))
    }

    /// `${NAME}` and those of its forms that need no pattern.
    private static func part(ofBraces slice: ArraySlice<UInt8>) -> ShellWord.Part {
        let inner = slice.dropFirst(2).dropLast()
        let name = inner.prefix { $0.isOfShellName }
        var rest = inner.dropFirst(name.count)
        guard name.asText.isShellName else { return .unknown(slice.asText) }
        guard !rest.isEmpty else { return .variable(name.asText, orElse: nil) }
        let emptyIsUnset = rest.first == UInt8(ascii: ":")
        if emptyIsUnset { rest.removeFirst() }
        let sign = rest.popFirst()
        let isPlain = !rest.contains { Array("$`\"'\\{}".utf8).contains($0) }
        guard sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+"), isPlain else {
            return .unknown(slice.asText)
        }
        return .variable(
            name.asText,
            orElse: ShellWord.Alternative(
                isForSet: sign == UInt8(ascii: "+"), emptyIsUnset: emptyIsUnset, text: rest.asText))
    }

    /// From a mark that opens to the one that closes.
    private mutating func skip(past mark: Unicode.Scalar, _ what: String) throws(ShellProblem) {
        let begin = line
        at += 1
        while let byte = next {
            if byte == UInt8(ascii: "\\"), mark == "`", let escaped = peek(1) {
                if escaped == 0x0A { line += 1 }
                at += 2
                continue
            }
            if byte == 0x0A { line += 1 }
            at += 1
            if byte == UInt8(ascii: mark) { return }
        }
        throw ShellProblem(line: begin, text: "\(what) is opened here and never closed")
    }

    /// `$(…)` with what is nested in it; quotes inside hide parentheses.
    private mutating func skipParentheses() throws(ShellProblem) {
        let begin = line
        at += 1
        var depth = 0
        var quote: UInt8?
        while let byte = next {
            at += 1
            if byte == 0x0A { line += 1 }
            if byte == UInt8(ascii: "\\"), quote != UInt8(ascii: "'"), let escaped = next {
                if escaped == 0x0A { line += 1 }
                at += 1
            } else if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
                quote = byte
            } else if byte == UInt8(ascii: "(") {
                depth += 1
            } else if byte == UInt8(ascii: ")") {
                depth -= 1
                if depth == 0 { return }
            }
        }
        throw ShellProblem(line: begin, text: "a parenthesis is opened here and never closed")
    }
}

/// A word of the shell, with what becomes of it when a shell reads it. Nothing is ever run.
struct ShellWord: Equatable, Sendable {
    enum Part: Equatable, Sendable {
        case text(String)
        case variable(String)
        /// `${NAME…}` with more than the name; as written, too.
        indirect case changed(String, Change, written: String)
        /// What only a shell can tell: `$(…)`, backquotes, arithmetic, cut values, `~`; as written.
        case unknown(String)
    }

    enum Change: Equatable, Sendable {
        /// `${NAME:-WORD}` and its kin: the word stands where there is no value, or with `+` where there is one. `:`: an empty value is none.
        case alternative(ShellWord, isForSet: Bool, emptyIsUnset: Bool)
        /// `${NAME:=WORD}`: the same as with `-`, and the variable has that value from then on.
        case assigned(ShellWord, emptyIsUnset: Bool)
        /// `${NAME#PATTERN}` and its kin: cut off at the beginning or the end.
        case cut(pattern: String, atEnd: Bool, isLongest: Bool)
        /// `${#NAME}`.
        case length
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

    /// The variables that it has values of.
    var variableNames: [String] {
        parts.flatMap { part -> [String] in
            switch part {
            case .text, .unknown: []
            case .variable(let name): [name]
            case .changed(let name, .alternative(let word, _, _), _),
                .changed(let name, .assigned(let word, _), _):
                [name] + word.variableNames
            case .changed(let name, _, _): [name]
            }
        }
    }

    /// What a shell assigns when it reads the word: the variables of `${NAME:=WORD}`.
    var assignments: [(name: String, word: ShellWord)] {
        parts.compactMap { part in
            guard case .changed(let name, .assigned(let word, let emptyIsUnset), let written) = part else {
                return nil
            }
            let change = Change.alternative(word, isForSet: false, emptyIsUnset: emptyIsUnset)
            return (name, ShellWord([.changed(name, change, written: written)]))
        }
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
            case .variable(let name): value += variable(name) ?? ""
            case .changed(let name, let change, let written):
                value += change.value(of: variable(name), variable) ?? written
            }
        }
        guard value.utf8.count > LTSPLimit.valueByteCount else { return value }
        return String(decoding: value.utf8.prefix(LTSPLimit.valueByteCount), as: UTF8.self)
    }
}

/// Why a text is nothing that a shell could read.
struct ShellProblem: Error, Equatable {
    var line: Int
    var text: Sentence
    /// Whether the end of the text came before something else that was awaited.
    var isOpen = false

    static func neverClosed(_ what: Sentence, _ line: Int) -> Self {
        Self(line: line, text: "\(what) is opened here and never closed", isOpen: true)
    }
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

    let bytes: [UInt8]
    var at = 0
    var line: Int
    /// How many words this one is nested in.
    var depth = 0
    /// The line that a backslash joins with what follows the whole text.
    private(set) var joinedEnd: Int?
    /// Texts behind `<<`, which begin at the next line: what ends each, and where it was named.
    private var awaited: [(end: String, stripsTabs: Bool, line: Int)] = []

    init(_ bytes: [UInt8], line: Int) {
        self.bytes = bytes
        self.line = line
    }

    var next: UInt8? { at < bytes.count ? bytes[at] : nil }
    func peek(_ distance: Int) -> UInt8? {
        at + distance < bytes.count ? bytes[at + distance] : nil
    }

    mutating func token() throws(ShellProblem) -> Token {
        skipBlanks()
        guard let byte = next else { return .end }
        let begin = line
        if byte == 0x0A {
            (at, line) = (at + 1, line + 1)
            try skipAwaited()
            return .mark("\n", line: begin)
        }
        for mark in Self.marks where bytes[at...].starts(with: mark.utf8) {
            at += mark.utf8.count
            if mark.hasPrefix("<<") {
                skipBlanks()
                let end = try word().asWritten
                guard !end.isEmpty else {
                    throw ShellProblem(line: begin, text: "there is nothing after ‘\(mark)’")
                }
                awaited.append((end, mark == "<<-", begin))
            }
            return .mark(mark, line: begin)
        }
        var length = 0
        while let byte = peek(length), byte.isOfShellName { length += 1 }
        guard length > 0, !byte.isDecimal, peek(length) == UInt8(ascii: "=") else {
            return .word(try word(), variable: nil, line: begin)
        }
        let name = bytes[at..<at + length].asText
        at += length + 1
        return .word(try word(isValue: true), variable: name, line: begin)
    }

    /// Blanks, continued lines and a comment.
    private mutating func skipBlanks() {
        while let byte = next {
            if byte.isBlank {
                at += 1
            } else if byte == UInt8(ascii: "\\"), peek(1) == 0x0A {
                joinLines()
            } else if byte == UInt8(ascii: "#") {
                while let byte = next, byte != 0x0A { at += 1 }
            } else {
                return
            }
        }
    }

    /// A backslash at the end of a line.
    private mutating func joinLines() {
        if at + 2 >= bytes.count { joinedEnd = line }
        (at, line) = (at + 2, line + 1)
    }

    /// The texts behind `<<` in the line before.
    private mutating func skipAwaited() throws(ShellProblem) {
        defer { awaited = [] }
        for text in awaited {
            var isEnded = false
            while !isEnded {
                guard at < bytes.count else {
                    throw ShellProblem(
                        line: text.line, text: "no line ‘\(text.end)’ ends the text behind ‘<<’",
                        isOpen: true)
                }
                var read = bytes[at...].prefix { $0 != 0x0A }
                at = read.endIndex
                // The last line may have no end.
                if at < bytes.count { (at, line) = (at + 1, line + 1) }
                if text.stripsTabs { read = read.drop { $0 == 0x09 } }
                isEnded = read.elementsEqual(text.end.utf8)
            }
        }
    }

    /// Up to a blank or an operator outside of quotes.
    ///
    /// - Parameter isValue: whether it is assigned: then `~` stands for a home at its beginning and behind a colon.
    private mutating func word(isValue: Bool = false) throws(ShellProblem) -> ShellWord {
        var word = ShellWord()
        var text: [UInt8] = []
        var mayBeHome = isValue
        while let byte = next, !byte.isBlank, !Self.ends.contains(byte) {
            if mayBeHome, let home {
                at += home.count
                word.end(&text)
                word.add(.unknown(home.asText))
                mayBeHome = false
                continue
            }
            mayBeHome = isValue && byte == UInt8(ascii: ":")
            switch byte {
            case UInt8(ascii: "\\"):
                if peek(1) == 0x0A {
                    joinLines()
                } else {
                    if let escaped = peek(1) { text.append(escaped) }
                    at = min(at + 2, bytes.count)
                }
            case UInt8(ascii: "'"): try addSingleQuoted(to: &text)
            case UInt8(ascii: "\""): try addDoubleQuoted(to: &word, &text)
            case UInt8(ascii: "$"), UInt8(ascii: "`"):
                try addExpansion(to: &word, &text, isQuoted: false)
            default:
                text.append(byte)
                at += 1
            }
        }
        word.end(&text)
        return word
    }

    /// `~` or `~NAME`, of which nothing is quoted.
    private var home: ArraySlice<UInt8>? {
        guard next == UInt8(ascii: "~") else { return nil }
        let name = bytes[(at + 1)...].prefix { $0.isOfShellName || $0 == UInt8(ascii: "-") }
        let behind = bytes[name.endIndex...].first
        let ends =
            behind.map { $0.isBlank || Self.ends.contains($0) || Array("/:".utf8).contains($0) } ?? true
        return ends ? bytes[at..<name.endIndex] : nil
    }

    private static let marks = [
        ";;", "&&", "||", "<<-", "<<", ">>", ">&", "<&", ">|", "<>", ";", "&", "|", "(", ")", "<", ">",
    ]
    private static let ends = Array("\n;&|()<>".utf8)
    /// What a backslash acts on between double quotation marks.
    private static let escapable = Array("$`\"\\\n".utf8)

    mutating func addSingleQuoted(to text: inout [UInt8]) throws(ShellProblem) {
        let begin = line
        at += 1
        while let byte = next {
            at += 1
            if byte == UInt8(ascii: "'") { return }
            if byte == 0x0A { line += 1 }
            text.append(byte)
        }
        throw .neverClosed("a quotation mark (')", begin)
    }

    mutating func addDoubleQuoted(to word: inout ShellWord, _ text: inout [UInt8])
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
            case UInt8(ascii: "$"), UInt8(ascii: "`"):
                try addExpansion(to: &word, &text, isQuoted: true)
            default:
                if byte == 0x0A { line += 1 }
                text.append(byte)
                at += 1
            }
        }
        throw .neverClosed("a quotation mark (\")", begin)
    }

    /// What begins with `$` or a backquote.
    mutating func addExpansion(
        to word: inout ShellWord, _ text: inout [UInt8], isQuoted: Bool
    ) throws(ShellProblem) {
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
            let firstLine = line
            at += 1
            try skipBraces(isWithin: isQuoted)
            word.end(&text)
            return word.add(
                Self.part(ofBraces: bytes[begin..<at], isQuoted: isQuoted, line: firstLine, depth: depth))
        } else if first.isOfShellName, !first.isDecimal {
            at += 1
            while let byte = next, byte.isOfShellName { at += 1 }
            word.end(&text)
            return word.add(.variable(bytes[begin + 1..<at].asText))
        } else if first.isDecimal || Array("@*#?-$!".utf8).contains(first) {
            at += 2
        } else {
            at += 1
            return text.append(UInt8(ascii: "$"))
        }
        word.end(&text)
        word.add(.unknown(bytes[begin..<at].asText))
    }

    /// From a mark that opens to the one that closes.
    mutating func skip(past mark: Unicode.Scalar, _ what: Sentence) throws(ShellProblem) {
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
        throw .neverClosed(what, begin)
    }

    /// `$(…)` with what is nested in it; quotes inside hide parentheses.
    mutating func skipParentheses() throws(ShellProblem) {
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
        throw .neverClosed("a parenthesis", begin)
    }
}

import Yams

/// What people mistake about YAML, told from the text around an error.
enum YAMLMistake {
    /// What is wrong, in words; the parser's own where nothing better is known.
    ///
    /// - Parameter line: the one that the parser stopped at, counted from one.
    static func text(_ problem: String, line: Int, of text: String) -> String {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        if problem.contains("nesting level") {
            return "too deep: lists and maps are in one another too often"
        }
        if problem.contains("another document") {
            return "a second document begins here (---), and the file has one only"
        }
        if lines.indices.contains(line - 1), lines[line - 1].prefix(while: \.isWhitespace).contains("\t") {
            return "not readable as YAML: the line begins with a tab, and YAML indents with blanks"
        }
        // The parser stops at the next line that is whole.
        let ahead = lines.indices.prefix(line).suffix(2)
        if problem.contains("mapping values") || problem.contains("expected ':'"),
            let index = ahead.first(where: { lacksBlank(lines[$0]) })
        {
            return "not readable as YAML: line \(index + 1) lacks a blank behind its colon (KEY: VALUE)"
        }
        return "not readable as YAML: \(problem)"
    }

    /// The line of the first character that YAML takes nowhere, which its reader does not tell.
    static func controlLine(in text: String) -> Int? {
        var line = 1
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x0A: line += 1
            case 0x09, 0x0D, 0x85: continue
            case 0..<0x20, 0x7F..<0xA0, 0xFFFE...0xFFFF: return line
            default: continue
            }
        }
        return nil
    }

    /// `roles:dhcp`, which is one word.
    static func lacksBlank(_ line: some StringProtocol) -> Bool {
        let words = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard words.count == 2, let next = words[1].first, let key = words.first else { return false }
        let name = key.drop(while: \.isWhitespace)
        return !next.isWhitespace && !name.isEmpty
            && name.allSatisfy { $0.isLetter || $0.isNumber || "-_./".contains($0) }
    }

    /// A character around a word that only looks like a blank or a quotation mark, as text processors and web pages have them. Within quotation
    /// marks it is meant.
    static func lookalike(in scalar: Yams.Node.Scalar) -> String? {
        guard scalar.style == .plain, let first = scalar.string.unicodeScalars.first,
            let last = scalar.string.unicodeScalars.last
        else { return nil }
        let blank = [first, last].first(where: blanks.contains)
        let found = blank ?? (quotationMarks.isSuperset(of: [first, last]) ? first : nil)
        return found.map { "U+\(String($0.value, radix: 16, uppercase: true))" }
    }

    /// A tag such as `!!binary` or `!vault`, which Roost does not support: without an error, its value would be read as plain text.
    static func unknownTag(of node: Yams.Node) -> String? {
        let tag: String
        switch node {
        case .scalar(let scalar): tag = scalar.tag.rawValue
        case .mapping(let mapping): tag = mapping.tag.rawValue
        case .sequence(let sequence): tag = sequence.tag.rawValue
        case .alias: return nil
        }
        guard tag.hasPrefix(standardTags) else { return tag.isEmpty || tag == "!" ? nil : tag }
        let name = String(tag.dropFirst(standardTags.count))
        return plainTags.contains(name) ? nil : "!!\(name)"
    }

    static func unknownTag(_ tag: String) -> String {
        "the tag \(tag) has no meaning here, and the value after it is not converted: write the value itself"
    }

    private static let standardTags = "tag:yaml.org,2002:"
    /// Those that change nothing where a reader knows what it expects.
    private static let plainTags: Set<String> = [
        "str", "int", "float", "bool", "null", "map", "seq", "timestamp", "merge", "value",
    ]

    private static let blanks: Set<Unicode.Scalar> = [
        "\u{A0}", "\u{2007}", "\u{200B}", "\u{202F}", "\u{FEFF}",
    ]
    private static let quotationMarks: Set<Unicode.Scalar> = [
        "\u{2018}", "\u{2019}", "\u{201A}", "\u{201C}", "\u{201D}", "\u{201E}", "\u{AB}", "\u{BB}",
    ]
}

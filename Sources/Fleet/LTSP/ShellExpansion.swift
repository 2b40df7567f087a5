extension ShellWord.Change {
    /// What it makes of a value; nil where that is too long to be cut.
    func value(of stored: String?, _ variable: (String) -> String?) -> String? {
        switch self {
        case .alternative(let word, let isForSet, let emptyIsUnset):
            let isSet = stored.map { !emptyIsUnset || !$0.isEmpty } ?? false
            return isSet == isForSet ? word.value(variable) : isSet ? stored : ""
        case .assigned(let word, let emptyIsUnset):
            return Self.alternative(word, isForSet: false, emptyIsUnset: emptyIsUnset)
                .value(of: stored, variable)
        // Dash counts bytes.
        case .length: return String((stored ?? "").utf8.count)
        case .cut(let pattern, let atEnd, let isLongest):
            let bytes = Array((stored ?? "").utf8)
            guard bytes.count <= Self.cutByteCount else { return nil }
            let glob = GlobPattern(pattern)
            let lengths =
                atEnd ? glob.reversed.lengths(matchingIn: bytes.reversed()) : glob.lengths(matchingIn: bytes)
            guard let length = isLongest ? lengths.last : lengths.first else { return stored ?? "" }
            return Array(atEnd ? bytes.dropLast(length) : bytes.dropFirst(length)).asText
        }
    }

    /// The lengths of values and patterns that are compared: names and addresses are shorter, and a file may have many of them.
    private static let cutByteCount = 128
    static let patternByteCount = 63
}

extension ShellReader {
    /// How deep words may be nested.
    private static let depthLimit = 16

    /// `${NAME}`, and those of its forms that change nothing.
    static func part(
        ofBraces slice: ArraySlice<UInt8>, isQuoted: Bool, line: Int, depth: Int
    ) -> ShellWord.Part {
        let written = slice.asText
        var rest = slice.dropFirst(2).dropLast()
        let isLength = rest.first == UInt8(ascii: "#") && rest.count > 1
        if isLength { rest.removeFirst() }
        let name = rest.prefix { $0.isOfShellName }.asText
        rest = rest.dropFirst(name.utf8.count)
        guard name.isShellName else { return .unknown(written) }
        if isLength { return rest.isEmpty ? .changed(name, .length, written: written) : .unknown(written) }
        guard let sign = rest.popFirst() else { return .variable(name) }
        switch sign {
        case UInt8(ascii: "#"), UInt8(ascii: "%"):
            let isLongest = rest.first == sign
            if isLongest { rest.removeFirst() }
            let isPlain = !rest.contains { Array("$`\"'\\".utf8).contains($0) }
            guard isPlain, rest.count <= ShellWord.Change.patternByteCount else { return .unknown(written) }
            return .changed(
                name,
                .cut(pattern: rest.asText, atEnd: sign == UInt8(ascii: "%"), isLongest: isLongest),
                written: written)
        case UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "="):
            let emptyIsUnset = sign == UInt8(ascii: ":")
            guard let kind = emptyIsUnset ? rest.popFirst() : sign, Array("-+=".utf8).contains(kind),
                let word = alternative(rest, isQuoted: isQuoted, line: line, depth: depth)
            else { return .unknown(written) }
            if kind == UInt8(ascii: "=") {
                return .changed(name, .assigned(word, emptyIsUnset: emptyIsUnset), written: written)
            }
            return .changed(
                name,
                .alternative(word, isForSet: kind == UInt8(ascii: "+"), emptyIsUnset: emptyIsUnset),
                written: written)
        default: return .unknown(written)
        }
    }

    /// The word of an alternative; nil where only a shell can tell it.
    private static func alternative(
        _ bytes: ArraySlice<UInt8>, isQuoted: Bool, line: Int, depth: Int
    ) -> ShellWord? {
        guard depth < depthLimit else { return nil }
        var reader = ShellReader(Array(bytes), line: line)
        reader.depth = depth + 1
        guard let word = try? reader.alternative(isQuoted: isQuoted), word.unknown == nil,
            // Whether it would be assigned depends on the branch that is taken.
            word.assignments.isEmpty
        else { return nil }
        return word
    }

    private mutating func alternative(isQuoted: Bool) throws(ShellProblem) -> ShellWord {
        var word = ShellWord()
        var text: [UInt8] = []
        while let byte = next {
            switch byte {
            // Between quotation marks, a backslash acts on few characters only.
            case UInt8(ascii: "\\")
            where !isQuoted || peek(1).map { Array("$`\"\\}".utf8).contains($0) } ?? false:
                if let escaped = peek(1), escaped != 0x0A { text.append(escaped) }
                at = min(at + 2, bytes.count)
            case UInt8(ascii: "'") where !isQuoted: try addSingleQuoted(to: &text)
            case UInt8(ascii: "\""):
                // Quotation marks within quotation marks end these, and begin them again: what is between them is plain.
                try addDoubleQuoted(to: &word, &text)
            case UInt8(ascii: "$"), UInt8(ascii: "`"):
                try addExpansion(to: &word, &text, isQuoted: isQuoted)
            default:
                text.append(byte)
                at += 1
            }
        }
        word.end(&text)
        return word
    }

    /// From `{` to the brace that closes it; quotes and what is nested hide others.
    ///
    /// - Parameter isWithin: whether they are between quotation marks, where (') is none.
    mutating func skipBraces(isWithin: Bool) throws(ShellProblem) {
        let begin = line
        var open = 0
        var isQuoted = isWithin
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\\") where peek(1) != nil && peek(1) != 0x0A: at += 1
            case UInt8(ascii: "\""): isQuoted.toggle()
            case UInt8(ascii: "'") where !isQuoted:
                var hidden: [UInt8] = []
                try addSingleQuoted(to: &hidden)
                continue
            case UInt8(ascii: "$") where peek(1) == UInt8(ascii: "("):
                try skipParentheses()
                continue
            case UInt8(ascii: "`"):
                try skip(past: "`", "a backquote")
                continue
            case UInt8(ascii: "$") where peek(1) == UInt8(ascii: "{"): open += 1
            case UInt8(ascii: "}"):
                open -= 1
                if open == 0 {
                    at += 1
                    return
                }
            case UInt8(ascii: "{") where open == 0: open = 1
            case 0x0A: line += 1
            default: break
            }
            at += 1
        }
        throw .neverClosed("a brace", begin)
    }
}

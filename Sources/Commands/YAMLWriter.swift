import Fleet

/// Writes values as YAML, in a form that every reader of YAML takes for the same.
enum YAMLWriter {
    /// A member with its key.
    ///
    /// - Parameters:
    ///   - indent: blanks before the key.
    ///   - order: of the value's own members; others follow by name.
    static func member(_ key: String, _ value: DeclaredValue, indent: Int, order: [String] = []) -> [String] {
        let head = "\(blanks(indent))\(text(key)):"
        switch value {
        case .object(let members) where !members.isEmpty:
            return [head] + block(members, indent: indent + 2, order: order)
        case .list(let entries) where !entries.isEmpty:
            return [head] + entries.flatMap { entry($0, indent: indent + 2) }
        case .text(let text) where isBlock(text):
            return literal(text, after: "\(head) ", indent: indent + 2)
        default: return ["\(head) \(scalar(value))"]
        }
    }

    /// A map's members, one below the other.
    static func block(_ members: [String: DeclaredValue], indent: Int, order: [String] = []) -> [String] {
        let known = order.filter { members[$0] != nil }
        let others = members.keys.filter { !known.contains($0) }.sorted()
        return (known + others).flatMap { key in
            members[key].map { member(key, $0, indent: indent) } ?? []
        }
    }

    /// An entry of a list.
    static func entry(_ value: DeclaredValue, indent: Int, order: [String] = []) -> [String] {
        let dash = "\(blanks(indent))- "
        switch value {
        case .object(let members) where !members.isEmpty:
            var lines = block(members, indent: indent + 2, order: order)
            lines[0] = dash + lines[0].dropFirst(indent + 2)
            return lines
        case .text(let text) where isBlock(text): return literal(text, after: dash, indent: indent + 2)
        default: return ["\(dash)\(scalar(value))"]
        }
    }

    private static func blanks(_ count: Int) -> String { String(repeating: " ", count: count) }

    // MARK: Texts

    /// On one line.
    static func scalar(_ value: DeclaredValue) -> String {
        switch value {
        case .text(let text): Self.text(text)
        case .integer(let number): String(number)
        case .boolean(let flag): flag ? "yes" : "no"
        case .list(let entries): "[\(entries.map(scalar).joined(separator: ", "))]"
        case .object(let members):
            "{\(members.sorted { $0.key < $1.key }.map { "\(text($0.key)): \(scalar($0.value))" }.joined(separator: ", "))}"
        }
    }

    static func text(_ text: String) -> String { isPlain(text) ? text : quoted(text) }

    /// Whether it is the same text without quotation marks, in every YAML.
    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first, let last = text.unicodeScalars.last else { return false }
        let isBegun = isLetter(first) || digits.contains(first) || "/_.".unicodeScalars.contains(first)
        guard isBegun, last != " ", last != ":" else { return false }
        guard !words.contains(text.lowercased()), !looksLikeNumber(text) else { return false }
        var before: Unicode.Scalar = " "
        for scalar in text.unicodeScalars {
            let isKnown =
                isLetter(scalar) || digits.contains(scalar)
                || " /_.-+@%=:;()<>~^*$".unicodeScalars.contains(scalar)
            guard isKnown, !(before == ":" && scalar == " ") else { return false }
            before = scalar
        }
        return true
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
    }

    private static let digits: ClosedRange<Unicode.Scalar> = "0"..."9"
    /// What other readers take for something else than text.
    private static let words: Swift.Set<String> = [
        "yes", "no", "true", "false", "on", "off", "y", "n", "null", "~", ".inf", ".nan", ".", "..", "<<",
    ]

    /// Also what YAML 1.1 takes for numbers and dates: `0x1f`, `1_000`, `12:30:45`, `2026-11-29`.
    private static func looksLikeNumber(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first, digits.contains(first) || first == "." else {
            return false
        }
        if text.hasPrefix("0x") || text.hasPrefix("0o") || text.hasPrefix("0b") { return true }
        let isOfFigures = text.unicodeScalars.allSatisfy {
            digits.contains($0) || "_.:eE+-TZtz ".unicodeScalars.contains($0)
        }
        // Addresses are no numbers anywhere.
        return isOfFigures && text.count(where: { $0 == "." }) < 2
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case "\r": quoted += "\\r"
            case _ where scalar.value < 0x20 || (0x7F...0xA0).contains(scalar.value):
                quoted += "\\x" + hexadecimal(scalar.value, 2)
            // Line breaks, marks and what turns the direction of a text.
            case _
            where (0x2000...0x206F).contains(scalar.value) || scalar.value == 0xFEFF
                || (0xFFF0...0xFFFF).contains(scalar.value):
                quoted += "\\u" + hexadecimal(scalar.value, 4)
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    private static func hexadecimal(_ value: UInt32, _ length: Int) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, length - digits.count)) + digits
    }

    /// Whether a text is best written as it is, line by line.
    private static func isBlock(_ text: String) -> Bool {
        guard text.contains("\n"), text.first != " ", text.first != "\n" else { return false }
        return text.unicodeScalars.allSatisfy {
            $0 == "\n"
                || $0.value >= 0x20 && !(0x7F...0xA0).contains($0.value)
                    && !(0x2028...0x2029).contains($0.value) && $0.value != 0xFEFF && $0.value < 0xFFF0
        } && !text.split(separator: "\n").contains { $0.allSatisfy { $0 == " " } }
    }

    private static func literal(_ text: String, after head: String, indent: Int) -> [String] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var mark = "|-"
        if lines.last == "" {
            lines.removeLast()
            mark = lines.last == "" ? "|+" : "|"
        }
        return ["\(head)\(mark)"] + lines.map { $0.isEmpty ? "" : blanks(indent) + $0 }
    }
}

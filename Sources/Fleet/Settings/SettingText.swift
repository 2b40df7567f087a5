extension SettingDefinition {
    /// Parses a value as typed: lists and maps have commas between their entries.
    ///
    /// A comma that cannot separate two entries belongs to the entry: `console=ttyS0,115200`, `kernel-arguments=isolcpus=1,2`,
    /// `files=/etc/motd=Hello, world`. Other commas are text inside quotation marks or after `\`.
    package func value(fromText text: String) throws(InvalidSetting) -> SettingValue {
        switch kind {
        case .text, .choice: return try checked(.text(text))
        case .integer:
            guard let number = Int(text) else {
                throw InvalidSetting("\(name): ‘\(text)’ is not a whole number")
            }
            return try checked(.integer(number))
        case .boolean:
            switch text.lowercased() {
            case "yes", "true", "on", "1": return .boolean(true)
            case "no", "false", "off", "0": return .boolean(false)
            default: throw InvalidSetting("\(name): ‘\(text)’ is neither yes nor no")
            }
        case .list: return try checked(.list(entries(of: text)))
        case .map:
            var map: [String: String] = [:]
            for entry in try entries(of: text) {
                let (key, value) = try Self.pair(entry, of: name)
                map[key] = value
            }
            return try checked(.map(map))
        }
    }

    /// Key and value of `key=value`.
    package static func pair(_ entry: some StringProtocol, of name: String) throws(InvalidSetting) -> (
        String, String
    ) {
        let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw InvalidSetting("\(name): ‘\(entry)’ is not key=value") }
        return (String(parts[0].trimmed), String(parts[1]))
    }

    /// The entries of a list or a map as typed.
    package func entries(of text: String) throws(InvalidSetting) -> [String] {
        if notation.isKernelLine { return Self.kernelWords(of: text) }
        var entries: [String] = []
        for part in try Self.parts(of: text, name) {
            if let last = entries.last, !part.isQuoted, !notation.begins(part.text, last) {
                entries[entries.count - 1] += ",\(part.text)"
            } else {
                entries.append(part.text)
            }
        }
        if kind == .list || entries.allSatisfy({ $0.allSatisfy(\.isWhitespace) }) {
            entries = entries.map { String($0.trimmed) }.filter { !$0.isEmpty }
        }
        return entries
    }

    /// `value` as a person would type it: ``value(fromText:)`` returns it again.
    package func typed(_ value: SettingValue) -> String {
        func entry(_ text: String) -> String {
            let text = text.hasPrefix("@") ? "@\(text)" : text
            let isPlain = !text.contains(where: { ",\"\\".contains($0) }) && text.trimmed.count == text.count
            return isPlain ? text : "\"\(text.replacing("\"", with: "\"\""))\""
        }
        switch value {
        case .list(let words) where notation.isKernelLine: return words.joined(separator: " ")
        case .list(let entries): return entries.map(entry).joined(separator: ",")
        case .map(let map):
            return map.sorted { $0.key < $1.key }.map { key, value in
                entry("\(key)=\(value.hasPrefix("@") ? "@\(value)" : value)")
            }.joined(separator: ",")
        default: return value.description.hasPrefix("@") ? "@\(value)" : value.description
        }
    }

    /// Spaces separate words, as for the kernel, and commas belong to values; if no word has a value, commas separate, too.
    private static func kernelWords(of text: String) -> [String] {
        text.split(whereSeparator: \.isWhitespace).flatMap { word in
            word.contains("=") ? [String(word)] : word.split(separator: ",").map(String.init)
        }
    }

    /// The parts between commas, without surrounding quotation marks; `\,` is a literal comma.
    private static func parts(of text: String, _ name: String) throws(InvalidSetting) -> [(
        text: String, isQuoted: Bool
    )] {
        var parts: [(text: String, isQuoted: Bool)] = [("", false)]
        var rest = text[...]
        while let character = rest.popFirst() {
            let index = parts.count - 1
            if character == "," {
                parts.append(("", false))
            } else if character == "\\", rest.first == "," {
                rest.removeFirst()
                parts[index].text.append(",")
            } else if character == "\"", parts[index].text.allSatisfy(\.isWhitespace) {
                parts[index] = (try quoted(&rest, name), true)
            } else {
                parts[index].text.append(character)
            }
        }
        return parts
    }

    /// Up to the closing mark; two marks stand for one.
    private static func quoted(_ rest: inout Substring, _ name: String) throws(InvalidSetting) -> String {
        var text = ""
        while let character = rest.popFirst() {
            if character != "\"" {
                text.append(character)
            } else if rest.first == "\"" {
                rest.removeFirst()
                text.append("\"")
            } else {
                return text
            }
        }
        throw InvalidSetting("\(name): a quotation mark is opened and never closed")
    }
}

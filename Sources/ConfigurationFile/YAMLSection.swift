import Yams

/// A mistake in a file, with its line.
package struct ConfigurationError: Error, CustomStringConvertible {
    package var file: String
    package var line: Int?
    package var text: String
    /// A key that is not known in its section, and those that are: for the caller, who can tell which one was meant.
    package var unknownKey: (name: String, known: [String])?

    package var description: String { line.map { "\(file):\($0): \(text)" } ?? "\(file): \(text)" }
}

/// A mapping in a YAML file whose keys are taken one by one; a key left at the end is unknown, and an error. A key without a value (`dhcp:` with
/// nothing below it, `~`, `null`) counts as absent: often everything below it is commented out.
package struct YAMLSection {
    package let file: String
    private let path: String
    private let line: Int?
    private var left: [(key: String, line: Int?, node: Yams.Node)] = []

    init(file: String, node: Yams.Node, path: String = "") throws {
        self.file = file
        self.path = path
        line = node.mark?.line
        guard let mapping = node.mapping else {
            throw ConfigurationError(
                file: file, line: node.mark?.line,
                text: "\(path.isEmpty ? "the file" : path) must be a mapping of keys to values"
                    + (node.scalar.map(\.string).map(YAMLMistake.lacksBlank) == true
                        ? ": there is no blank behind its colon (KEY: VALUE)" : ""))
        }
        for (key, value) in mapping {
            guard let name = key.scalar?.string else {
                throw ConfigurationError(file: file, line: key.mark?.line, text: "a key must be text")
            }
            if name == "<<" {
                throw ConfigurationError(
                    file: file, line: key.mark?.line, text: "merge keys (<<) are not read: write the keys out"
                )
            }
            if let lookalike = key.scalar.flatMap(YAMLMistake.lookalike) {
                throw ConfigurationError(
                    file: file, line: key.mark?.line, text: Self.lookalike(lookalike, in: name))
            }
            for part in [value] + (value.sequence.map { Array($0) } ?? []) {
                guard let tag = YAMLMistake.unknownTag(of: part) else { continue }
                throw ConfigurationError(
                    file: file, line: part.mark?.line, text: YAMLMistake.unknownTag(tag))
            }
            left.append((name, key.mark?.line, value))
        }
    }

    /// The whole file; an empty one has no keys.
    package static func parse(_ text: String, file: String) throws -> YAMLSection {
        // Windows editors start a file with a byte order mark (YAML 1.2.2 §5.2).
        let text = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
        do {
            let node = try Yams.compose(yaml: text) ?? Yams.Node.mapping(Yams.Node.Mapping([]))
            if node.scalar?.string == "" || node.null != nil {
                return try YAMLSection(file: file, node: Yams.Node.mapping(Yams.Node.Mapping([])))
            }
            return try YAMLSection(file: file, node: node)
        } catch let error as YamlError {
            throw Self.unreadable(error, file: file, text)
        }
    }

    static func unreadable(_ error: YamlError, file: String, _ text: String) -> ConfigurationError {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            ConfigurationError(
                file: file, line: mark.line, text: YAMLMistake.text(problem, line: mark.line, of: text))
        case .reader(let problem, _, _, _):
            ConfigurationError(
                file: file, line: YAMLMistake.controlLine(in: text), text: "not readable as YAML: \(problem)")
        case .duplicatedKeysInMapping(let keys, let context):
            ConfigurationError(
                file: file, line: context.mark.line, text: "given twice: \(keys.joined(separator: ", "))")
        default: ConfigurationError(file: file, line: nil, text: "not readable as YAML")
        }
    }

    private mutating func take(_ key: String) -> (line: Int?, node: Yams.Node)? {
        guard let index = left.firstIndex(where: { $0.key == key }) else { return nil }
        let found = left.remove(at: index)
        return found.node.null == nil ? (found.line, found.node) : nil
    }

    private func full(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    private func error(_ key: String, _ line: Int?, _ text: String) -> ConfigurationError {
        ConfigurationError(file: file, line: line, text: "\(full(key)): \(text)")
    }

    /// Text that `parse` understands; nil when the key is absent.
    package mutating func value<T>(_ key: String, _ expected: String, _ parse: (String) throws -> T?) throws
        -> T?
    {
        guard let (line, node) = take(key) else { return nil }
        guard let scalar = node.scalar else { throw error(key, line, "must be \(expected)") }
        return try parsed(scalar, of: key, line, expected, parse)
    }

    private func parsed<T>(
        _ scalar: Yams.Node.Scalar, of key: String, _ line: Int?, _ expected: String,
        _ parse: (String) throws -> T?
    ) throws -> T {
        if let lookalike = YAMLMistake.lookalike(in: scalar) {
            throw error(key, line, Self.lookalike(lookalike, in: scalar.string))
        }
        do {
            guard let value = try parse(scalar.string) else {
                throw error(key, line, "‘\(scalar.string)’ is not \(expected)")
            }
            return value
        } catch let cause as ConfigurationError {
            throw cause
        } catch let cause {
            throw error(key, line, "\(cause)")
        }
    }

    static func lookalike(_ character: String, in text: String) -> String {
        "‘\(text)’ begins or ends with a character that only looks like a blank or a quotation mark (\(character)): type it again"
    }

    /// Not empty.
    package mutating func text(_ key: String) throws -> String? {
        try value(key, "a text (without the key, the default holds)") { $0.isEmpty ? nil : $0 }
    }

    package mutating func flag(_ key: String) throws -> Bool? {
        try value(key, "yes or no") {
            ["yes": true, "true": true, "on": true, "no": false, "false": false, "off": false][
                $0.lowercased()]
        }
    }

    package mutating func number(_ key: String, _ range: ClosedRange<Int>) throws -> Int? {
        try value(key, "a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// A list of texts; a single text is a list of one.
    ///
    /// - Parameter mayBeEmpty: whether a list without entries means something.
    package mutating func list<T>(
        _ key: String, _ expected: String, mayBeEmpty: Bool = true, _ parse: (String) throws -> T?
    ) throws -> [T]? {
        guard let (line, node) = take(key) else { return nil }
        if let scalar = node.scalar { try refuseSeveral(scalar, of: key, line, parse) }
        let items = node.sequence.map(Array.init) ?? [node]
        guard mayBeEmpty || !items.isEmpty else {
            throw error(key, line, "is an empty list: leave the key out for the default, or name \(expected)")
        }
        return try items.map { item in
            let line = item.mark?.line ?? line
            guard item.null == nil else { throw error(key, line, "an entry of the list has no value") }
            guard let scalar = item.scalar else {
                throw error(key, line, "must be \(expected), or a list of these")
            }
            return try parsed(scalar, of: key, line, expected, parse)
        }
    }

    /// `dhcp, nbd` is one text, not a list.
    private func refuseSeveral<T>(
        _ scalar: Yams.Node.Scalar, of key: String, _ line: Int?, _ parse: (String) throws -> T?
    ) throws {
        let words = scalar.string.split { $0 == "," || $0.isWhitespace }.map(String.init)
        guard words.count > 1, (try? parse(scalar.string)).flatMap(\.self) == nil,
            words.allSatisfy({ (try? parse($0)).flatMap(\.self) != nil })
        else { return }
        throw error(
            key, line,
            "‘\(scalar.string)’ is one text; several are a list: [\(words.joined(separator: ", "))]")
    }

    package mutating func section(_ key: String) throws -> YAMLSection? {
        try take(key).map { try YAMLSection(file: file, node: $0.node, path: full(key)) }
    }

    package mutating func sections(_ key: String) throws -> [YAMLSection]? {
        guard let (line, node) = take(key) else { return nil }
        guard let items = node.sequence else { throw error(key, line, "must be a list") }
        return try items.enumerated().map {
            try YAMLSection(file: file, node: $1, path: "\(full(key))[\($0)]")
        }
    }

    /// All keys with their texts, for maps.
    ///
    /// - Parameter joinsLists: whether a list becomes one text with commas.
    package mutating func texts(joinsLists: Bool = false) throws -> [String: String] {
        let all = left
        left = []
        return try Dictionary(
            uniqueKeysWithValues: all.map { entry in
                let list = joinsLists ? entry.node.sequence?.map { $0.scalar?.string } : nil
                let parts = list?.compactMap(\.self)
                let joined = parts?.count == list?.count ? parts?.joined(separator: ", ") : nil
                guard entry.node.null == nil else {
                    throw error(entry.key, entry.line, "has no value (an empty text is \"\")")
                }
                guard let scalar = entry.node.scalar else {
                    guard let joined else { throw error(entry.key, entry.line, "must be text") }
                    return (entry.key, joined)
                }
                return (entry.key, try parsed(scalar, of: entry.key, entry.line, "text") { $0 })
            })
    }

    /// Fails when a key was not taken.
    package func finish(known: String) throws {
        guard let first = left.first else { return }
        throw ConfigurationError(
            file: file, line: first.line, text: "unknown key ‘\(full(first.key))’ (known here: \(known))",
            unknownKey: (first.key, known.split(separator: ",").map { $0.filter { $0 != " " } }))
    }

    package func fail(_ text: String) -> ConfigurationError {
        ConfigurationError(file: file, line: line, text: text)
    }
}

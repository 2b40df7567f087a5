import Yams

/// A whole YAML file with the place of each value in it. All that is no map and no list is text: what it means, its reader says.
package struct YAMLTree: Sendable {
    package enum Content: Sendable {
        /// No value, `~` or `null`.
        case null
        case scalar(String)
        case list([YAMLTree])
        case mapping([Member])
    }

    package struct Member: Sendable {
        package var key: String
        /// Of the key, counted from one.
        package var line: Int
        package var value: YAMLTree
    }

    package var content: Content
    /// Where it begins, counted from one.
    package var line: Int
    package var column: Int
    /// Of a map: whether it is written in braces.
    package var isFlow = false

    /// Values of a file, those of repeated anchors each time: some lines can mean billions. Each takes up to 700 bytes of memory while a file
    /// is read.
    package static let countLimit = 500_000
    private static let depthLimit = 64

    /// Nil for a file without any value. JSON is YAML, too.
    package static func parse(_ text: String, file: String) throws -> YAMLTree? {
        let text = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
        if let line = Self.excess(in: text) { throw Self.tooMuch(file, line) }
        let node: Yams.Node?
        do { node = try Yams.compose(yaml: text, .basic) } catch let error as YamlError {
            throw YAMLSection.unreadable(error, file: file, text)
        }
        guard let node else { return nil }
        var reader = Reader(file: file)
        let tree = try reader.tree(node, depth: 0)
        if case .null = tree.content { return nil }
        return tree
    }

    private static func tooMuch(_ file: String, _ line: Int) -> ConfigurationError {
        ConfigurationError(
            file: file, line: line,
            text: "too much: a file has at most \(countLimit) values: split it before this line")
    }

    /// The line where a text has more values than a file may have; nil: nowhere. It is asked before anything of the text is kept.
    ///
    /// It counts what looks like keys and entries, at the beginnings of lines and behind braces and commas: of many values that are no such
    /// text it finds most, and the others are counted while they are read.
    private static func excess(in text: String) -> Int? {
        let (colon, blank, hyphen) = (UInt8(ascii: ":"), UInt8(ascii: " "), UInt8(ascii: "-"))
        var (count, line, last) = (0, 1, UInt8(ascii: "\n"))
        // Whether a key can be here, and whether nothing but blanks and hyphens was in the line.
        var (isKey, isBegin) = (true, true)
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\n") {
                if last == colon, isKey { count += 1 }
                (line, isKey, isBegin) = (line + 1, true, true)
            } else if byte == blank, last == hyphen, isBegin {
                count += 1
            } else if isKey, byte == blank && last == colon || byte == colon && last == UInt8(ascii: "\"") {
                count += 1
                // What follows may be text.
                isKey = false
            } else if byte == UInt8(ascii: "{") || byte == UInt8(ascii: ",") {
                isKey = true
            }
            if byte != blank, byte != hyphen, byte != UInt8(ascii: "\n") { isBegin = false }
            if count > countLimit { return line }
            last = byte
        }
        return nil
    }

    private struct Reader {
        let file: String
        var count = 0

        mutating func tree(_ node: Yams.Node, depth: Int) throws -> YAMLTree {
            count += 1
            let line = node.mark?.line ?? 1
            guard count <= countLimit else {
                throw YAMLTree.tooMuch(file, line)
            }
            guard depth <= depthLimit else {
                throw ConfigurationError(
                    file: file, line: line, text: "too deep: values are at most \(depthLimit) levels deep")
            }
            if let tag = YAMLMistake.unknownTag(of: node) {
                throw ConfigurationError(file: file, line: line, text: YAMLMistake.unknownTag(tag))
            }
            var tree = YAMLTree(content: .null, line: line, column: node.mark?.column ?? 1)
            if let mapping = node.mapping {
                // The style that Yams tells is that of its end. Without braces, a map begins where its first key does.
                let first = mapping.first?.key.mark
                tree.isFlow = first?.line != tree.line || first?.column != tree.column
                tree.content = .mapping(try mapping.map { try member($0.key, $0.value, depth: depth) })
            } else if let sequence = node.sequence {
                var entries: [YAMLTree] = []
                for entry in sequence { entries.append(try self.tree(entry, depth: depth + 1)) }
                tree.content = .list(entries)
            } else if let scalar = node.scalar {
                if let lookalike = YAMLMistake.lookalike(in: scalar) {
                    throw ConfigurationError(
                        file: file, line: line, text: YAMLSection.lookalike(lookalike, in: scalar.string))
                }
                // Within quotation marks it is a text like any other.
                let isNull = scalar.style == .plain && node.null != nil
                tree.content = isNull ? .null : .scalar(scalar.string)
            }
            return tree
        }

        private mutating func member(_ key: Yams.Node, _ value: Yams.Node, depth: Int) throws -> Member {
            let line = key.mark?.line ?? 1
            guard let name = key.scalar?.string else {
                throw ConfigurationError(file: file, line: line, text: "a key must be text")
            }
            if let lookalike = key.scalar.flatMap(YAMLMistake.lookalike) {
                throw ConfigurationError(
                    file: file, line: line, text: YAMLSection.lookalike(lookalike, in: name))
            }
            guard name != "<<" || key.scalar?.style != .plain else {
                throw ConfigurationError(
                    file: file, line: line, text: "merge keys (<<) are not read: write the keys out")
            }
            return Member(key: name, line: line, value: try tree(value, depth: depth + 1))
        }
    }
}

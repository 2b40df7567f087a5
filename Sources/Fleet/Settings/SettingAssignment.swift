/// What a person types to change a setting: `NAME=VALUE`, `NAME+=VALUE`, `NAME-=ENTRY`.
package struct SettingAssignment: Equatable, Sendable {
    package enum Act: Equatable, Sendable {
        case set(SettingValue)
        /// Entries to add to a list or a map.
        case add(SettingValue)
        /// Entries to remove from a list; for a map, keys.
        case remove([String])
    }

    /// Reads the files named by `@` in place of a value.
    package struct Files {
        /// The text of a file, for a setting. `-` is standard input.
        package var text: (String, SettingDefinition) throws -> String
        /// The keys and values of a file that is a whole map.
        package var map: (String, SettingDefinition) throws -> [(key: String, value: String)]

        package init(
            text: @escaping (String, SettingDefinition) throws -> String,
            map: @escaping (String, SettingDefinition) throws -> [(key: String, value: String)]
        ) {
            self.text = text
            self.map = map
        }
    }

    package let definition: SettingDefinition
    package let act: Act

    /// - Parameter files: nil when there are none to read: a leading `@` is then refused, and `@@` means `@` everywhere.
    package init(_ text: String, files: Files? = nil) throws {
        guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
            throw InvalidSetting("‘\(text)’ is not SETTING=VALUE")
        }
        var name = text[..<equals]
        let sign = name.last
        if sign == "+" || sign == "-" { name.removeLast() }
        definition = try SettingDefinition.settable(String(name.trimmed))
        let reader = Reader(definition: definition, files: files)
        let typed = String(text[text.index(after: equals)...])
        switch sign {
        case "+": act = .add(try reader.value(typed))
        case "-" where definition.kind == .map:
            act = .remove(typed.split(separator: ",").map { String($0.trimmed) })
        case "-":
            guard case .list(let entries) = try reader.value(typed) else {
                throw InvalidSetting(
                    "\(definition.name) is \(definition.kindDescription): --unset \(definition.name) removes it"
                )
            }
            act = .remove(entries)
        default: act = .set(try reader.value(typed))
        }
    }

    /// Resolves a leading `@`.
    private struct Reader {
        let definition: SettingDefinition
        let files: Files?

        func value(_ text: String) throws -> SettingValue {
            switch definition.kind {
            case .list:
                let entries = try definition.entries(of: text).flatMap { entry in
                    guard let path = path(entry) else { return [plain(entry)] }
                    return try lines(of: try reading(path).text(path, definition), in: path)
                }
                return try definition.checked(.list(entries))
            case .map: return try definition.checked(.map(map(text)))
            default:
                guard let path = path(text) else { return try definition.value(fromText: plain(text)) }
                var content = try reading(path).text(path, definition)
                while content.last?.isNewline == true { content.removeLast() }
                guard !content.isEmpty else { throw nothing(in: path) }
                return try definition.value(fromText: content)
            }
        }

        private func map(_ text: String) throws -> [String: String] {
            var map: [String: String] = [:]
            func add(_ key: String, _ value: String) throws {
                guard map[key] == nil else {
                    throw InvalidSetting("\(definition.name): ‘\(key)’ is there twice")
                }
                map[key] = try path(value).map { try reading($0).text($0, definition) } ?? plain(value)
            }
            if let path = path(text) {
                for (key, value) in try reading(path).map(path, definition) { try add(key, value) }
                guard !map.isEmpty else { throw nothing(in: path) }
                return map
            }
            for entry in try definition.entries(of: text) {
                let (key, value) = try SettingDefinition.pair(entry, of: definition.name)
                try add(key, value)
            }
            return map
        }

        private func reading(_ path: String) throws -> Files {
            guard let files else {
                throw InvalidSetting(
                    "\(definition.name): ‘@\(path)’ names a file, which cannot be read here; enter its contents"
                )
            }
            return files
        }

        private func path(_ text: String) -> String? {
            text.hasPrefix("@") && !text.hasPrefix("@@") && text.count > 1 ? String(text.dropFirst()) : nil
        }

        private func plain(_ text: String) -> String {
            text.hasPrefix("@@") ? String(text.dropFirst()) : text
        }

        /// One entry per line, without comments and empty lines. A tab within a line is a blank, as sshd(8) reads it.
        private func lines(of text: String, in path: String) throws -> [String] {
            let lines = text.split(whereSeparator: \.isNewline).map {
                String($0.trimmed).replacing("\t", with: " ")
            }
            .filter { !$0.isEmpty && !$0.hasPrefix("#") }
            guard !lines.isEmpty else { throw nothing(in: path) }
            return lines
        }

        /// A file that was lost on its way must not take anything away.
        private func nothing(in path: String) -> InvalidSetting {
            let source = path == "-" ? "standard input" : path
            return InvalidSetting(
                "\(definition.name): there is nothing in \(source) (--unset \(definition.name) takes the setting away)"
            )
        }
    }
}

/// An `lts.conf` or `ltsp.conf` that stays the truth: it is watched, each change of it is a revision, and its sections count for machines
/// when they boot. People change the file, never this record.
package struct KeptFile: Equatable, Sendable {
    package var scope: KeptScope
    /// Where the server reads it, as `roost.yaml` names it.
    package var path: String
    package var dialect: LTSPVariableKind.Dialect
    /// The name of the main file among ``texts``.
    package var main: String
    /// The lines of the main file and of those that it includes, by their names; a value that a store sealed with another key has none.
    package var texts: [String: SettingValue]

    /// - Parameter texts: the bytes of each file, by its name.
    package init(
        _ scope: KeptScope, path: String, dialect: LTSPVariableKind.Dialect, main: String,
        _ texts: [String: [UInt8]]
    ) {
        self.scope = scope
        self.path = path
        self.dialect = dialect
        self.main = main
        self.texts = texts.mapValues { .list(Self.lines(of: $0)) }
    }

    /// What the text means: its sections, and what is wrong with it.
    package var file: LTSPFile {
        LTSPFile(
            dialect, main: main,
            texts.compactMapValues { value in
                guard case .list(let lines) = value else { return nil }
                return Array(lines.joined(separator: "\n").utf8)
            })
    }

    /// The name of a file that has lost all its text, as on a full disk: without a word, no person means to take all settings away. Nil: none.
    package func textLost(since before: KeptFile?) -> String? {
        guard let before, before.path == path else { return nil }
        return texts.keys.sorted().first { name in
            Self.isBlank(texts[name]) && before.texts[name].map { !Self.isBlank($0) } ?? false
        }
    }

    /// The name of a file that has lost its end, as a full disk leaves it: it is the beginning of what it was, and ends with a block of a disk.
    /// Nil: none.
    package func endLost(since before: KeptFile?) -> String? {
        guard let before, before.path == path else { return nil }
        return texts.keys.sorted().first { name in
            guard case .list(let lines)? = texts[name], case .list(let all)? = before.texts[name],
                !lines.isEmpty, all.count >= lines.count
            else { return false }
            let (count, countBefore) = (Self.byteCount(of: lines), Self.byteCount(of: all))
            // What follows the last line end is a line, too.
            return count > 0 && count < countBefore && count.isMultiple(of: Self.leastBlock)
                && all.starts(with: lines.dropLast())
                && all[lines.count - 1].utf8.starts(with: lines.last?.utf8 ?? "".utf8)
        }
    }

    private static func byteCount(of lines: [String]) -> Int {
        lines.reduce(lines.count - 1) { $0 + $1.utf8.count }
    }

    /// Blocks of disks have this many bytes, or a multiple of them.
    private static let leastBlock = 512

    private static func isBlank(_ text: SettingValue?) -> Bool {
        guard case .list(let lines) = text else { return false }
        return lines.allSatisfy { $0.utf8.allSatisfy { $0 <= 0x20 } }
    }

    /// Bytes that are no UTF-8 are ISO 8859-1, as ``LTSPText`` has it.
    private static func lines(of bytes: [UInt8]) -> [String] {
        let text =
            String(validating: bytes, as: UTF8.self)
            ?? String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
        // Not of characters: CR and LF are one.
        return text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map {
            String(String.UnicodeScalarView($0))
        }
    }
}

/// For whom a kept file is.
package enum KeptScope: Hashable, Sendable, Comparable {
    case site
    /// The nodes that boot an image.
    case image(ImageName)
}

extension KeptScope: RecordKey, CustomStringConvertible {
    private static let prefix = "image/"

    package init(recordKey text: String) throws {
        self =
            text.hasPrefix(Self.prefix)
            ? .image(try ImageName(text.dropFirst(Self.prefix.count))) : .site
        guard description == text else { throw InvalidName(text, rule: "site, or image/NAME") }
    }

    package var description: String {
        switch self {
        case .site: "site"
        case .image(let name): Self.prefix + name.text
        }
    }
}

extension KeptFile: Codable {
    private enum CodingKeys: String, CodingKey {
        case scope, path, dialect, main, texts
    }

    /// What a store looks for to find records with sealed texts.
    package static let sealedBeginning = "\(CodingKeys.texts.rawValue)\""

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        scope = try KeptScope(recordKey: fields.decode(String.self, forKey: .scope))
        path = try fields.decode(String.self, forKey: .path)
        dialect = try fields.decode(LTSPVariableKind.Dialect.self, forKey: .dialect)
        main = try fields.decode(String.self, forKey: .main)
        texts = try fields.decode([String: SettingValue].self, forKey: .texts)
        if let sealer = decoder.userInfo[RecordSettings.sealer] as? SettingSealer {
            texts = texts.mapValues(sealer.open)
        }
    }

    /// Commands may have secrets in them: a store keeps the texts sealed.
    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(scope.description, forKey: .scope)
        try fields.encode(path, forKey: .path)
        try fields.encode(dialect, forKey: .dialect)
        try fields.encode(main, forKey: .main)
        if let sealer = encoder.userInfo[RecordSettings.sealer] as? SettingSealer {
            try fields.encode(texts.mapValues(sealer.seal), forKey: .texts)
        } else if encoder.userInfo[RecordSettings.revealsSecrets] as? Bool == true {
            try fields.encode(texts, forKey: .texts)
        } else {
            try fields.encode(texts.mapValues(Self.redacted), forKey: .texts)
        }
    }

    private static func redacted(_ value: SettingValue) -> SettingValue {
        guard case .list(let lines) = value else { return value }
        return .list(redacted(lines))
    }

    /// Lines as people see them: without the values of passwords, and of commands with a token or the like in them.
    package static func redacted(_ lines: [String]) -> [String] {
        // In a shell's text, a quoted value may go on over several lines.
        var quote: Character?
        return lines.map { line in
            if let open = quote {
                if line.contains(open) { quote = nil }
                return RecordSettings.hidden.description
            }
            guard let equals = line.firstIndex(of: "=") else { return line }
            let value = line[line.index(after: equals)...].drop(while: \.isWhitespace)
            guard
                LTSPVariableKind.isSecret(String(line[..<equals]))
                    || LTSPVariableKind.hasSecret(String(value))
            else { return line }
            if let first = value.first, "\"'".contains(first), !value.dropFirst().contains(first) {
                quote = first
            }
            return "\(line[...equals]) \(RecordSettings.hidden)"
        }
    }
}

extension FleetEdit {
    /// - Parameter file: nil: it is no longer kept.
    package static func keptFile(_ scope: KeptScope, _ file: KeptFile?) -> Self { Self(scope, file) }
}

extension KeptFile: TableRecord {
    package typealias Key = KeptScope

    package static let kind = "kept-file"
    /// Its texts are sealed like settings.
    package static let hasSettings = true
    /// The file decides; undo of others goes around it.
    package static let undo = Undoing.keeps

    package static var table: WritableKeyPath<FleetSnapshot.Contents, [KeptScope: Self]> { \.keptFiles }

    /// All nodes: which, only the sections know.
    package static func reach(of change: RecordChange<KeptFile>) -> EditReach { .group(.site) }

    package static func checked(
        _ change: RecordChange<KeptFile>, in draft: FleetSnapshot.Contents, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws -> KeptFile? {
        try change.requireSomething(in: draft)
        guard var file = change.after else { return nil }
        file.scope = change.key
        if let problem = file.file.problems.first(where: \.isError) {
            throw InvalidSetting(Sentence(plain: problem.description))
        }
        return file
    }

    package static func summary(of change: RecordChange<KeptFile>, in snapshot: FleetSnapshot) -> String {
        guard let file = change.after else { return "kept file of \(change.key) no longer kept" }
        let act = snapshot.contents.keptFiles[change.key] == nil ? "kept from now on" : "changed"
        return "\(file.path) (\(file.dialect.rawValue), \(change.key)) \(act)"
    }
}

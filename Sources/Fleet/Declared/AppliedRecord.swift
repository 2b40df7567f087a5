/// What a source of files last said of a record: with what is there and what is wanted, it tells who changed what.
package struct AppliedRecord: Equatable, Sendable {
    package var key: AppliedKey
    /// Where the record was when it was applied.
    package var place: GroupPath
    /// The values that the files named, by their JSON pointers. Secrets are not among them.
    package var fields: [String: SettingValue]

    package init(_ key: AppliedKey, place: GroupPath, fields: [String: SettingValue]) {
        self.key = key
        self.place = place
        self.fields = fields
    }
}

/// A source, and a record that it has applied: `school/node/pc-1`.
package struct AppliedKey: Hashable, Sendable {
    package var source: SourceName
    /// Of the record.
    package var kind: String
    /// The record's key as text.
    package var record: String

    package init(_ source: SourceName, _ kind: String, _ record: String) {
        self.source = source
        self.kind = kind
        self.record = record
    }
}

extension AppliedKey: RecordKey {
    package init(recordKey text: String) throws {
        let parts = text.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw InvalidName(text, rule: "SOURCE/KIND/KEY") }
        self.init(try SourceName(parts[0]), String(parts[1]), String(parts[2]))
    }

    package var description: String { "\(source)/\(kind)/\(record)" }

    /// Whether the record is there.
    package func hasRecord(in snapshot: FleetSnapshot) throws -> Bool {
        func isThere<Record: FleetRecord>(_: Record.Type) throws -> Bool {
            Record.record(at: try Record.Key(recordKey: record), in: snapshot.contents) != nil
        }
        return try FleetRecords.named(kind).map { try isThere($0) } ?? false
    }
}

extension AppliedRecord: Codable {
    private enum CodingKeys: String, CodingKey {
        case key, place, fields
    }

    /// What a store looks for to find records with sealed values.
    package static let sealedBeginning = "\(CodingKeys.fields.rawValue)\""

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        key = try AppliedKey(recordKey: members.decode(String.self, forKey: .key))
        place = try members.decode(GroupPath.self, forKey: .place)
        fields = try members.decode([String: SettingValue].self, forKey: .fields)
        guard let sealer = decoder.userInfo[RecordSettings.sealer] as? SettingSealer else { return }
        for (pointer, value) in fields where Self.isSealed(pointer) { fields[pointer] = sealer.open(value) }
    }

    /// A store keeps sealed here what it keeps sealed in the record.
    package func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encode(key.description, forKey: .key)
        try members.encode(place, forKey: .place)
        var fields = fields
        if let sealer = encoder.userInfo[RecordSettings.sealer] as? SettingSealer {
            for (pointer, value) in fields where Self.isSealed(pointer) {
                fields[pointer] = try sealer.seal(value)
            }
        }
        try members.encode(fields, forKey: .fields)
    }

    private static func isSealed(_ pointer: String) -> Bool {
        let names = DeclaredPath(pointer: pointer).names
        return names.count > 1 && names[0] == "settings" && SettingDefinition.isSealed(names[1])
    }
}

extension FleetEdit {
    /// - Parameter applied: nil: the source has nothing to do with the record any more.
    package static func applied(_ key: AppliedKey, _ applied: AppliedRecord?) -> Self { Self(key, applied) }
}

extension AppliedRecord: TableRecord {
    package typealias Key = AppliedKey

    package static let kind = "applied"
    /// Some of its values are sealed like settings.
    package static let hasSettings = true

    package static var table: WritableKeyPath<FleetSnapshot.Contents, [AppliedKey: Self]> { \.applied }

    package static func checked(
        _ change: RecordChange<AppliedRecord>, in draft: FleetSnapshot.Contents,
        since before: FleetSnapshot, within plan: AddressPlan
    ) throws -> AppliedRecord? {
        try change.requireSomething(in: draft)
        guard var applied = change.after else { return nil }
        applied.key = change.key
        return applied
    }

    package static func missing(_ key: AppliedKey) -> Sentence {
        "\(key.source) has not applied \(key.kind) \(key.record)"
    }

    package static func summary(of change: RecordChange<AppliedRecord>, in snapshot: FleetSnapshot) -> String
    {
        let key = change.key
        let act = change.after == nil ? "given up" : "as applied"
        return "\(key.kind) \(key.record) \(act) by \(key.source)"
    }

    package static func places(
        of change: RecordChange<AppliedRecord>, in snapshot: FleetSnapshot
    ) -> [GroupPath] {
        [snapshot.contents.applied[change.key], change.after].compactMap { $0?.place }
    }
}

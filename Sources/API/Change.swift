package import Fleet
import Wire

/// Several edits, made together as one revision or not at all.
package struct ChangeRequest: Codable, Sendable {
    /// One edit.
    package struct Edit: Sendable {
        package enum Act: Sendable {
            /// Puts or removes a record that is a ``ListedRecord``.
            case record(FleetEdit)
            case settings(SettingsChange)
            case moveGroup(GroupMove)
        }

        package var act: Act
        /// Whether the edit adds a record: then it is refused where there is one. Nil: it may replace one.
        package var isNew: Bool?

        package init(_ edit: FleetEdit, isNew: Bool? = nil) { (act, self.isNew) = (.record(edit), isNew) }
        /// - Parameter record: nil removes the present one.
        package init<Record: ListedRecord>(_ key: Record.Key, _ record: Record?, isNew: Bool? = nil) {
            self.init(FleetEdit(key, record), isNew: isNew)
        }
        package init(settings: SettingsChange) { act = .settings(settings) }
        package init(moveGroup: GroupMove) { act = .moveGroup(moveGroup) }
    }

    /// Moves or renames a group with everything below it.
    package struct GroupMove: Codable, Sendable {
        package var from: GroupPath
        package var to: GroupPath

        package init(from: GroupPath, to: GroupPath) {
            self.from = from
            self.to = to
        }
    }

    package var edits: [Edit]
    /// One line for people of at most ``summaryLength`` characters; derived from the edits when missing.
    package var summary: String?

    package static let summaryLength = 500

    package init(edits: [Edit], summary: String? = nil) {
        self.edits = edits
        self.summary = summary
    }
}

/// In JSON, an edit is an object with one member for what it does, and perhaps `isNew`.
extension ChangeRequest.Edit: Codable, StatedForm {
    /// A member's name: of a record's kind in camel case, with `remove` before it or not.
    private struct Member: CodingKey {
        static let (settings, moveGroup, isNew) = (
            Self(stringValue: "settings"), Self(stringValue: "moveGroup"), Self(stringValue: "isNew")
        )

        let stringValue: String
        let intValue: Int? = nil

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }

        init(_ kind: String, isRemoved: Bool) {
            let words = kind.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }
            let name = words.joined()
            stringValue = isRemoved ? "remove" + name : name.prefix(1).lowercased() + name.dropFirst()
        }
    }

    private typealias Members = KeyedDecodingContainer<Member>

    /// What each member is read as.
    private static let readers: [String: @Sendable (Members, Member) throws -> Act] = {
        func readers<Record: ListedRecord>(_: Record.Type)
            -> [(String, @Sendable (Members, Member) throws -> Act)]
        {
            [
                (
                    Member(Record.kind, isRemoved: false).stringValue,
                    { members, member in
                        let record = try members.decode(Record.self, forKey: member)
                        return .record(FleetEdit(record.key, record))
                    }
                ),
                (
                    Member(Record.kind, isRemoved: true).stringValue,
                    { members, member in
                        .record(
                            FleetEdit(try members.decode(Record.Key.self, forKey: member), nil as Record?))
                    }
                ),
            ]
        }
        var all = FleetRecords.all.compactMap { $0 as? any ListedRecord.Type }.flatMap { readers($0) }
        all.append(
            (Member.settings.stringValue, { .settings(try $0.decode(SettingsChange.self, forKey: $1)) }))
        all.append(
            (
                Member.moveGroup.stringValue,
                { .moveGroup(try $0.decode(ChangeRequest.GroupMove.self, forKey: $1)) }
            ))
        return Dictionary(uniqueKeysWithValues: all)
    }()

    /// The members that an edit may have, of which it has one.
    package static var acts: [String] { readers.keys.sorted() }

    /// The members that an edit may have, with what each is read from.
    package static let form = FieldForm.object(
        FleetRecords.all.compactMap { $0 as? any ListedRecord.Type }.flatMap { record in
            [
                field(Member(record.kind, isRemoved: false), FieldForm.request(record)),
                field(Member(record.kind, isRemoved: true), .text(hint: "")),
            ]
        } + [
            field(.settings, FieldForm.request(SettingsChange.self)),
            field(.moveGroup, FieldForm.request(ChangeRequest.GroupMove.self)), field(.isNew, .boolean),
        ])

    private static func field(_ member: Member, _ form: FieldForm) -> RecordField {
        RecordField(name: member.stringValue, form: form, isRequired: false)
    }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: Member.self)
        var found: [Act] = []
        for member in members.allKeys where try !members.decodeNil(forKey: member) {
            guard let read = Self.readers[member.stringValue] else { continue }
            found.append(try read(members, member))
        }
        guard found.count == 1 else {
            throw DecodingError.unreadable(
                "each edit is exactly one of \(Self.acts.joined(separator: ", "))", at: decoder.codingPath)
        }
        act = found[0]
        isNew = try members.decodeIfPresent(Bool.self, forKey: .isNew)
    }

    package func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: Member.self)
        switch act {
        case .record(let edit):
            let member = Member(edit.type.kind, isRemoved: edit.record == nil)
            if let record = edit.record {
                try members.encode(record, forKey: member)
            } else {
                try members.encode(edit.key, forKey: member)
            }
        case .settings(let change): try members.encode(change, forKey: .settings)
        case .moveGroup(let move): try members.encode(move, forKey: .moveGroup)
        }
        try members.encodeIfPresent(isNew, forKey: .isNew)
    }
}

/// The configuration's revision after a change.
package struct RevisionAnswer: Codable, Sendable {
    package var revision: Int
    /// What is wrong with networks since the change, and was not before; rules and schedules that do not follow a renamed node; nil where
    /// there is nothing to say.
    package var warnings: [String]?

    package init(revision: Int, warnings: [String]? = nil) {
        self.revision = revision
        self.warnings = warnings
    }
}

/// What comes of one record when the three states are compared.
struct DeclaredOutcome {
    private(set) var foreign: [ForeignChange] = []
    /// Nil where nothing is to be told.
    private(set) var change: DeclaredChange?
    private(set) var isEdit: Bool
    /// What is to be remembered; nil: nothing.
    private(set) var applied: AppliedRecord?

    private let draft: DeclaredDraft
    /// As it would be stored.
    private let next: DeclaredValue?

    /// - Parameter edit: with the record as it would be stored.
    init(
        of draft: DeclaredDraft, settled edit: FleetEdit, in snapshot: FleetSnapshot,
        _ coding: some DeclaredCoding
    ) throws {
        self.draft = draft
        isEdit = !edit.isMet(in: snapshot)
        // Most records of a fleet stay as they are: their values are known.
        next = try isEdit ? Self.value(draft.form, of: edit, coding) : draft.present
        if !draft.isRemoved, draft.item != nil { applied = remembered(edit) }
        change = told()
        foreign = try foreignChanges(coding)
    }

    private static func value<Form: DeclaredForm>(
        _: Form.Type, of edit: FleetEdit, _ coding: some DeclaredCoding
    ) throws -> DeclaredValue? {
        guard let change = edit.of(Form.Record.self), let record = change.after else { return nil }
        return try coding.value(of: Form(record, at: change.key))
    }

    private func remembered(_ edit: FleetEdit) -> AppliedRecord {
        var fields: [String: SettingValue] = [:]
        for path in draft.wanted.keys {
            fields[path.description] = next?[path]?.settingValue
        }
        return AppliedRecord(draft.appliedKey, place: edit.record?.place ?? .site, fields: fields)
    }

    private func told() -> DeclaredChange? {
        // What stays as it is has no values to compare.
        guard isEdit || draft.applied == nil else { return nil }
        let (before, after) = isEdit ? (draft.present?.leaves ?? [:], next?.leaves ?? [:]) : ([:], [:])
        let paths = Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }.sorted()
        let act: DeclaredChange.Act
        if isEdit {
            act = draft.present == nil ? .add : next == nil ? .remove : .change
        } else {
            act = .adopt
        }
        let fields = act == .remove ? [] : paths
        return DeclaredChange(
            act: act, kind: draft.appliedKey.kind, key: draft.appliedKey.record,
            fields: fields.map { .init(name: $0.words, before: before[$0], after: after[$0]) })
    }

    // MARK: What others did

    private func foreignChanges(_ coding: some DeclaredCoding) throws -> [ForeignChange] {
        guard let present = draft.present else {
            return draft.applied == nil ? [] : [foreignChange(.whole, present: nil, wanted: nil)]
        }
        guard isEdit || draft.isRemoved else { return [] }
        var found: [ForeignChange] = []
        let leaves = present.leaves
        for (path, _) in draft.wanted.sorted(by: { $0.key < $1.key }) {
            let (now, wanted) = (leaves[path], next?[path])
            guard now != wanted, try isForeign(path, now, coding) else { continue }
            found.append(foreignChange(path, present: now, wanted: wanted))
        }
        guard draft.isRemoved else { return found }
        let formerly = Set(draft.applied?.fields.keys.map { DeclaredPath(pointer: $0) } ?? [])
        for path in formerly.sorted() {
            guard let now = leaves[path], try isForeign(path, now, coding) else { continue }
            found.append(foreignChange(path, present: now, wanted: nil))
        }
        // Removing the record would take along what others have set in it.
        for (path, value) in leaves.sorted(by: { $0.key < $1.key })
        where path.names.first == "settings" && !formerly.contains(path) {
            found.append(foreignChange(path, present: value, wanted: nil))
        }
        return found
    }

    /// Whether a value is another than the source applied, and one that was set at all.
    private func isForeign(_ path: DeclaredPath, _ value: DeclaredValue?, _ coding: some DeclaredCoding)
        throws -> Bool
    {
        let applied = draft.applied?.fields[path.description]
        if value?.settingValue == applied { return false }
        guard let value else { return draft.applied != nil && applied != nil }
        return applied != nil ? true : try !isUsual(value, at: path, draft.form, coding)
    }

    /// Whether the record has the value where nothing is said.
    private func isUsual<Form: DeclaredForm>(
        _ value: DeclaredValue, at path: DeclaredPath, _: Form.Type, _ coding: some DeclaredCoding
    ) throws -> Bool {
        guard var object = draft.present else { return true }
        object[path] = nil
        // A member that is required has no usual value.
        guard let form = try? coding.form(Form.self, from: object) else { return false }
        return try coding.value(of: form)[path] == value
    }

    private func foreignChange(_ path: DeclaredPath, present: DeclaredValue?, wanted: DeclaredValue?)
        -> ForeignChange
    {
        let place = draft.item.map { $0.problem("", at: path) }
        return ForeignChange(
            kind: draft.appliedKey.kind, key: draft.appliedKey.record, name: path.words,
            applied: draft.applied?.fields[path.description].map { DeclaredValue($0) },
            present: present, wanted: wanted, file: place.flatMap { $0.file.isEmpty ? nil : $0.file },
            line: place?.line)
    }
}

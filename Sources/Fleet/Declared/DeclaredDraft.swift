/// One record of a declaration before it is compared: the edit that would make it so, whatever others did.
struct DeclaredDraft: Sendable {
    /// Nil: the record is to be removed, or what was applied of it.
    let item: DeclaredItem?
    let appliedKey: AppliedKey
    let form: any DeclaredForm.Type
    let edit: FleetEdit
    /// The record as it is; nil: there is none.
    let present: DeclaredValue?
    /// What the files name, without hidden secrets.
    let wanted: [DeclaredPath: DeclaredValue]
    /// What was applied before; nil: the source never applied it.
    let applied: AppliedRecord?
    let isRemoved: Bool
    var notes: [String] = []

    /// In an order in which they can be made: additions from the root down, removals the other way.
    static func all(
        of declaration: Declaration, in snapshot: FleetSnapshot, at second: Int, _ coding: some DeclaredCoding
    ) throws -> [DeclaredDraft] {
        var drafts: [DeclaredDraft] = []
        var problems: [DeclaredProblem] = []
        var places: [AppliedKey: DeclaredItem] = [:]
        let itemsOfMember = Dictionary(grouping: declaration.items, by: \.member)
        for form in DeclaredForms.all {
            var items = itemsOfMember[form.member] ?? []
            if form.kind == NodeGroup.kind { items.sort { ($0.keyText ?? "") < ($1.keyText ?? "") } }
            for item in items {
                do {
                    let draft = try Self.draft(form, item, declaration.source, snapshot, second, coding)
                    if let other = places.updateValue(item, forKey: draft.appliedKey) {
                        throw DeclaredFault(
                            at: .whole,
                            "\(draft.appliedKey.kind) \(draft.appliedKey.record) is there twice, also at \(other.file):\(other.line ?? 0)"
                        )
                    }
                    drafts.append(draft)
                } catch let fault as DeclaredFault {
                    problems.append(item.problem(fault.text, at: fault.path))
                } catch let name as InvalidName {
                    problems.append(
                        item.problem("\(form.keyMember): \(name)", at: DeclaredPath([form.keyMember])))
                }
            }
        }
        guard problems.isEmpty else { throw UnreadableDeclaration(problems) }
        let gone = snapshot.contents.applied.values.filter {
            $0.key.source == declaration.source && places[$0.key] == nil
        }
        return drafts + (try removals(gone, isPruned: declaration.prunes, in: snapshot, second, coding))
    }

    /// - Parameter gone: what the source no longer names.
    private static func removals(
        _ gone: [AppliedRecord], isPruned: Bool, in snapshot: FleetSnapshot, _ second: Int,
        _ coding: some DeclaredCoding
    ) throws -> [DeclaredDraft] {
        var drafts: [DeclaredDraft] = []
        for form in DeclaredForms.all.reversed() {
            // Below before above.
            let alike = gone.filter { $0.key.kind == form.kind }.sorted { $0.key.record > $1.key.record }
            drafts += try alike.compactMap { applied in
                try removal(form, applied, isPruned: isPruned, in: snapshot, second, coding)
            }
        }
        return drafts
    }

    // MARK: One record

    private static func draft<Form: DeclaredForm>(
        _: Form.Type, _ item: DeclaredItem, _ source: SourceName, _ snapshot: FleetSnapshot, _ second: Int,
        _ coding: some DeclaredCoding
    ) throws -> DeclaredDraft {
        let key = try Form.Record.Key(recordKey: keyText(of: item, Form.self))
        let stored = Form.Record.record(at: key, in: snapshot.contents)
        let present = try stored.map { try coding.value(of: Form($0, at: key)) }
        let appliedKey = AppliedKey(source, Form.kind, key.description)
        let applied = snapshot.contents.applied[appliedKey]
        var (wanted, notes) = (item.fields.leaves, [String]())
        for (path, value) in wanted where isHidden(path, value) {
            wanted[path] = nil
            if present?[path] == nil {
                notes.append(
                    "\(Form.kind) \(key): \(path.names[1]) is not set here; files have no secrets (roost set)"
                )
            }
        }
        var object = present ?? .object([:])
        for (pointer, value) in applied?.fields.sorted(by: { $0.key < $1.key }) ?? [] {
            let path = DeclaredPath(pointer: pointer)
            guard wanted[path] == nil, let now = object[path] else { continue }
            if now.settingValue == value {
                object[path] = nil
            } else {
                notes.append(
                    "\(Form.kind) \(key): \(path.words) is \(now) by others, and stays: the files no longer name it"
                )
            }
        }
        for (path, value) in wanted.sorted(by: { $0.key < $1.key }) { object[path] = value }
        let edit =
            if let stored, object == present {
                FleetEdit(key, stored)
            } else {
                FleetEdit(
                    key,
                    try coding.form(Form.self, from: object).record(over: stored, at: second)
                        .revealed(by: stored))
            }
        return DeclaredDraft(
            item: item, appliedKey: appliedKey, form: Form.self, edit: edit, present: present,
            wanted: wanted, applied: applied, isRemoved: false, notes: notes.sorted())
    }

    private static func keyText<Form: DeclaredForm>(of item: DeclaredItem, _: Form.Type) throws -> String {
        // As the record writes it: names are lower case, addresses have colons.
        let text = item.keyText ?? ""
        if Form.self == Node.self { return text.lowercased() }
        guard Form.self == DHCPReservation.self, let identity = DHCPReservation.Identity(text) else {
            return text
        }
        return identity.description
    }

    private static func isHidden(_ path: DeclaredPath, _ value: DeclaredValue) -> Bool {
        path.names.count == 2 && path.names[0] == "settings" && SettingDefinition.isSecret(path.names[1])
    }

    /// Nil where there is nothing to do: the record is gone, or it stays.
    private static func removal<Form: DeclaredForm>(
        _: Form.Type, _ applied: AppliedRecord, isPruned: Bool, in snapshot: FleetSnapshot, _ second: Int,
        _ coding: some DeclaredCoding
    ) throws -> DeclaredDraft? {
        let key = try Form.Record.Key(recordKey: applied.key.record)
        let stored = Form.Record.record(at: key, in: snapshot.contents)
        guard isPruned, let stored else { return nil }
        let present = try coding.value(of: Form(stored, at: key))
        var edit = FleetEdit(key, nil as Form.Record?)
        // The site stays; what was applied of it goes.
        let isSite = (key as? GroupPath) == .site
        if isSite {
            var object = present
            for (pointer, value) in applied.fields {
                let path = DeclaredPath(pointer: pointer)
                if object[path]?.settingValue == value { object[path] = nil }
            }
            object[DeclaredPath([Form.keyMember])] = .text(key.description)
            let form = try coding.form(Form.self, from: object)
            edit = FleetEdit(key, form.record(over: stored, at: second).revealed(by: stored))
        }
        return DeclaredDraft(
            item: nil, appliedKey: applied.key, form: Form.self, edit: edit, present: present, wanted: [:],
            applied: applied, isRemoved: !isSite)
    }
}

extension Declaration {
    /// The groups that items name, and those of the records that they name: for permission, before anything else is said of them.
    package static func namedPlaces(of items: [DeclaredItem], in snapshot: FleetSnapshot) -> Set<GroupPath> {
        var places: Set<GroupPath> = []
        for item in items {
            guard let form = DeclaredForms.named(item.member) else { continue }
            if form.isOfSite {
                places.insert(.site)
                continue
            }
            let key = item.keyText ?? ""
            let group = item.fields.object?["group"]?.text
            let isGroup = form.kind == NodeGroup.kind
            let stored = form.place(of: key, in: snapshot)
            if let named = isGroup ? key : group {
                // What is no group's name is refused for that.
                if let path = try? GroupPath(named) { places.insert(path) }
            } else {
                places.insert(stored ?? .site)
            }
            if !isGroup, let stored { places.insert(stored) }
        }
        return places
    }
}

/// A declaration with the edits that would make its records so, before they are compared.
package struct DraftedDeclaration: Sendable {
    let declaration: Declaration
    let drafts: [DeclaredDraft]

    /// - Parameter second: now, in seconds since 1970.
    package init(
        _ declaration: Declaration, in snapshot: FleetSnapshot, at second: Int, coding: some DeclaredCoding
    ) throws {
        self.declaration = declaration
        drafts = try DeclaredDraft.all(of: declaration, in: snapshot, at: second, coding)
    }

    /// The groups that it touches, for permission: where its records are, and where it wants them.
    package func places(in snapshot: FleetSnapshot) -> Set<GroupPath> {
        Set(drafts.flatMap { $0.edit.places(in: snapshot) })
    }
}

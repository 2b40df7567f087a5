/// One record of a kind that is added, replaced or removed.
package struct RecordChange<Record: FleetRecord>: Equatable, Sendable {
    package let key: Record.Key
    /// Nil removes it.
    package let after: Record?
    /// What a store keeps beside the record from now on, by name; see ``FleetRecord/sealedSecrets``.
    package let secrets: [String: String]
    /// Whether the record was stored before, under this key or another: its values stay, even if later rules forbid them.
    let isOld: Bool

    package init(_ key: Record.Key, _ after: Record?, secrets: [String: String] = [:]) {
        self.init(key, after, secrets: secrets, isOld: false)
    }

    init(_ key: Record.Key, _ after: Record?, secrets: [String: String] = [:], isOld: Bool) {
        self.key = key
        self.after = after
        self.secrets = secrets
        self.isOld = isOld
    }

    // Where the record comes from makes no other change of it.
    package static func == (one: Self, other: Self) -> Bool {
        one.key == other.key && one.after == other.after && one.secrets == other.secrets
    }

    /// For people: `added`, `changed` or `removed`.
    ///
    /// - Parameter snapshot: the configuration before the change.
    func act(in snapshot: FleetSnapshot) -> String {
        if after == nil { return "removed" }
        return Record.record(at: key, in: snapshot.contents) == nil ? "added" : "changed"
    }

    /// Throws unless the change adds something or there is something to remove.
    func requireSomething(in draft: FleetSnapshot.Contents) throws {
        guard after != nil || Record.record(at: key, in: draft) != nil else {
            throw StoreError.notFound(Record.missing(key))
        }
    }
}

/// One record of the configuration, of any kind, that is added, replaced or removed.
package struct FleetEdit: Sendable {
    /// The maximum number of edits in one change: a whole school.
    package static let countLimit = 50_000

    private let change: any AnyChange
    /// Whether its record only follows others that move, which the same change has: it takes no permission of its own.
    package let isFollowing: Bool
    /// When the revision was made that the edit takes back, in seconds since 1970; nil: it takes back none.
    private var undoneSince: Int?

    /// - Parameter secrets: what a store keeps beside the record, by name; those that are left out stay as they are. They are in no history,
    ///   plan, undo or export, and go with the record.
    package init<Record: FleetRecord>(_ key: Record.Key, _ after: Record?, secrets: [String: String] = [:]) {
        change = RecordChange(key, after, secrets: secrets)
        isFollowing = false
    }

    /// A record that was stored before, under another key or in the past.
    package init<Record: FleetRecord>(old key: Record.Key, _ after: Record?) {
        change = RecordChange(key, after, isOld: true)
        isFollowing = false
    }

    /// A record that follows others, with their new names in it and nothing else changed.
    init<Record: FleetRecord>(following key: Record.Key, _ after: Record) {
        change = RecordChange(key, after)
        isFollowing = true
    }

    /// The edit as a change of that kind; nil if it is of another.
    package func of<Record: FleetRecord>(_: Record.Type) -> RecordChange<Record>? {
        change as? RecordChange<Record>
    }

    package var type: any FleetRecord.Type { change.type }
    /// The key's text.
    package var key: String { change.keyText }
    /// Nil removes the present record.
    package var record: (any FleetRecord)? { change.record }
    package var secrets: [String: String] { change.secrets }

    /// One line for people.
    package func summary(in snapshot: FleetSnapshot) -> String { change.summary(in: snapshot) }

    /// The edit that would restore the present record in `snapshot`.
    package func inverse(in snapshot: FleetSnapshot) -> FleetEdit { change.inverse(in: snapshot) }

    /// The edit with the record as normalised in `snapshot`, which contains it: in order, without duplicates.
    package func settled(in snapshot: FleetSnapshot) -> FleetEdit { change.settled(in: snapshot) }

    /// The edit that a request means with this one; see ``FleetRecord/revealed(by:)``.
    ///
    /// - Parameter contents: where the stored record is looked for, in this order.
    package func revealed(by contents: FleetSnapshot.Contents...) -> FleetEdit {
        change.revealed(by: contents)
    }

    /// The groups whose administrators may make this edit in `snapshot`; for a move, both the old and the new one.
    package func places(in snapshot: FleetSnapshot) -> [GroupPath] {
        change.places(in: snapshot) + change.heritage(in: snapshot, undoneSince: undoneSince)
    }

    /// The permission needed there; without any place, somewhere.
    package func permission(in snapshot: FleetSnapshot) -> Permission { change.permission(in: snapshot) }

    /// The roles that it gives or takes: only those who have all of them may make it.
    package func grants(in snapshot: FleetSnapshot) -> [Grant] { change.grants(in: snapshot) }

    package var reach: EditReach { change.reach }

    /// Throws unless the edit adds a record that is not in `snapshot`.
    package func requireNew(in snapshot: FleetSnapshot) throws { try change.requireNew(in: snapshot) }

    /// Throws when the edit removes what people may not ask to remove.
    package func requireRemovable() throws { try change.requireRemovable() }

    /// The names of other records in this record.
    var names: [NameWalk.Found] { change.names }

    /// Those in the record that it replaces in `snapshot`.
    func formerNames(in snapshot: FleetSnapshot) -> [NameWalk.Found] { change.formerNames(in: snapshot) }

    /// Whether it removes a record.
    var isRemoval: Bool { change.isRemoval }

    fileprivate var shapesAddresses: Bool { change.shapesAddresses }

    func apply(
        to draft: inout FleetSnapshot.Contents, since before: FleetSnapshot, within plan: AddressPlan
    ) throws { try change.apply(to: &draft, since: before, within: plan) }

    func check(in contents: FleetSnapshot.Contents) throws { try change.check(in: contents) }

    /// Puts the record into `contents` without checks.
    package func put(in contents: inout FleetSnapshot.Contents) { change.put(in: &contents) }

    /// Why a revision that replaced this record by that of `after` cannot be undone.
    func undoProblem(from after: FleetEdit) -> Sentence? { change.undoProblem(from: after) }

    /// The edit with the record as undo restores it in `snapshot`; see ``FleetRecord/restored(over:)``.
    ///
    /// - Parameter date: when the revision was made that is undone, in seconds since 1970.
    func restored(in snapshot: FleetSnapshot, madeAt date: Int?) -> FleetEdit {
        var edit = change.restored(in: snapshot)
        edit.undoneSince = date
        return edit
    }

    /// Whether the record in `snapshot` means the same for people.
    func isMet(in snapshot: FleetSnapshot) -> Bool { change.isMet(in: snapshot) }

    /// Checks all edits of one kind together.
    ///
    /// - Parameter edits: all of this edit's kind.
    fileprivate func check(
        with edits: [FleetEdit], in snapshot: FleetSnapshot, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws { try change.check(with: edits, in: snapshot, since: before, within: plan) }
}

extension FleetEdit: Equatable {
    package static func == (left: Self, right: Self) -> Bool { left.change.isEqual(to: right.change) }
}

/// A change to a record whose kind is known only at run time.
private protocol AnyChange: Sendable {
    var type: any FleetRecord.Type { get }
    var keyText: String { get }
    var record: (any FleetRecord)? { get }
    var secrets: [String: String] { get }
    var reach: EditReach { get }
    var shapesAddresses: Bool { get }
    func isEqual(to other: any AnyChange) -> Bool
    func requireNew(in snapshot: FleetSnapshot) throws
    var names: [NameWalk.Found] { get }
    var isRemoval: Bool { get }
    func formerNames(in snapshot: FleetSnapshot) -> [NameWalk.Found]
    func requireRemovable() throws
    func summary(in snapshot: FleetSnapshot) -> String
    func inverse(in snapshot: FleetSnapshot) -> FleetEdit
    func settled(in snapshot: FleetSnapshot) -> FleetEdit
    func revealed(by contents: [FleetSnapshot.Contents]) -> FleetEdit
    func places(in snapshot: FleetSnapshot) -> [GroupPath]
    func heritage(in snapshot: FleetSnapshot, undoneSince date: Int?) -> [GroupPath]
    func permission(in snapshot: FleetSnapshot) -> Permission
    func grants(in snapshot: FleetSnapshot) -> [Grant]
    func apply(
        to draft: inout FleetSnapshot.Contents, since before: FleetSnapshot, within plan: AddressPlan
    ) throws
    func put(in contents: inout FleetSnapshot.Contents)
    func undoProblem(from after: FleetEdit) -> Sentence?
    func restored(in snapshot: FleetSnapshot) -> FleetEdit
    func isMet(in snapshot: FleetSnapshot) -> Bool
    func check(in contents: FleetSnapshot.Contents) throws
    func check(
        with edits: [FleetEdit], in snapshot: FleetSnapshot, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws
}

extension RecordChange: AnyChange {
    fileprivate var type: any FleetRecord.Type { Record.self }
    fileprivate var keyText: String { key.description }
    fileprivate var record: (any FleetRecord)? { after }
    fileprivate var reach: EditReach { Record.reach(of: self) }
    fileprivate var shapesAddresses: Bool { Record.shapesAddresses }

    fileprivate func isEqual(to other: any AnyChange) -> Bool { other as? Self == self }
    fileprivate func requireNew(in snapshot: FleetSnapshot) throws {
        guard after != nil else {
            throw InvalidSetting("isNew goes with a record that is added, and this edit removes one")
        }
        guard Record.record(at: key, in: snapshot.contents) == nil else {
            throw StoreError.conflict(Record.existing(key))
        }
    }
    fileprivate var names: [NameWalk.Found] { Self.names(in: after) }
    fileprivate var isRemoval: Bool { after == nil }
    fileprivate func formerNames(in snapshot: FleetSnapshot) -> [NameWalk.Found] {
        Self.names(in: Record.record(at: key, in: snapshot.contents))
    }

    private static func names(in record: Record?) -> [NameWalk.Found] {
        guard var record else { return [] }
        var walk = NameWalk()
        record.passNames(to: &walk)
        return walk.found
    }

    fileprivate func requireRemovable() throws {
        if after == nil { try Record.requireRemovable(key) }
    }
    fileprivate func summary(in snapshot: FleetSnapshot) -> String { Record.summary(of: self, in: snapshot) }

    fileprivate func inverse(in snapshot: FleetSnapshot) -> FleetEdit {
        if case .keeps = Record.undo { return FleetEdit(key, after) }
        return FleetEdit(key, Record.record(at: key, in: snapshot.contents))
    }

    fileprivate func settled(in snapshot: FleetSnapshot) -> FleetEdit {
        let kept = Record.record(at: key, in: snapshot.contents)
        // A closed record is no longer part of any configuration.
        return FleetEdit(key, kept ?? after.flatMap { $0.isClosed ? $0 : nil }, secrets: secrets)
    }

    fileprivate func revealed(by contents: [FleetSnapshot.Contents]) -> FleetEdit {
        let stored = contents.lazy.compactMap { Record.record(at: key, in: $0) }.first
        return FleetEdit(key, after?.revealed(by: stored), secrets: secrets)
    }

    fileprivate func heritage(in snapshot: FleetSnapshot, undoneSince date: Int?) -> [GroupPath] {
        Record.heritage(of: self, in: snapshot, undoneSince: date)
    }

    fileprivate func places(in snapshot: FleetSnapshot) -> [GroupPath] {
        Record.places(of: self, in: snapshot)
    }
    fileprivate func permission(in snapshot: FleetSnapshot) -> Permission {
        Record.permission(for: self, in: snapshot)
    }
    fileprivate func grants(in snapshot: FleetSnapshot) -> [Grant] { Record.grants(of: self, in: snapshot) }

    fileprivate func apply(
        to draft: inout FleetSnapshot.Contents, since before: FleetSnapshot, within plan: AddressPlan
    ) throws {
        Record.put(
            try Record.checked(self, in: draft, since: before, within: plan), at: key, in: &draft)
    }

    fileprivate func put(in contents: inout FleetSnapshot.Contents) {
        Record.put(after, at: key, in: &contents)
    }

    fileprivate func undoProblem(from later: FleetEdit) -> Sentence? {
        Record.undoProblem(from: after, to: later.of(Record.self)?.after)
    }

    fileprivate func restored(in snapshot: FleetSnapshot) -> FleetEdit {
        FleetEdit(old: key, after?.restored(over: Record.record(at: key, in: snapshot.contents)))
    }

    fileprivate func isMet(in snapshot: FleetSnapshot) -> Bool {
        guard let now = Record.record(at: key, in: snapshot.contents), let after else {
            return after == nil && Record.record(at: key, in: snapshot.contents) == nil
        }
        return now.means(after)
    }

    fileprivate func check(in contents: FleetSnapshot.Contents) throws {
        try Record.check(key, in: contents)
    }

    fileprivate func check(
        with edits: [FleetEdit], in snapshot: FleetSnapshot, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws {
        let keys = edits.compactMap { $0.of(Record.self)?.key }
        try Record.check(all: keys, in: snapshot, since: before, within: plan)
    }
}

/// Edits that fit the rest of the configuration: the input of a store. Only ``FleetSnapshot/checking(_:within:)`` creates it.
package struct CheckedChange: Sendable {
    /// The snapshot that they were checked against.
    package let before: FleetSnapshot
    /// With the records as stored.
    package let edits: [FleetEdit]
    /// The configuration after the edits, still with the revision of `before`.
    package let after: FleetSnapshot
}

extension FleetSnapshot {
    /// One line for people about edits that are made together.
    package func summary(of edits: [FleetEdit]) -> String {
        let (first, rest) = (edits[0].summary(in: self), edits.dropFirst())
        if rest.isEmpty { return first }
        return "\(first), \(edits[0].type.consequence(rest) ?? "and \(rest.count) more")"
    }

    /// Checks `edits`, applied in order; throws when the result would be inconsistent.
    ///
    /// - Parameter plan: the addresses that nodes may have.
    package func checking(_ edits: [FleetEdit], within plan: AddressPlan = .unknown) throws -> CheckedChange {
        let edits =
            edits + followers(of: renames(by: edits), in: edits) + losses(by: edits) + roleLosses(by: edits)
        let after = try applying(edits, revision: revision, within: plan)
        return CheckedChange(before: self, edits: edits.map { $0.settled(in: after) }, after: after)
    }

    /// This configuration after `edits`, applied in order; throws when the result would be inconsistent.
    ///
    /// - Parameters:
    ///   - revision: its number.
    ///   - plan: the addresses that nodes may have.
    package func applying(_ edits: [FleetEdit], revision: Int, within plan: AddressPlan = .unknown) throws
        -> FleetSnapshot
    {
        guard edits.count <= FleetEdit.countLimit else {
            throw StoreError.conflict("one change holds at most \(FleetEdit.countLimit) edits")
        }
        var draft = currentContents
        // A plan looks at all reservations: edits that only change them share one.
        var (plan, isPlanOld) = (plan, true)
        for edit in edits {
            if edit.shapesAddresses {
                isPlanOld = true
            } else if isPlanOld {
                (plan, isPlanOld) = (plan.following(draft), false)
            }
            try edit.apply(to: &draft, since: self, within: plan)
        }
        if isPlanOld { plan = plan.following(draft) }
        for edit in edits { try edit.check(in: draft) }
        draft.formerHostKeys = formerHostKeys(after: edits)
        try requireNoVolumes(at: renames(by: edits))
        let changed = Set(edits.compactMap { $0.of(Node.self)?.key })
        let result = FleetSnapshot(
            configuration.following(draft, revision: revision, nodes: changed), observations.recorded)
        for (_, alike) in Dictionary(grouping: edits, by: { $0.type.kind }) {
            try alike[0].check(with: alike, in: result, since: self, within: plan)
        }
        try result.checkCommandLines(of: edits, before: self)
        return result
    }
}

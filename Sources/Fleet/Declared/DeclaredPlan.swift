/// What applying files does to a configuration: a comparison of three states, of what the source applied before, what is there, and what
/// its files want.
///
/// What the files do not name stays, unless the source itself named it before.
package struct DeclaredPlan: Sendable {
    /// Those of records, then those that remember what was applied.
    package private(set) var edits: [FleetEdit] = []
    /// The edits of records alone.
    package private(set) var recordEdits: [FleetEdit] = []
    package private(set) var changes: [DeclaredChange] = []
    /// What would be overwritten.
    package private(set) var foreign: [ForeignChange] = []
    /// Records that the source applied before and no longer names, and that stay, as `node pc-1`.
    package private(set) var left: [String] = []
    package private(set) var notes: [String] = []

    /// Throws ``UnreadableDeclaration`` where the result would be no valid configuration.
    ///
    /// - Parameters:
    ///   - plan: the addresses that nodes may have.
    ///   - second: now, in seconds since 1970.
    ///   - sight: what those who apply it may name.
    package init(
        of declaration: Declaration, in snapshot: FleetSnapshot, within plan: AddressPlan = .unknown,
        at second: Int, coding: some DeclaredCoding, in sight: NameSight = NameSight()
    ) throws {
        try self.init(
            of: DraftedDeclaration(declaration, in: snapshot, at: second, coding: coding), in: snapshot,
            within: plan, coding: coding, in: sight)
    }

    /// The same of what is drafted already, in the same snapshot.
    package init(
        of drafted: DraftedDeclaration, in snapshot: FleetSnapshot, within plan: AddressPlan = .unknown,
        coding: some DeclaredCoding, in sight: NameSight = NameSight()
    ) throws {
        let (declaration, drafts) = (drafted.declaration, drafted.drafts)
        let applied = Set(drafts.map(\.appliedKey))
        var forgotten: [FleetEdit] = []
        let gone = snapshot.contents.applied.keys.filter {
            $0.source == declaration.source && !applied.contains($0)
        }
        for key in gone.sorted(by: { $0.description < $1.description }) {
            if try key.hasRecord(in: snapshot) {
                left.append("\(key.kind) \(key.record)")
            } else {
                // Removed by others, as the files have it.
                forgotten.append(.applied(key, nil))
            }
        }
        let settled = try Self.settled(drafts, in: snapshot, within: plan, in: sight)
        var remembered: [FleetEdit] = []
        for (draft, edit) in zip(drafts, settled) {
            let outcome = try DeclaredOutcome(of: draft, settled: edit, in: snapshot, coding)
            foreign += outcome.foreign
            notes += draft.notes
            if let change = outcome.change { changes.append(change) }
            if outcome.isEdit { recordEdits.append(draft.edit) }
            let known = snapshot.contents.applied[draft.appliedKey]
            if known != outcome.applied { remembered.append(.applied(draft.appliedKey, outcome.applied)) }
        }
        edits = recordEdits + remembered + forgotten
    }

    /// Changes of records, without those that are only remembered.
    package var changeCount: Int { changes.count { $0.act != .adopt } }

    /// One line for people.
    package var summary: String {
        func count(_ act: DeclaredChange.Act) -> Int { changes.count { $0.act == act } }
        let counts = [
            (count(.add), "added"), (count(.change), "changed"), (count(.remove), "removed"),
            (count(.adopt), "taken over"),
        ].filter { $0.0 > 0 }.map { "\($0) \($1)" }
        return counts.isEmpty ? "nothing changed" : counts.joined(separator: ", ")
    }

    // MARK: The result as it would be stored

    private static func settled(
        _ drafts: [DeclaredDraft], in snapshot: FleetSnapshot, within plan: AddressPlan,
        in sight: NameSight
    ) throws -> [FleetEdit] {
        let edits = drafts.map(\.edit)
        guard !edits.isEmpty else { return [] }
        do {
            let settled = try snapshot.checking(edits, within: plan).edits
            guard let unknown = snapshot.unknownName(in: edits, in: sight.ofFiles) else {
                return settled
            }
            throw Self.unreadable(drafts[unknown.index], unknown.problem, mayPass: true)
        } catch let unreadable as UnreadableDeclaration {
            throw unreadable
        } catch StoreError.unavailable(let cause) {
            throw StoreError.unavailable(cause)
        } catch {
            throw culprit(drafts, error, in: snapshot, within: plan)
        }
    }

    /// The error with the place of the first record without which it would not be.
    private static func culprit(
        _ drafts: [DeclaredDraft], _ error: any Error, in snapshot: FleetSnapshot, within plan: AddressPlan
    ) -> UnreadableDeclaration {
        var (good, bad, reason) = (0, drafts.count, Sentence(of: error))
        while bad - good > 1 {
            let middle = (good + bad) / 2
            do {
                _ = try snapshot.applying(
                    drafts.prefix(middle).map(\.edit), revision: snapshot.revision, within: plan)
                good = middle
            } catch {
                (bad, reason) = (middle, Sentence(of: error))
            }
        }
        return unreadable(drafts[bad - 1], reason)
    }

    /// What is wrong with a record, with its place.
    private static func unreadable(
        _ draft: DeclaredDraft, _ reason: Sentence, mayPass: Bool = false
    ) -> UnreadableDeclaration {
        let name = "\(draft.appliedKey.kind) \(draft.appliedKey.record)"
        // Most rules begin with the setting or member that they are about.
        let member = reason.english.prefix { $0 != ":" && !$0.isWhitespace }
        let path = [["settings", String(member)], [String(member)]].map { DeclaredPath($0) }.first {
            draft.item?.lines?[$0.description] != nil
        }
        let problem =
            draft.item?.problem("\(name): \(reason)", at: path ?? .whole)
            ?? DeclaredProblem(file: "", line: nil, text: "\(name) cannot be removed: \(reason)")
        return UnreadableDeclaration([problem], mayPass: mayPass)
    }
}

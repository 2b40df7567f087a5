/// One record that a past revision replaced, as the history has it.
package struct PastEdit: Equatable, Sendable {
    package let kind: String
    package let key: String
    /// The edits that put the record of before and of after the revision; nil for what is no record of the configuration, such as a version.
    package let records: Records?

    package struct Records: Equatable, Sendable {
        package let before: FleetEdit
        package let after: FleetEdit

        /// - Parameter before: nil: it did not exist; the same with `after`.
        package init<Record: FleetRecord>(_ key: Record.Key, before: Record?, after: Record?) {
            self.before = FleetEdit(key, before)
            self.after = FleetEdit(key, after)
        }
    }

    package init(kind: String, key: String, records: Records?) {
        self.kind = kind
        self.key = key
        self.records = records
    }
}

extension FleetSnapshot {
    /// The edits that undo a revision, the last one first; throws `.conflict` where a record was changed since or cannot be undone.
    ///
    /// - Parameters:
    ///   - number: the revision, which made the edits in that order.
    ///   - date: when that was, in seconds since 1970.
    package func undoing(
        _ edits: [PastEdit], of number: Int, madeAt date: Int? = nil
    ) throws(StoreError) -> [FleetEdit] {
        guard !edits.isEmpty else { throw .notFound("there is no revision \(number)") }
        var undone: [FleetEdit] = []
        // What goes with a node to another name goes back with it, as it is by now.
        let isRename = !renames(by: edits.compactMap(\.records?.before)).isEmpty
        for edit in edits.reversed() {
            if isRename, [Volume.kind, Rollout.kind].contains(edit.kind) { continue }
            func refused(_ reason: Sentence) -> StoreError {
                .conflict(
                    "revision \(number) cannot be undone: \(Sentence(phrase: edit.kind.replacing("-", with: " "))) \(edit.key) \(reason)"
                )
            }
            let undo = FleetRecords.named(edit.kind)?.undo ?? .refuses
            if undo == .keeps { continue }
            guard undo == .restores, let records = edit.records else {
                throw refused("is not part of the configuration")
            }
            if let problem = records.before.undoProblem(from: records.after) { throw refused(problem) }
            guard records.after.isMet(in: self) else { throw refused("was changed since") }
            undone.append(records.before.restored(in: self, madeAt: date))
        }
        return undone
    }
}

extension FleetSnapshot {
    /// What follows records that move: all others that name one of them, with their new names.
    ///
    /// - Parameter others: edits that are made as well: what they change or remove says itself what it names.
    func edits(following moves: RecordMoves, besides others: [FleetEdit]) -> [FleetEdit] {
        let taken = Set(others.map { TakenKey(kind: $0.type.kind, key: $0.key) })
        return FleetRecords.all.flatMap { followers($0, moves, besides: taken) }
    }

    private struct TakenKey: Hashable {
        var kind: String
        var key: String
    }

    private func followers<Record: FleetRecord>(
        _: Record.Type, _ moves: RecordMoves, besides taken: Set<TakenKey>
    ) -> [FleetEdit] {
        let moved = Record.keys(in: contents).compactMap { key -> (text: String, edit: FleetEdit)? in
            guard let stored = Record.record(at: key, in: contents) else { return nil }
            var (record, walk) = (stored, NameWalk(moves))
            record.passNames(to: &walk)
            let text = key.description
            guard record != stored, !taken.contains(TakenKey(kind: Record.kind, key: text)) else {
                return nil
            }
            return (text, FleetEdit(following: key, record))
        }
        return moved.sorted { $0.text < $1.text }.map(\.edit)
    }
}

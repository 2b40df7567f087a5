import API
import Fleet

/// The whole configuration at one revision.
extension Acts {
    /// - Parameter group: only its nodes and groups, and those below; rules and networks are of the whole site.
    func export(below group: GroupPath? = nil) async throws -> ConfigurationExport {
        try require(.read)
        return try await export(below: group, in: configuration())
    }

    /// - Parameter snapshot: the configuration at the chosen time.
    func export(below group: GroupPath? = nil, in snapshot: FleetSnapshot) throws -> ConfigurationExport {
        try require(.read)
        if let group { try require(.read, in: group) }
        let group = group ?? .site
        guard group == .site || snapshot.groups[group] != nil else {
            throw StoreError.notFound(snapshot.contents.missing(.group(group)) { caller.sees($0) })
        }
        var export = ConfigurationExport(revision: snapshot.revision)
        func put<Declared: DeclaredForm>(_: Declared.Type) {
            switch Declared.audience {
            case .group: break
            case .readers: guard group == .site else { return }
            case .site(let permission): guard group == .site, may(permission, in: .site) else { return }
            }
            export[Declared.self] = Declared.orderedKeys(in: snapshot).compactMap { key in
                guard let record = Declared.Record.record(at: key, in: snapshot.contents) else { return nil }
                if Declared.audience == .group, !isShown(record, at: key, below: group, in: snapshot) {
                    return nil
                }
                return Declared(record, at: key)
            }
        }
        for form in DeclaredForms.all { put(form) }
        return export
    }

    /// Whether a record of a group is part of an export.
    private func isShown<Record: FleetRecord>(
        _ record: Record, at key: Record.Key, below group: GroupPath, in snapshot: FleetSnapshot
    ) -> Bool {
        guard group.contains(record.place) else { return false }
        // A node may have another name by now.
        if let node = record as? Node { return sees(node, in: snapshot) }
        return sees(record, at: key)
    }
}

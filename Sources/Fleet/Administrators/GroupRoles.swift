/// Roles in groups that go.
extension FleetSnapshot {
    /// What else goes when edits remove groups: the roles that accounts and tokens have there. A group that gets such a name later is another
    /// one, and may be other people's.
    func roleLosses(by edits: [FleetEdit]) -> [FleetEdit] {
        let gone = groups(removedBy: edits)
        guard !gone.isEmpty else { return [] }
        return roleEdits(except: edits) { gone.contains($0.group) ? nil : $0 }
    }

    private func groups(removedBy edits: [FleetEdit]) -> Set<GroupPath> {
        let changes = edits.compactMap { $0.of(NodeGroup.self) }
        // What is added again in the same change stays what it was.
        return Set(changes.filter { $0.after == nil }.map(\.key))
            .subtracting(changes.filter { $0.after != nil }.map(\.key))
    }

    /// What a plan says of the roles that go with groups.
    ///
    /// - Parameter sees: whether those who read it may see what is in a group.
    func notes(ofRolesLostBy edits: [FleetEdit], seeing sees: (GroupPath) -> Bool) -> [String] {
        groups(removedBy: edits).filter(sees).sorted().compactMap { path in
            let count = roles(in: path).count
            return count > 0 ? "roles that go with group \(path), until that is undone: \(count)" : nil
        }
    }

    /// The roles of accounts and tokens in a group itself.
    func roles(in group: GroupPath) -> [Grant] {
        let access = contents.access
        return (access.administrators.values.flatMap(\.grants) + access.tokens.values.flatMap(\.grants))
            .filter { $0.group == group }
    }

    /// A token that loses all its roles stays: when undo gives them back, it is what it was.
    ///
    /// - Parameters:
    ///   - others: edits that say themselves what becomes of their accounts and tokens.
    ///   - change: what becomes of a role; nil: it goes.
    private func roleEdits(
        except others: [FleetEdit], _ change: (Grant) throws -> Grant?
    ) rethrows -> [FleetEdit] {
        let people = Set(others.compactMap { $0.of(Administrator.self)?.key })
        let tokens = Set(others.compactMap { $0.of(APIToken.self)?.key })
        let access = contents.access
        var edits: [FleetEdit] = []
        for var account in access.administrators.values.sorted(by: { $0.name < $1.name })
        where !people.contains(account.name) {
            let grants = try account.grants.compactMap(change)
            if grants == account.grants { continue }
            account.grants = grants
            edits.append(.administrator(account.name, account))
        }
        for var token in access.tokens.values.sorted(by: { $0.id < $1.id }) where !tokens.contains(token.id) {
            let grants = try token.grants.compactMap(change)
            if grants == token.grants { continue }
            token.grants = grants
            edits.append(.token(token.id, token))
        }
        return edits
    }
}

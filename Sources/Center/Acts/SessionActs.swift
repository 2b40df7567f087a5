import API
import Fleet

extension Acts {
    /// All users logged in at nodes that match `query`, in the order of the nodes.
    func sessions(_ query: String, offset: Int, limit: Int) async throws -> Page<SessionAnswer> {
        try require(.read)
        guard at == nil else {
            throw Problem(
                422, "Invalid parameter", "sessions are not stored, so they have no history")
        }
        let snapshot = fleet.snapshot
        let condition = try Condition(query)
        let live = try await facts(in: snapshot)
        var (rows, count): ([SessionAnswer], Int) = ([], 0)
        for name in snapshot.nodeOrder {
            guard let node = snapshot.nodes[name], caller.sees(node.group) else { continue }
            let sessions = live.sessions(of: node, in: snapshot)
            if sessions.isEmpty { continue }
            if condition != .always, !condition.holds(for: live.facts(of: node, in: snapshot)) { continue }
            for session in sessions {
                if count >= offset, rows.count < limit {
                    rows.append(SessionAnswer(node: name, group: node.group, session: session))
                }
                count += 1
            }
        }
        return Page(rows: rows, count: count, next: offset + rows.count < count ? offset + rows.count : nil)
    }

    /// Who is logged in on nodes that the caller may restart.
    func people(on names: [NodeName]) async throws -> Set<String> {
        let snapshot = fleet.snapshot
        let nodes = try names.map {
            try caller.permitted(snapshot.nodes[$0], named: $0.text, .enrol, in: snapshot)
        }
        let live = try await facts(in: snapshot, addressesOf: [])
        return Set(nodes.flatMap { live.sessions(of: $0, in: snapshot) }.map(\.user))
    }
}

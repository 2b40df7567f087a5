/// Which terminal servers, of those that are nodes and are to boot another version, are emptied now.
///
/// A few at a time, and never the last one of a pool that takes log-ins.
package struct TerminalRenewal: Equatable, Sendable {
    /// One terminal server.
    package struct Member: Equatable, Sendable {
        package var name: TerminalName
        package var admission: TerminalServer.Admission
        /// Whether its agent reports: it tells of sessions, and restarts the machine.
        package var isHeard: Bool
        /// Whether it is to boot another version.
        package var isDue: Bool

        package init(
            _ name: TerminalName, admission: TerminalServer.Admission = .open, isHeard: Bool = true,
            isDue: Bool = false
        ) {
            self.name = name
            self.admission = admission
            self.isHeard = isHeard
            self.isDue = isDue
        }
    }

    /// Those that begin to drain, in the order of their names.
    package private(set) var draining: [TerminalName] = []

    /// - Parameter pools: the servers of each pool.
    package init(of members: [Member], in pools: [[TerminalName]]) {
        let due = members.filter(\.isDue)
        var taking = Set(members.filter { $0.admission == .open && $0.isHeard }.map(\.name))
        var left = max(1, due.count / 4) - due.count { $0.admission == .draining }
        for member in due.sorted(by: { $0.name < $1.name }) where taking.contains(member.name) && left > 0 {
            let isNeeded = pools.contains { pool in
                // The only server of a pool has to go when its turn comes.
                pool.contains(member.name) && Set(pool).count > 1
                    && taking.isDisjoint(with: Set(pool).subtracting([member.name]))
            }
            if isNeeded { continue }
            draining.append(member.name)
            taking.remove(member.name)
            left -= 1
        }
    }
}

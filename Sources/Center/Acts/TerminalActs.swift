import API
import Fleet

/// Terminal servers and their pools: each is of a group, whose administrators are its own.
extension Acts {
    /// Shown in the place of a name that the caller may not see.
    static let somePerson = "a person"

    /// Those with each word of `query` in name, address, state, group, system, tags or pools, in the order of their names.
    /// `state=drained` finds those that drain and have no session left, `state=draining` the others.
    ///
    /// - Parameter troubledFirst: whether those with a trouble come before the others, and then those that take no log-ins.
    func terminals(_ query: String, offset: Int, limit: Int, troubledFirst: Bool = false) throws
        -> Page<TerminalAnswer>
    {
        try require(.read)
        let (snapshot, now) = try presentTerminals()
        let words = try SearchWords(query)
        let pools = Self.pools(in: snapshot)
        let all = snapshot.contents.terminals.servers.values.filter { caller.sees($0.group) }
            .sorted { $0.name.text.countingKey.lexicographicallyPrecedes($1.name.text.countingKey) }
            .map { answer($0, now[$0.name], in: pools[$0.name] ?? [], snapshot) }
        let fitting = all.filter { words.areIn($0.searchText) }
        return Page(
            troubledFirst ? (0...2).flatMap { rank in fitting.filter { $0.rank == rank } } : fitting,
            offset: offset, limit: limit)
    }

    /// How many of them are in each state.
    func terminalStates() throws -> [TerminalStanding: Int] {
        try require(.read)
        let (snapshot, now) = try presentTerminals()
        return snapshot.contents.terminals.servers.values.filter { caller.sees($0.group) }
            .reduce(into: [:]) { counts, server in
                let now = now[server.name]
                let sessions = (now?.sessionCount ?? 0) + (now?.placed?.underwayCount ?? 0)
                let standing = TerminalStanding(now?.state ?? .neverHeard, sessionCount: sessions)
                counts[standing, default: 0] += 1
            }
    }

    /// One with its sessions.
    func terminal(_ name: TerminalName) throws -> Saved<TerminalAnswer> {
        let (snapshot, now) = try presentTerminals()
        let server: TerminalServer = try permitted(name, .read, in: snapshot)
        var answer = answer(server, now[name], in: Self.pools(in: snapshot)[name] ?? [], snapshot)
        let isNamed = mayNamePeople(in: server.group)
        answer.sessions = now[name]?.report?.sessions.map { session in
            var session = session
            if !isNamed { (session.user, session.from) = (Self.somePerson, "") }
            return session
        }
        return Saved(record: answer, tag: try RecordTag.of(server), revision: snapshot.revision)
    }

    /// - Parameter name: of the path; nil: the one that the record has.
    func saveTerminal(
        _ server: TerminalServer, at name: TerminalName? = nil, if expected: Precondition = .none
    ) async throws -> Saved<TerminalAnswer> {
        _ = try await save(server, at: name ?? server.name, if: expected)
        return try terminal(server.name)
    }

    func patchTerminal(_ name: TerminalName, _ patch: MergePatch, if expected: Precondition = .none)
        async throws -> Saved<TerminalAnswer>
    {
        try await changeRecord(at: name, if: expected) { (server: TerminalServer) in
            try patch.applied(to: server, named: name)
        }
        return try terminal(name)
    }

    func removeTerminal(_ name: TerminalName, if expected: Precondition = .none) async throws {
        try await changeRecord(at: name, if: expected) { (_: TerminalServer) in nil }
    }

    /// Whether it takes log-ins from now on.
    ///
    /// - Parameter restarts: once it is empty, as long as it drains; nil leaves that as it is.
    func admit(_ admission: TerminalServer.Admission, to name: TerminalName, restarts: Bool? = nil)
        async throws -> Saved<TerminalAnswer>
    {
        try await changeRecord(at: name, if: .none) { (server: TerminalServer) in
            server.admitting(admission, restarts: restarts)
        }
        return try terminal(name)
    }

    /// What ``admit(_:to:restarts:)`` would change.
    func planAdmission(_ admission: TerminalServer.Admission, of name: TerminalName, restarts: Bool?) throws
        -> PlannedChange
    {
        let snapshot = fleet.snapshot
        let server: TerminalServer = try permitted(name, .configure, in: snapshot)
        let changed = server.admitting(admission, restarts: restarts)
        return try plan(ChangeRequest(edits: [ChangeRequest.Edit(.terminal(name, changed))]), in: snapshot)
    }

    // MARK: Pools

    /// Those with each word of `query` in name, group, tags or servers.
    func pools(_ query: String, offset: Int, limit: Int) throws -> Page<PoolAnswer> {
        try require(.read)
        let (snapshot, now) = try presentTerminals()
        let words = try SearchWords(query)
        let (counts, pools) = (counts(of: now, snapshot), Self.pools(in: snapshot))
        let all = snapshot.contents.terminals.pools.values.filter { caller.sees($0.group) }
            .sorted { $0.name < $1.name }.map { answer($0, now, counts, in: pools, snapshot) }
        return Page(
            all.filter { words.areIn($0.searchText) }, offset: offset,
            limit: limit)
    }

    func pool(_ name: PoolName) throws -> Saved<PoolAnswer> {
        let (snapshot, now) = try presentTerminals()
        let pool: TerminalPool = try permitted(name, .read, in: snapshot)
        return Saved(
            record: answer(pool, now, counts(of: now, snapshot), in: Self.pools(in: snapshot), snapshot),
            tag: try RecordTag.of(pool),
            revision: snapshot.revision)
    }

    /// - Parameter name: of the path; nil: the one that the record has.
    func savePool(
        _ pool: TerminalPool, at name: PoolName? = nil, if expected: Precondition = .none
    ) async throws -> Saved<PoolAnswer> {
        _ = try await save(pool, at: name ?? pool.name, if: expected)
        return try self.pool(pool.name)
    }

    func patchPool(_ name: PoolName, _ patch: MergePatch, if expected: Precondition = .none) async throws
        -> Saved<PoolAnswer>
    {
        try await changeRecord(at: name, if: expected) { (pool: TerminalPool) in
            try patch.applied(to: pool, named: name)
        }
        return try pool(name)
    }

    func removePool(_ name: PoolName, if expected: Precondition = .none) async throws {
        try await changeRecord(at: name, if: expected) { (_: TerminalPool) in nil }
    }

    // MARK: Records of groups

    /// Throws unless the caller may change servers and pools there: asked before a form is judged.
    ///
    /// - Parameter group: nil: somewhere.
    func requireChangingTerminals(in group: GroupPath?) throws {
        if let group { try require(.configure, in: group) } else { try require(.configure) }
    }

    /// Throws unless the caller may change that server.
    func requireChangingTerminal(_ name: TerminalName) throws {
        let _: TerminalServer = try permitted(name, .configure, in: fleet.snapshot)
    }

    /// Throws where a form is for another state of a record than there is now.
    ///
    /// - Returns: the revision that this is true of.
    func requireState<Record: TableRecord>(
        of _: Record.Type, at key: Record.Key, isNew: Bool, tag: String
    ) throws -> Int {
        try require(.configure)
        let snapshot = fleet.snapshot
        if !isNew {
            let known: Record = try permitted(key, .configure, in: snapshot)
            try Precondition.matching(tag).check(known, at: key)
        } else if Record.record(at: key, in: snapshot.contents) != nil {
            throw InvalidSetting("name: \(Record.existing(key))")
        }
        return snapshot.revision
    }

    private func permitted<Record: TableRecord>(
        _ key: Record.Key, _ permission: Permission, in snapshot: FleetSnapshot
    ) throws -> Record {
        try require(permission)
        if let record = Record.record(at: key, in: snapshot.contents), may(permission, in: record.place) {
            return record
        }
        try caller.requireNames(permission, Record.kind.replacing("-", with: " "), "\(key)")
        throw StoreError.notFound(Record.missing(key, among: Record.keys(in: snapshot.contents)))
    }

    /// - Parameter make: gets the record as it is; nil removes it.
    private func changeRecord<Record: TableRecord>(
        at key: Record.Key, if expected: Precondition, _ make: @Sendable (Record) throws -> Record?
    ) async throws {
        _ = try await fleet.change(by: caller.name) { [self] current in
            // Before anything else: who may not change it must not learn what is in it.
            let stored: Record = try permitted(key, .configure, in: current)
            try expected.check(stored, at: key)
            let made = try make(stored)
            let edits = [FleetEdit(key, made)]
            try caller.requireLeave(for: edits, in: current)
            try current.requireKnownNames(in: edits, in: sight)
            // No change, no revision.
            return made == stored ? [] : edits
        }
    }

    /// Whether people are named to this caller: they are to those who may help them.
    func mayNamePeople(in group: GroupPath) -> Bool { may(.enrol, in: group) }

    // MARK: Answers

    private typealias Present = [TerminalName: LiveTerminals.Now]

    /// Terminal servers have no past: only their records do.
    private func presentTerminals() throws -> (FleetSnapshot, Present) {
        (fleet.snapshot, services.terminals.now(at: Clock.steadyMillisecond))
    }

    /// The pools of each server, in the order of their names.
    static func pools(in snapshot: FleetSnapshot) -> [TerminalName: [PoolName]] {
        var pools: [TerminalName: [PoolName]] = [:]
        let all = snapshot.contents.terminals
        for pool in all.pools.values.sorted(by: { $0.name < $1.name }) {
            for server in pool.servers(of: all).joined() { pools[server, default: []].append(pool.name) }
        }
        return pools
    }

    private func answer(
        _ server: TerminalServer, _ now: LiveTerminals.Now?, in pools: [PoolName], _ snapshot: FleetSnapshot
    ) -> TerminalAnswer {
        let all = snapshot.contents.terminals.pools
        return TerminalAnswer(
            server: server, state: now?.state ?? .neverHeard, heard: now?.heard, heardAt: now?.heardAt,
            startedAt: now?.startedAt, isConnected: now?.isConnected ?? false,
            sessionCount: now?.sessionCount,
            underwayCount: now?.placed?.underwayCount ?? 0, failureCount: now?.placed?.failureCount ?? 0,
            load: now?.placed?.load, use: now?.use, pressure: now?.report?.pressure,
            rooms: now?.report?.rooms ?? [], release: server.release ?? now?.report?.release,
            version: now?.report?.version, isAgentOld: now?.report?.isOld ?? false,
            troubles: now?.report?.troubles ?? [],
            pools: pools.filter { all[$0].map { caller.sees($0.group) } ?? false }, sessions: nil,
            probe: services.probes.answer(about: server, at: Clock.steadyMillisecond))
    }

    private func counts(of now: Present, _ snapshot: FleetSnapshot) -> [PoolName: LogIns.PoolCount] {
        services.logIns.poolCounts(
            in: snapshot.contents.terminals,
            of: now.mapValues { now in
                LogIns.PoolCount(
                    sessionCount: now.sessionCount ?? 0, underwayCount: now.placed?.underwayCount ?? 0)
            })
    }

    private func answer(
        _ pool: TerminalPool, _ now: Present, _ counts: [PoolName: LogIns.PoolCount],
        in pools: [TerminalName: [PoolName]], _ snapshot: FleetSnapshot
    ) -> PoolAnswer {
        let all = snapshot.contents.terminals
        var answer = PoolAnswer(
            pool: pool, servers: [], sessionCount: counts[pool.name]?.sessionCount ?? 0,
            underwayCount: counts[pool.name]?.underwayCount ?? 0,
            isOpen: pool.hours.areOpen(at: LiveTerminals.moment))
        for (level, names) in pool.servers(of: all).enumerated() {
            for name in names {
                let now = now[name]
                guard let server = all.servers[name], caller.sees(server.group) else { continue }
                let others = (pools[name] ?? []).filter { other in
                    other != pool.name && all.pools[other].map { caller.sees($0.group) } == true
                }
                answer.servers.append(
                    PoolAnswer.Member(
                        name: name, level: level, state: now?.state ?? .neverHeard,
                        sessionCount: now?.sessionCount,
                        underwayCount: now?.placed?.underwayCount ?? 0, use: now?.use,
                        heardAt: now?.heardAt, otherPools: others))
            }
        }
        return answer
    }
}

extension TerminalServer {
    fileprivate func admitting(_ admission: Admission, restarts: Bool?) -> Self {
        var server = self
        server.admission = admission
        server.restartsWhenEmpty = restarts ?? (admission == .open ? false : server.restartsWhenEmpty)
        return server
    }
}

extension TerminalAnswer {
    /// Whether people should look at it: one that was never heard is not needed yet where no pool has it.
    fileprivate var isTroubled: Bool {
        switch state {
        case .silent, .failing: true
        case .neverHeard: !pools.isEmpty
        case .up, .draining, .maintenance: !troubles.isEmpty || isAgentOld == true
        }
    }

    /// Its place in a list that begins with what people should look at.
    fileprivate var rank: Int { isTroubled ? 0 : [.draining, .maintenance].contains(state) ? 1 : 2 }

    fileprivate var searchText: String {
        ([
            server.name.text, server.address, server.group.description, server.system.rawValue,
            "state=\(standing.rawValue)",
        ]
            + server.tags + pools.map(\.text)).joined(separator: " ").lowercased()
    }
}

extension PoolAnswer {
    fileprivate var searchText: String {
        ([pool.name.text, pool.group.description] + pool.levels.flatMap(\.tags) + servers.map(\.name.text))
            .joined(separator: " ").lowercased()
    }
}

extension TerminalAnswer {
    /// That its agent is old; nil: it is not.
    var agentTrouble: TerminalTrouble? {
        isAgentOld == true ? .oldAgent(server.name, version: version ?? "") : nil
    }
}

import API
import Fleet

/// Where log-ins go, and went.
extension Acts {
    /// A placement with its reasons.
    struct Placed: Sendable {
        var answer: PlacementAnswer
        var refusal: PoolRefusal?
        /// About each server that the caller may see.
        var reasons: [(server: TerminalName, level: Int, reason: Placement.Reason)]
    }

    /// Where a person would get a session now, with the reason for each server. Nothing is noted.
    ///
    /// Where their sessions are is taken into account for callers to whom people are named.
    ///
    /// - Parameters:
    ///   - groups: of the person, in a directory.
    ///   - nodeText: the node where they are; nil: anywhere.
    ///   - poolText: nil: the node's.
    ///   - protocols: what the node can show; empty: everything.
    func placement(
        of user: String, in groups: Set<String> = [], at nodeText: String?, pool poolText: String?,
        protocols: [SessionProtocol]
    ) throws -> Placed {
        try require(.read)
        guard user.utf8.count <= 128 else {
            throw Problem(422, "Invalid name", "a user has at most 128 bytes")
        }
        let snapshot = fleet.snapshot
        let node = try nodeText.map { text in
            try caller.permitted(try? Self.find(text, in: snapshot), named: text, .read, in: snapshot)
        }
        let pool = try pool(poolText, of: node, in: snapshot)
        var answer = PlacementAnswer(user: user, node: node?.name, pool: pool.name, broker: pool.broker)
        let refusal = pool.refusal(of: user, in: groups, at: node?.group, on: LiveTerminals.moment)
        answer.refusal = refusal?.description
        let shown = protocols.isEmpty ? SessionProtocol.allCases.set : protocols.set
        // Without a name it is a person who has no session yet.
        let logIn = LogIn(user: may(.enrol, in: pool.group) ? user : "", protocols: shown)
        let placement = services.terminals.place(logIn, in: pool, at: Clock.steadyMillisecond)
        let servers = snapshot.contents.terminals.servers
        func server(_ name: String) -> TerminalServer? {
            (try? TerminalName(name)).flatMap { servers[$0] }.flatMap { caller.sees($0.group) ? $0 : nil }
        }
        let reasons = placement.verdicts.compactMap { verdict in
            server(verdict.server).map { ($0.name, verdict.level, verdict.reason) }
        }
        answer.verdicts = reasons.map { name, level, reason in
            PlacementAnswer.Verdict(
                server: name, level: level, reason: reason.code, text: reason.words.filled,
                use: reason.use?.share)
        }
        answer.otherCount = placement.verdicts.count - reasons.count
        if refusal == nil, let chosen = placement.server.flatMap(server) {
            (answer.server, answer.isReconnection) = (chosen.name, placement.isReconnection)
            answer.address = chosen.address
            answer.kind = pool.kind(
                of: shown, on: chosen, without: services.terminals.unusableProtocols(of: chosen))
            answer.port = answer.kind.flatMap { chosen.ports[$0] }
        }
        return Placed(answer: answer, refusal: refusal, reasons: reasons)
    }

    /// The pool that is named, else the node's. Who sees a node may ask what the pool does for it.
    private func pool(_ text: String?, of node: Node?, in snapshot: FleetSnapshot) throws -> TerminalPool {
        let pools = snapshot.contents.terminals.pools
        if let text {
            let name = try PoolName(text)
            if let pool = pools[name], may(.read, in: pool.group) { return pool }
            try caller.requireNames(.read, "pool", text)
            throw StoreError.notFound(TerminalPool.missing(name))
        }
        guard let node else {
            throw Problem(422, "Unreadable request", "a node or a pool is required: node=… or pool=…")
        }
        guard let name = snapshot.settings(of: node)[Settings.pool] ?? nil else {
            throw StoreError.conflict(
                "node \(node.name) has no pool (roost set --node \(node.name) pool=…)")
        }
        guard let pool = pools[name], pool.group.contains(node.group) || may(.read, in: pool.group) else {
            throw StoreError.conflict(
                "node \(node.name) has the pool \(name), which it may not use or is not there")
        }
        return pool
    }

    /// The last log-ins in pools that the caller sees, the newest first: those with each word of `query` in user, node, pool, server or
    /// outcome (`outcome=no-server`).
    func placements(_ query: String, offset: Int, limit: Int) throws -> Page<PlacementEntry> {
        let words = try SearchWords(query)
        let fitting = try seenPlacements().filter { entry in
            words.areIn(entry.searchText)
        }
        return Page(fitting, offset: offset, limit: limit)
    }

    /// How many of them came to each outcome.
    func placementOutcomes() throws -> [PlacementEntry.Outcome: Int] {
        try seenPlacements().reduce(into: [:]) { $0[$1.outcome, default: 0] += 1 }
    }

    /// With what the caller may know of them: a search must not tell a name.
    private func seenPlacements() throws -> [PlacementEntry] {
        try require(.read)
        let snapshot = fleet.snapshot
        var groups: [PoolName: GroupPath] = [:]
        for pool in snapshot.contents.terminals.pools.values { groups[pool.name] = pool.group }
        return services.terminals.history().compactMap { entry -> PlacementEntry? in
            let group = groups[entry.pool] ?? .site
            guard caller.sees(group) else { return nil }
            var entry = entry
            if !may(.enrol, in: group) { entry.user = Self.somePerson }
            if let node = entry.node, !caller.sees(snapshot.nodes[node]?.group ?? .site) { entry.node = nil }
            if let name = entry.server,
                !caller.sees(snapshot.contents.terminals.servers[name]?.group ?? .site)
            {
                entry.server = nil
            }
            return entry
        }
    }

    /// What is wrong with servers and pools that the caller can fix.
    func terminalTroubles() throws -> [TerminalTrouble] {
        try require(.read)
        let records = fleet.snapshot.contents.terminals
        return services.terminals.troubles(at: Clock.steadyMillisecond).filter { trouble in
            let group =
                trouble.pool.flatMap { records.pools[$0]?.group }
                ?? trouble.server.flatMap { records.servers[$0]?.group }
            return may(.configure, in: group ?? .site)
        }.map { trouble in
            guard case .unserved(let pool, let servers, _, let wasHeard) = trouble else { return trouble }
            let seen = servers.filter { records.servers[$0].map { caller.sees($0.group) } ?? false }
                .prefix(Self.namedLimit)
            return .unserved(
                pool, Array(seen), otherCount: servers.count - seen.count, wasHeard: wasHeard)
        }
    }

    /// Open pools that no server takes log-ins for, for callers who can fix it.
    func unservedPools() throws -> [TerminalTrouble] {
        try terminalTroubles().filter { if case .unserved = $0 { true } else { false } }
    }

    /// A trouble of terminal servers with the pools that it touches, as far as the caller sees them.
    struct PlacedTrouble: Sendable {
        var trouble: TerminalTrouble
        /// In the order of their names.
        var pools: [PoolName]
    }

    func placedTroubles() throws -> [PlacedTrouble] {
        let snapshot = fleet.snapshot
        let (records, pools) = (snapshot.contents.terminals.pools, Self.pools(in: snapshot))
        return try terminalTroubles().map { trouble in
            let touched = trouble.server.map { pools[$0] ?? [] } ?? [trouble.pool].compactMap(\.self)
            return PlacedTrouble(
                trouble: trouble,
                pools: touched.filter { name in records[name].map { caller.sees($0.group) } ?? false })
        }
    }

    /// Servers of a pool that a trouble names.
    private static let namedLimit = 5
}

extension PlacementEntry {
    fileprivate var searchText: String {
        [user, node?.text ?? "", pool.text, server?.text ?? "", "outcome=\(outcome.rawValue)"]
            .joined(separator: " ").lowercased()
    }
}

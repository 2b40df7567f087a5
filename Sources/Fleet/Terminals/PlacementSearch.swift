extension Placement {
    /// Chooses a server.
    ///
    /// A session that the user has comes first. Else the server that would use the smallest share of its room, in the first level that has
    /// room; where none has, of all levels. Servers that can show it only by a protocol behind the one that they should have come after all
    /// others with room.
    ///
    /// - Parameters:
    ///   - levels: indexes of `servers`, in the order in which levels are filled.
    ///   - now: milliseconds.
    ///   - terms: of the pool.
    package init(
        _ logIn: LogIn, levels: [[Int]], of servers: [PlacementServer], cost: SessionCost, now: Int,
        terms: PlacementTerms = PlacementTerms()
    ) {
        if terms.isBrokered {
            self = Self(brokered: logIn, levels: levels, of: servers, now: now)
            return
        }
        var search = Search(for: logIn, terms, serverCount: levels.reduce(0) { $0 + $1.count })
        let servers = servers.span
        for (level, members) in levels.enumerated() {
            for index in members { search.look(at: servers[index], on: level, cost, now: now) }
        }
        self = search.end()
    }

    /// Goes through the servers once.
    private struct Search {
        private let logIn: LogIn
        private let rule: [LoadVariable]?
        private let protocols: [SessionProtocol]
        /// The name, as mixed up.
        private let user: UInt64
        private var verdicts: [Verdict] = []
        /// The best so far: in the first level with room, the same among those with another protocol than they should have, and of those
        /// without room, which counts where no other is.
        private var best: Candidate?
        private var bestLesser: Candidate?
        private var bestWithoutRoom: Candidate?
        /// By index of verdicts.
        private var existing: Int?

        /// A server that could take it.
        private struct Candidate {
            let verdict: Int
            let level: Int
            let share: Double
            /// Tells it apart from those that are as free; nil: not needed so far.
            var rank: UInt64?
        }

        init(for logIn: LogIn, _ terms: PlacementTerms, serverCount: Int) {
            self.logIn = logIn
            (rule, protocols) = (terms.rule, terms.protocols)
            user = Placement.mixed(logIn.user)
            verdicts.reserveCapacity(serverCount)
        }

        mutating func look(at server: borrowing PlacementServer, on level: Int, _ cost: SessionCost, now: Int)
        {
            var reason = server.judged(for: logIn, cost: cost, rule: rule, now: now)
            if let use = reason.use {
                let way = server.lesserWay(for: logIn, among: protocols)
                if let way { reason = .lesser(way.shown, missing: way.missing, use) }
                let candidate = Candidate(verdict: verdicts.count, level: level, share: use.share)
                if !(use.share <= 1) {
                    Self.prefer(candidate, server.name, to: &bestWithoutRoom, user, verdicts)
                } else if way != nil {
                    if bestLesser.map({ $0.level == level }) ?? true {
                        Self.prefer(candidate, server.name, to: &bestLesser, user, verdicts)
                    }
                } else if best.map({ $0.level == level }) ?? true {
                    Self.prefer(candidate, server.name, to: &best, user, verdicts)
                }
            }
            if existing == nil, let wanted = logIn.existing, wanted == server.name,
                server.takesBack(logIn, now: now)
            {
                existing = verdicts.count
            }
            verdicts.append(Verdict(server: server.name, level: level, reason: reason))
        }

        /// Keeps the one that is freer. Servers that are equally free are told apart by user, so that the same one comes to the same.
        private static func prefer(
            _ candidate: Candidate, _ name: String, to rival: inout Candidate?, _ user: UInt64,
            _ verdicts: [Verdict]
        ) {
            guard let former = rival else { return rival = candidate }
            if candidate.share != former.share {
                if candidate.share < former.share { rival = candidate }
                return
            }
            var candidate = candidate
            let (rank, other) = (
                Placement.rank(user, name),
                former.rank ?? Placement.rank(user, verdicts[former.verdict].server)
            )
            candidate.rank = rank
            if rank > other { rival = candidate } else { rival?.rank = other }
        }

        /// The choice, with what it makes of the others.
        mutating func end() -> Placement {
            var placement = Placement(verdicts: verdicts)
            // Else they were copied for what is changed in them.
            verdicts = []
            let chosen = best ?? bestLesser ?? bestWithoutRoom
            if let existing {
                placement.chooseExisting(existing)
            } else if let chosen {
                let hasRoom = best != nil || bestLesser != nil
                placement.choose(
                    former(besides: chosen, hasRoom: hasRoom, in: placement.verdicts) ?? chosen.verdict,
                    freest: chosen.verdict,
                    hasRoom: hasRoom)
            }
            return placement
        }

        /// The server where the user was last, if it is about as free as the freest.
        private func former(
            besides chosen: Candidate, hasRoom: Bool, in verdicts: [Verdict]
        ) -> Int? {
            guard let name = logIn.former,
                let index = verdicts.firstIndex(where: { $0.level == chosen.level && $0.server == name }),
                let share = verdicts[index].reason.use?.share,
                share <= chosen.share + min(Placement.preference, Placement.nearness * chosen.share),
                share <= 1 || !hasRoom,
                verdicts[index].reason.isLesser == verdicts[chosen.verdict].reason.isLesser
            else { return nil }
            return index
        }
    }

    private init(verdicts: [Verdict]) { self.verdicts = verdicts }

    /// The session is on the server of a verdict: room counts for nothing.
    private mutating func chooseExisting(_ choice: Int) {
        for index in verdicts.indices {
            if case .lesser(_, _, let use) = verdicts[index].reason {
                verdicts[index].reason = .lessFree(use)
            }
        }
        verdicts[choice].reason = .hasSession
        (server, isReconnection, level) = (verdicts[choice].server, true, verdicts[choice].level)
    }

    /// - Parameter freest: the one that would be chosen for any person.
    private mutating func choose(_ choice: Int, freest: Int, hasRoom: Bool) {
        let chosenLevel = verdicts[freest].level
        for index in verdicts.indices where index != choice {
            guard let use = verdicts[index].reason.use else { continue }
            if use.share > 1, hasRoom {
                verdicts[index].reason = .noRoom(use)
            } else if use.share > 1 || !verdicts[index].reason.isLesser {
                if verdicts[index].level > chosenLevel {
                    verdicts[index].reason = .laterLevel(use)
                } else if verdicts[index].reason.isLesser {
                    verdicts[index].reason = .lessFree(use)
                }
            }
        }
        switch verdicts[choice].reason {
        case .lesser(let shown, let missing, let use):
            verdicts[choice].reason = .fallback(shown, missing: missing, use)
        case .lessFree(let use): verdicts[choice].reason = choice == freest ? .freest(use) : .former(use)
        default: break
        }
        (server, level) = (verdicts[choice].server, chosenLevel)
    }

    private static func rank(_ user: UInt64, _ server: String) -> UInt64 {
        let hash = mixed(server, after: (user ^ 0xFF) &* 0x100_0000_01B3)
        return hash ^ hash >> 32
    }

    /// FNV-1a: the same on each server of Roost and after each start.
    private static func mixed(_ name: String, after start: UInt64 = 0xCBF2_9CE4_8422_2325) -> UInt64 {
        name.utf8.reduce(start) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}

// MARK: One server

extension PlacementServer {
    /// A session is continued on a server that takes no new ones, too.
    fileprivate func takesBack(_ logIn: LogIn, now: Int) -> Bool {
        isHeard(at: now) && !isDistrusted && !usableProtocols.isDisjoint(with: logIn.protocols)
    }

    /// Why it takes no log-in, whatever room it has.
    func obstacle(for logIn: LogIn, now: Int) -> Placement.Reason? {
        guard let heardAt else { return .neverHeard }
        if !isHeard(at: now) { return .notHeard(seconds: (now - heardAt) / 1_000) }
        if isDistrusted { return .otherCertificate }
        if isDraining { return .draining }
        if !isOpen { return .closed }
        if let reason = obstacle(to: logIn.protocols) { return reason }
        if let wanted = logIn.release, wanted != release { return .otherRelease(release) }
        return nil
    }

    /// Why none of these protocols shows a session there.
    func obstacle(to wanted: SessionProtocols) -> Placement.Reason? {
        guard usableProtocols.isDisjoint(with: wanted) else { return nil }
        let had = protocols.intersection(wanted)
        if lacksCertificate, had.subtracting(silentProtocols).contains(.rdp) { return .unknownCertificate }
        return SessionProtocol.allCases.first { had.isSuperset(of: $0.set) }.map { .silentProtocol($0) }
            ?? .otherProtocol
    }

    /// Where the first protocol that it should have cannot be used, and one behind it can.
    ///
    /// - Parameter order: of the pool's protocols.
    fileprivate func lesserWay(for logIn: LogIn, among order: [SessionProtocol])
        -> (shown: SessionProtocol, missing: SessionProtocol)?
    {
        let usable = usableProtocols
        guard usable != protocols else { return nil }
        let known = order.filter { logIn.protocols.intersection(protocols).isSuperset(of: $0.set) }
        guard let missing = known.first, !usable.isSuperset(of: missing.set),
            let shown = known.first(where: { usable.isSuperset(of: $0.set) })
        else { return nil }
        return (shown, missing)
    }

    fileprivate func judged(for logIn: LogIn, cost: SessionCost, rule: [LoadVariable]?, now: Int)
        -> Placement.Reason
    {
        if let obstacle = obstacle(for: logIn, now: now) { return obstacle }
        if let sessionLimit, sessionCount + underwayCount >= sessionLimit {
            return .full(sessionCount: sessionCount + underwayCount, limit: sessionLimit)
        }
        if failureCount >= Placement.failureLimit,
            underwayCount > 0 || now - failedAt < Placement.failurePause
        {
            return .failing(count: failureCount)
        }
        var use = use(cost: cost)
        let judgement = rule.flatMap { self.judgement(by: $0, cost: cost) }
        use.rule = judgement?.share
        if let load,
            Double(load.usedMemoryByteCount) > Placement.memoryEnd * Double(load.memoryByteCount)
                || load.loadAverage > Placement.processorEnd * Double(load.processorCount)
        {
            return .exhausted(use)
        }
        if let figure = judgement?.critical { return .critical(figure, use) }
        return .lessFree(use)
    }
}

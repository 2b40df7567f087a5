import API
import Fleet

/// What is looked up.
extension LiveTerminals.State {
    /// The servers of a pool in the present configuration.
    mutating func known(_ pool: TerminalPool, in snapshot: FleetSnapshot) -> LiveTerminals.KnownPool {
        if terminals.revision != snapshot.revision {
            terminals.follow(snapshot)
            pools = [:]
        }
        if let found = pools[pool.name], found.pool == pool { return found }
        var known = LiveTerminals.KnownPool(pool: pool)
        let all = snapshot.contents.terminals
        for level in pool.servers(of: all) {
            let names = level.filter { all.servers[$0] != nil }
            known.records += names.compactMap { all.servers[$0] }
            known.levels.append(names.compactMap { terminals.slot(of: $0) })
        }
        pools[pool.name] = known
        return known
    }

    /// The same with what a session costs there, which changes slowly.
    mutating func known(_ pool: TerminalPool, in snapshot: FleetSnapshot, at time: Int)
        -> LiveTerminals.KnownPool
    {
        var known = known(pool, in: snapshot)
        if known.costAt.map({ time < $0 || time - $0 >= 1_000 }) ?? true {
            known.cost = SessionCost(of: known.levels.joined().map { terminals.servers[$0] })
            known.costAt = time
            pools[pool.name] = known
        }
        return known
    }

    /// Where a user's session is.
    ///
    /// A server that claims a session of a person who was sent elsewhere, and whose server there is heard, is not believed: a hostile one
    /// would have their next log-in.
    func place(of user: String, at time: Int) -> TerminalName? {
        guard let claims = places[user], !claims.isEmpty else { return nil }
        guard let last = former[user] else { return claims[0] }
        if claims.contains(last) { return last }
        return terminals.isHeard(last, at: time) ? nil : claims[0]
    }

    mutating func move(from old: Set<String>, to new: Set<String>, on name: TerminalName) {
        if old == new { return }
        for user in old where !new.contains(user) {
            places[user]?.removeAll { $0 == name }
            if places[user]?.isEmpty == true { places[user] = nil }
        }
        for user in new where !old.contains(user) {
            places[user, default: []].append(name)
            places[user]?.sort()
        }
    }

    /// A log-in is no longer on its way.
    mutating func endsComing(_ user: String, to name: TerminalName) {
        guard let place = coming[user]?.firstIndex(of: name) else { return }
        coming[user]?.remove(at: place)
        if coming[user]?.isEmpty == true { coming[user] = nil }
    }

    mutating func note(_ logIn: LiveTerminals.Coming, on name: TerminalName) {
        let user = logIn.user
        terminals.change(name, isNew: true) { terminal in
            terminal.underway.append(logIn)
            terminal.placed.underwayCount = terminal.underway.count
        }
        coming[user, default: []].append(name)
        if user.isEmpty { return }
        // While the server of before has a session of the person, a name that was typed takes no one away from there: that session
        // would not be found again. It counts once the person has come.
        if logIn.isTyped, let last = former[user], last != name, places[user]?.contains(last) == true {
            return
        }
        former.note(user, on: name)
    }

    /// A server is no longer in the configuration.
    ///
    /// - Returns: where its orders went: to be finished without the lock.
    mutating func forget(_ name: TerminalName) -> AsyncStream<AgentOrder>.Continuation? {
        if let terminal = terminals[name] {
            terminals[name] = nil
            move(from: terminal.users, to: [], on: name)
            for logIn in terminal.underway {
                endsComing(logIn.user, to: name)
                history.settle(logIn.ticket, .lost, at: logIn.at)
            }
        }
        return listeners.removeValue(forKey: name)?.orders
    }

    /// Forgets servers that are no longer in the configuration.
    ///
    /// - Returns: where their orders went.
    mutating func keep(_ records: [TerminalName: TerminalServer]) -> [AsyncStream<AgentOrder>.Continuation] {
        let gone = Set(terminals.all.map(\.key)).union(listeners.keys).filter { records[$0] == nil }
        if gone.isEmpty { return [] }
        former.keep(Set(records.keys))
        return gone.compactMap { forget($0) }
    }
}

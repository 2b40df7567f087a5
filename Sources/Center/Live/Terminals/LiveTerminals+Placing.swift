package import API
package import Fleet
import Linux
import Synchronization

/// Where log-ins go, and what is remembered of them.
extension LiveTerminals {
    /// The present moment of the week where the server is.
    package static var moment: WeekMoment {
        let (day, minute) = LocalTime.week(second: Clock.second)
        return WeekMoment(day: day, minute: minute)
    }

    /// Chooses a server of a pool for a log-in. Nothing is noted: see ``note(_:ticket:of:at:in:time:)``.
    ///
    /// Where the user has a session, and where the last one was, is found out if the log-in does not say it; where the pool allows several
    /// sessions, none is continued.
    ///
    /// - Parameters:
    ///   - left: servers that are not considered.
    ///   - time: milliseconds, by a clock that is never set.
    ///   - moment: for opening hours. Those of the pool itself are not looked at: see ``TerminalPool/refusal(of:in:at:on:)``.
    package func place(
        _ logIn: LogIn, in pool: TerminalPool, without left: Set<TerminalName> = [], at time: Int,
        on moment: WeekMoment = LiveTerminals.moment
    ) -> Placement {
        let snapshot = fleet.snapshot
        return state.withLock { state in
            var known = state.known(pool, in: snapshot, at: time)
            if !left.isEmpty {
                let slots = Set(left.compactMap { state.terminals.slot(of: $0) })
                known.levels = known.levels.map { level in level.filter { !slots.contains($0) } }
            }
            state.terminals.follow(moment)
            var own: [Int] = []
            var wanted = logIn
            wanted.protocols.formIntersection(pool.protocols.set)
            wanted.release = logIn.release ?? pool.release
            if !logIn.user.isEmpty {
                wanted.former = logIn.former ?? state.former[logIn.user]?.text
                if logIn.existing == nil, pool.secondLogIn != .allow {
                    wanted.existing = state.place(of: logIn.user, at: time)?.text
                }
                // Where a person has one session, their own log-in that is on its way is no other person's.
                if pool.secondLogIn != .allow {
                    own = (state.coming[logIn.user] ?? []).compactMap { state.terminals.slot(of: $0) }
                }
            }
            return state.terminals.withoutOne(to: own) { servers in
                Placement(
                    wanted, levels: known.levels, of: servers, cost: known.cost, now: time,
                    terms: PlacementTerms(of: pool))
            }
        }
    }

    /// A log-in is on its way to a server.
    package func note(_ ticket: String, user: String, on name: TerminalName, at time: Int) {
        guard fleet.snapshot.contents.terminals.servers[name] != nil else { return }
        state.withLock { $0.note(Coming(ticket: ticket, user: user, at: time), on: name) }
    }

    /// Remembers a placement, and that the log-in is on its way if there is a server for it.
    ///
    /// - Parameters:
    ///   - ticket: names the log-in; empty where none was made.
    ///   - isTyped: whether the name was typed, and nothing has shown yet that it is that person.
    package func note(
        _ placement: Placement, ticket: String, of user: String, at node: NodeName?, in pool: PoolName,
        isTyped: Bool = false, time: Int
    ) {
        let server = placement.server.flatMap { try? TerminalName($0) }
        let entry = PlacementEntry(
            at: Clock.second, user: user, node: node, pool: pool, server: server,
            isReconnection: placement.isReconnection, level: placement.level,
            reasons: placement.reasonCounts,
            outcome: server == nil ? .noServer : .sent, causes: server == nil ? placement.lacks : [])
        state.withLock { state in
            state.history.add(PlacementHistory.Entry(entry: entry, ticket: ticket, time: time))
            if let server {
                state.note(
                    Coming(ticket: ticket, user: user, at: time, isTyped: isTyped, node: node), on: server)
            }
            // Its session is there, and may end before a report shows it.
            if let server, placement.isReconnection {
                state.terminals.change(server) { _ = $0.opened.insert(ticket) }
            }
        }
    }

    /// Remembers a log-in for which no server was looked for.
    package func noteRefusal(
        of user: String, at node: NodeName?, in pool: PoolName, because words: PlacementWords, time: Int
    ) {
        let entry = PlacementEntry(
            at: Clock.second, user: user, node: node, pool: pool, outcome: .refused,
            causes: [PlacementLack(words)])
        state.withLock { $0.history.add(PlacementHistory.Entry(entry: entry, ticket: "", time: time)) }
    }

    /// A log-in does not come: it is no longer on its way.
    ///
    /// - Parameters:
    ///   - problem: why it was not prepared; nil: the log-in was given up.
    ///   - isServers: whether the server could not do it, which counts against it.
    package func noteEnd(
        of ticket: String, on name: TerminalName, problem: String?, isServers: Bool = true, at time: Int
    ) {
        state.withLock { state in
            let ended = state.terminals.change(name) { terminal in
                let ended = terminal.underway.filter { $0.ticket == ticket }
                terminal.underway.removeAll { $0.ticket == ticket }
                terminal.placed.underwayCount = terminal.underway.count
                if problem != nil, isServers {
                    terminal.placed.failureCount += 1
                    terminal.placed.failedAt = time
                }
                return ended
            }
            guard let ended else { return }
            for logIn in ended { state.endsComing(logIn.user, to: name) }
            if let problem {
                state.history.settle(ticket, .failed, at: time, text: problem)
            } else {
                state.history.settle(ticket, .lost, at: time, text: "given up: it was asked for anew")
            }
        }
    }

    /// Where a user has sessions, as the servers say.
    package func sessions(of user: String) -> [(server: TerminalName, session: AgentSession)] {
        state.withLock { state in
            (state.places[user] ?? []).flatMap { name in
                (state.terminals[name]?.report?.sessions ?? []).filter { $0.user == user }.map { (name, $0) }
            }
        }
    }

    /// The last placements, the newest first.
    package func history(limit: Int = PlacementHistory.limit) -> [PlacementEntry] {
        state.withLock { state in state.history.newest.prefix(limit).map(\.entry) }
    }
}

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
    ///   - time: milliseconds, by a clock that is never set.
    ///   - moment: for opening hours. Those of the pool itself are not looked at: see ``TerminalPool/refusal(of:in:at:on:)``.
    package func place(
        _ logIn: LogIn, in pool: TerminalPool, at time: Int, on moment: WeekMoment = LiveTerminals.moment
    ) -> Placement {
        let snapshot = fleet.snapshot
        return state.withLock { state in
            let known = state.known(pool, in: snapshot, at: time)
            var servers: [PlacementServer] = []
            servers.reserveCapacity(known.records.count)
            for (record, protocols) in zip(known.records, known.protocols) {
                servers.append(state.placed(record, protocols, on: moment))
            }
            var wanted = logIn
            wanted.protocols.formIntersection(pool.protocols.set)
            wanted.release = logIn.release ?? pool.release
            if !logIn.user.isEmpty {
                wanted.former = logIn.former ?? state.former[logIn.user]?.text
                if logIn.existing == nil, pool.secondLogIn != .allow {
                    wanted.existing = state.place(of: logIn.user, at: time)?.text
                }
                // Where a person has one session, their own log-in that is on its way is no other person's.
                for name in pool.secondLogIn == .allow ? [] : state.coming[logIn.user] ?? [] {
                    guard let own = servers.firstIndex(where: { $0.name == name.text }) else { continue }
                    servers[own].underwayCount -= 1
                }
            }
            return Placement(
                wanted, levels: known.levels, of: servers, cost: known.cost, now: time,
                terms: PlacementTerms(of: pool))
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
        var reasons: [String: Int] = [:]
        for verdict in placement.verdicts { reasons[verdict.reason.code, default: 0] += 1 }
        let entry = PlacementEntry(
            at: Clock.second, user: user, node: node, pool: pool, server: server,
            isReconnection: placement.isReconnection, level: placement.level, reasons: reasons,
            outcome: server == nil ? .noServer : .sent, causes: server == nil ? placement.lacks : [])
        state.withLock { state in
            state.history.add(PlacementHistory.Entry(entry: entry, ticket: ticket, time: time))
            if let server {
                state.note(
                    Coming(ticket: ticket, user: user, at: time, isTyped: isTyped, node: node), on: server)
            }
            // Its session is there, and may end before a report shows it.
            if let server, placement.isReconnection { state.terminals[server]?.opened.insert(ticket) }
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
            guard var terminal = state.terminals[name] else { return }
            for logIn in terminal.underway where logIn.ticket == ticket {
                state.endsComing(logIn.user, to: name)
            }
            terminal.underway.removeAll { $0.ticket == ticket }
            terminal.placed.underwayCount = terminal.underway.count
            if let problem {
                if isServers {
                    terminal.placed.failureCount += 1
                    terminal.placed.failedAt = time
                }
                state.history.settle(ticket, .failed, at: time, text: problem)
            } else {
                state.history.settle(ticket, .lost, at: time, text: "given up: it was asked for anew")
            }
            state.terminals[name] = terminal
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

extension LiveTerminals.State {
    /// A server as placement sees it. Nothing else of it is copied: reports are large, and log-ins come in hundreds.
    fileprivate func placed(
        _ record: TerminalServer, _ protocols: SessionProtocols, on moment: WeekMoment
    ) -> PlacementServer {
        let place = terminals.index(forKey: record.name)
        var server = place.map { terminals.values[$0].placed } ?? PlacementServer(name: record.name.text)
        server.weight = record.weight
        server.sessionLimit = record.sessionLimit
        server.protocols = protocols
        server.release = record.release ?? server.release
        server.lacksCertificate = LiveTerminals.lacksCertificate(
            record, isReported: place.map { terminals.values[$0].report != nil } ?? false)
        server.isDraining = record.admission != .open
        server.isOpen = record.hours.isEmpty || record.hours.areOpen(at: moment)
        return server
    }
}

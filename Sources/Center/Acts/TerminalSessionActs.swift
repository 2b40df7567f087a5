import API
import Fleet
import Wire

/// Sessions on terminal servers, as their agents report them. Those who may help people in the group of a server see who they are.
extension Acts {
    /// Characters of a message.
    private static let messageLimit = 500

    /// Those with each word of `query` in user, server, kind, node, its group or address. `state=server-silent` finds those that stand so,
    /// `server=ts-1` those of one server, `node=pc-1` those of one node. Those on servers that are silent come first, then it goes by servers.
    ///
    /// Where names are not shown, they are not searched either.
    func terminalSessions(_ query: String, offset: Int, limit: Int) async throws
        -> Page<TerminalSessionAnswer>
    {
        try await sessionOverview(query, offset: offset, limit: limit).page
    }

    /// A page of sessions with what all of them come to.
    struct SessionOverview: Sendable {
        var page: Page<TerminalSessionAnswer>
        /// How many there are in each state, whatever is searched for.
        var counts: [TerminalSessionState: Int] = [:]
        /// The same of each server.
        var serverCounts: [TerminalName: Int] = [:]
        /// The servers that are silent, those with the most sessions first.
        var silent: [SilentServer] = []
    }

    /// A terminal server of which nothing is heard any more, and the sessions that it had.
    struct SilentServer: Sendable, Equatable {
        var name: TerminalName
        /// Seconds since 1970.
        var since: Int
        var sessionCount: Int
        /// That count on it.
        var pools: [PoolName] = []

        static func comesFirst(_ one: Self, _ other: Self) -> Bool {
            one.sessionCount == other.sessionCount
                ? one.name < other.name : one.sessionCount > other.sessionCount
        }
    }

    /// The same as ``terminalSessions(_:offset:limit:)``, in one pass over all sessions.
    func sessionOverview(_ query: String, offset: Int, limit: Int) async throws -> SessionOverview {
        try require(.read)
        guard at == nil else {
            throw Problem(
                422, "Invalid parameter",
                "sessions of terminal servers are shown as they are now: there is no view of the past")
        }
        let words = try SearchWords(query)
        let seen = seenSessions()
        let all = seen.filter(\.isUncertain) + seen.filter { !$0.isUncertain }
        var overview = SessionOverview(page: Page([], offset: 0, limit: limit))
        var silent: [TerminalName: SilentServer] = [:]
        for session in all {
            overview.counts[session.standing, default: 0] += 1
            overview.serverCounts[session.server, default: 0] += 1
            guard session.isUncertain else { continue }
            silent[
                session.server,
                default: SilentServer(name: session.server, since: session.heardAt, sessionCount: 0)
            ].sessionCount += 1
        }
        overview.silent = silent.values.sorted(by: SilentServer.comesFirst)
        if words.isEmpty {
            overview.page = Page(all, offset: offset, limit: limit)
            overview.page.rows = await withNodes(overview.page.rows)
        } else {
            let fitting = await withNodes(all).filter { session in words.words.allSatisfy(session.has) }
            overview.page = Page(fitting, offset: offset, limit: limit)
        }
        return overview
    }

    /// Those of one server.
    func terminalSessions(on name: TerminalName) async throws -> [TerminalSessionAnswer] {
        await withNodes(seenSessions(on: try terminal(name).record.server.name))
    }

    /// Those that a node shows, or that were opened there and are shown by no display now, as far as the caller may know who is where. Of the past
    /// and of machines that are no nodes there are none.
    func terminalSessions(at name: NodeName) async throws -> [TerminalSessionAnswer] {
        try require(.read)
        let snapshot = fleet.snapshot
        guard at == nil, let node = snapshot.nodes[name], caller.sees(node.group) else { return [] }
        let cards = Set(snapshot.cards(of: node))
        let users = services.logIns.users(at: cards)
        let addresses = Set(
            await services.leases().compactMap { lease -> String? in
                guard case .macAddress(let machine) = lease.holder, cards.contains(machine) else {
                    return nil
                }
                return lease.address.description
            })
        let possible = seenSessions { users.contains($0.user) || addresses.contains($0.from) }
        return await withNodes(possible).filter { $0.node == name }
    }

    /// The servers where these people have sessions, as far as the caller may know who is where.
    func serversOfSessions(of users: [String]) throws -> [String: [TerminalName]] {
        try require(.read)
        let records = fleet.snapshot.contents.terminals.servers
        return users.reduce(into: [:]) { found, user in
            for (server, _) in services.terminals.sessions(of: user) {
                guard let record = records[server], mayNamePeople(in: record.group) else { continue }
                found[user, default: []].append(server)
            }
        }
    }

    /// One of them, for those who may intervene.
    func terminalSession(_ id: String, on server: TerminalName) async throws -> TerminalSessionAnswer {
        let server = try permittedServer(server)
        _ = try known(id, on: server)
        guard let found = seenSessions(on: server.name).first(where: { $0.id == id }) else {
            throw StoreError.notFound("there is no session \(id) on \(server.name)")
        }
        return await withNodes([found])[0]
    }

    /// With their nodes as far as log-ins tell them: see ``withNodes(_:)``.
    ///
    /// - Parameters:
    ///   - only: those of one server; nil: of all.
    ///   - isWanted: whether one is asked for; by default, all are.
    private func seenSessions(
        on only: TerminalName? = nil, where isWanted: (AgentSession) -> Bool = { _ in true }
    ) -> [TerminalSessionAnswer] {
        let records = fleet.snapshot.contents.terminals.servers
        return services.terminals.lastReports(of: only, at: Clock.steadyMillisecond).flatMap {
            one -> [TerminalSessionAnswer] in
            guard let record = records[one.server], caller.sees(record.group) else { return [] }
            let isNamed = mayNamePeople(in: record.group)
            let heardAt = services.terminals.second(of: one.reportedAt)
            return one.sessions.compactMap { session -> TerminalSessionAnswer? in
                guard isWanted(session) else { return nil }
                let seat = isNamed ? services.logIns.seat(of: session, on: one.server) : nil
                let node = seat.flatMap { caller.sees($0.node.group) ? $0.node : nil }
                let from = session.from.isEmpty ? seat?.address.description : session.from
                let left = one.left[session.id].map { services.terminals.second(of: $0) }
                return TerminalSessionAnswer(
                    server: one.server, group: record.group, id: session.id,
                    user: isNamed ? session.user : Self.somePerson, kind: session.kind,
                    display: session.display, startedAt: max(0, heardAt - session.age),
                    // What people do on a silent server is not known.
                    idle: one.isHeard ? session.idle.map { $0 + max(0, Clock.second - heardAt) } : nil,
                    isConnected: session.isConnected, disconnectedAt: left,
                    place: isNamed ? node?.name.text ?? from ?? "" : "", node: node?.name,
                    nodeGroup: node?.group, address: isNamed ? from : nil, heardAt: heardAt,
                    isUncertain: !one.isHeard)
            }
        }
    }

    /// The same with the nodes that have leases of their addresses: one pass over the leases, however many the sessions are. A node that the
    /// caller does not see is not named.
    private func withNodes(_ sessions: [TerminalSessionAnswer]) async -> [TerminalSessionAnswer] {
        let wanted = Set(sessions.lazy.filter { $0.node == nil }.compactMap(\.leasedAddress))
        if wanted.isEmpty { return sessions }
        let (snapshot, second) = (fleet.snapshot, Clock.second)
        var holders: [IPv4Address: Node] = [:]
        for lease in await services.leases() where lease.expiresAt > second && wanted.contains(lease.address)
        {
            guard case .macAddress(let machine) = lease.holder, let node = snapshot.node(at: machine),
                caller.sees(node.group)
            else { continue }
            holders[lease.address] = node
        }
        return sessions.map { session in
            guard session.node == nil, let node = session.leasedAddress.flatMap({ holders[$0] }) else {
                return session
            }
            var session = session
            (session.node, session.nodeGroup, session.place) = (node.name, node.group, node.name.text)
            return session
        }
    }

    /// Those that have ended, the newest first, with each word of `query` in user, server, kind or place.
    func pastTerminalSessions(_ query: String, offset: Int, limit: Int) async throws
        -> Page<PastTerminalSessionAnswer>
    {
        try require(.read)
        let wanted = pastSessions(try SearchWords(query))
        let (found, count) = try await store.endedSessions(wanted, offset: offset, limit: limit)
        let rows = found.map { past in
            let isNamed = wanted.named.contains(past.server)
            return PastTerminalSessionAnswer(
                server: past.server, user: isNamed ? past.user : Self.somePerson, kind: past.kind,
                startedAt: past.startedAt, endedAt: past.endedAt ?? past.startedAt,
                place: isNamed ? past.place : "")
        }
        let end = offset + rows.count
        return Page(rows: rows, count: count, next: !rows.isEmpty && end < count ? end : nil)
    }

    /// Those that the caller may know of.
    private func pastSessions(_ words: SearchWords) -> PastSessionQuery {
        let servers = fleet.snapshot.contents.terminals.servers.values
        /// Of a server that is no longer there, those of the whole site see what it had.
        func all(where isMeant: (GroupPath) -> Bool) -> PastSessionQuery.Servers {
            isMeant(.site)
                ? .allBut(servers.filter { !isMeant($0.group) }.map(\.name))
                : .only(servers.filter { isMeant($0.group) }.map(\.name))
        }
        func isNamed(_ group: GroupPath) -> Bool { caller.sees(group) && mayNamePeople(in: group) }
        return PastSessionQuery(
            named: all(where: isNamed), unnamed: all { caller.sees($0) && !isNamed($0) },
            somePerson: Self.somePerson, words: words.words)
    }

    /// When the last session of each of these people began that is over, as far as the history goes back and the caller may know who was where.
    func lastSessions(of users: [String]) async throws -> [String: Int] {
        try require(.read)
        let records = fleet.snapshot.contents.terminals.servers
        return try await store.lastSessions(of: users).reduce(into: [:]) { last, past in
            guard mayNamePeople(in: records[past.server]?.group ?? .site) else { return }
            last[past.user] = max(last[past.user] ?? 0, past.startedAt)
        }
    }

    /// Shows a message in a session, or in all of a server.
    ///
    /// - Parameter session: nil: all.
    func message(_ text: String, to session: String?, on server: TerminalName) async throws {
        let server = try permittedServer(server)
        guard text.hasLength(in: 1...Self.messageLimit) else {
            throw Problem(422, "Invalid message", "a message has 1 to \(Self.messageLimit) characters")
        }
        let plain = PlainText(text).description
        if let session { _ = try known(session, on: server) }
        try await order(.message(sessions: session.map { [$0] } ?? [], text: plain), on: server)
        note("message sent", session, on: server)
    }

    /// The session stays, and no display shows it any more.
    func disconnect(_ session: String, on server: TerminalName) async throws {
        let server = try permittedServer(server)
        _ = try known(session, on: server)
        try await order(.disconnect(session: session), on: server)
        note("disconnected", session, on: server)
    }

    /// The session ends: what is not saved there is lost.
    func end(_ session: String, on server: TerminalName) async throws {
        let server = try permittedServer(server)
        _ = try known(session, on: server)
        try await order(.end(session: session), on: server)
        note("ended", session, on: server)
    }

    /// Throws unless the caller may intervene in sessions of a server: asked before a request is read.
    func requireHelping(on server: TerminalName) throws { _ = try permittedServer(server) }

    // MARK: Parts

    /// A server in whose sessions the caller may intervene.
    private func permittedServer(_ name: TerminalName) throws -> TerminalServer {
        try require(.enrol)
        if let server = fleet.snapshot.contents.terminals.servers[name], may(.enrol, in: server.group) {
            return server
        }
        try caller.requireNames(.enrol, "terminal server", name.text)
        throw StoreError.notFound(TerminalServer.missing(name))
    }

    private func known(_ session: String, on server: TerminalServer) throws -> AgentSession {
        let all = services.terminals.lastReports(of: server.name, at: Clock.steadyMillisecond)
        guard let found = all.lazy.flatMap(\.sessions).first(where: { $0.id == session }) else {
            throw StoreError.notFound(
                "there is no session \(session) on \(server.name) (roost session list --servers)")
        }
        return found
    }

    private func order(_ work: AgentOrder.Work, on server: TerminalServer) async throws {
        do { _ = try await services.terminals.order(work, on: server.name) } catch {
            switch error as? AgentOrderProblem {
            case .notConnected:
                throw Problem(
                    503, "Not connected", "the agent of \(server.name) is not connected: it cannot do it now")
            case .noAnswer(_, let seconds):
                throw Problem(
                    504, "No answer", "the agent of \(server.name) did not answer within \(seconds) s")
            case .gone:
                throw Problem(
                    504, "No answer",
                    "the agent of \(server.name) went away before it answered: it may have done it or not")
            case .refused(_, let problem):
                throw Problem(
                    409, "Not done", "\(server.name): \(Sentence(phrase: PlainText(problem).description))")
            case .foreigner: throw Problem(409, "Not done", "\(server.name) took it for a log-in")
            case nil: throw error
            }
        }
    }

    /// Without names: events go to web hooks, and so to other machines.
    private func note(_ what: String, _ session: String?, on server: TerminalServer) {
        fleet.events.publish(
            ServerEvent(
                kind: .session, group: server.group,
                text:
                    "\(session.map { "session \($0)" } ?? "all sessions") of \(server.name): \(what) by \(caller.name)"
            ))
    }
}

extension TerminalSessionAnswer {
    fileprivate var leasedAddress: IPv4Address? { address.flatMap { IPv4Address($0) } }

    /// Whether a word of a search is about it.
    fileprivate func has(_ word: String) -> Bool {
        if let name = word.value(of: "server") { return server.text.lowercased() == name }
        if let name = word.value(of: "node") { return node?.text.lowercased() == name }
        if let state = word.value(of: "state") { return standing.rawValue == state }
        return [
            user, server.text, kind.rawValue, place, nodeGroup?.description ?? "", address ?? "",
        ].contains { $0.lowercased().contains(word) }
    }
}

extension String {
    /// Of a word like `server=ts-1`; nil: it asks for something else.
    fileprivate func value(of name: String) -> String? {
        hasPrefix("\(name)=") ? String(dropFirst(name.count + 1)) : nil
    }
}

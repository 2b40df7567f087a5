import API
import Fleet
import Linux
import NetworkErrors
import Synchronization
import Wire

/// Where a log-in goes, and what is prepared there.
extension LogIns {
    /// Servers that are tried for one log-in: the best, and the next best.
    private static let attemptLimit = 2

    /// A log-in whose account is chosen.
    struct Entry {
        let way: Way
        let node: NodeName
        let pool: TerminalPool
        let choice: AccountChoice
        /// Nil: it is there by the server's own means.
        let account: AgentAccount?
        /// What opens a session on a Windows server, where it is not the person's own password.
        let windows: Windows?
        /// That node and pool have.
        let protocols: SessionProtocols
        let nodeProtocols: SessionProtocols
        /// Servers that did not prepare it.
        var excluded: Set<TerminalName> = []
        var lastFailure: LogInRefusal?

        struct Windows {
            let user: String
            let secret: SecretName
            /// Of the secret; nil: there is none.
            let group: GroupPath?
            /// Why the secret is none for this node.
            let problem: String?
        }

        var isOwn: Bool { if case .own = choice { true } else { false } }
        /// One of them has to be the person's in the directory of the server that is chosen; nil: it need not.
        let groups: [String]?
        /// Its password is one of the directory.
        let hasPasswordHere: Bool
        /// Its name is one that only Windows has.
        var isForWindows: Bool { TypedName(choice.user)?.isPlain != true }
    }

    /// What the node opens its session with.
    private struct Opening {
        var user: String
        /// Empty: the person's own password.
        var credential: String
        /// Of the agent; nil: the server has none.
        var ready: AgentResult.Ready?
    }

    /// What is asked of one server.
    private struct Order {
        var server: TerminalServer
        var placement: Placement
        var kind: SessionProtocol
        var isReconnection: Bool
        /// Sessions that end once the person is there.
        var ends: [String] = []
        /// Of an earlier log-in of the same person, which does not count any more.
        var former: [String] = []
    }

    func settle(_ entry: inout Entry) async throws(LogInRefusal) -> LogInAnswer.Outcome {
        while true {
            guard now() < entry.way.deadline else { throw entry.lastFailure ?? .tookTooLong }
            let found = whereabouts(of: entry)
            let sessions = ownSessions(found, of: entry)
            let second = SecondSession(
                entry.pool.secondLogIn, having: sessions, protocols: entry.protocols,
                agrees: entry.way.request.takesOver)
            switch second {
            case .refused(let refusal): throw refusal
            case .ask(let session): return .askConsent(consent(for: session, of: entry))
            case .new(let besides):
                let order = try place(entry, besides: besides)
                if let ticket = try await attempt(order, &entry) { return .ready(ticket) }
            case .back(let session, let ends):
                if await isRetry(of: session, by: entry) {
                    entry.excluded.insert(session.server)
                    entry.lastFailure = .failed(session.server, "nothing takes connections at its port")
                    giveUp(found.filter { $0.server == session.server }, for: entry)
                    continue
                }
                let order = try await order(comingBackTo: session, ends: ends, found, entry)
                guard let order else { continue }
                if let ticket = try await attempt(order, &entry) { return .ready(ticket) }
                // It is on its way only, or its server has gone: it can go elsewhere. A session that is there stays the person's only one.
                if !session.id.isEmpty, await !turnsOutGone(order.server, by: order.kind, entry) {
                    throw entry.lastFailure ?? .silent(session.server)
                }
                giveUp(found, for: entry)
            }
        }
    }

    // MARK: Choosing

    /// - Parameter besides: servers where the person has another session already.
    private func place(_ entry: Entry, besides: Set<TerminalName>) throws(LogInRefusal) -> Order {
        let (records, pool) = (fleet.snapshot.contents.terminals, entry.pool)
        let left = try unfit(entry).union(entry.excluded).union(besides)
        let logIn = LogIn(user: entry.choice.user, protocols: entry.protocols, release: pool.release)
        let placement = terminals.place(logIn, in: pool, without: left, at: now(), on: moment)
        guard let name = placement.server.flatMap({ try? TerminalName($0) }),
            let server = records.servers[name]
        else {
            if let failure = entry.lastFailure { throw failure }
            terminals.note(
                placement, ticket: "", of: entry.choice.user, at: entry.node, in: pool.name, time: now())
            throw .noServer(placement.lack)
        }
        guard
            let kind = pool.kind(
                of: entry.nodeProtocols, on: server, without: terminals.unusableProtocols(of: server))
        else { throw .noProtocol }
        return Order(
            server: server, placement: placement, kind: kind, isReconnection: placement.isReconnection)
    }

    /// - Returns: nil where the session's server has gone meanwhile: all is looked at again.
    private func order(
        comingBackTo session: OwnSession, ends: [String], _ found: [LiveTerminals.Whereabout], _ entry: Entry
    ) async throws(LogInRefusal) -> Order? {
        // A server whose agent starts again comes back within seconds; one that is gone is silent after some more.
        while !terminals.isListening(session.server), terminals.hasAgent(session.server) {
            guard terminals.silence(of: session.server, at: now()) <= Placement.silence else { return nil }
            let record = fleet.snapshot.contents.terminals.servers[session.server]
            if let record, await hasGone(record, by: session.kind) { return nil }
            guard now() + 2_000 < entry.way.deadline else { throw .silent(session.server) }
            do { try await Task.sleep(for: .milliseconds(200)) } catch { throw .tookTooLong }
        }
        let records = fleet.snapshot.contents.terminals
        guard let server = records.servers[session.server] else { return nil }
        let kind =
            session.canMove
            ? session.kind
            : entry.pool.kind(
                of: entry.nodeProtocols, on: server, without: terminals.unusableProtocols(of: server))
        guard let kind, server.ports[kind] != nil else {
            throw .sessionOfOtherKind(session.server, session.kind)
        }
        // Nothing happens to the session here: the server itself gives it to the person once it has let them in, X2Go's as well as xrdp's.
        let logIn = LogIn(
            user: entry.choice.user, protocols: kind.set, release: server.release, existing: server.name.text)
        return Order(
            server: server, placement: terminals.place(logIn, in: entry.pool, at: now(), on: moment),
            kind: kind, isReconnection: session.canMove && !session.id.isEmpty, ends: ends,
            former: found.filter {
                $0.server == server.name && $0.session == nil && mayCallBack($0.ticket, entry)
            }.map(\.ticket))
    }

    // MARK: Servers that have gone

    /// Milliseconds without an answer of an agent after which it is looked whether its server is still there, and without a report after
    /// which one is overdue.
    private static let (doubt, overdue) = (1_000, 7_000)

    /// Whether the node has asked for this just now, and asks again because nothing takes it there.
    private func isRetry(of session: OwnSession, by entry: Entry) async -> Bool {
        guard session.id.isEmpty, session.isHere,
            let server = fleet.snapshot.contents.terminals.servers[session.server],
            let port = server.ports[session.kind]
        else { return false }
        switch await knock(server.address, port) {
        case .open: return false
        case .refused:
            terminals.noteClosed(session.kind, on: server.name)
            return true
        case .none:
            // Where a firewall keeps this server out, nodes may reach it nevertheless.
            guard terminals.silence(of: server.name, at: now()) > Self.overdue else { return false }
            terminals.noteGone(server.name)
            return true
        }
    }

    /// While an agent owes an answer: one whose machine lost its power never gives it. Where its report is overdue, and its port says nothing
    /// as well, its orders fail at once, and the person lands elsewhere.
    private func watch(_ server: TerminalServer, by kind: SessionProtocol) async {
        while (try? await Task.sleep(for: .milliseconds(Self.doubt))) != nil {
            if !Task.isCancelled, await hasGone(server, by: kind) { return }
        }
    }

    /// Whether a server's report is overdue, and its port says nothing as well: then it counts as gone until it is heard again.
    private func hasGone(_ server: TerminalServer, by kind: SessionProtocol) async -> Bool {
        guard let port = server.ports[kind], terminals.silence(of: server.name, at: now()) > Self.overdue,
            case .none = await knock(server.address, port), !Task.isCancelled
        else { return false }
        terminals.noteGone(server.name)
        return true
    }

    /// Whether a server that has not prepared a log-in has gone. One that died just after its report owes the next one for some more seconds;
    /// one that lives reports, or its port answers.
    private func turnsOutGone(_ server: TerminalServer, by kind: SessionProtocol, _ entry: Entry) async
        -> Bool
    {
        let began = now()
        while true {
            let silence = terminals.silence(of: server.name, at: now())
            if silence == .max { return true }
            guard let port = server.ports[kind], now() - began <= silence, now() + 2_000 < entry.way.deadline,
                case .none = await knock(server.address, port)
            else { return false }
            if silence > Self.overdue {
                terminals.noteGone(server.name)
                return true
            }
            guard (try? await Task.sleep(for: .milliseconds(200))) != nil else { return false }
        }
    }

    // MARK: Preparing

    /// The name of a ticket. Programs that get it take what begins with a hyphen for an option, so it has digits alone.
    private static func makeTicket() -> String { String(Secrets.hash(Secrets.make()).prefix(32)) }

    /// - Returns: nil where the server did not prepare it and another one may be tried.
    private func attempt(_ order: Order, _ entry: inout Entry) async throws(LogInRefusal) -> SessionTicket? {
        let name = order.server.name
        let (ticket, credential) = (Self.makeTicket(), Secrets.make())
        let begin = now()
        state.withLock { state in
            state.issue(
                Issued(
                    ticket: ticket, user: entry.choice.user, machine: entry.way.machine,
                    address: entry.way.address, server: name, kind: order.kind,
                    pool: entry.pool.name, at: begin, isTyped: entry.isOwn))
        }
        var placement = order.placement
        (placement.server, placement.isReconnection) = (name.text, order.isReconnection)
        terminals.note(
            placement, ticket: ticket, of: entry.choice.user, at: entry.node, in: entry.pool.name,
            isTyped: entry.isOwn, time: begin)
        LogInMoment.placed.pass()
        do {
            if let problem = withholding(order.server, entry) { throw LogInRefusal.failed(name, problem) }
            let opening = try await prepare(order, ticket: ticket, credential: credential, entry)
            LogInMoment.prepared.pass()
            for old in order.former {
                terminals.noteEnd(of: old, on: name, problem: nil, at: now())
                terminals.tell(.forget(ticket: old), to: name)
            }
            return try self.ticket(order, ticket, opening, entry)
        } catch {
            // What it may have prepared opens nothing: its credential is given to no one.
            terminals.tell(.forget(ticket: ticket), to: name)
            if case AgentOrderProblem.foreigner? = error as? AgentOrderProblem {
                terminals.noteEnd(
                    of: ticket, on: name, problem: Self.text(of: error), isServers: false, at: now())
                throw LogInRefusal.pool(entry.pool.name, .foreignUser)
            }
            let failure = (error as? LogInRefusal) ?? .failed(name, Self.text(of: error))
            // Without an agent, what an account of the node's lacks is in its settings: others can log in there.
            terminals.noteEnd(
                of: ticket, on: name, problem: failure.reason,
                isServers: entry.isOwn || terminals.hasAgent(name), at: now())
            entry.lastFailure = failure
            entry.excluded.insert(name)
            guard entry.excluded.count < Self.attemptLimit else { throw entry.lastFailure ?? .tookTooLong }
            return nil
        }
    }

    private static func text(of error: any Error) -> String {
        switch error as? AgentOrderProblem {
        case .notConnected: "its agent is not connected"
        case .noAnswer(_, let seconds): "its agent did not answer within \(seconds) s"
        case .gone: "its agent went away before it answered"
        case .refused(_, let problem): problem.beginning(byteCount: 256)
        case .foreigner: "its directory has the person in none of the pool's groups"
        case nil: ErrorText.of(error)
        }
    }

    private func prepare(_ order: Order, ticket: String, credential: String, _ entry: Entry) async throws
        -> Opening
    {
        let name = order.server.name
        guard terminals.hasAgent(name) else { return try await openingWithoutAgent(order, entry) }
        var account = entry.account
        let isOwn = entry.isOwn
        if isOwn, let known = account.flatMap({ try? LogInName($0.user) }) {
            account?.passwordHash = try await fleet.store.passwordHash(ofAccount: known)
        }
        let needsKey = order.kind == .ssh || order.kind == .x2go
        let left = max(1, (entry.way.deadline - now() - 500) / 1_000)
        let logIn = AgentLogIn(
            ticket: ticket, user: entry.choice.user, kind: order.kind,
            // With their own password people prove themselves to the server: a node has nothing that would do in its place.
            credential: isOwn ? "" : Secrets.hash(credential),
            publicKey: isOwn || !needsKey ? "" : entry.way.request.publicKey,
            lifetime: Self.lifetime, from: entry.way.address.description, account: account,
            // An older agent would end them by a name alone.
            endsSessions: terminals.can(.proof, name) ? order.ends : [], groups: entry.groups,
            isOnly: entry.pool.secondLogIn == .allow ? nil : true)
        let watch = Task { await self.watch(order.server, by: order.kind) }
        defer { watch.cancel() }
        let result = try await terminals.order(
            .prepare(logIn), on: name, seconds: min(left, Self.orderPatience / 1_000))
        guard entry.groups == nil || result.ready?.isMember == true else {
            throw LogInRefusal.failed(name, "its agent is too old to tell groups of its directory")
        }
        return Opening(user: entry.choice.user, credential: isOwn ? "" : credential, ready: result.ready)
    }

    /// A server without an agent has nothing to prepare. It checks people's own passwords itself; for accounts of nodes Windows gets the password
    /// that is kept for them, if its certificate is one that the record names.
    private func openingWithoutAgent(_ order: Order, _ entry: Entry) async throws -> Opening {
        let (server, name) = (order.server, order.server.name)
        if entry.isOwn, entry.account == nil || server.system == .windows {
            return Opening(user: entry.choice.user, credential: "")
        }
        guard server.system == .windows, let windows = entry.windows else {
            throw LogInRefusal.failed(name, "it has no agent, which would make the account")
        }
        guard order.kind == .rdp else {
            throw LogInRefusal.failed(name, "a kept password opens sessions by RDP only")
        }
        guard server.certificate != nil else {
            throw LogInRefusal.failed(name, "its certificate is not pinned yet: it could be another machine")
        }
        if let problem = windows.problem { throw LogInRefusal.failed(name, problem) }
        guard let value = try await fleet.store.value(ofSecret: windows.secret),
            let password = String(validating: value, as: UTF8.self), (1...256).contains(value.count),
            !password.unicodeScalars.contains(where: { PlainText.isControl($0) })
        else {
            throw LogInRefusal.failed(
                name, "the value of secret \(windows.secret) is no password: one line of 1 to 256 bytes")
        }
        return Opening(user: windows.user, credential: password)
    }

    private func ticket(
        _ order: Order, _ ticket: String, _ opening: Opening, _ entry: Entry
    ) throws(LogInRefusal) -> SessionTicket {
        let (server, name) = (order.server, order.server.name)
        guard let port = server.ports[order.kind].flatMap(UInt16.init(exactly:)) else { throw .noProtocol }
        let certificate = [opening.ready?.certificate, server.certificate, terminals.certificate(of: name)]
            .compactMap { $0?.lowercased() }.first { $0.utf8.count == 64 && $0.allSatisfy(\.isHexDigit) }
        if order.kind == .rdp, certificate == nil {
            throw .failed(name, "its certificate is not known: a node could not tell it from another server")
        }
        return SessionTicket(
            id: ticket, kind: order.kind.rawValue, address: server.address, port: port,
            user: opening.user, credential: opening.credential, lifetime: UInt32(Self.lifetime),
            certificate: order.kind == .rdp ? certificate ?? "" : "",
            hostKeys: (opening.ready?.hostKeys ?? []).prefix(8).filter(LogInKey.isKey),
            broker: entry.pool.broker ?? "", isReconnection: order.isReconnection)
    }
}

/// A session that a person has, or that is on its way, when they log in.
package struct OwnSession: Equatable, Sendable {
    package var server: TerminalName
    /// On that server; empty: its log-in is still on its way.
    package var id: String
    package var kind: SessionProtocol
    /// A display shows it, or it is about to.
    package var isConnected: Bool
    /// By the node that asks.
    package var isHere: Bool
    /// Whether the server is in the pool that is asked for.
    package var isInPool: Bool

    package init(
        server: TerminalName, id: String, kind: SessionProtocol, isConnected: Bool, isHere: Bool,
        isInPool: Bool
    ) {
        self.server = server
        self.id = id
        self.kind = kind
        self.isConnected = isConnected
        self.isHere = isHere
        self.isInPool = isInPool
    }

    /// Shown to someone somewhere else.
    var isElsewhere: Bool { isConnected && !isHere }
    /// A session of SSH lives in its connection: it can end, and not move.
    package var canMove: Bool { kind != .ssh }
}

/// What a log-in becomes where the person has a session.
package enum SecondSession: Equatable, Sendable {
    /// A session of its own, on none of these servers.
    case new(besides: Set<TerminalName>)
    /// The session on that server comes here, or another one begins there. The sessions of ``ends`` end once the person is there.
    case back(OwnSession, ends: [String])
    /// The person has to agree first.
    case ask(OwnSession)
    case refused(LogInRefusal)

    /// - Parameters:
    ///   - sessions: of the person, on servers that are heard.
    ///   - protocols: that node and pool have.
    ///   - agrees: whether the person has agreed that their session comes here.
    package init(
        _ policy: TerminalPool.SecondLogIn, having sessions: [OwnSession], protocols: SessionProtocols,
        agrees: Bool
    ) {
        let inPool = sessions.filter(\.isInPool)
        if policy == .allow {
            // One that no display shows is the one that they left.
            if let left = inPool.first(where: {
                !$0.isElsewhere && $0.canMove && !protocols.isDisjoint(with: $0.kind.set)
            }) {
                self = .back(left, ends: [])
            } else {
                // A server would give the same session to the same account.
                self = .new(besides: Set(inPool.filter(\.canMove).map(\.server)))
            }
            return
        }
        guard let first = sessions.first else {
            self = .new(besides: [])
            return
        }
        let elsewhere = sessions.first(where: \.isElsewhere)
        if let elsewhere, policy == .refuse {
            self = .refused(.hasSession(elsewhere.server))
            return
        }
        guard let session = inPool.first(where: \.isElsewhere) ?? inPool.first else {
            self = .refused(.sessionInOtherPool(first.server))
            return
        }
        guard !session.canMove || !protocols.isDisjoint(with: session.kind.set) else {
            self = .refused(.sessionOfOtherKind(session.server, session.kind))
            return
        }
        if let elsewhere, policy == .ask, !agrees {
            self = .ask(elsewhere)
            return
        }
        let ends = inPool.filter { $0.server == session.server && !$0.canMove && !$0.id.isEmpty }.map(\.id)
        self = .back(session, ends: ends)
    }
}

/// Why a log-in gets no session.
package enum LogInRefusal: Error, Equatable, Sendable {
    case account(AccountChoice.Refusal)
    case pool(PoolName, PoolRefusal)
    case unknownNode
    /// A request that no node of ours sends; what is wrong with it.
    case unreadable(String)
    /// The node's setting `pool` is empty.
    case noPool
    case missingPool(PoolName)
    /// Node and pool have no way in common to show a session.
    case noProtocol
    /// The account is disabled, or its last day is over.
    case closedAccount(String)
    /// One that people have in their own name cannot be opened by a node.
    case personsAccount(LogInName)
    /// The groups of a person that are not in the directory are not known here.
    case unknownGroups(String)
    case hasSession(TerminalName)
    case sessionInOtherPool(TerminalName)
    case sessionOfOtherKind(TerminalName, SessionProtocol)
    /// No server takes it; with the reasons.
    case noServer(String)
    /// A server was chosen, and did not prepare it.
    case failed(TerminalName, String)
    /// The person's session is on a server that does not answer.
    case silent(TerminalName)
    /// Another log-in of the same place is under way, or they are too many.
    case tooFast
    case usedRequest
    case tookTooLong
}

extension LogInRefusal {
    /// Whether something is wrong with the configuration or a server, so that administrators want to know. That no server has room is a
    /// trouble of the pool.
    package var isTrouble: Bool {
        switch self {
        case .account(let refusal):
            switch refusal {
            case .notSet, .otherNode, .unusableResult, .allInUse: true
            case .passwordNeeded, .unusableName, .noGuests: false
            }
        case .noPool, .missingPool, .noProtocol, .unknownGroups, .failed, .silent, .tookTooLong,
            .personsAccount:
            true
        case .pool, .unknownNode, .unreadable, .closedAccount, .hasSession, .sessionInOtherPool,
            .sessionOfOtherKind, .tooFast, .usedRequest, .noServer:
            false
        }
    }

    /// For administrators, without names of people: events carry it to other programs.
    package var reason: String { reasonWords.filled }

    /// The same as a sentence, which pages translate.
    package var reasonWords: PlacementWords {
        switch self {
        case .account(let refusal): refusal.reasonWords
        case .pool(let pool, let refusal): PlacementWords("pool %1: %2", pool.text, "\(refusal)")
        case .unknownNode: PlacementWords("the machine is not a node")
        case .unreadable(let problem): PlacementWords("the request cannot be used: %1", problem)
        case .noPool: PlacementWords("the setting pool of the node is empty")
        case .missingPool(let pool): PlacementWords("there is no pool %1", pool.text)
        case .noProtocol: PlacementWords("node and pool have no protocol in common")
        case .closedAccount: PlacementWords("the account is disabled, or its last day is over")
        case .personsAccount:
            PlacementWords(
                "what is made of the node's name is a person's account of the directory: a node cannot open it"
            )
        case .unknownGroups:
            PlacementWords(
                "the pool is for groups, the person is not in the directory, and no server with an agent can tell their groups"
            )
        case .hasSession(let server): PlacementWords("the person has a session on %1", server.text)
        case .sessionInOtherPool(let server):
            PlacementWords("the person has a session on %1, which is in another pool", server.text)
        case .sessionOfOtherKind(let server, let kind):
            PlacementWords(
                "the person's session on %1 is shown by %2, which this node or pool does not have",
                server.text, kind.rawValue)
        case .noServer(let lack): PlacementWords("no server takes it: %1", lack)
        case .failed(let server, let problem): PlacementWords("%1: %2", server.text, problem)
        case .silent(let server):
            PlacementWords("the person's session is on %1, whose agent does not answer", server.text)
        case .tooFast: PlacementWords("the node asks too often")
        case .usedRequest: PlacementWords("a request came again")
        case .tookTooLong: PlacementWords("it took too long")
        }
    }

    /// The same where the pool is said beside it.
    package var reasonInPool: PlacementWords {
        if case .pool(_, let refusal) = self { refusal.words } else { reasonWords }
    }

    /// For the person at the node.
    package var words: PlacementWords {
        switch self {
        case .account(let refusal): PlacementWords(refusal.sentence)
        case .pool(_, .foreignUser): PlacementWords("You may not log in here.")
        case .pool(_, .foreignNode): PlacementWords("This place may not use these computers.")
        case .pool(_, .closed(let hours)):
            PlacementWords("Closed now. Open: %1", hours.map(\.description).joined(separator: "; "))
        case .unknownNode, .unreadable, .noPool, .missingPool, .noProtocol, .personsAccount, .unknownGroups:
            PlacementWords("Log-ins are not set up for this place: ask your administrator.")
        // One sentence for what is a person's own matter: it is told before they have proven who they are.
        case .closedAccount, .hasSession, .sessionInOtherPool, .sessionOfOtherKind:
            PlacementWords(
                "You cannot log in here now. If you are logged in at another place, log out there first; otherwise ask your administrator."
            )
        case .noServer:
            PlacementWords("No computer has room for you at the moment. Try again in some minutes.")
        case .failed, .silent, .tookTooLong:
            PlacementWords("The computer that was to take you does not answer. Try again.")
        case .tooFast: PlacementWords("Too many log-ins here. Wait a moment.")
        case .usedRequest: PlacementWords("This log-in was used already. Try again.")
        }
    }
}

extension LogInRefusal {
    /// Asked of a person who has a session elsewhere.
    package static var consent: PlacementWords {
        PlacementWords("You are logged in at another place. Bring your session here?")
    }

    /// Told before the end of opening hours.
    package static var closing: PlacementWords {
        PlacementWords("This session ends in five minutes. Save your work, and log out.")
    }
}

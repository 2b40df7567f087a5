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
    package var reason: String {
        switch self {
        case .account(let refusal): refusal.reason
        case .pool(let pool, let refusal): "pool \(pool): \(refusal)"
        case .unknownNode: "the machine is not a node"
        case .unreadable(let problem): "the request cannot be used: \(problem)"
        case .noPool: "the setting pool of the node is empty"
        case .missingPool(let pool): "there is no pool \(pool)"
        case .noProtocol: "node and pool have no protocol in common"
        case .closedAccount: "the account is disabled, or its last day is over"
        case .personsAccount:
            "what is made of the node's name is a person's account of the directory: a node cannot open it"
        case .unknownGroups:
            "the pool is for groups, the person is not in the directory, and no server with an agent can tell their groups"
        case .hasSession(let server): "the person has a session on \(server)"
        case .sessionInOtherPool(let server):
            "the person has a session on \(server), which is in another pool"
        case .sessionOfOtherKind(let server, let kind):
            "the person's session on \(server) is shown by \(kind.rawValue), which this node or pool does not have"
        case .noServer(let lack): "no server takes it: \(lack)"
        case .failed(let server, let problem): "\(server): \(problem)"
        case .silent(let server): "the person's session is on \(server), whose agent does not answer"
        case .tooFast: "the node asks too often"
        case .usedRequest: "a request came again"
        case .tookTooLong: "it took too long"
        }
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
        case .closedAccount: PlacementWords("This account is closed: ask your administrator.")
        case .hasSession: PlacementWords("You are logged in at another place. Log out there first.")
        case .sessionInOtherPool, .sessionOfOtherKind:
            PlacementWords("You have a session that cannot be shown here. Log out there first.")
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

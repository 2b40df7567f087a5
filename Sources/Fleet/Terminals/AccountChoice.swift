import Wire

/// Which account a log-in has, and on whose word it opens.
package enum AccountChoice: Equatable, Sendable {
    /// The person's own: the password that they typed opens it, at the terminal server itself.
    case own(String)
    /// One of the node's: a credential of this server opens it, once.
    case node(LogInName)

    package var user: String {
        switch self {
        case .own(let name): name
        case .node(let name): name.text
        }
    }

    /// Why there is none.
    package enum Refusal: Error, Equatable, Sendable {
        /// A name was typed without a password: a node has no one else's account.
        case passwordNeeded
        case unusableName
        case noGuests
        /// The setting with that name is empty.
        case notSet(String)
        /// The node's name does not fit the pattern.
        case otherNode(NodeName, String)
        /// What became of the node's name is no account's.
        case unusableResult(String)
        case allInUse(Int)
    }

    /// What settings say of a node's own log-ins.
    package struct Rules: Equatable, Sendable {
        package var mode: LogInMode
        package var account: LogInAccount?
        package var guest: LogInAccount?

        package init(mode: LogInMode, account: LogInAccount?, guest: LogInAccount?) {
            (self.mode, self.account, self.guest) = (mode, account, guest)
        }
    }

    /// - Parameters:
    ///   - user: as typed; empty: the node's own, or a guest's.
    ///   - hasPassword: whether a password was typed with it.
    ///   - isFree: whether an account has no session anywhere, and none on its way.
    package init(
        user: String, hasPassword: Bool, at node: NodeName, by rules: Rules,
        isFree: (LogInName) -> Bool
    ) throws(Refusal) {
        guard user.isEmpty else {
            guard TypedName(user) != nil else { throw .unusableName }
            guard hasPassword else { throw .passwordNeeded }
            self = .own(user)
            return
        }
        let account: LogInAccount
        switch rules.mode {
        case .ask: throw .noGuests
        case .guest:
            guard let guest = rules.guest else { throw .notSet(Settings.guestAccount.name) }
            account = guest
        case .automatic:
            guard let own = rules.account ?? rules.guest else { throw .notSet(Settings.logInAccount.name) }
            account = own
        }
        self = .node(try account.name(at: node, isFree: isFree))
    }
}

extension LogInAccount {
    /// The account that a node has.
    package func name(at node: NodeName, isFree: (LogInName) -> Bool) throws(AccountChoice.Refusal)
        -> LogInName
    {
        let result: String?
        switch form {
        case .fixed(let name): return name
        case .pool(let names):
            guard let free = names.first(where: isFree) else { throw .allInUse(names.count) }
            return free
        case .whole(let pattern, let replacement):
            result = pattern.groups(in: node.text).map { NamePattern.filled(replacement, $0) }
        case .part(let pattern, let replacement):
            result = pattern.replacing(in: node.text, by: replacement)
        case .beginning(let old, let new):
            result = node.text.hasPrefix(old) ? new + node.text.dropFirst(old.count) : nil
        }
        guard let result else { throw .otherNode(node, settingText) }
        guard let name = try? LogInName(result.lowercased()) else { throw .unusableResult(result) }
        return name
    }
}

extension AccountChoice.Refusal {
    /// For administrators.
    package var reasonWords: PlacementWords {
        switch self {
        case .passwordNeeded:
            PlacementWords("a name was sent without a password: a node opens only accounts of its settings")
        case .unusableName: PlacementWords("the name that was typed cannot be an account's")
        case .noGuests:
            PlacementWords("the node asked for an account of its own, and its setting log-in is ask")
        case .notSet(let setting): PlacementWords("the setting %1 of the node is empty", "\(setting)")
        case .otherNode(let node, let pattern):
            PlacementWords("the name %1 does not fit ‘%2’", "\(node)", "\(pattern)")
        case .unusableResult(let text):
            PlacementWords("‘%1’, made of the node's name, is not the name of an account", text)
        case .allInUse(let count): PlacementWords("all %1 accounts of the row have sessions", "\(count)")
        }
    }

    /// For the person at the node.
    package var sentence: String {
        switch self {
        case .passwordNeeded: "Type your name and your password."
        case .unusableName: "No account has such a name."
        case .noGuests: "Guests cannot log in here."
        case .allInUse: "All guest accounts are in use."
        case .notSet, .otherNode, .unusableResult:
            "There is no account for this place yet: ask your administrator."
        }
    }
}

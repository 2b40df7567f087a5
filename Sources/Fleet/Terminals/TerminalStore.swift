/// What is kept beside the records of terminal servers and their people.
package protocol TerminalStore: Sendable {
    /// The hash of a directory account's password, as in `/etc/shadow`; nil: it has none.
    func passwordHash(ofAccount name: LogInName) async throws(StoreError) -> String?

    /// The value of a secret that people set; nil: it is not there, or sealed with another key.
    func value(ofSecret name: SecretName) async throws(StoreError) -> [UInt8]?

    /// Enters sessions that began, and ends others; of all that have ended, the newest ``PastSession/countLimit`` stay.
    func save(began: [PastSession], ended: [PastSession]) async throws(StoreError)

    /// Those that had not ended as far as is known.
    func openSessions() async throws(StoreError) -> [PastSession]

    /// A page of those that have ended, the newest first, and how many there are in all.
    func endedSessions(_ query: PastSessionQuery, offset: Int, limit: Int) async throws(StoreError)
        -> (rows: [PastSession], count: Int)

    /// When the last session of each of these people began that is over, on each server where they had one.
    func lastSessions(of users: [String]) async throws(StoreError) -> [LastSession]

    /// Forgets sessions that ended before that second, or all.
    func forgetSessions(endedBefore second: Int?) async throws(StoreError)
}

/// Which sessions of the history are asked for.
package struct PastSessionQuery: Equatable, Sendable {
    /// Servers whose sessions are given, with the names of people and places.
    package var named: Servers
    /// Servers whose sessions are given without these; none of them is one of ``named``.
    package var unnamed: Servers
    /// What stands for a name that is not given.
    package var somePerson: String
    /// In lower case. Each is in user, server, kind or place, as far as these are given.
    package var words: [String]

    /// Some servers, those that are no longer there among them.
    package enum Servers: Equatable, Sendable {
        case only([TerminalName])
        case allBut([TerminalName])

        /// Whether that one is meant.
        package func contains(_ server: TerminalName) -> Bool {
            switch self {
            case .only(let names): names.contains(server)
            case .allBut(let names): !names.contains(server)
            }
        }
    }

    package init(
        named: Servers = .allBut([]), unnamed: Servers = .only([]), somePerson: String = "",
        words: [String] = []
    ) {
        self.named = named
        self.unnamed = unnamed
        self.somePerson = somePerson
        self.words = words
    }
}

/// When a person's last session on a terminal server began that is over.
package struct LastSession: Equatable, Sendable {
    package var user: String
    package var server: TerminalName
    /// Seconds since 1970.
    package var startedAt: Int

    package init(user: String, server: TerminalName, startedAt: Int) {
        self.user = user
        self.server = server
        self.startedAt = startedAt
    }
}

/// A session on a terminal server, in the history.
package struct PastSession: Equatable, Sendable {
    package var server: TerminalName
    /// Its identifier there.
    package var session: String
    package var user: String
    package var kind: SessionProtocol
    /// The node where it was shown, or an address.
    package var place: String
    /// Seconds since 1970.
    package var startedAt: Int
    /// Nil: it runs.
    package var endedAt: Int?

    package static let countLimit = 200_000

    package init(
        server: TerminalName, session: String, user: String, kind: SessionProtocol, place: String,
        startedAt: Int, endedAt: Int? = nil
    ) {
        self.server = server
        self.session = session
        self.user = user
        self.kind = kind
        self.place = place
        self.startedAt = startedAt
        self.endedAt = endedAt
    }
}

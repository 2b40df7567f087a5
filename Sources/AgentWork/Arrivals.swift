import API
import Fleet

/// Log-ins that were prepared, until the person is there. What becomes of older sessions of that person waits for it.
///
/// A log-in with a person's own password comes with a name alone, which everyone can type. That it is that person is known once this server
/// itself has let them in: it has a session of theirs then that it did not have before. No clock, no socket, no file.
struct Arrivals: Sendable {
    /// Log-ins that are awaited at once. The oldest are forgotten first: sessions that should have ended then stay.
    static let limit = 1_000

    /// One way in which a session shows: a new one proves its person.
    struct Mark: Hashable, Sendable {
        var id: String
        /// The client's address; empty: not known.
        var from: String
    }

    /// A person's log-in that is on its way.
    struct Awaited: Equatable, Sendable {
        var ticket: String
        var user: String
        var kind: SessionProtocol
        /// The node's address; empty: not known.
        var from: String
        /// Sessions that end once the person is there.
        var ends: [String]
        /// What there was when the log-in was prepared.
        var before: Set<String>
        /// Sessions of that time; nil: the person may have several.
        var sessions: Set<String>?
        /// Milliseconds.
        var until: Int
    }

    /// A person who has come, and who has one session.
    private struct Came {
        var user: String
        /// What has shown it.
        var mark: String
        /// Sessions that were there when the log-in was prepared.
        var sessions: Set<String>
        /// Milliseconds.
        var until: Int
    }

    /// Milliseconds for which a person's log-ins count as of one moment: a session of X2Go begins seconds after its connection.
    static let together = 60_000

    private(set) var awaited: [Awaited] = []
    private var came: [Came] = []

    var isIdle: Bool { awaited.isEmpty && came.isEmpty }

    /// Whether sessions end with an arrival, or because two log-ins come at once: these are looked for more often.
    var hasEnds: Bool {
        var seen: Set<String> = []
        return awaited.contains { !$0.ends.isEmpty }
            || (awaited.lazy.filter { $0.sessions != nil }.map(\.user) + came.map(\.user))
                .contains { !seen.insert($0).inserted }
    }

    /// - Parameters:
    ///   - marks: of the person's sessions as they are now.
    ///   - sessions: those sessions, where the person has one; nil: there may be several.
    ///   - time: milliseconds, by a clock that is never set.
    mutating func expect(
        _ logIn: AgentLogIn, having marks: [Mark], _ sessions: Set<String>? = nil, at time: Int
    ) {
        awaited.removeAll { $0.ticket == logIn.ticket }
        if awaited.count >= Self.limit { awaited.removeFirst() }
        awaited.append(
            Awaited(
                ticket: logIn.ticket, user: logIn.user, kind: logIn.kind,
                from: ClientAddress.plain(logIn.from) ?? "", ends: logIn.endsSessions,
                before: Set(marks.map(\.id)), sessions: sessions, until: time + logIn.lifetime * 1_000))
    }

    /// Those whose person is there now; they are awaited no more.
    ///
    /// - Parameter marks: of a person's sessions by a way to show them.
    mutating func take(at time: Int, marks: (_ user: String, _ kind: SessionProtocol) -> [Mark]) -> [Awaited]
    {
        came.removeAll { time >= $0.until }
        // A connection is one person's log-in, once; a display is shown here and there.
        var proven = Set(came.map(\.mark))
        // What has come just before the time was over counts.
        let arrived = awaited.filter { one in
            let mark = marks(one.user, one.kind).first { mark in
                guard !one.before.contains(mark.id), one.kind.showsDisplays || !proven.contains(mark.id)
                else { return false }
                // The same person's log-in from elsewhere is not this one.
                guard let from = ClientAddress.plain(mark.from), !one.from.isEmpty else { return true }
                return from == one.from
            }
            guard let mark else { return false }
            guard let sessions = one.sessions else { return true }
            proven.insert(mark.id)
            if came.count >= Self.limit { came.removeFirst() }
            came.append(
                Came(
                    user: one.user, mark: mark.id, sessions: sessions, until: time + Self.together))
            return true
        }
        let tickets = Set(arrived.map(\.ticket))
        awaited.removeAll { tickets.contains($0.ticket) || time >= $0.until }
        return arrived
    }

    /// The sessions but the newest of people who have one, and whose log-ins came at the same moment: neither of these knew of the other.
    ///
    /// - Parameter sessions: all that there are now.
    func surplus(of sessions: [AgentSession]) -> [AgentSession] {
        Dictionary(grouping: came, by: \.user).filter { $0.value.count > 1 }.sorted { $0.key < $1.key }
            .flatMap { user, those in
                let marks = Set(those.map(\.mark))
                let own = sessions.filter { session in
                    session.user == user && !those.allSatisfy { $0.sessions.contains(session.id) }
                        && Self.isOurs(session, marks)
                }
                return own.sorted { Self.began($0, before: $1) }.dropLast()
            }
    }

    /// Shells that people open themselves are none of ours.
    private static func isOurs(_ session: AgentSession, _ marks: Set<String>) -> Bool {
        switch session.kind {
        case .ssh: marks.contains("logind \(session.id.dropFirst("ssh-".count))")
        case .rdp, .x2go: true
        case .vnc: false
        }
    }

    /// In one second, numbers tell.
    private static func began(_ one: AgentSession, before other: AgentSession) -> Bool {
        (-one.age, one.id.utf8.count, one.id) < (-other.age, other.id.utf8.count, other.id)
    }

    /// The log-in does not come.
    mutating func forget(_ ticket: String) { awaited.removeAll { $0.ticket == ticket } }

    /// What shows that a person has come: sessions of logind, and displays that a client has connected to.
    ///
    /// xrdp's older versions tell no address, and a display that someone comes back to makes no new session of logind.
    static func marks(
        of user: String, _ kind: SessionProtocol, sessions: [AgentSession], logIns: [LogInSession]
    ) -> [Mark] {
        let service: String? =
            switch kind {
            case .ssh, .x2go: "sshd"
            case .rdp: "xrdp"
            case .vnc: nil
            }
        let own = logIns.filter { logIn in
            logIn.user == user && service.map { logIn.service.hasPrefix($0) } ?? false
        }.map { Mark(id: "logind \($0.id)", from: $0.remoteHost) }
        guard kind == .rdp || kind == .vnc else { return own }
        return own
            + sessions.filter { $0.user == user && $0.kind == kind && $0.isConnected }.map {
                Mark(id: $0.id, from: $0.from)
            }
    }
}

extension SessionProtocol {
    /// Whether its sessions are displays, which several connections can show one after the other.
    var showsDisplays: Bool { self == .rdp || self == .vnc }
}

/// Addresses of clients, as PAM, logind and the center write them.
enum ClientAddress {
    /// An address as it is compared; nil for names, and for nothing.
    static func plain(_ text: String) -> String? {
        // Without the link that an address is on.
        var text = String(text.lowercased().prefix { $0 != "%" })
        if text.hasPrefix("::ffff:"), text.contains(".") { text = String(text.dropFirst(7)) }
        let isAddress =
            !text.isEmpty
            && (text.allSatisfy { $0.isASCII && ($0.isNumber || $0 == ".") }
                || text.contains(":")
                    && text.allSatisfy {
                        $0.isASCII && ($0.isHexDigit || $0 == ":" || $0 == ".")
                    })
        return isAddress ? text : nil
    }
}

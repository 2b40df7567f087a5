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
        /// Milliseconds.
        var until: Int
    }

    private(set) var awaited: [Awaited] = []

    /// Whether sessions end with an arrival: it is looked for more often.
    var hasEnds: Bool { awaited.contains { !$0.ends.isEmpty } }

    /// - Parameters:
    ///   - marks: of the person's sessions as they are now.
    ///   - time: milliseconds, by a clock that is never set.
    mutating func expect(_ logIn: AgentLogIn, having marks: [Mark], at time: Int) {
        awaited.removeAll { $0.ticket == logIn.ticket }
        if awaited.count >= Self.limit { awaited.removeFirst() }
        awaited.append(
            Awaited(
                ticket: logIn.ticket, user: logIn.user, kind: logIn.kind,
                from: ClientAddress.plain(logIn.from) ?? "", ends: logIn.endsSessions,
                before: Set(marks.map(\.id)), until: time + logIn.lifetime * 1_000))
    }

    /// Those whose person is there now; they are awaited no more.
    ///
    /// - Parameter marks: of a person's sessions by a way to show them.
    mutating func take(at time: Int, marks: (_ user: String, _ kind: SessionProtocol) -> [Mark]) -> [Awaited]
    {
        // What has come just before the time was over counts.
        let arrived = awaited.filter { one in
            marks(one.user, one.kind).contains { mark in
                guard !one.before.contains(mark.id) else { return false }
                // The same person's log-in from elsewhere is not this one.
                guard let from = ClientAddress.plain(mark.from), !one.from.isEmpty else { return true }
                return from == one.from
            }
        }
        let tickets = Set(arrived.map(\.ticket))
        awaited.removeAll { tickets.contains($0.ticket) || time >= $0.until }
        return arrived
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

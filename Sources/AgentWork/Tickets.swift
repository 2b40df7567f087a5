import API
import Fleet

/// The log-ins that are coming: no clock, no socket, no file. Of a credential it knows the hash only.
///
/// A ticket is `open` until it is claimed once, it is forgotten, or its time is over; then it is `used` or `late` for a while, so that one that
/// comes again is told from a wrong password.
struct Tickets: Sendable {
    /// Tickets that are open, and of those that no longer count.
    static let (openLimit, closedLimit) = (1_000, 1_000)
    /// Milliseconds for which a ticket that no longer counts is recognised.
    static let memory = 600_000
    /// Milliseconds in which sshd asks twice for one log-in.
    private static let pair = 30_000

    struct Ticket: Equatable, Sendable {
        enum State: Equatable, Sendable {
            case open
            case used
            case late
        }

        var id: String
        var user: String
        var kind: SessionKind
        /// SHA-256; empty: no secret opens it.
        var hash: [UInt8]
        /// Type and key; empty: no key opens it.
        var publicKey: String
        /// The only address from which it counts; empty: not known.
        var from: String
        /// Milliseconds.
        var expiresAt: Int
        var state = State.open
        /// When it stopped to count, or was claimed.
        var closedAt = 0
        /// The process of sshd that claimed it by its key.
        var process: Int32?
    }

    /// Which doors a ticket opens.
    enum SessionKind: Equatable, Sendable {
        case rdp
        case ssh
        case vnc

        init(_ kind: SessionProtocol) {
            switch kind {
            case .rdp: self = .rdp
            case .ssh, .x2go: self = .ssh
            case .vnc: self = .vnc
            }
        }

        /// By the name of PAM's service; nil: none that opens sessions of people.
        init?(service: String) {
            switch service {
            case "xrdp-sesman": self = .rdp
            case "sshd": self = .ssh
            case "vnc", "xvnc", "tigervnc": self = .vnc
            default: return nil
            }
        }
    }

    enum Answer: Equatable, Sendable {
        case opened(ticket: String)
        /// No ticket has this secret or key: perhaps it is a person's own password.
        case unknown
        /// There is one, and it does not count.
        case refused(ticket: String, Refusal)
    }

    enum Refusal: String, Equatable, Sendable {
        case used = "it was used already"
        case late = "its time is over"
        case otherUser = "it is another account's"
        case otherDoor = "it is for another kind of session"
        case otherAddress = "it came from another address than the node's"
    }

    private(set) var tickets: [Ticket] = []

    /// Accounts that have an open ticket.
    var users: Set<String> { Set(tickets.filter { $0.state == .open }.map(\.user)) }

    /// - Parameter time: milliseconds, by a clock that is never set.
    mutating func take(_ logIn: AgentLogIn, at time: Int) throws(AgentProblem) {
        expire(at: time)
        guard (1...64).contains(logIn.ticket.utf8.count), (1...600).contains(logIn.lifetime) else {
            throw AgentProblem("the order has no usable ticket")
        }
        guard !tickets.contains(where: { $0.id == logIn.ticket }) else {
            throw AgentProblem("ticket \(logIn.ticket) was prepared before: each is good for one log-in")
        }
        let hash = try Self.hash(logIn.credential)
        let key = Self.key(logIn.publicKey)
        guard !hash.isEmpty || !key.isEmpty else { return }
        guard tickets.count(where: { $0.state == .open }) < Self.openLimit else {
            throw AgentProblem("\(Self.openLimit) log-ins are on their way to this server: no more are taken")
        }
        tickets.append(
            Ticket(
                id: logIn.ticket, user: logIn.user, kind: SessionKind(logIn.kind),
                hash: hash, publicKey: key, from: ClientAddress.plain(logIn.from) ?? "",
                expiresAt: time + logIn.lifetime * 1_000))
    }

    private static func hash(_ text: String) throws(AgentProblem) -> [UInt8] {
        if text.isEmpty { return [] }
        let digits = Array(text.utf8).map { byte in Character(Unicode.Scalar(byte)).hexDigitValue }
        guard digits.count == 64, digits.allSatisfy({ $0 != nil }) else {
            throw AgentProblem("the credential's hash is not one of crypt(3)")
        }
        let values = digits.map { $0 ?? 0 }
        return (0..<32).map { UInt8(values[2 * $0] << 4 | values[2 * $0 + 1]) }
    }

    /// The type and the key of a line, without its comment.
    static func key(_ line: String) -> String {
        let words = line.split(separator: " ")
        return words.count >= 2 ? "\(words[0]) \(words[1])" : ""
    }

    // MARK: Claims

    /// Claims by a secret. The first that has it closes the ticket, whether the rest is right or not: the secret is known where it
    /// should not be.
    ///
    /// - Parameters:
    ///   - hash: SHA-256 of the secret.
    ///   - service: PAM's.
    ///   - from: PAM_RHOST; empty, or no address: not known.
    mutating func claim(user: String, hash: [UInt8], service: String, from: String, at time: Int) -> Answer {
        expire(at: time)
        // All are compared to the end, so that the time tells nothing.
        var found: Int?
        for (index, ticket) in tickets.enumerated() where Self.areEqual(ticket.hash, hash) { found = index }
        guard let found else { return .unknown }
        return close(found, user: user, kind: SessionKind(service: service), from: from, at: time)
    }

    /// Claims by a public key whose private half the node has shown to sshd, or will show.
    ///
    /// - Parameter process: of sshd, which asks twice for one log-in.
    mutating func claim(user: String, publicKey: String, process: Int32, at time: Int) -> Answer {
        expire(at: time)
        let key = Self.key(publicKey)
        guard !key.isEmpty, let found = tickets.lastIndex(where: { $0.publicKey == key }) else {
            return .unknown
        }
        let ticket = tickets[found]
        if ticket.process == process, ticket.user == user, ticket.state == .used,
            time - ticket.closedAt <= Self.pair
        {
            return .opened(ticket: ticket.id)
        }
        let answer = close(found, user: user, kind: .ssh, from: "", at: time)
        if case .opened = answer { tickets[found].process = process }
        return answer
    }

    private mutating func close(_ index: Int, user: String, kind: SessionKind?, from: String, at time: Int)
        -> Answer
    {
        let ticket = tickets[index]
        switch ticket.state {
        case .used: return .refused(ticket: ticket.id, .used)
        case .late: return .refused(ticket: ticket.id, .late)
        case .open: break
        }
        (tickets[index].state, tickets[index].closedAt) = (.used, time)
        guard ticket.user == user else { return .refused(ticket: ticket.id, .otherUser) }
        guard ticket.kind == kind else { return .refused(ticket: ticket.id, .otherDoor) }
        if !ticket.from.isEmpty, let address = ClientAddress.plain(from), address != ticket.from {
            return .refused(ticket: ticket.id, .otherAddress)
        }
        return .opened(ticket: ticket.id)
    }

    private static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count, !left.isEmpty else { return false }
        return zip(left, right).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    // MARK: Ends

    /// - Returns: its user, if it was open.
    mutating func forget(_ id: String, at time: Int) -> String? {
        guard let index = tickets.firstIndex(where: { $0.id == id && $0.state == .open }) else { return nil }
        (tickets[index].state, tickets[index].closedAt) = (.late, time)
        return tickets[index].user
    }

    /// Closes what is too old, and forgets what has been closed for long.
    mutating func expire(at time: Int) {
        for index in tickets.indices where tickets[index].state == .open && time >= tickets[index].expiresAt {
            (tickets[index].state, tickets[index].closedAt) = (.late, time)
        }
        tickets.removeAll { $0.state != .open && time - $0.closedAt > Self.memory }
        let surplus = tickets.count(where: { $0.state != .open }) - Self.closedLimit
        if surplus > 0 {
            let old = Set(
                tickets.filter { $0.state != .open }.sorted { $0.closedAt < $1.closedAt }.prefix(surplus)
                    .map(\.id))
            tickets.removeAll { old.contains($0.id) }
        }
    }
}

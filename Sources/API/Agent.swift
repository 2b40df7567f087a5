package import Fleet

/// The agent of a terminal server asks to join, with a token that works once.
package struct AgentJoinRequest: Codable, Sendable {
    package var token: String
    /// A certificate signing request in PEM (RFC 2986): the agent's key never leaves its machine.
    package var certificateRequest: String
    /// What it is: the host name, unless people gave another name with the token.
    package var name: String
    package var address: String?
    package var ports: [SessionProtocol: Int]

    package init(
        token: String, certificateRequest: String, name: String, address: String?,
        ports: [SessionProtocol: Int]
    ) {
        self.token = token
        self.certificateRequest = certificateRequest
        self.name = name
        self.address = address
        self.ports = ports
    }
}

/// With it an agent comes back: by mutual TLS at the agents' own port.
package struct AgentJoinAnswer: Codable, Sendable {
    /// Its record's name here.
    package var server: TerminalName
    /// PEM: the agent's certificate.
    package var certificate: String
    /// PEM: the authority of agents and of the port that they speak to.
    package var authority: String
    /// Of that port, on the server that it joined at.
    package var port: Int

    package init(server: TerminalName, certificate: String, authority: String, port: Int) {
        self.server = server
        self.certificate = certificate
        self.authority = authority
        self.port = port
    }
}

/// What an agent tells every few seconds. Nothing in it is trusted: a terminal server may be hostile.
package struct AgentReport: Codable, Sendable {
    /// Of the agent.
    package var version: String
    /// Another one after each start of the machine.
    package var bootID: String
    /// Seconds since that start; nil: the agent does not tell it.
    package var uptime: Int?
    package var load: TerminalLoad
    package var pressure: Pressure?
    /// Room in the directories that fill up, such as `/home` and `/tmp`.
    package var rooms: [Room]
    package var sessions: [AgentSession]
    /// Of the image.
    package var release: String?
    /// What is open there.
    package var ports: [SessionProtocol: Int]
    /// SHA-256 of the certificate for RDP, in hexadecimal digits.
    package var certificate: String?
    /// Public host keys of sshd, a line each.
    package var hostKeys: [String]
    /// What does not work, for people: `xrdp-sesman is not running`.
    package var troubles: [String]
    /// What happened since the last answer, the oldest first. They are told again until they are acknowledged.
    package var events: [AgentEvent]
    /// Of the center's state, as the last answer had it; nil: it was not told.
    package var mark: String?
    /// What the agent can, by the names of ``AgentAbility``; nil: it is older than the first of them.
    package var abilities: [String]?

    /// Shares of time in which some process waited, of the last ten seconds: 0…1; nil where the kernel does not say.
    package struct Pressure: Codable, Sendable, Equatable {
        package var processors: Double?
        package var memory: Double?
        package var io: Double?

        package init(processors: Double?, memory: Double?, io: Double?) {
            self.processors = processors
            self.memory = memory
            self.io = io
        }
    }

    package struct Room: Codable, Sendable, Equatable {
        package var path: String
        package var byteCount: Int
        package var freeByteCount: Int

        package init(path: String, byteCount: Int, freeByteCount: Int) {
            self.path = path
            self.byteCount = byteCount
            self.freeByteCount = freeByteCount
        }
    }

    package init(
        version: String, bootID: String, uptime: Int? = nil, load: TerminalLoad, pressure: Pressure? = nil,
        rooms: [Room] = [],
        sessions: [AgentSession] = [], release: String? = nil, ports: [SessionProtocol: Int] = [:],
        certificate: String? = nil, hostKeys: [String] = [], troubles: [String] = [],
        events: [AgentEvent] = [], abilities: Set<AgentAbility>? = AgentAbility.all
    ) {
        self.version = version
        self.bootID = bootID
        self.uptime = uptime
        self.load = load
        self.pressure = pressure
        self.rooms = rooms
        self.sessions = sessions
        self.release = release
        self.ports = ports
        self.certificate = certificate
        self.hostKeys = hostKeys
        self.troubles = troubles
        self.events = events
        self.abilities = abilities?.map(\.rawValue).sorted()
    }

    /// Whether the agent can that.
    package func has(_ ability: AgentAbility) -> Bool {
        abilities?.contains(ability.rawValue) ?? false
    }

    /// Whether people should update it.
    package var isOld: Bool { !AgentAbility.all.allSatisfy { has($0) } }
}

/// What agents of former releases cannot, where the center has to know it.
package enum AgentAbility: String, Sendable, CaseIterable {
    /// Nothing of a person changes before the server has let them in: sessions end then, and not when a log-in is prepared.
    case proof
    /// Of log-ins of one person that come at the same moment, one session stays.
    case oneSession = "one-session"

    package static let all = Set(allCases)
}

/// One session on a terminal server.
package struct AgentSession: Codable, Sendable, Equatable {
    /// Unique on the server as long as it runs.
    package var id: String
    package var user: String
    package var kind: SessionProtocol
    /// `:10`.
    package var display: String
    /// Seconds since it began, and since the last key press; nil: not known.
    package var age: Int
    package var idle: Int?
    package var isConnected: Bool
    /// The client's address; empty: not known.
    package var from: String

    package init(
        id: String, user: String, kind: SessionProtocol, display: String, age: Int, idle: Int?,
        isConnected: Bool, from: String
    ) {
        self.id = id
        self.user = user
        self.kind = kind
        self.display = display
        self.age = age
        self.idle = idle
        self.isConnected = isConnected
        self.from = from
    }
}

/// Something that happened on a terminal server.
package struct AgentEvent: Codable, Sendable, Equatable {
    /// One more each time, since the agent's start of counting on this machine.
    package var number: Int
    /// Seconds ago, as the report is sent.
    package var age: Int
    package var kind: Kind
    package var user: String
    /// Of the session or of the ticket.
    package var id: String
    /// For people.
    package var text: String

    package enum Kind: String, Codable, Sendable, CaseIterable {
        case sessionBegan = "session-began"
        case sessionEnded = "session-ended"
        /// A ticket opened a session's door.
        case ticketUsed = "ticket-used"
        /// A ticket came again, late, or at the wrong door.
        case ticketRefused = "ticket-refused"
        case accountMade = "account-made"
        case accountRemoved = "account-removed"
        /// What was left of a session was cleared away: people could not come back to it.
        case swept
        case failed
    }

    package init(number: Int, age: Int, kind: Kind, user: String, id: String, text: String) {
        self.number = number
        self.age = age
        self.kind = kind
        self.user = user
        self.id = id
        self.text = text
    }
}

/// The answer to a report.
package struct AgentReportAnswer: Codable, Sendable {
    /// Of events: the agent forgets it and earlier ones.
    package var acknowledged: Int
    /// Seconds until the next report.
    package var interval: Int
    /// Of the center's present state: the agent brings it back.
    package var mark: String?

    package init(acknowledged: Int, interval: Int, mark: String? = nil) {
        self.acknowledged = acknowledged
        self.interval = interval
        self.mark = mark
    }
}

/// What an agent is to do. Orders come one after the other as lines of JSON over a request that stays open.
package struct AgentOrder: Codable, Sendable, Equatable {
    /// Unique: an order that comes again is answered as before, and not carried out again.
    package var id: String
    package var work: Work

    package enum Work: Codable, Sendable, Equatable {
        /// Prepares a log-in: makes the account where that is asked for, and takes one credential for it.
        case prepare(AgentLogIn)
        /// The log-in does not come: its credential no longer counts.
        case forget(ticket: String)
        /// Shows a message in sessions; an empty list means all.
        case message(sessions: [String], text: String)
        case disconnect(session: String)
        case end(session: String)
        case removeAccount(user: String, home: HomeEnd)
        /// Restarts the machine if it has no session.
        case restart
    }

    /// What becomes of a home directory with its account.
    package enum HomeEnd: String, Codable, Sendable, CaseIterable {
        case keep
        case archive
        case remove
    }

    package init(id: String, work: Work) {
        self.id = id
        self.work = work
    }
}

/// One log-in that is coming to a terminal server.
package struct AgentLogIn: Codable, Sendable, Equatable {
    /// Names the ticket; no secret.
    package var ticket: String
    package var user: String
    package var kind: SessionProtocol
    /// SHA-256 of the credential, in hexadecimal digits: the agent compares, and cannot tell it to others. Empty: the person's own password
    /// opens the session, and the server's own PAM checks it.
    package var credential: String
    /// For SSH and X2Go: the node's public key for this log-in, a line as sshd has them; empty otherwise.
    package var publicKey: String
    /// Seconds until it no longer counts.
    package var lifetime: Int
    /// The node's address, where the server sees its clients' own.
    package var from: String
    /// Nil: the account is there already, by the server's own means.
    package var account: AgentAccount?
    /// Sessions of the user that end once the user is there: not before the server itself has let them in.
    package var endsSessions: [String]
    /// The person has to be in one of these groups, as this server's directory tells; nil: they need not.
    package var groups: [String]?
    /// Whether the person has one session: of those that begin by log-ins of the same moment, the newest stays. Nil: they may have several.
    package var isOnly: Bool?

    package init(
        ticket: String, user: String, kind: SessionProtocol, credential: String, publicKey: String = "",
        lifetime: Int, from: String, account: AgentAccount?, endsSessions: [String] = [],
        groups: [String]? = nil, isOnly: Bool? = nil
    ) {
        self.ticket = ticket
        self.user = user
        self.kind = kind
        self.credential = credential
        self.publicKey = publicKey
        self.lifetime = lifetime
        self.from = from
        self.account = account
        self.endsSessions = endsSessions
        self.groups = groups
        self.isOnly = isOnly
    }
}

/// An account as an agent makes it.
package struct AgentAccount: Codable, Sendable, Equatable {
    package var user: String
    /// Nil: the first free one of the agent's range.
    package var number: Int?
    package var groups: [String]
    package var fullName: String
    package var shell: String
    /// The directory whose files a new home begins with.
    package var skeleton: String
    /// Seconds from now after which the account is removed, whatever happens; nil: none.
    package var lifetime: Int?
    /// Bytes that its home may hold, where the file system counts; nil: no limit.
    package var quota: Int?
    /// When its last session has ended.
    package var end: End
    /// As in `/etc/shadow`, for a person of the directory who types their own password; nil: the one that it has, or none.
    package var passwordHash: String?
    /// The last day on which it opens, as `2027-07-31`; nil: none.
    package var lastDay: String?
    /// Whether one that the server has by its own means will do. It is never changed, and none of the system's ever does.
    package var mayBeForeign: Bool?

    package enum End: String, Codable, Sendable, CaseIterable {
        /// It stays.
        case keep
        /// It goes; its home is packed into the archive directory.
        case archive
        /// It goes with its home.
        case remove
    }

    package init(
        user: String, number: Int? = nil, groups: [String] = [], fullName: String = "",
        shell: String = "/bin/bash", skeleton: String = "/etc/skel", lifetime: Int? = nil, quota: Int? = nil,
        end: End = .remove, passwordHash: String? = nil, lastDay: String? = nil,
        mayBeForeign: Bool? = nil
    ) {
        self.user = user
        self.number = number
        self.groups = groups
        self.fullName = fullName
        self.shell = shell
        self.skeleton = skeleton
        self.lifetime = lifetime
        self.quota = quota
        self.end = end
        self.passwordHash = passwordHash
        self.lastDay = lastDay
        self.mayBeForeign = mayBeForeign
    }
}

/// How an order ended.
package struct AgentResult: Codable, Sendable, Equatable {
    package var order: String
    /// Empty: it was carried out. Otherwise what prevented it, for people.
    package var problem: String
    /// What the node needs to know for a log-in that was prepared.
    package var ready: Ready?
    /// What prevented it is that the person is in none of the groups that were asked for.
    package var lacksGroup: Bool?

    package struct Ready: Codable, Sendable, Equatable {
        /// SHA-256 of the certificate for RDP, in hexadecimal digits.
        package var certificate: String?
        package var hostKeys: [String]
        /// Milliseconds that the account took to make; 0: it was there.
        package var accountMilliseconds: Int
        /// The person is in one of the groups that were asked for. Nil: none was asked for, or the agent is too old for that.
        package var isMember: Bool?

        package init(certificate: String?, hostKeys: [String], accountMilliseconds: Int) {
            self.certificate = certificate
            self.hostKeys = hostKeys
            self.accountMilliseconds = accountMilliseconds
        }
    }

    package init(order: String, problem: String = "", ready: Ready? = nil, lacksGroup: Bool? = nil) {
        self.order = order
        self.lacksGroup = lacksGroup
        self.problem = problem
        self.ready = ready
    }
}

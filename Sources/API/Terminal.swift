package import Fleet
package import Wire

/// A terminal server: what people declared, and what it is now.
package struct TerminalAnswer: Codable, Sendable {
    package var server: TerminalServer
    package var state: TerminalState
    /// Seconds since its agent, or a probe, last reached it; nil: never.
    package var heard: Int?
    /// When that was: seconds since 1970. It stays the same until something is heard again.
    @SecondTimestamp package var heardAt: Int?
    /// When its machine started: seconds since 1970; nil: its agent does not tell it.
    @SecondTimestamp package var startedAt: Int?
    /// Whether its agent takes orders now.
    package var isConnected: Bool
    /// Sessions there, connected or not; of a silent server, those that it had. Nil: it was never heard.
    package var sessionCount: Int?
    /// Log-ins sent there that it does not report yet.
    package var underwayCount: Int
    /// Log-ins in a row that found no session there.
    package var failureCount: Int
    package var load: TerminalLoad?
    /// How much of its room it would use with one more session: 1 is all.
    package var use: Double?
    package var pressure: AgentReport.Pressure?
    package var rooms: [AgentReport.Room]
    /// Of its image: the declared one, or what its agent says.
    package var release: String?
    /// Of its agent.
    package var version: String?
    /// Whether its agent lacks what this server counts on, and should be updated; nil: the answering server does not say.
    package var isAgentOld: Bool?
    /// What its agent says does not work.
    package var troubles: [String]
    /// The pools that it is in, directly or by another pool.
    package var pools: [PoolName]
    /// Nil in lists. Callers who may not see who is where see «a person».
    package var sessions: [AgentSession]?
    /// Nil: its agent tells what there is to know.
    package var probe: TerminalProbeAnswer?

    package init(
        server: TerminalServer, state: TerminalState, heard: Int?, heardAt: Int? = nil,
        startedAt: Int? = nil, isConnected: Bool,
        sessionCount: Int?,
        underwayCount: Int, failureCount: Int, load: TerminalLoad?, use: Double?,
        pressure: AgentReport.Pressure?, rooms: [AgentReport.Room], release: String?, version: String?,
        isAgentOld: Bool, troubles: [String], pools: [PoolName], sessions: [AgentSession]?,
        probe: TerminalProbeAnswer? = nil
    ) {
        self.server = server
        self.state = state
        self.heard = heard
        self.heardAt = heardAt
        self.startedAt = startedAt
        self.isConnected = isConnected
        self.sessionCount = sessionCount
        self.underwayCount = underwayCount
        self.failureCount = failureCount
        self.load = load
        self.use = use
        self.pressure = pressure
        self.rooms = rooms
        self.release = release
        self.version = version
        self.isAgentOld = isAgentOld
        self.troubles = troubles
        self.pools = pools
        self.sessions = sessions
        self.probe = probe
    }
}

/// What a probe found of a terminal server without an agent, or whose agent is silent.
package struct TerminalProbeAnswer: Codable, Sendable, Equatable {
    /// Seconds ago.
    package var age: Int
    /// What answers, for people: `rdp: RDP with NLA, certificate …`.
    package var findings: [String]
    /// The exporter for Prometheus that answers; nil: none.
    package var exporter: String?
    /// What cannot be known.
    package var limits: [String]
    /// SHA-256 of the certificate for RDP that it shows; empty: it shows none; nil: it does not answer.
    package var certificate: String?
    /// Whether that is another one than the one that is pinned: then no log-in goes there.
    package var isDistrusted: Bool

    package init(
        age: Int, findings: [String], exporter: String?, limits: [String], certificate: String?,
        isDistrusted: Bool
    ) {
        self.age = age
        self.findings = findings
        self.exporter = exporter
        self.limits = limits
        self.certificate = certificate
        self.isDistrusted = isDistrusted
    }

    /// All of it for people, a line each.
    package var lines: [String] {
        findings + (exporter.map { ["\($0) tells its load"] } ?? []) + limits
            + (isDistrusted ? ["this is not the certificate that is pinned: no log-in goes there"] : [])
    }
}

/// How a terminal server stands.
package enum TerminalState: String, Codable, Sendable, CaseIterable {
    case up
    case draining
    case maintenance
    /// Log-ins in a row found no session there.
    case failing
    /// Nothing is heard of it any more.
    case silent
    case neverHeard = "never-heard"
}

/// How a terminal server stands, as people read it: one that drains is drained once no session is left on it. In the order of how much it asks for.
package enum TerminalStanding: String, Sendable, CaseIterable {
    case silent, failing
    case neverHeard = "never-heard"
    case draining, drained, maintenance, up

    /// - Parameter sessionCount: with those on their way.
    package init(_ state: TerminalState, sessionCount: Int) {
        self =
            switch state {
            case .up: .up
            case .draining: sessionCount == 0 ? .drained : .draining
            case .maintenance: .maintenance
            case .failing: .failing
            case .silent: .silent
            case .neverHeard: .neverHeard
            }
    }
}

extension TerminalAnswer {
    package var standing: TerminalStanding {
        TerminalStanding(state, sessionCount: (sessionCount ?? 0) + underwayCount)
    }
}

extension PoolAnswer.Member {
    package var standing: TerminalStanding {
        TerminalStanding(state, sessionCount: (sessionCount ?? 0) + (underwayCount ?? 0))
    }
}

/// A pool: what people declared, and what its servers are now.
package struct PoolAnswer: Codable, Sendable {
    package var pool: TerminalPool
    /// Its servers in the order of the levels, as far as the caller may see them.
    package var servers: [Member]
    package var sessionCount: Int
    package var underwayCount: Int
    /// Whether it takes log-ins by its opening hours.
    package var isOpen: Bool

    package struct Member: Codable, Sendable {
        package var name: TerminalName
        /// 0 is the first.
        package var level: Int
        package var state: TerminalState
        /// Of a silent server, those that it had; nil: it was never heard.
        package var sessionCount: Int?
        /// Log-ins sent there that it does not report yet; nil: the answering server does not say.
        package var underwayCount: Int?
        package var use: Double?
        /// When it was last heard: seconds since 1970; nil: never.
        @SecondTimestamp package var heardAt: Int?
        /// The other pools that have it, as far as the caller sees them: what it has room for counts in each. Nil: the answering server does not
        /// say.
        package var otherPools: [PoolName]?

        package init(
            name: TerminalName, level: Int, state: TerminalState, sessionCount: Int?,
            underwayCount: Int = 0, use: Double?, heardAt: Int? = nil, otherPools: [PoolName] = []
        ) {
            self.name = name
            self.level = level
            self.state = state
            self.sessionCount = sessionCount
            self.underwayCount = underwayCount
            self.use = use
            self.heardAt = heardAt
            self.otherPools = otherPools
        }
    }

    package init(
        pool: TerminalPool, servers: [Member], sessionCount: Int, underwayCount: Int, isOpen: Bool
    ) {
        self.pool = pool
        self.servers = servers
        self.sessionCount = sessionCount
        self.underwayCount = underwayCount
        self.isOpen = isOpen
    }
}

/// Where a person would get a session now, and why. Asking records nothing.
package struct PlacementAnswer: Codable, Sendable {
    package var user: String
    package var node: NodeName?
    package var pool: PoolName
    /// Why the pool takes the log-in from no server at all; nil: it does.
    package var refusal: String?
    /// Nil: none, or one that the caller may not see.
    package var server: TerminalName?
    package var isReconnection: Bool
    package var address: String?
    package var kind: SessionProtocol?
    package var port: Int?
    /// Of the pool, for an RD Connection Broker, which places log-ins itself.
    package var broker: String?
    /// About each server of the pool that the caller may see, in the order of the levels.
    package var verdicts: [Verdict]
    /// Servers that the caller may not see.
    package var otherCount: Int

    package struct Verdict: Codable, Sendable {
        package var server: TerminalName
        package var level: Int
        /// As ``Placement/Reason/code``.
        package var reason: String
        /// The same for people.
        package var text: String
        /// How much of its room it would use; nil where it was not considered.
        package var use: Double?

        package init(server: TerminalName, level: Int, reason: String, text: String, use: Double?) {
            self.server = server
            self.level = level
            self.reason = reason
            self.text = text
            self.use = use
        }
    }

    package init(
        user: String, node: NodeName?, pool: PoolName, refusal: String? = nil, server: TerminalName? = nil,
        isReconnection: Bool = false, address: String? = nil, kind: SessionProtocol? = nil, port: Int? = nil,
        broker: String? = nil, verdicts: [Verdict] = [], otherCount: Int = 0
    ) {
        self.user = user
        self.node = node
        self.pool = pool
        self.refusal = refusal
        self.server = server
        self.isReconnection = isReconnection
        self.address = address
        self.kind = kind
        self.port = port
        self.broker = broker
        self.verdicts = verdicts
        self.otherCount = otherCount
    }
}

/// One log-in that was placed, or not.
package struct PlacementEntry: Codable, Sendable, Equatable {
    /// Seconds since 1970.
    @SecondTimestamp package var at: Int
    package var user: String
    package var node: NodeName?
    package var pool: PoolName
    package var server: TerminalName?
    package var isReconnection: Bool
    package var level: Int?
    /// How many servers were judged in each way, by ``Placement/Reason/code``.
    package var reasons: [String: Int]
    package var outcome: Outcome
    /// For people: why not.
    package var text: String
    /// The same as sentences, which pages translate; the API has only the text.
    package var causes: [PlacementLack] = []
    /// Milliseconds until the session showed up; nil: it did not, or not yet.
    package var took: Int?

    private enum CodingKeys: CodingKey {
        case at, user, node, pool, server, isReconnection, level, reasons, outcome, text, took
    }

    package enum Outcome: String, Codable, Sendable, CaseIterable {
        /// On its way.
        case sent
        /// Its session showed up.
        case arrived
        /// No session showed up.
        case lost
        /// The server could not prepare it.
        case failed
        case noServer = "no-server"
        /// Before any server was looked for.
        case refused
    }

    package init(
        at: Int, user: String, node: NodeName?, pool: PoolName, server: TerminalName? = nil,
        isReconnection: Bool = false, level: Int? = nil, reasons: [String: Int] = [:], outcome: Outcome,
        causes: [PlacementLack] = [], took: Int? = nil
    ) {
        self.at = at
        self.user = user
        self.node = node
        self.pool = pool
        self.server = server
        self.isReconnection = isReconnection
        self.level = level
        self.reasons = reasons
        self.outcome = outcome
        self.causes = causes
        text = causes.map(\.description).joined(separator: ", ")
        self.took = took
    }
}

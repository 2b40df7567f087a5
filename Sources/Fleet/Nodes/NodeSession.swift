package import Wire

/// A user's session at a node, as reported by the node.
package struct NodeSession: Equatable, Sendable, Codable {
    /// The node's identifier for it, unique on the node.
    @MachineText package var id: String
    @MachineText package var user: String
    /// `x11`, `wayland`, `tty`, `ssh`, or another name given by the log-in.
    @MachineText package var kind: String
    /// The place at the node: `seat0`, `tty1`, `pts/0`, `:0`.
    @MachineText package var place: String
    /// The host that it comes from; empty for a local log-in.
    @MachineText package var from: String
    /// Whether its seat shows it now.
    package var isActive: Bool
    /// Seconds since 1970, by the server's clock.
    @SecondTimestamp package var startedAt: Int

    package init(
        id: String, user: String, kind: String, place: String, from: String, isActive: Bool, startedAt: Int
    ) {
        self.id = id
        self.user = user
        self.kind = kind
        self.place = place
        self.from = from
        self.isActive = isActive
        self.startedAt = startedAt
    }
}

/// The users logged in at one machine, in one boot.
package struct NodeSessions: Equatable, Sendable {
    /// The boot that reported them.
    package var boot: String
    /// Seconds since 1970.
    package var toldAt: Int
    package var sessions: [NodeSession]

    /// Sessions kept per machine.
    private static let limit = 64
    /// Bytes kept of one text.
    private static let textLimit = 128
    /// Seconds of silence after which a machine counts as having no sessions: it reports every five minutes (`roost-node attend`) until it
    /// is powered off.
    private static let lifetime = 15 * 60

    /// The wall clock was set: the report keeps its age.
    package mutating func move(with jump: ClockJump) {
        toldAt = jump.moved(second: toldAt)
        for index in sessions.indices {
            sessions[index].startedAt = jump.moved(second: sessions[index].startedAt)
        }
    }

    package init(boot: String, toldAt: Int, sessions: [NodeSession]) {
        self.boot = boot
        self.toldAt = toldAt
        self.sessions = sessions
    }

    /// - Parameter told: as reported by the node.
    package init(_ told: [TellsSession], boot: String, at second: Int) {
        self.init(
            boot: boot, toldAt: second,
            sessions: told.prefix(Self.limit).map { session in
                func short(_ text: String) -> String { text.beginning(byteCount: Self.textLimit) }
                return NodeSession(
                    id: short(session.id), user: short(session.user), kind: short(session.kind),
                    place: short(session.place), from: short(session.from), isActive: session.isActive,
                    startedAt: max(0, second - session.age))
            })
    }

    /// Whether it can still be true at `second`.
    package func isFresh(at second: Int) -> Bool { second - toldAt <= Self.lifetime }

    /// One session as reported by the node, whose clock is not trusted.
    package struct TellsSession: Equatable, Sendable, Codable {
        @MachineText package var id: String
        @MachineText package var user: String
        @MachineText package var kind: String
        @MachineText package var place: String
        @MachineText package var from: String
        package var isActive: Bool
        /// Seconds since it began.
        @MachineCount package var age: Int
    }
}

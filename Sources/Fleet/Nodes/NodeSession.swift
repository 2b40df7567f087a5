package import Wire

/// Somebody who is logged in at a node, as the node tells it.
package struct NodeSession: Equatable, Sendable, Codable {
    /// What the node calls it; two sessions of one node never have the same.
    @MachineText package var id: String
    @MachineText package var user: String
    /// `x11`, `wayland`, `tty`, `ssh`, or what else the log-in called itself.
    @MachineText package var kind: String
    /// Where at the node: `seat0`, `tty1`, `pts/0`, `:0`.
    @MachineText package var place: String
    /// The host that it comes from; empty: somebody sits at the node.
    @MachineText package var from: String
    /// Whether it is the one that its seat shows now.
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

/// Who is logged in at one machine: all of them, in one boot.
package struct NodeSessions: Equatable, Sendable {
    /// The boot in which they were told.
    package var boot: String
    /// Seconds since 1970.
    package var toldAt: Int
    package var sessions: [NodeSession]

    /// People at one machine that are kept.
    private static let limit = 64
    /// Bytes of one text that are kept.
    private static let textLimit = 128
    /// Seconds without a word after which nobody is taken to be there: a machine says it again every five minutes
    /// (`roost-node attend`), until its power is off.
    private static let lifetime = 15 * 60

    /// The wall clock was set: they were told as long ago as before.
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

    /// - Parameter told: as the node said it.
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

    /// Whether it can still be so at `second`.
    package func isFresh(at second: Int) -> Bool { second - toldAt <= Self.lifetime }

    /// One session in the words of the node, whose clock nobody trusts.
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

package import Fleet
package import Wire

/// A node with its observed state.
package struct NodeAnswer: Codable, Sendable {
    package var node: Node
    /// Whether it is enrolled.
    package var isKnown: Bool
    package var state: MachineState
    /// Milliseconds since 1970 when it last asked, reported, logged or read something; nil: not since this server started, and in the past.
    @MillisecondTimestamp package var heardAt: Int?
    /// Cards that no record names and that were last seen with this node's UUID, newest first.
    package var learnedCards: [MACAddress]
    /// The address of its current lease.
    package var leasedAddress: IPv4Address?
    /// Nil while it has no root from this server, and in the past.
    package var root: RootActivity?
    /// The users who are logged in now; empty in the past, which is not recorded.
    package var sessions: [NodeSession]
    package var settings: [SettingAnswer]
    /// Nil while the node has not reported it.
    package var hardware: Hardware?
    /// `held after 5 failed boots: …`; nil while it gets its intended version, and in the past.
    package var held: String?
    /// Another machine asked for something that belongs to this node; nil once dismissed, and in the past.
    package var alarm: NodeAlarm?
    /// Nil for a machine that is no node.
    package var tpm: NodeTPMAnswer?
    /// The version that it boots next, `debian@8`; nil when there is none.
    package var version: String?
    /// Why there is none, and what to do about it; nil when there is one.
    package var lack: Sentence?
    /// The version of its last boot, `debian@7`; the start of the digest when the version is gone; nil before its first boot and in the
    /// past.
    package var booted: String?
    /// Whether it runs a different version from the one it boots next.
    package var isOutdated: Bool
    /// Newest first.
    package var boots: [BootTimeline]

    package init(
        node: Node, isKnown: Bool, state: MachineState = .unseen, heardAt: Int? = nil,
        learnedCards: [MACAddress], leasedAddress: IPv4Address? = nil,
        root: RootActivity? = nil, sessions: [NodeSession], settings: [SettingAnswer],
        hardware: Hardware? = nil, held: String? = nil, alarm: NodeAlarm? = nil, tpm: NodeTPMAnswer? = nil,
        version: String? = nil, lack: Sentence? = nil, booted: String? = nil, isOutdated: Bool,
        boots: [BootTimeline]
    ) {
        self.node = node
        self.isKnown = isKnown
        self.state = state
        self.heardAt = heardAt
        self.learnedCards = learnedCards
        self.leasedAddress = leasedAddress
        self.root = root
        self.sessions = sessions
        self.settings = settings
        self.hardware = hardware
        self.held = held
        self.alarm = alarm
        self.tpm = tpm
        self.version = version
        self.lack = lack
        self.booted = booted
        self.isOutdated = isOutdated
        self.boots = boots
    }
}

/// Gives a node another name.
package struct RenameRequest: Codable, Sendable {
    package var name: NodeName

    package init(name: NodeName) { self.name = name }
}

/// A node with its new name.
package struct RenamedNode: Codable, Sendable {
    package var node: Node
    /// Rules and schedules that fitted it by its name and fit no more, or fit only now; nil where there are none.
    package var warnings: [String]?

    package init(node: Node, warnings: [String]?) {
        self.node = node
        self.warnings = warnings
    }

    private enum CodingKeys: CodingKey { case warnings }

    package init(from decoder: any Decoder) throws {
        node = try Node(from: decoder)
        warnings = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(
            [String].self, forKey: .warnings)
    }

    /// As the node, with one member more.
    package func encode(to encoder: any Encoder) throws {
        try node.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(warnings, forKey: .warnings)
    }
}

package import Fleet
package import Wire

/// A node with what is known of it beyond its record.
package struct NodeAnswer: Codable, Sendable {
    package var node: Node
    /// Whether it is enrolled.
    package var isKnown: Bool
    /// Cards that no record names, and that were last seen with this node's UUID, the newest first.
    package var learnedCards: [MACAddress]
    /// Of the lease that it holds now.
    package var leasedAddress: IPv4Address?
    /// Nil while it has no root from this server, and in the past.
    package var root: RootActivity?
    /// Who is logged in now; empty for the past, which is not kept.
    package var sessions: [NodeSession]
    package var settings: [SettingAnswer]
    /// Nil while the node has not reported it.
    package var hardware: Hardware?
    /// `held after 5 failed boots: …`; nil while it gets the version that it is meant to boot, and in the past.
    package var held: String?
    /// That another machine has asked for what is this one's own, until it is dismissed; nil in the past.
    package var alarm: NodeAlarm?
    /// The version that it boots next, `debian@8`; nil when there is none.
    package var version: String?
    /// Why that is none, and what to do about it; nil when there is one.
    package var lack: String?
    /// The version of its last boot, `debian@7`; the digest's beginning when that is gone; nil before it boots, and in the past.
    package var booted: String?
    /// Whether it is up with another version than it boots next.
    package var isOutdated: Bool
    /// Newest first.
    package var boots: [BootTimeline]

    package init(
        node: Node, isKnown: Bool, learnedCards: [MACAddress], leasedAddress: IPv4Address? = nil,
        root: RootActivity? = nil, sessions: [NodeSession], settings: [SettingAnswer],
        hardware: Hardware? = nil, held: String? = nil, alarm: NodeAlarm? = nil, version: String? = nil,
        lack: String? = nil, booted: String? = nil, isOutdated: Bool, boots: [BootTimeline]
    ) {
        self.node = node
        self.isKnown = isKnown
        self.learnedCards = learnedCards
        self.leasedAddress = leasedAddress
        self.root = root
        self.sessions = sessions
        self.settings = settings
        self.hardware = hardware
        self.held = held
        self.alarm = alarm
        self.version = version
        self.lack = lack
        self.booted = booted
        self.isOutdated = isOutdated
        self.boots = boots
    }
}

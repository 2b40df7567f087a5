package import Fleet
package import Wire

/// A node with what is known of it beyond its record.
package struct NodeAnswer: Codable, Sendable {
    package var node: Node
    /// Whether somebody has enrolled it.
    package var isKnown: Bool
    /// Cards that no record names, and that were last seen with this node's UUID, the newest first.
    package var learnedCards: [MACAddress]
    /// Of the lease that it holds now.
    package var leasedAddress: IPv4Address?
    /// Nil while it has no root from this server, and in the past.
    package var root: RootActivity?
    /// Who is logged in; nobody in the past, which is not kept.
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
}

/// Somebody who is logged in, and where.
package struct SessionAnswer: Codable, Sendable {
    package var node: NodeName
    package var group: GroupPath
    package var session: NodeSession
}

/// A machine in a list.
package struct MachineAnswer: Codable, Sendable {
    package var name: NodeName
    package var isKnown: Bool
    package var group: GroupPath?
    package var tags: [String]
    package var macAddress: MACAddress?
    package var address: IPv4Address?
    /// `ready`, `at kernel`, `failed: …`; empty when no boot was seen.
    package var state: String
    /// Milliseconds from the first request to ready, of the last boot.
    package var readyAfter: Int?
    /// The version that it boots next, `debian@8`; nil when there is none.
    package var version: String?
    /// Why that is none, and what to do about it; nil when there is one.
    package var lack: String?
    /// The version of its last boot, `debian@7`; the digest's beginning when that is gone; nil before it boots, and in the past.
    package var booted: String?
    /// Whether it is up with another version than it boots next.
    package var isOutdated = false
    /// Milliseconds since 1970 of the last event of its last boot.
    package var seenAt: Int?
    /// What is on the screen of an unknown machine that waits.
    package var code: String?
    /// What it is made of, in a few words.
    package var hardware: String?
    /// `held after 5 failed boots: …`; nil while it gets the version that it is meant to boot, and in the past.
    package var held: String?
    /// What somebody has typed at the unknown machine itself.
    package var wantedName: NodeName?
    package var wantedGroup: GroupPath?
}

/// What a node logged.
package struct LogAnswer: Codable, Sendable {
    package struct Crash: Codable, Sendable {
        /// Seconds since 1970.
        package var at: Int
        package var text: String
    }

    /// Oldest first: time in UTC, severity, text.
    package var lines: [String]
    /// Newest first.
    package var crashes: [Crash]
}

package struct HardwareChangeAnswer: Codable, Sendable {
    /// Seconds since 1970.
    package var at: Int
    package var differences: [Hardware.Difference]
    /// Whether this can hardly be the machine that it was before.
    package var isAnotherMachine: Bool
}

package struct HardwareAnswer: Codable, Sendable {
    package var macAddress: MACAddress
    package var hardware: Hardware
    /// Newest first.
    package var changes: [HardwareChangeAnswer]
}

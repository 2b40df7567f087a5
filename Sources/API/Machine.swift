package import Fleet
package import Wire

/// Takes a waiting machine into the fleet.
package struct ApprovalRequest: Codable, Sendable {
    package var name: NodeName
    package var group: GroupPath?
    package var address: IPv4Address?

    package init(name: NodeName, group: GroupPath? = nil, address: IPv4Address? = nil) {
        self.name = name
        self.group = group
        self.address = address
    }
}

/// Takes waiting machines into the fleet, all in one revision.
package struct ApprovalsRequest: Codable, Sendable {
    /// In the order in which they get their names.
    package var machines: [MACAddress]
    /// `lab-[01-20]`; names of other nodes are left out.
    package var pattern: String
    package var group: GroupPath?

    package init(machines: [MACAddress], pattern: String, group: GroupPath? = nil) {
        self.machines = machines
        self.pattern = pattern
        self.group = group
    }
}

/// A machine in a list.
package struct MachineAnswer: Codable, Sendable {
    package var name: NodeName
    package var isKnown: Bool
    package var group: GroupPath?
    package var tags: [String]
    package var macAddress: MACAddress?
    package var address: IPv4Address?
    package var state: MachineState
    /// The stage that its last boot reached; nil when no boot was seen.
    package var stage: BootStage?
    /// Why its last boot failed.
    package var failure: String?
    /// Milliseconds from the first request to ready in the last boot.
    package var readyAfter: Int?
    /// The version that it boots next, `debian@8`; nil when there is none.
    package var version: String?
    /// Why there is none, and what to do about it; nil when there is one.
    package var lack: Sentence?
    /// The version of its last boot, `debian@7`; the start of the digest when the version is gone; nil before its first boot and in the
    /// past.
    package var booted: String?
    /// Whether it runs a different version from the one it boots next.
    package var isOutdated = false
    /// Milliseconds since 1970 when its last boot began.
    @MillisecondTimestamp package var startedAt: Int?
    /// Milliseconds since 1970 of the last event of its last boot.
    @MillisecondTimestamp package var seenAt: Int?
    /// Milliseconds since 1970 when it last asked, reported or logged something; nil: not since this server started, and in the past.
    @MillisecondTimestamp package var heardAt: Int?
    /// The code on the screen of an unknown machine that waits.
    package var code: String?
    /// Its hardware in a few words.
    package var hardware: String?
    /// `held after 5 failed boots: …`; nil while it gets its intended version, and in the past.
    package var held: String?
    /// The name that was typed at the unknown machine itself.
    package var wantedName: NodeName?
    package var wantedGroup: GroupPath?

    package init(
        name: NodeName, isKnown: Bool, group: GroupPath? = nil, tags: [String], macAddress: MACAddress? = nil,
        address: IPv4Address? = nil, state: MachineState, stage: BootStage? = nil, failure: String? = nil,
        readyAfter: Int? = nil, version: String? = nil,
        lack: Sentence? = nil, booted: String? = nil, isOutdated: Bool = false, startedAt: Int? = nil,
        seenAt: Int? = nil,
        heardAt: Int? = nil, code: String? = nil, hardware: String? = nil, held: String? = nil,
        wantedName: NodeName? = nil,
        wantedGroup: GroupPath? = nil
    ) {
        self.name = name
        self.isKnown = isKnown
        self.group = group
        self.tags = tags
        self.macAddress = macAddress
        self.address = address
        self.state = state
        self.stage = stage
        self.failure = failure
        self.readyAfter = readyAfter
        self.version = version
        self.lack = lack
        self.booted = booted
        self.isOutdated = isOutdated
        self.startedAt = startedAt
        self.seenAt = seenAt
        self.heardAt = heardAt
        self.code = code
        self.hardware = hardware
        self.held = held
        self.wantedName = wantedName
        self.wantedGroup = wantedGroup
    }

    /// The stage for people: `ready`, `lost`, `at kernel`, `failed: …`; empty when no boot was seen.
    package var stageInWords: String {
        state == .lost ? state.rawValue : stage?.inWords(failure: failure ?? "") ?? ""
    }
}

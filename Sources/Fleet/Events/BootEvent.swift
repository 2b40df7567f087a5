package import Wire

/// A stage of a boot, in the order of a healthy boot.
package enum BootStage: String, Sendable, CaseIterable, Codable, CodingKeyRepresentable {
    /// The machine asked for an address.
    case dhcp
    /// It fetched a boot loader.
    case loader
    /// The loader fetched its script.
    case script
    /// The kernel was sent.
    case kernel
    /// Both archives of the initramfs were sent.
    case initramfs
    /// `init` runs.
    case initialised = "init"
    /// The boot card has its address.
    case network
    /// The server sealed the node's configuration to the node's key for this boot, and sent it.
    case delivered
    /// The root file system is mounted.
    case root
    /// The node's configuration is in place.
    case configured
    /// The image's own init takes over.
    case handover
    /// The image has come up.
    case ready
    /// The image was shut down in order; the next boot begins with a DHCP request.
    case off
    /// A step failed; the detail says which, and why.
    case failed

    /// Whether the node itself reports it; the server observes the others.
    package var isReported: Bool {
        switch self {
        case .initialised, .network, .root, .configured, .handover, .ready, .off, .failed: true
        case .dhcp, .loader, .script, .kernel, .initramfs, .delivered: false
        }
    }

    /// The machine's activity at this stage, for people: `ready`, `off`, `at kernel`, `failed: …`.
    package func inWords(failure: String) -> String {
        switch self {
        case .ready: "ready"
        case .off: "off"
        case .failed: "failed: \(failure)"
        default: "at \(rawValue)"
        }
    }

    /// Whether the time until it is a part of the boot: what follows ``ready`` is the machine's work, and a failure may take any time.
    package var isMeasured: Bool { self != .off && self != .failed }

    /// Position in a healthy boot.
    package var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// One event of one boot.
package struct BootEvent: Equatable, Sendable, Codable {
    /// Sixteen hexadecimal digits.
    package var boot: String
    package var macAddress: MACAddress
    package var stage: BootStage
    /// Milliseconds since 1970.
    @MillisecondTimestamp package var at: Int
    /// For people: the file, the address, the failure.
    @MachineText package var detail: String
    /// The version that the machine was told to boot, once known.
    package var version: Digest?
    /// The node's own root over NFS that it has mounted: with the stage `root` only, and not stored.
    package var tree: TreeReference?
    /// Where the configuration went: with the stage `delivered` only.
    package var delivery: ConfigurationDelivery?

    package init(
        boot: String, macAddress: MACAddress, stage: BootStage, at: Int, detail: String,
        version: Digest? = nil, tree: TreeReference? = nil, delivery: ConfigurationDelivery? = nil
    ) {
        self.boot = boot
        self.macAddress = macAddress
        self.stage = stage
        self.at = at
        self.detail = detail
        self.version = version
        self.tree = tree
        self.delivery = delivery
    }
}

/// One power-on of one machine: its stages by time.
package struct BootTimeline: Equatable, Sendable, Codable {
    package struct Entry: Equatable, Sendable, Codable {
        package var stage: BootStage
        /// Milliseconds since 1970.
        @MillisecondTimestamp package var at: Int
        @MachineText package var detail: String
        /// Where the configuration went: with the stage `delivered` only.
        package var delivery: ConfigurationDelivery?

        package init(stage: BootStage, at: Int, detail: String, delivery: ConfigurationDelivery? = nil) {
            self.stage = stage
            self.at = at
            self.detail = detail
            self.delivery = delivery
        }

        package init(_ event: BootEvent) {
            self.init(stage: event.stage, at: event.at, detail: event.detail, delivery: event.delivery)
        }
    }

    package var boot: String
    package var macAddress: MACAddress
    package var entries: [Entry]
    /// The version that the machine was told to boot; nil before that.
    package var version: Digest?
    /// Whether the running machine has asked for orders in this boot: only then its silence means something.
    package var attends = false

    private enum CodingKeys: CodingKey {
        case boot, macAddress, entries, version
    }

    package init(boot: String, macAddress: MACAddress, entries: [Entry], version: Digest? = nil) {
        self.boot = boot
        self.macAddress = macAddress
        self.entries = entries
        self.version = version
    }

    /// A report that comes late stands where it belongs by its time, as it is read from the store.
    package mutating func add(_ entry: Entry) {
        let index = entries.lastIndex { $0.at <= entry.at }.map { $0 + 1 } ?? 0
        entries.insert(entry, at: index)
    }

    /// The wall clock was set: a boot of the last hour keeps its age. An older one is history.
    package mutating func move(with jump: ClockJump) {
        guard let last = entries.last?.at, jump.lastHour.contains(last) else { return }
        for index in entries.indices { entries[index].at = jump.moved(millisecond: entries[index].at) }
    }

    /// The boot as far as it had come before a second since 1970; nil: it had not begun.
    package func before(second: Int) -> Self? {
        var boot = self
        boot.entries.removeAll { $0.at >= second * 1_000 }
        return boot.entries.isEmpty ? nil : boot
    }

    /// Milliseconds since 1970 of the first event.
    package var startedAt: Int { entries.first?.at ?? 0 }

    /// Milliseconds from the first event to `ready`; nil until then.
    package var readyAfter: Int? {
        entries.firstIndex { $0.stage == .ready }.map { entries[$0].at - startedAt }
    }

    /// The boot's present activity, for people.
    package var state: String {
        entries.last.map { $0.stage.inWords(failure: $0.detail) } ?? "no boot seen"
    }
}

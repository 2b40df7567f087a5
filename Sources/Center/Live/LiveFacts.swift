import API
import Fleet
import Synchronization
import Wire

/// The live facts for one list, fetched once.
struct LiveFacts {
    let boots: [MACAddress: BootTimeline]
    let leased: [MACAddress: IPv4Address]
    let registrations: [MACAddress: Registration]
    let sessions: [MACAddress: NodeSessions]
    let heard: HeardMachines
    /// What machines do with their roots, by address.
    let roots: [IPv4Address: RootActivity]
    /// How long stages of boots usually last; nothing is known of the past.
    let usual: StageTimes
    private let isPast: Bool
    private let nextBoots: SharedNextBoots
    /// The time that is viewed, in seconds since 1970.
    let now: Int

    /// - Parameters:
    ///   - machines: those whose addresses are asked for; nil: all.
    ///   - at: the time of the configuration, in seconds since 1970; nil: now. Of the past only boots are known.
    init(
        _ services: CenterServices, in snapshot: FleetSnapshot, addressesOf machines: Set<MACAddress>?,
        at second: Int?
    ) async throws {
        isPast = second != nil
        now = second ?? Clock.second
        if let second {
            boots = Dictionary(
                try await services.fleet.store.boots(at: second).map { ($0.macAddress, $0) }
            ) { $1 }
        } else {
            boots = services.fleet.boots
        }
        leased = isPast ? [:] : await services.addresses(of: machines)
        registrations = isPast ? [:] : services.fleet.registrations
        nextBoots = SharedNextBoots(
            NextBoots(in: snapshot, under: await services.policy(), clients: await services.clients()))
        heard = isPast ? HeardMachines() : await services.heard()
        roots = isPast ? [:] : await services.rootActivity()
        usual = isPast ? StageTimes() : services.fleet.stageTimes()
        sessions = isPast ? [:] : services.fleet.sessions
    }

    func boot(of node: Node, in snapshot: FleetSnapshot) -> BootTimeline? {
        snapshot.cards(of: node).lazy.compactMap { self.boots[$0] }.max { $0.startedAt < $1.startedAt }
    }

    func facts(of node: Node, in snapshot: FleetSnapshot) -> NodeFacts {
        NodeFacts(node, hardware: snapshot.sharedHardware(of: node)) { attribute in
            switch attribute {
            case .address: snapshot.cards(of: node).compactMap { leased[$0]?.description }
            case .card: snapshot.learnedCards(of: node).map(\.description)
            case .state: states(of: node, in: snapshot)
            case .image: images(of: node, in: snapshot)
            case .booted: bootedNames(of: node, in: snapshot)
            case .next: nextVersion(of: node).map { [Self.name(of: $0), $0.image.text] } ?? []
            case .outdated: versions(of: node, in: snapshot).isOutdated.map { [$0 ? "yes" : "no"] } ?? []
            case .user: sessions(of: node, in: snapshot).map(\.user)
            }
        }
    }

    func state(of boot: BootTimeline?) -> MachineState {
        MachineState(boot, heard: heard, now: now * 1_000, usual: usual)
    }

    /// Milliseconds since 1970 when a machine last asked, reported, logged or read something.
    func heardAt(_ boot: BootTimeline?, at cards: [MACAddress]) -> Int? {
        let asked = boot.flatMap { heard[$0.macAddress] }
        let read = root(at: cards)?.idleMilliseconds
        return [asked, read].compactMap(\.self).min().map { now * 1_000 - $0 }
    }

    /// Nil while a machine has no root from this server.
    func root(at cards: [MACAddress]) -> RootActivity? {
        cards.lazy.compactMap { self.leased[$0] }.compactMap { self.roots[$0] }.first
    }

    /// Milliseconds since 1970 when a machine was last seen in any way: its last stage, or what was heard of it since then.
    func seenAt(_ boot: BootTimeline?, at cards: [MACAddress]) -> Int? {
        Self.latest(of: boot?.entries.last?.at, heard: heardAt(boot, at: cards))
    }

    /// Milliseconds since 1970 since when a node is in its state: its last stage, or when a lost one was last heard.
    func stateSince(of node: Node, in snapshot: FleetSnapshot) -> Int? {
        let boot = boot(of: node, in: snapshot)
        return state(of: boot) == .lost
            ? heardAt(boot, at: snapshot.cards(of: node)) : boot?.entries.last?.at
    }

    static func latest(of stage: Int?, heard: Int?) -> Int? { [stage, heard].compactMap(\.self).max() }

    /// The state that is counted, the boot's present activity, and whether the node is held.
    private func states(of node: Node, in snapshot: FleetSnapshot) -> [String] {
        let boot = boot(of: node, in: snapshot)
        let state = state(of: boot)
        return [state.rawValue] + (state == .lost ? [] : boot.map { [$0.state] } ?? [])
            + (snapshot.trouble(holding: node) == nil ? [] : ["held"])
    }

    /// The setting as written, and the image's name alone.
    private func images(of node: Node, in snapshot: FleetSnapshot) -> [String] {
        let settings = snapshot.settings(of: node)
        return [settings.shown(Settings.image.definition).description]
            + (snapshot.version(for: settings).map { [$0.image.description] } ?? [])
    }

    /// The version that a node has booted, and its next one.
    struct Versions {
        var booted: String?
        var next: String?
        /// Why there is no next one; nil when there is, and in the past.
        var lack: Sentence?
        /// Whether they differ; nil while it is not known to be up.
        var isOutdated: Bool?
    }

    /// The version that a node boots next, and why it gets nothing all the same.
    func next(of node: Node) -> NextBoots.Answer { nextBoots.boot(of: node) }

    /// The same, for a node exactly as its record in the snapshot has it.
    func next(ofRecord node: Node) -> NextBoots.Answer { nextBoots.boot(ofRecord: node) }

    /// The version that a node gets at its next boot; nil: it gets none.
    func nextVersion(of node: Node) -> ImageVersion? {
        let (next, lack) = next(of: node)
        return !isPast && lack != nil ? nil : next
    }

    /// The boot of a node that counts for the version that it runs; nil: that is not known of the past.
    func presentBoot(of node: Node, in snapshot: FleetSnapshot) -> BootTimeline? {
        isPast ? nil : boot(of: node, in: snapshot)
    }

    func versions(of node: Node, in snapshot: FleetSnapshot) -> Versions {
        let (next, lack) = next(of: node)
        var versions = Versions(next: next.map(Self.name))
        if !isPast, lack != nil { (versions.lack, versions.next) = (lack, nil) }
        guard let boot = boot(of: node, in: snapshot) else { return versions }
        if !isPast, let digest = boot.version { versions.booted = Self.name(of: digest, in: snapshot) }
        versions.isOutdated = isOutdated(next, boot, state(of: boot))
        return versions
    }

    /// Whether a node runs another version than it boots next; nil while it is not known to be up, and in the past.
    ///
    /// - Parameter state: the boot's.
    func isOutdated(_ next: ImageVersion?, _ boot: BootTimeline, _ state: MachineState) -> Bool? {
        guard !isPast, let next, let booted = boot.version, state != .off, state != .lost,
            boot.readyAfter != nil
        else { return nil }
        return next.digest != booted
    }

    /// Why a node boots nothing next; nil: it does, or the past is viewed.
    func lack(_ next: NextBoots.Answer) -> Sentence? { isPast ? nil : next.lack }

    /// The version of a node's last boot, and its image's name.
    private func bootedNames(of node: Node, in snapshot: FleetSnapshot) -> [String] {
        guard let digest = presentBoot(of: node, in: snapshot)?.version else { return [] }
        return snapshot.version(digest).map { [Self.name(of: $0), $0.image.text] } ?? [digest.short]
    }

    static func name(of digest: Digest, in snapshot: FleetSnapshot) -> String {
        snapshot.version(digest).map(name) ?? digest.short
    }

    private static func name(of version: ImageVersion) -> String { "\(version.image)@\(version.number)" }

    private static func failure(of boot: BootTimeline?) -> String? {
        boot?.entries.last.flatMap { $0.stage == .failed ? $0.detail : nil }
    }

    func answer(_ node: Node, in snapshot: FleetSnapshot) -> MachineAnswer {
        let boot = boot(of: node, in: snapshot)
        let cards = snapshot.cards(of: node)
        let versions = versions(of: node, in: snapshot)
        return MachineAnswer(
            name: node.name, isKnown: true, group: node.group, tags: node.tags,
            macAddress: boot?.macAddress ?? cards.first,
            address: cards.lazy.compactMap { self.leased[$0] }.first ?? node.address,
            state: state(of: boot), stage: boot?.entries.last?.stage,
            failure: Self.failure(of: boot), readyAfter: boot?.readyAfter,
            version: versions.next, lack: versions.lack, booted: versions.booted,
            isOutdated: versions.isOutdated == true, startedAt: boot?.startedAt,
            seenAt: seenAt(boot, at: cards), heardAt: heardAt(boot, at: cards), code: nil,
            hardware: isPast ? nil : snapshot.hardware(of: node)?.headline,
            held: snapshot.trouble(holding: node)?.summary)
    }

    func answer(unknown mac: MACAddress, in snapshot: FleetSnapshot) -> MachineAnswer {
        let boot = boots[mac]
        return MachineAnswer(
            name: NodeName(unknown: mac), isKnown: false, group: nil, tags: [], macAddress: mac,
            address: leased[mac], state: state(of: boot),
            stage: boot?.entries.last?.stage, failure: Self.failure(of: boot), readyAfter: boot?.readyAfter,
            version: nil, startedAt: boot?.startedAt,
            seenAt: seenAt(boot, at: [mac]), heardAt: heardAt(boot, at: [mac]),
            code: FleetSnapshot.screenCode(of: mac),
            hardware: snapshot.observations.hardware[mac]?.report.headline,
            wantedName: registrations[mac]?.name,
            wantedGroup: registrations[mac]?.group)
    }
}

/// What was found out of one row is there for the others.
private final class SharedNextBoots: Sendable {
    private let boots: Mutex<NextBoots>

    init(_ boots: NextBoots) { self.boots = Mutex(boots) }

    func boot(of node: Node) -> NextBoots.Answer { boots.withLock { $0.boot(of: node) } }

    func boot(ofRecord node: Node) -> NextBoots.Answer { boots.withLock { $0.boot(ofRecord: node) } }
}

extension Hardware {
    /// `HP t630, 4 GiB`.
    var headline: String {
        [model, memory].filter { !$0.isEmpty }.joined(separator: ", ")
    }

    /// Vendor and product; a product that begins with its vendor's name needs no other one.
    private var model: String {
        let names = vendor.split(separator: " ").filter { !Self.companyWords.contains($0.lowercased()) }
        let maker = names.first == "Hewlett-Packard" ? "HP" : names.joined(separator: " ")
        let isNamed = product.lowercased().hasPrefix(maker.lowercased())
        return (isNamed ? [product] : [maker, product]).filter { !$0.isEmpty }.joined(separator: " ")
    }

    /// What says only that a vendor is a company.
    private static let companyWords: Set<String> = [
        "inc.", "inc", "corporation", "corp.", "co.,", "ltd.", "gmbh", "ag",
    ]

    /// Whole gibibytes where firmware took a little of them.
    private var memory: String {
        guard memoryMebibytes >= 1_024 else { return "\(memoryMebibytes) MiB" }
        let tenths = (memoryMebibytes * 10 + 512) / 1_024
        return tenths % 10 == 0 ? "\(tenths / 10) GiB" : "\(tenths / 10).\(tenths % 10) GiB"
    }
}

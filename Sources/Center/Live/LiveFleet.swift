import API
package import Fleet
import Synchronization
package import Wire

/// The fleet's present state in memory: the configuration, and the activity of each machine.
///
/// Every change to the configuration goes through here: it is checked against the present one, stored, and passed to the data planes. Pages
/// and the API read from here and never wait for the database to list nodes.
package final class LiveFleet: Sendable {
    /// Machines whose last boot is kept here.
    private static let machineLimit = 100_000
    /// How often a change is tried again when another process changed something meanwhile.
    private static let attemptLimit = 5

    struct State {
        var snapshot: FleetSnapshot
        var accessNumber = 0
        var boots: [MACAddress: BootTimeline]
        var counts = BootCounts()
        var sessions: [MACAddress: NodeSessions] = [:]
        /// Machines that are lost, with the time since when nothing is heard: milliseconds since 1970.
        var lost: [MACAddress: Int] = [:]
        /// What failed in last boots, by phase.
        var failedSteps: [MACAddress: [PhaseResults]] = [:]
        /// When running machines told the ends of changed steps, by their names; see ``LiveFleet/stepReports(of:)``.
        var stepReports: [MACAddress: [String: Int]] = [:]
        /// Names typed at waiting machines.
        var registrations: [MACAddress: Registration] = [:]
        var wrongPINs = (count: 0, last: 0)
        var alarms: [MACAddress: NodeAlarm] = [:]
        /// Refusals because of a TPM.
        var refusedTPMs: [MACAddress: NodeAlarm] = [:]
        var jumps: [SeenJump] = []
        var lostRevisions: LostRevisions?
        var host: ServingHost?
        /// The last one that was asked for.
        var addressPlan = AddressPlan.unknown
        /// How long stages usually last, and since when that is known: milliseconds since the host's start.
        var stageTimes: (times: StageTimes, at: Int)?
    }

    /// Boots since the server started.
    struct BootCounts: Sendable {
        var (started, ready, failed) = (0, 0, 0)
    }

    package let store: any FleetStore
    package let events: EventHub
    let state: Mutex<State>
    private let planes: Mutex<@Sendable (FleetSnapshot) -> Void>
    package let trust: ImageTrust
    /// Of the files that people have put there.
    let storedContents: StoredContents

    /// - Parameters:
    ///   - storedContents: is kept up to date, for the data planes.
    ///   - distribute: passes a new configuration to the data planes.
    package init(
        store: any FleetStore, trust: ImageTrust, storedContents: StoredContents = StoredContents(),
        distribute: @escaping @Sendable (FleetSnapshot) -> Void
    ) async throws {
        self.store = store
        self.trust = trust
        planes = Mutex(distribute)
        events = EventHub()
        var boots: [MACAddress: BootTimeline] = [:]
        for boot in try await store.lastBoots() { boots[boot.macAddress] = boot }
        let failed = Dictionary(grouping: try await store.failedSteps(), by: \.machine)
        self.storedContents = storedContents
        let snapshot = trust.judged(try await store.snapshot())
        state = Mutex(
            State(
                snapshot: snapshot, boots: boots, failedSteps: failed,
                refusedTPMs: try await store.refusedTPMs(), lostRevisions: try await store.lostRevisions()))
        try await loadFiles(of: snapshot)
    }

    package var snapshot: FleetSnapshot { state.withLock { $0.snapshot } }

    /// Another one when accounts, tokens, links of boards or their secrets may have changed.
    var accessNumber: Int { state.withLock { $0.accessNumber } }

    /// Gives the newest snapshot to the data planes, one after the other: an older one never comes behind a newer one.
    func distribute() { planes.withLock { take in take(snapshot) } }

    /// What the networks of the configuration meet on this host; nil: it is not known.
    package var host: ServingHost? {
        get { state.withLock { $0.host } }
        set { state.withLock { $0.host = newValue } }
    }

    /// Which addresses nodes may have: every change is checked against it, wherever it comes from.
    package var addressPlan: AddressPlan {
        let (host, contents, last) = state.withLock { ($0.host, $0.snapshot.contents, $0.addressPlan) }
        guard let host else { return .unknown }
        let plan = last.host == host ? last.following(contents) : AddressPlan(of: contents.network, on: host)
        state.withLock { $0.addressPlan = plan }
        return plan
    }

    /// The last boot of each machine ever seen.
    package var boots: [MACAddress: BootTimeline] { state.withLock { $0.boots } }

    var bootCounts: BootCounts { state.withLock { $0.counts } }

    package func boot(of machine: MACAddress) -> BootTimeline? { state.withLock { $0.boots[machine] } }

    // MARK: Machines that name themselves

    /// Waiting machines whose registrations are kept.
    private static let registrationLimit = 1_000
    /// Wrong PINs on the whole site before PINs are locked, and the seconds of the lock.
    private static let (pinAttemptLimit, pinLockSeconds) = (5, 15 * 60)

    package var registrations: [MACAddress: Registration] { state.withLock { $0.registrations } }

    /// A person named a machine on its own screen: with the right PIN it becomes a node, otherwise the page shows the request.
    ///
    /// - Returns: whether the machine was approved.
    @discardableResult
    package func register(_ registration: Registration, of machine: MACAddress) async throws -> Bool {
        let pin = snapshot.registrationPIN
        let now = Clock.steadySecond
        let isRight = state.withLock { state in
            if state.registrations.count < Self.registrationLimit || state.registrations[machine] != nil {
                state.registrations[machine] = registration
            }
            if now - state.wrongPINs.last > Self.pinLockSeconds { state.wrongPINs.count = 0 }
            guard let pin, !registration.pin.isEmpty, state.wrongPINs.count < Self.pinAttemptLimit else {
                return false
            }
            if Secrets.isEqual(pin.settingText, registration.pin) { return true }
            state.wrongPINs = (state.wrongPINs.count + 1, now)
            return false
        }
        events.publish(
            ServerEvent(
                kind: .boot, machine: machine, text: "\(machine) was named \(registration.name) on its screen"
            ))
        guard isRight else { return false }
        let node = Node(name: registration.name, group: registration.group, macAddresses: [machine])
        try await change(by: "PIN at the machine", what: "machine \(machine) approved as \(node.name)") {
            try Self.requireNew(node, in: $0)
            // A PIN opens no other machine's disk.
            guard $0.volume(of: node.name) == nil else {
                throw StoreError.conflict(
                    "a node \(node.name) that is gone has left a volume: approve \(machine) in the control center, or remove the volume first (roost volume rm \(node.name))"
                )
            }
            return [.node(node.name, node)]
        }
        _ = state.withLock { $0.registrations.removeValue(forKey: machine) }
        return true
    }

    /// Throws when a machine to be approved has a node's name or is a node.
    static func requireNew(_ node: Node, in snapshot: FleetSnapshot) throws {
        guard snapshot.nodes[node.name] == nil else {
            throw StoreError.conflict(Node.existing(node.name))
        }
        for card in node.macAddresses {
            guard let owner = snapshot.node(at: card) else { continue }
            throw StoreError.conflict("\(card) is a card of node \(owner.name) already")
        }
    }

    // MARK: Changing

    /// Adds a version whose files are in the image store.
    ///
    /// - Parameter signatures: an invalid one refuses the version.
    package func publish(
        _ manifest: ImageManifest, digest: Digest, signatures: [ImageSignature] = [], by who: String
    ) async throws -> ImageVersion {
        guard signatures.allSatisfy({ ImageTrust.isValid($0, for: digest) }) else {
            throw StoreError.conflict("a signature of \(manifest.image) \(digest.short) is not valid")
        }
        let known = snapshot.version(digest)?.signatures ?? []
        guard trust.isTrusted(digest, known + signatures) else {
            throw StoreError.conflict(Sentence(phrase: ImageTrust.demand))
        }
        let before = Array(snapshot.images.keys)
        let version = try await store.addVersion(manifest, digest: digest, signatures: signatures, by: who)
        try await reload()
        try await chooseFirstImage(before, version.image, by: who)
        return version
    }

    /// While there is one image, every node boots it; it then becomes the site's setting, so that a second image changes nothing for them.
    ///
    /// - Parameter before: the images before the change.
    private func chooseFirstImage(_ before: [ImageName], _ new: ImageName, by who: String) async throws {
        guard before.count < 2 else { return }
        let image = before.first ?? new
        @Sendable func isChosen(_ snapshot: FleetSnapshot) -> Bool {
            // An unreadable setting was chosen, too.
            guard let image = snapshot.settings(of: GroupPath.site)[Settings.image] else { return true }
            return image != nil
        }
        guard !isChosen(snapshot), before.isEmpty || image != new else { return }
        try await change(by: who, what: "image \(image) is now the site's default: it was the first") {
            current in
            guard !isChosen(current) else { return [] }
            var site = current.groups[.site] ?? NodeGroup(path: .site)
            site.settings.set(Settings.image, to: ImageReference(image: image))
            return [.group(.site, site)]
        }
    }

    /// Makes `edits` as one revision.
    ///
    /// - Parameters:
    ///   - what: one line for people; nil: derived from the edits.
    ///   - planned: the revision of the plan that was viewed; if a record of the edits has changed since, the change is refused.
    ///   - make: gets the configuration that the edits apply to, and is called again when it changed meanwhile.
    /// - Returns: the new configuration.
    @discardableResult
    package func change(
        by who: String, what: String? = nil, planned: Int? = nil,
        _ make: @Sendable (FleetSnapshot) throws -> [FleetEdit]
    ) async throws -> FleetSnapshot {
        var attempts = 0
        while attempts < Self.attemptLimit {
            if let made = try await attempt(by: who, what: what, planned: planned, make) { return made }
            attempts += 1
            try await reload()
        }
        throw StoreError.conflict("the configuration is being changed by others; try again")
    }

    /// Nil when another process changed the store after this one read it.
    private func attempt(
        by who: String, what: String?, planned: Int?, _ make: @Sendable (FleetSnapshot) throws -> [FleetEdit]
    ) async throws -> FleetSnapshot? {
        let current = snapshot
        let edits = try make(current)
        guard !edits.isEmpty else { return current }
        if let planned, planned != current.revision,
            let record = try await store.changed(edits, since: planned)
        {
            throw StoreError.conflict("\(record) has changed since this plan was made; look at it again")
        }
        let change = try current.checking(edits, within: addressPlan)
        let number = try await store.apply(
            change, by: who, what: what ?? current.summary(of: edits))
        guard let number else { return nil }
        let next = change.after.numbered(number)
        try await loadFiles(of: next)
        take(next, madeFrom: current, isAccess: change.edits.contains { !$0.secrets.isEmpty })
        return next
    }

    /// Reads everything again: another program changed the store, or a version was published.
    @discardableResult
    package func reload() async throws -> FleetSnapshot {
        let next = trust.judged(try await store.snapshot())
        try await loadFiles(of: next)
        take(next)
        return next
    }

    /// Takes the configuration of `next`. Observations stay: this server's are the most recent.
    ///
    /// - Parameters:
    ///   - before: what `next` was made from; nil: it was read.
    ///   - isAccess: whether secrets changed that no record has.
    private func take(_ next: FleetSnapshot, madeFrom before: FleetSnapshot? = nil, isAccess: Bool = false) {
        let isNew = state.withLock { state in
            if isAccess || before?.contents.access != next.contents.access { state.accessNumber += 1 }
            // Two changes may return in a different order than they were made.
            guard next.revision >= state.snapshot.revision else { return false }
            let known = state.snapshot.observations
            state.snapshot = FleetSnapshot(
                next.configuration, before.map { known.since($0.observations) } ?? known)
            return true
        }
        guard isNew else { return }
        distribute()
        events.publish(ServerEvent(kind: .configuration, text: "revision \(next.revision)"))
    }

    /// Forgets a machine that is not a node, or a card that a node was seen with, until it boots again.
    package func forget(_ machine: MACAddress) async throws {
        if let node = snapshot.node(withRecordOf: machine) {
            throw StoreError.conflict("\(machine) is a card of node \(node.name); remove the node first")
        }
        try await note([(machine, nil)])
        try await forget(waiting: [machine])
        events.publish(ServerEvent(kind: .boot, machine: machine, text: "forgotten"))
    }

    /// Forgets those of the machines that are not nodes: too many are waiting.
    package func forget(waiting machines: [MACAddress]) async throws {
        let snapshot = snapshot
        let unknown = machines.filter { !snapshot.knows($0) }
        guard !unknown.isEmpty else { return }
        try await release(unknown)
        try await store.forget(unknown)
        state.withLock { state in
            for machine in unknown {
                state.boots[machine] = nil
                state.registrations[machine] = nil
                state.sessions[machine] = nil
                state.alarms[machine] = nil
                state.refusedTPMs[machine] = nil
                state.failedSteps[machine] = nil
                state.stepReports[machine] = nil
            }
            state.snapshot = state.snapshot.observing { observations in
                for machine in unknown { observations.hardware[machine] = nil }
            }
        }
    }

    /// The server made or changed a volume for a booting node. The configuration does not change: no plan is outdated, and history has no
    /// entry.
    ///
    /// - Parameter what: one line for listeners.
    func keep(_ volume: Volume, what: String) async throws {
        try snapshot.requireOwnPlaces(of: [volume])
        try await store.save(volume)
        let next = state.withLock { state in
            state.snapshot = state.snapshot.observing { $0.volumes[volume.node] = volume }
            return state.snapshot
        }
        distribute()
        let group = next.nodes[volume.node]?.group
        events.publish(ServerEvent(kind: .volume, node: volume.node, group: group, text: what))
    }

    // MARK: What machines say

    package func note(_ new: [BootEvent]) async throws {
        var judged: [JudgedBoot] = []
        state.withLock { state in
            for event in new {
                let before = state.boots[event.macAddress].flatMap(BootProgress.init)
                if let boot = JudgedBoot(event, before: before) { judged.append(boot) }
                if state.boots[event.macAddress]?.boot != event.boot { state.counts.started += 1 }
                if event.stage == .ready { state.counts.ready += 1 }
                if event.stage == .failed { state.counts.failed += 1 }
                let entry = BootTimeline.Entry(event)
                if state.boots[event.macAddress]?.boot == event.boot {
                    state.boots[event.macAddress]?.add(entry)
                    if let version = event.version { state.boots[event.macAddress]?.version = version }
                } else if state.boots.count < Self.machineLimit || state.boots[event.macAddress] != nil {
                    state.boots[event.macAddress] = BootTimeline(
                        boot: event.boot, macAddress: event.macAddress, entries: [entry],
                        version: event.version)
                }
            }
        }
        let snapshot = snapshot
        for event in new {
            let node = snapshot.node(at: event.macAddress)
            events.publish(
                ServerEvent(
                    kind: event.stage == .off ? .off : .boot, node: node?.name, group: node?.group,
                    machine: event.macAddress, stage: event.stage,
                    text: event.stage.rawValue + (event.detail.isEmpty ? "" : ": \(event.detail)")))
        }
        try await judge(judged)
        for event in new where event.stage == .delivered { try await noteDelivered(to: event.macAddress) }
    }

    /// Machines logged something: listeners get one event per machine, and one for each crash.
    package func note(_ lines: [NodeLogs.Line]) {
        let snapshot = snapshot
        for (machine, lines) in Dictionary(grouping: lines, by: \.machine) {
            let node = snapshot.node(at: machine)
            let crash = lines.first(where: \.message.isCrash)
            events.publish(
                ServerEvent(
                    kind: crash == nil ? .log : .crash, node: node?.name, group: node?.group,
                    machine: machine,
                    text: (crash ?? lines.last)?.message.text ?? ""))
        }
    }

    /// Machines reported changed hardware: one new snapshot for all reports that arrive together, because a whole fleet reports on its
    /// first morning.
    package func note(_ hardware: [MACAddress: Hardware]) {
        guard !hardware.isEmpty else { return }
        let (next, before) = state.withLock { state in
            let before = state.snapshot.observations.hardware
            state.snapshot = state.snapshot.observing { $0.note(hardware) }
            return (state.snapshot, before)
        }
        if !next.rules.isEmpty { distribute() }
        for (machine, hardware) in hardware {
            let node = next.node(at: machine)
            let isOther = before[machine].map { hardware.isAnotherMachine(than: $0.report) } ?? false
            events.publish(
                ServerEvent(
                    kind: isOther ? .drift : .hardware, node: node?.name, group: node?.group,
                    machine: machine,
                    text: isOther
                        ? "another machine answers to \(machine)" : "hardware of \(machine) recorded"))
        }
    }
}

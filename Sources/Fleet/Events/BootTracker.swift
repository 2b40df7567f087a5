package import Wire

/// Groups observations of the data planes into boots: which event belongs to which power-on.
///
/// It keeps only the latest boot of each machine, for at most `machineLimit` machines; the store has the history.
package struct BootTracker: Sendable {
    /// Machines beyond this limit are still served, but the oldest boot is forgotten here.
    package static let machineLimit = 20_000
    /// Machines that are not nodes, per link and in all: beyond this, the one that has waited longest is forgotten.
    package static let (linkLimit, waitingLimit) = (1_024, 4_096)
    /// Repeated reports of a stage in one boot, and bytes of text in all its reports.
    package static let (repeatLimit, textByteLimit) = (64, 32 << 10)
    /// Milliseconds after its orderly end within which a machine may still ask for orders: later, it has not ended.
    static let endMilliseconds = 15_000
    /// Milliseconds of silence after which a first-stage request opens a new boot even if the last one never came far.
    static let staleAfter = 300_000

    private struct Current {
        var progress: BootProgress
        /// Milliseconds since 1970 of its last stage.
        var at: Int
        /// Stages reported by the node itself.
        var reported: Set<BootStage> = []
        var repeatCount = 0
        var textByteCount = 0
        /// Whether the running machine has asked for orders.
        var attends = false
        /// The boot that this one took the place of, if that had its kernel.
        var former: String?

        mutating func reach(_ stage: BootStage, at: Int) {
            progress.reach(stage)
            self.at = at
        }

        mutating func move(with jump: ClockJump) {
            progress.startedAt = jump.moved(millisecond: progress.startedAt)
            at = jump.moved(millisecond: at)
        }
    }

    private var currents: [MACAddress: Current] = [:]
    private var machineOfBoot: [String: MACAddress] = [:]
    /// Machines that are not nodes, by the link where they were first seen, oldest first.
    private var waiting: [String: [MACAddress]] = [:]
    private var waitingCount = 0
    /// Machines that were dropped to make room, with their link.
    private var forgotten: [(machine: MACAddress, link: String)] = []

    package init() {}

    /// The machine of this boot; nil when unknown here, as after a restart of the server.
    package func machine(ofBoot boot: String) -> MACAddress? { machineOfBoot[boot] }

    package func currentBoot(of machine: MACAddress) -> String? { currents[machine]?.progress.boot }

    /// The progress of a machine's latest boot.
    package func progress(of machine: MACAddress) -> BootProgress? { currents[machine]?.progress }

    /// The latest boot of each machine: its stage, the time of that (milliseconds since 1970), and the version.
    package var latest: [(machine: MACAddress, stage: BootStage, at: Int, version: Digest?)] {
        currents.map { ($0.key, $0.value.progress.stage, $0.value.at, $0.value.progress.version) }
    }

    /// A data plane saw `machine` reach `stage`. Nil if it is nothing new: a retransmission, a second range.
    ///
    /// A boot program's DHCP request opens a new boot when the last one had its kernel, or is stale.
    ///
    /// - Parameters:
    ///   - link: where the machine was seen.
    ///   - isNode: whether a machine is enrolled, and thus not waiting.
    package mutating func note(
        _ stage: BootStage, of machine: MACAddress, at: Int, detail: String, link: String = "",
        isNode: (MACAddress) -> Bool = { _ in true }, makeBoot: () -> String
    ) -> BootEvent? {
        if let current = currents[machine] {
            let opensNew =
                stage == .dhcp
                && (current.progress.stage.rank >= BootStage.kernel.rank || at - current.at > Self.staleAfter)
            if !opensNew {
                guard stage.rank > current.progress.stage.rank else { return nil }
                currents[machine]?.reach(stage, at: at)
                return BootEvent(
                    boot: current.progress.boot, macAddress: machine, stage: stage, at: at, detail: detail,
                    version: current.progress.version)
            }
            machineOfBoot[current.progress.boot] = nil
        }
        let former = currents[machine].flatMap {
            $0.progress.stage.rank >= BootStage.kernel.rank ? $0.progress.boot : nil
        }
        if currents[machine] == nil {
            if !isNode(machine) { addWaiting(machine, link, isNode) }
            if currents.count >= Self.machineLimit, let any = currents.first { remove(any.key) }
        }
        let boot = makeBoot()
        currents[machine] = Current(
            progress: BootProgress(boot: boot, startedAt: at, stage: stage), at: at, former: former)
        machineOfBoot[boot] = machine
        return BootEvent(boot: boot, macAddress: machine, stage: stage, at: at, detail: detail)
    }

    private mutating func remove(_ machine: MACAddress) {
        if let boot = currents.removeValue(forKey: machine)?.progress.boot { machineOfBoot[boot] = nil }
    }

    /// The wall clock was set: current boots keep their age.
    package mutating func move(with jump: ClockJump) {
        for machine in currents.keys { currents[machine]?.move(with: jump) }
    }

    // MARK: Machines that wait

    /// Adds a waiting machine. Beyond the limit, those that have waited longest are dropped.
    private mutating func addWaiting(_ machine: MACAddress, _ link: String, _ isNode: (MACAddress) -> Bool) {
        waiting[link, default: []].append(machine)
        waitingCount += 1
        // After a restart their links are unknown.
        let limit = link.isEmpty ? Self.waitingLimit : Self.linkLimit
        while waiting[link]?.count ?? 0 > limit { forgetOldest(on: link, isNode) }
        while waitingCount > Self.waitingLimit,
            let longest = waiting.max(by: { $0.value.count < $1.value.count })?.key
        { forgetOldest(on: longest, isNode) }
    }

    private mutating func forgetOldest(on link: String, _ isNode: (MACAddress) -> Bool) {
        guard let oldest = waiting[link]?.removeFirst() else { return }
        waitingCount -= 1
        if waiting[link]?.isEmpty == true { waiting[link] = nil }
        // It became a node meanwhile, or was dropped before.
        guard currents[oldest] != nil, !isNode(oldest) else { return }
        remove(oldest)
        forgotten.append((oldest, link))
    }

    /// Machines dropped since the last call, and their links.
    package mutating func takeForgotten() -> [(machine: MACAddress, link: String)] {
        defer { forgotten = [] }
        return forgotten
    }

    // MARK: What machines say

    /// How much of a report is recorded.
    package enum Room: Equatable, Sendable {
        case all
        /// The boot's text is used up; only the stage counts.
        case stageOnly
        case nothing(PeerLimit)
    }

    /// Counts a report of a machine's current boot.
    package mutating func room(
        for stage: BootStage, byteCount: Int, boot: String, machine: MACAddress
    ) -> Room {
        guard var current = currents[machine], current.progress.boot == boot else { return .all }
        defer { currents[machine] = current }
        let isFirst = current.reported.insert(stage).inserted
        if !isFirst { current.repeatCount += 1 }
        guard isFirst || current.repeatCount <= Self.repeatLimit else {
            return .nothing(PeerLimit(.reports, .bootReports, most: Self.repeatLimit))
        }
        current.textByteCount += byteCount
        guard current.textByteCount > Self.textByteLimit else { return .all }
        return isFirst
            ? .stageOnly : .nothing(PeerLimit(.reports, .bootBytes, most: Self.textByteLimit))
    }

    /// A machine was told to boot `version`: later events of its boot refer to it.
    package mutating func offer(_ version: Digest?, to machine: MACAddress) {
        currents[machine]?.progress.version = version
    }

    /// Whether `boot` is the one before the present boot of a machine, and should have ended: a machine that starts anew no longer runs it.
    package func isOver(_ boot: String, of machine: MACAddress, at: Int) -> Bool {
        guard let current = currents[machine], current.former == boot else { return false }
        return at - current.progress.startedAt > Self.endMilliseconds
    }

    /// A node reported a stage of a boot; nil when its present boot is another one, or has ended: a report never opens a boot.
    package mutating func report(
        _ stage: BootStage, boot: String, machine: MACAddress, at: Int, detail: String,
        tree: TreeReference? = nil
    ) -> BootEvent? {
        guard let known = currents[machine]?.progress, known.boot == boot, known.stage != .off else {
            return nil
        }
        currents[machine]?.reach(stage, at: at)
        return BootEvent(
            boot: boot, macAddress: machine, stage: stage, at: at, detail: detail, version: known.version,
            tree: tree)
    }

    /// A machine asked for orders in its present boot.
    ///
    /// - Returns: whether it did so for the first time, and its new stage where it runs although it had reported its end, as when only its
    ///   programs were started again.
    package mutating func noteOrders(of machine: MACAddress, at: Int) -> (isFirst: Bool, event: BootEvent?) {
        guard let known = currents[machine] else { return (false, nil) }
        currents[machine]?.attends = true
        guard known.progress.stage == .off, at - known.at > Self.endMilliseconds else {
            return (!known.attends, nil)
        }
        currents[machine]?.reach(.ready, at: at)
        let event = BootEvent(
            boot: known.progress.boot, macAddress: machine, stage: .ready, at: at, detail: "it still runs",
            version: known.progress.version)
        return (!known.attends, event)
    }

    /// The answer to a machine's request for its configuration.
    package enum Delivery: Equatable, Sendable {
        /// Sent for the first time in this boot.
        case first(BootEvent)
        /// The same key asks again: the answer was lost.
        case repeated
        /// Another key received it in this boot.
        case spent
        /// The machine is in another boot.
        case otherBoot
    }

    /// A machine requests the configuration of its boot, sealed to its key.
    package mutating func deliver(
        _ delivery: ConfigurationDelivery, boot: String, machine: MACAddress, at: Int
    ) -> Delivery {
        guard let known = currents[machine]?.progress, known.boot == boot else { return .otherBoot }
        if let earlier = known.delivery { return earlier.key == delivery.key ? .repeated : .spent }
        currents[machine]?.progress.delivery = delivery
        currents[machine]?.reach(.delivered, at: at)
        return .first(
            BootEvent(
                boot: boot, macAddress: machine, stage: .delivered, at: at, detail: delivery.summary,
                version: known.version, delivery: delivery))
    }
}

extension BootTracker {
    /// Restores the boots recorded by an earlier run of the server: nodes continue to boot while it restarts.
    ///
    /// - Parameters:
    ///   - boots: only the newest of each machine counts, and at most ``machineLimit`` of them.
    ///   - isNode: whether a machine is enrolled.
    package mutating func restore(
        _ boots: [BootTimeline], isNode: (MACAddress) -> Bool = { _ in true }
    ) {
        let newestFirst = boots.sorted { $0.startedAt > $1.startedAt }
        for boot in newestFirst where currents[boot.macAddress] == nil && currents.count < Self.machineLimit {
            guard let progress = BootProgress(boot), let last = boot.entries.last else { continue }
            currents[boot.macAddress] = Current(progress: progress, at: last.at, attends: boot.attends)
            machineOfBoot[boot.boot] = boot.macAddress
        }
        for boot in boots.sorted(by: { $0.startedAt < $1.startedAt }) where !isNode(boot.macAddress) {
            addWaiting(boot.macAddress, "", isNode)
        }
    }
}

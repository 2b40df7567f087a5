package import Wire

/// Puts what the data planes see into boots: which event belongs to which power-on.
///
/// It holds the latest boot of each machine only, at most `machineLimit` of them; the store keeps the history.
package struct BootTracker: Sendable {
    /// Machines beyond this many are still served, but the oldest boot is forgotten here.
    package static let machineLimit = 20_000
    /// Machines of one link, and in all, that are no nodes: when there are more, the one goes that has waited longest.
    package static let (linkLimit, waitingLimit) = (1_024, 4_096)
    /// Reports of a stage that the boot has reported before, and bytes of text of all its reports.
    package static let (repeatLimit, textByteLimit) = (64, 32 << 10)
    /// Milliseconds without a word after which a first-stage request opens a new boot even though the last one never
    /// came far.
    static let staleAfter = 300_000

    private struct Current {
        var progress: BootProgress
        /// Milliseconds since 1970 of its last stage.
        var at: Int
        /// What the node has reported itself.
        var reported: Set<BootStage> = []
        var repeatCount = 0
        var textByteCount = 0

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
    /// Machines that are no nodes, by the link on which they were seen first, the oldest first.
    private var waiting: [String: [MACAddress]] = [:]
    private var waitingCount = 0
    /// Those that had to go for others, with their link.
    private var forgotten: [(machine: MACAddress, link: String)] = []

    package init() {}

    /// The machine whose boot this is; nil when unknown here, say after a restart of the server.
    package func machine(ofBoot boot: String) -> MACAddress? { machineOfBoot[boot] }

    package func currentBoot(of machine: MACAddress) -> String? { currents[machine]?.progress.boot }

    /// What the latest boot of a machine has come to.
    package func progress(of machine: MACAddress) -> BootProgress? { currents[machine]?.progress }

    /// The latest boot of each machine: how far it came, since when (milliseconds since 1970), and what it was told to boot.
    package var latest: [(machine: MACAddress, stage: BootStage, at: Int, version: Digest?)] {
        currents.map { ($0.key, $0.value.progress.stage, $0.value.at, $0.value.progress.version) }
    }

    /// A data plane saw `machine` reach `stage`. Nil when that is nothing new: a retransmission, a second range.
    ///
    /// A DHCP request of a boot program opens a new boot when the last one had its kernel, or is stale.
    ///
    /// - Parameters:
    ///   - link: where the machine was seen.
    ///   - isNode: whether a machine is enrolled, and so none of those that wait.
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
        if currents[machine] == nil {
            if !isNode(machine) { addWaiting(machine, link, isNode) }
            if currents.count >= Self.machineLimit, let any = currents.first { remove(any.key) }
        }
        let boot = makeBoot()
        currents[machine] = Current(progress: BootProgress(boot: boot, startedAt: at, stage: stage), at: at)
        machineOfBoot[boot] = machine
        return BootEvent(boot: boot, macAddress: machine, stage: stage, at: at, detail: detail)
    }

    private mutating func remove(_ machine: MACAddress) {
        if let boot = currents.removeValue(forKey: machine)?.progress.boot { machineOfBoot[boot] = nil }
    }

    /// The wall clock was set: boots that are under way began as long ago as before.
    package mutating func move(with jump: ClockJump) {
        for machine in currents.keys { currents[machine]?.move(with: jump) }
    }

    // MARK: Machines that wait

    /// One more waits. Where that are too many, those go that have waited longest.
    private mutating func addWaiting(_ machine: MACAddress, _ link: String, _ isNode: (MACAddress) -> Bool) {
        waiting[link, default: []].append(machine)
        waitingCount += 1
        // After a restart it is not known any more which link they are on.
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
        // It has become a node meanwhile, or went before.
        guard currents[oldest] != nil, !isNode(oldest) else { return }
        remove(oldest)
        forgotten.append((oldest, link))
    }

    /// Machines that had to go since this was asked last, and their links.
    package mutating func takeForgotten() -> [(machine: MACAddress, link: String)] {
        defer { forgotten = [] }
        return forgotten
    }

    // MARK: What machines say

    /// How much of a report counts.
    package enum Room: Equatable, Sendable {
        case all
        /// The boot has said too much, but not this.
        case stageOnly
        case nothing(PeerLimit)
    }

    /// Counts a report of the boot that a machine is in.
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

    /// A machine was told to boot `version`: what follows of its boot is about that.
    package mutating func offer(_ version: Digest?, to machine: MACAddress) {
        currents[machine]?.progress.version = version
    }

    /// A node reported a stage of the boot that it names; nil when its boot is another one: a report opens none.
    package mutating func report(
        _ stage: BootStage, boot: String, machine: MACAddress, at: Int, detail: String
    ) -> BootEvent? {
        guard let known = currents[machine]?.progress, known.boot == boot else { return nil }
        currents[machine]?.reach(stage, at: at)
        return BootEvent(
            boot: boot, macAddress: machine, stage: stage, at: at, detail: detail, version: known.version)
    }

    /// What becomes of a machine's wish for its configuration.
    package enum Delivery: Equatable, Sendable {
        /// It goes out for the first time in this boot.
        case first(BootEvent)
        /// The same key asks again: its answer was lost on the way.
        case repeated
        /// Another key has had it in this boot.
        case spent
        /// The machine is in another boot.
        case otherBoot
    }

    /// A machine asks for the configuration of its boot, sealed to its key.
    package mutating func deliver(
        _ delivery: ConfigurationDelivery, boot: String, machine: MACAddress, at: Int
    ) -> Delivery {
        guard let known = currents[machine]?.progress, known.boot == boot else { return .otherBoot }
        if let earlier = known.delivery { return earlier.key == delivery.key ? .repeated : .spent }
        currents[machine]?.progress.delivery = delivery
        currents[machine]?.reach(.delivered, at: at)
        return .first(
            BootEvent(
                boot: boot, macAddress: machine, stage: .delivered, at: at, detail: delivery.detail,
                version: known.version))
    }
}

extension BootTracker {
    /// Takes up the boots that an earlier run of the server recorded: nodes go on booting while it restarts.
    ///
    /// - Parameters:
    ///   - boots: of each machine only its newest counts, and at most ``machineLimit`` of them.
    ///   - isNode: whether a machine is enrolled.
    package mutating func restore(
        _ boots: [BootTimeline], isNode: (MACAddress) -> Bool = { _ in true }
    ) {
        let newestFirst = boots.sorted { $0.startedAt > $1.startedAt }
        for boot in newestFirst where currents[boot.macAddress] == nil && currents.count < Self.machineLimit {
            guard let progress = BootProgress(boot), let last = boot.entries.last else { continue }
            currents[boot.macAddress] = Current(progress: progress, at: last.at)
            machineOfBoot[boot.boot] = boot.macAddress
        }
        for boot in boots.sorted(by: { $0.startedAt < $1.startedAt }) where !isNode(boot.macAddress) {
            addWaiting(boot.macAddress, "", isNode)
        }
    }
}

import Wire

/// How long machines usually stay at each stage of a boot: medians of each group's last boots, and of all.
package struct StageTimes: Sendable {
    /// Boots of a group that have passed a stage before its median says anything.
    package static let sampleCount = 3
    /// A stage may take so many times its median, and at least so many milliseconds, before a boot counts as stuck.
    package static let (tolerance, leastMilliseconds) = (10, 60_000)

    private var groups: [GroupPath: [BootStage: Int]] = [:]
    private var all: [BootStage: Int] = [:]
    private var snapshot: FleetSnapshot?

    /// Nothing is known: each boot gets the time that is the same for all.
    package init() {}

    /// - Parameter boots: the last one of each machine.
    package init(_ boots: some Sequence<BootTimeline>, in snapshot: FleetSnapshot) {
        self.snapshot = snapshot
        var samples: [GroupPath: [BootStage: [Int]]] = [:]
        for boot in boots {
            guard let group = snapshot.node(at: boot.macAddress)?.group else { continue }
            for (entry, next) in zip(boot.entries, boot.entries.dropFirst()) where next.stage.isMeasured {
                samples[group, default: [:]][entry.stage, default: []].append(next.at - entry.at)
            }
        }
        groups = samples.mapValues(Self.medians)
        var whole: [BootStage: [Int]] = [:]
        for stages in samples.values { whole.merge(stages) { $0 + $1 } }
        all = Self.medians(of: whole)
    }

    private static func medians(of samples: [BootStage: [Int]]) -> [BootStage: Int] {
        samples.compactMapValues { values in
            values.count < sampleCount ? nil : values.sorted()[(values.count - 1) / 2]
        }
    }

    /// Milliseconds that machines of the whole site usually stay at a stage; nil: too few have passed it.
    package func usual(at stage: BootStage) -> Int? { all[stage] }

    /// Milliseconds at its last stage after which a boot counts as stuck. It is never more than the time that holds where nothing is known.
    package func stuckAfter(_ boot: BootTimeline) -> Int {
        guard let stage = boot.entries.last?.stage,
            let group = snapshot?.node(at: boot.macAddress)?.group, let median = groups[group]?[stage]
        else { return MachineState.stuckAfter }
        let (limit, isTooLong) = median.multipliedReportingOverflow(by: Self.tolerance)
        return isTooLong
            ? MachineState.stuckAfter : min(MachineState.stuckAfter, max(Self.leastMilliseconds, limit))
    }
}

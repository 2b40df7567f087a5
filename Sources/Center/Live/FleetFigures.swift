import Fleet
import Foundation
import Wire

/// Statistics over many boots.
struct BootFigures: Sendable, Codable {
    /// Ready boots, with their durations in milliseconds.
    var count: Int
    var median: Int?
    var percentile95: Int?
    /// Median milliseconds from each stage to the next, by the stage reached.
    var stages: [BootStage: Int]

    init(_ boots: some Sequence<BootTimeline>) {
        var tally = BootTally()
        for boot in boots { tally.add(boot, readyAfter: boot.readyAfter) }
        self.init(tally)
    }

    init(_ tally: BootTally) {
        let durations = tally.durations.sorted()
        count = durations.count
        median = Self.percentile(50, of: durations)
        percentile95 = Self.percentile(95, of: durations)
        stages = [:]
        for (stage, values) in tally.steps { stages[stage] = Self.percentile(50, of: values.sorted()) }
    }

    /// The smallest value that at least `percent` percent of the values do not exceed; nil for none.
    static func percentile(_ percent: Int, of sorted: [Int]) -> Int? {
        guard !sorted.isEmpty else { return nil }
        return sorted[min(sorted.count - 1, max(0, (sorted.count * percent + 99) / 100 - 1))]
    }
}

/// The times of many boots, as each of them is looked at.
struct BootTally {
    /// Milliseconds until ready.
    fileprivate(set) var durations: [Int] = []
    /// Milliseconds from each stage to the next, by the stage reached.
    fileprivate(set) var steps: [BootStage: [Int]] = [:]

    /// - Parameter readyAfter: the boot's own, which callers have found out already.
    mutating func add(_ boot: BootTimeline, readyAfter: Int?) {
        if let readyAfter { durations.append(readyAfter) }
        for index in boot.entries.indices.dropFirst() where boot.entries[index].stage.isMeasured {
            steps[boot.entries[index].stage, default: []].append(
                boot.entries[index].at - boot.entries[index - 1].at)
        }
    }
}

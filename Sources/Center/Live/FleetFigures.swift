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
        var durations: [Int] = []
        var steps: [BootStage: [Int]] = [:]
        for boot in boots {
            if let ready = boot.readyAfter { durations.append(ready) }
            let entries = boot.entries
            for index in entries.indices.dropFirst() where entries[index].stage.isMeasured {
                steps[entries[index].stage, default: []].append(entries[index].at - entries[index - 1].at)
            }
        }
        durations.sort()
        count = durations.count
        median = Self.percentile(50, of: durations)
        percentile95 = Self.percentile(95, of: durations)
        stages = [:]
        for (stage, values) in steps { stages[stage] = Self.percentile(50, of: values.sorted()) }
    }

    /// The smallest value that at least `percent` percent of the values do not exceed; nil for none.
    static func percentile(_ percent: Int, of sorted: [Int]) -> Int? {
        guard !sorted.isEmpty else { return nil }
        return sorted[min(sorted.count - 1, max(0, (sorted.count * percent + 99) / 100 - 1))]
    }
}

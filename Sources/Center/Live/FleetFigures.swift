import Fleet
import Foundation
import Wire

/// Numbers over many boots.
struct BootFigures: Sendable, Codable {
    /// Boots that became ready, with their durations in milliseconds.
    var count: Int
    var median: Int?
    var percentile95: Int?
    /// Median of the time from each stage to the next, in milliseconds, by the stage that was reached.
    var stages: [BootStage: Int]

    init(_ boots: some Sequence<BootTimeline>) {
        var durations: [Int] = []
        var steps: [BootStage: [Int]] = [:]
        for boot in boots {
            if let ready = boot.readyAfter { durations.append(ready) }
            for (earlier, later) in zip(boot.entries, boot.entries.dropFirst()) {
                steps[later.stage, default: []].append(later.at - earlier.at)
            }
        }
        durations.sort()
        count = durations.count
        median = Self.percentile(50, of: durations)
        percentile95 = Self.percentile(95, of: durations)
        stages = [:]
        for (stage, values) in steps { stages[stage] = Self.percentile(50, of: values.sorted()) }
    }

    /// The smallest value that at least `percent` in a hundred are not above; nil of nothing.
    static func percentile(_ percent: Int, of sorted: [Int]) -> Int? {
        guard !sorted.isEmpty else { return nil }
        return sorted[min(sorted.count - 1, max(0, (sorted.count * percent + 99) / 100 - 1))]
    }
}

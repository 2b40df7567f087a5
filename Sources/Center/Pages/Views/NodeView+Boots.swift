import API
import Fleet

extension NodeView {
    /// Durations of the last boots to ready, as a line in a box of 100 by 24.
    struct Sparkline: View {
        var points: String
        var label: String
    }

    /// One boot, stage by stage.
    struct Boot: View {
        /// Whether it is the newest.
        var isFirst: Bool
        var started: String
        var state: StateView
        var total: String
        var label: String
        var segments: [Segment]
        var entries: [Entry]
    }

    /// One stage in a bar a thousand units long.
    struct Segment: View {
        var stage: String
        var x: Int
        var width: Int
        var title: String
    }

    struct Entry: View {
        var stage: String
        var after: String
        var took: String
        var median: String
        var detail: String
        /// Whether it took noticeably long.
        var isOutlier: Bool
    }
}

extension NodeView.Sparkline {
    /// Oldest boot first; nil with fewer than two ready boots.
    init?(_ boots: [BootTimeline], _ words: Words) {
        let durations = boots.reversed().compactMap(\.readyAfter)
        guard durations.count > 1, let longest = durations.max() else { return nil }
        points = durations.enumerated().map { index, duration in
            "\(index * 100 / (durations.count - 1)),\(23 - duration * 22 / max(1, longest))"
        }.joined(separator: " ")
        label =
            words("Ready after") + ": " + durations.map { Format.duration($0) }.joined(separator: ", ")
    }
}

extension NodeView.Boot {
    init(_ boot: BootTimeline, isFirst: Bool, _ medians: [BootStage: Int], _ words: Words) {
        self.isFirst = isFirst
        started = Format.time(millisecond: boot.startedAt)
        state = StateView(boot, words)
        total = Format.duration(boot.readyAfter)
        label = boot.entries.map {
            "\($0.stage.rawValue) \(Format.duration($0.at - boot.startedAt))"
        }.joined(separator: ", ")
        let end = boot.entries.last { $0.stage != .off }?.at ?? boot.startedAt
        let whole = max(1, end - boot.startedAt)
        (segments, entries) = ([], [])
        var before = boot.startedAt
        for entry in boot.entries {
            // What comes after the boot has its line, but no part in the bar.
            guard entry.stage != .off else {
                entries.append(
                    NodeView.Entry(
                        stage: entry.stage.rawValue, after: Format.duration(entry.at - boot.startedAt),
                        took: "", median: "", detail: entry.detail, isOutlier: false))
                continue
            }
            let took = entry.at - before
            let median = medians[entry.stage]
            entries.append(
                NodeView.Entry(
                    stage: entry.stage.rawValue, after: Format.duration(entry.at - boot.startedAt),
                    took: Format.duration(took), median: Format.duration(median), detail: entry.detail,
                    isOutlier: Fleet.isOutlier(took, median: median)))
            segments.append(
                NodeView.Segment(
                    stage: entry.stage.rawValue, x: (before - boot.startedAt) * 1_000 / whole,
                    width: max(1, took * 1_000 / whole),
                    title: "\(entry.stage.rawValue): \(Format.duration(took))"))
            before = entry.at
        }
    }
}

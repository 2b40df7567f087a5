import API
import Fleet

extension NodeView {
    /// Durations of the last boots to ready, as a line in a box of 100 by 24.
    struct Sparkline: View {
        var points: String
        var label: String
        var shortest: String
        var longest: String
    }

    /// One boot, stage by stage.
    struct Boot: TemplateView {
        static let template = PageTemplate("boot", Embedded.boot_mustache)

        /// Whether it is the newest.
        var isFirst: Bool
        var started: String
        var state: StateView
        var total: String
        var label: String
        var segments: [Segment]
        /// The usual times, on the same axis; nil: not known.
        var ghost: Ghost?
        /// The times in the middle and at the end of the axis.
        var middle: String
        var end: String
        var entries: [Entry]
    }

    /// The group's medians as a bar behind the boot's own times.
    struct Ghost: View {
        var label: String
        var segments: [Segment]
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
        (shortest, self.longest) = (Format.duration(durations.min()), Format.duration(longest))
    }
}

extension NodeView.Boot {
    /// The least length of a failure, of a thousand: some twelve points on a desktop's screen.
    private static let failureWidth = 14

    init(_ boot: BootTimeline, isFirst: Bool, _ medians: [BootStage: Int], _ words: Words) {
        self.isFirst = isFirst
        started = Format.time(millisecond: boot.startedAt)
        state = StateView(boot, words)
        total = Format.duration(boot.readyAfter)
        let last = boot.entries.last { $0.stage != .off }?.at ?? boot.startedAt
        let duration = last - boot.startedAt
        let usual = boot.entries.compactMap { entry in medians[entry.stage].map { (entry.stage, $0) } }
        // Both bars have one axis.
        let whole = max(1, duration, usual.reduce(0) { $0 + $1.1 })
        func time(_ milliseconds: Int?) -> String { Format.duration(milliseconds, within: whole) }
        label = boot.entries.map {
            "\($0.stage.rawValue) \(time($0.at - boot.startedAt))"
        }.joined(separator: ", ")
        ghost = NodeView.Ghost(usual, whole: whole, words)
        (middle, self.end) = (time(whole / 2), time(whole))
        (segments, entries) = ([], [])
        var before = boot.startedAt
        for entry in boot.entries {
            // What comes after the boot has its line, but no part in the bar.
            guard entry.stage != .off else {
                entries.append(
                    NodeView.Entry(
                        stage: entry.stage.rawValue, after: time(entry.at - boot.startedAt),
                        took: "", median: "", detail: words.told(entry.detail), isOutlier: false))
                continue
            }
            let took = entry.at - before
            let median = medians[entry.stage]
            entries.append(
                NodeView.Entry(
                    stage: entry.stage.rawValue, after: time(entry.at - boot.startedAt),
                    took: time(took), median: time(median),
                    detail: words.told(entry.detail),
                    isOutlier: Fleet.isOutlier(took, median: median)))
            // A failure that came at once is seen all the same.
            let least = entry.stage == .failed ? Self.failureWidth : 1
            segments.append(
                NodeView.Segment(
                    stage: entry.stage.rawValue,
                    x: min((before - boot.startedAt) * 1_000 / whole, 1_000 - least),
                    width: max(least, took * 1_000 / whole),
                    title: "\(entry.stage.rawValue): \(time(took))"))
            before = entry.at
        }
    }
}

extension NodeView.Ghost {
    /// - Parameters:
    ///   - usual: the median milliseconds of each stage of the boot.
    ///   - whole: the milliseconds of the axis.
    fileprivate init?(_ usual: [(stage: BootStage, took: Int)], whole: Int, _ words: Words) {
        guard !usual.isEmpty else { return nil }
        label =
            words("Median") + ": "
            + usual.map { "\($0.stage.rawValue) \(Format.duration($0.took, within: whole))" }
            .joined(separator: ", ")
        var before = 0
        segments = usual.map { stage, took in
            defer { before += took }
            return NodeView.Segment(
                stage: stage.rawValue, x: before * 1_000 / whole, width: max(1, took * 1_000 / whole),
                title: "\(words("Median")): \(stage.rawValue), \(Format.duration(took, within: whole))")
        }
    }
}

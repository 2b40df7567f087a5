package import Fleet
package import Wire

/// The steps of a node's configuration, with how they ended in its last boot.
package struct StepsAnswer: Codable, Sendable {
    package struct Step: Codable, Sendable {
        package var name: String
        package var phase: StepPhase
        /// The setting that it comes from, and the level of that; nil where no setting makes it, or no longer does.
        package var setting: String?
        package var origin: String?
        /// Nil: the node has not reported it.
        package var outcome: StepOutcome?
        package var attempts: Int
        package var milliseconds: Int
        /// Median milliseconds of it in the last boots of the node's group; nil: it was not done in any.
        package var median: Int?
        /// It took much longer than that.
        package var isOutlier: Bool
        /// The last lines of its output; those of a failed step begin with the reason.
        package var output: [String]
        /// Milliseconds since 1970 of the last report of it by the running node, which was asked to carry it out; nil: there was none since the
        /// server's start.
        @MillisecondTimestamp package var appliedAt: Int?
        /// Of steps at shutdown: the boot before, where the last one has not told its end. Its results are shown then.
        package var formerBoot: String?

        package init(
            name: String, phase: StepPhase, setting: String? = nil, origin: String? = nil,
            result: StepResult? = nil, median: Int? = nil, isOutlier: Bool = false, appliedAt: Int? = nil
        ) {
            self.name = name
            self.phase = phase
            self.setting = setting
            self.origin = origin
            outcome = result?.outcome
            attempts = result?.attempts ?? 0
            milliseconds = result?.milliseconds ?? 0
            output = result?.output ?? []
            self.median = median
            self.isOutlier = isOutlier
            self.appliedAt = appliedAt
        }

        /// Whether it is due only when the node is shut down.
        package var isToCome: Bool { phase == .atShutdown && outcome == nil && formerBoot == nil }

        package var isFailure: Bool { outcome == .failed || outcome == .timedOut }
    }

    /// The last boot; nil: none was seen.
    package var boot: String?
    /// Milliseconds since 1970 of its begin.
    @MillisecondTimestamp package var startedAt: Int?
    /// In order.
    package var steps: [Step]

    package init(boot: String?, startedAt: Int?, steps: [Step]) {
        self.boot = boot
        self.startedAt = startedAt
        self.steps = steps
    }
}

package import Fleet
package import Wire

/// What differs between a node's configuration and the running node, step by step.
package struct StepChangesAnswer: Codable, Sendable {
    package struct Step: Codable, Sendable {
        package var name: String
        package var phase: StepPhase
        /// The setting that it comes from, and the level of that; nil where no setting makes it, or no longer does.
        package var setting: String?
        package var origin: String?
        package var change: StepChange
        /// Why it waits for the node's next start; nil: the node can carry it out at once.
        package var waits: RestartNeed?

        package init(
            name: String, phase: StepPhase, setting: String?, origin: String?, change: StepChange,
            waits: RestartNeed?
        ) {
            self.name = name
            self.phase = phase
            self.setting = setting
            self.origin = origin
            self.change = change
            self.waits = waits
        }
    }

    /// The node's present boot.
    package var boot: String
    /// Stands for these differences: with it, an order is refused when they are others by then.
    package var tag: String
    /// In order.
    package var steps: [Step]

    package init(boot: String, tag: String, steps: [Step]) {
        self.boot = boot
        self.tag = tag
        self.steps = steps
    }

    /// How many the node can carry out at once.
    package var readyCount: Int { steps.count { $0.waits == nil } }
}

/// An order to carry out changed steps.
package struct ApplyRequest: Codable, Sendable {
    /// ``StepChangesAnswer/tag`` of what was shown; nil: whatever differs now.
    package var tag: String?

    package init(tag: String? = nil) { self.tag = tag }
}

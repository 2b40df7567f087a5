package import Fleet
package import Wire

/// Boot figures of all machines, and current problems.
package struct FiguresAnswer: Codable, Sendable {
    package struct Trouble: Codable, Sendable {
        package var machine: NodeName
        package var isKnown: Bool
        package var text: String
        package var fix: String

        package init(machine: NodeName, isKnown: Bool, text: String, fix: String) {
            self.machine = machine
            self.isKnown = isKnown
            self.text = text
            self.fix = fix
        }
    }

    package struct Minute: Codable, Sendable {
        /// Milliseconds since 1970.
        @MillisecondTimestamp package var at: Int
        package var started: Int
        package var ready: Int

        package init(at: Int, started: Int, ready: Int) {
            self.at = at
            self.started = started
            self.ready = ready
        }
    }

    /// The number of machines in each state; every state is present.
    package var states: [MachineState: Int]
    package var unknownCount: Int
    /// The number of last boots counted, over all machines.
    package var bootCount: Int
    /// Median milliseconds to ready.
    package var median: Int?
    package var percentile95: Int?
    /// Median milliseconds of each stage, by the stage that was reached.
    package var stages: [BootStage: Int]
    /// The last hour, minute by minute.
    package var minutes: [Minute]
    /// At most fifty.
    package var troubles: [Trouble]
    /// Peers that are over their limit now; empty for callers who may not read the whole site.
    package var limited: [LimitLedger.Line]

    package init(
        states: [MachineState: Int], unknownCount: Int, bootCount: Int, median: Int? = nil,
        percentile95: Int? = nil, stages: [BootStage: Int], minutes: [Minute], troubles: [Trouble],
        limited: [LimitLedger.Line]
    ) {
        self.states = states
        self.unknownCount = unknownCount
        self.bootCount = bootCount
        self.median = median
        self.percentile95 = percentile95
        self.stages = stages
        self.minutes = minutes
        self.troubles = troubles
        self.limited = limited
    }
}

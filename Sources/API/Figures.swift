package import Fleet
package import Wire

/// What happened to several machines, and what is wrong now.
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

    /// How many machines are in each state; all states are there.
    package var states: [MachineState: Int]
    package var unknownCount: Int
    /// Of the last boots of all machines.
    package var bootCount: Int
    /// Milliseconds to ready.
    package var median: Int?
    package var percentile95: Int?
    /// Median milliseconds of each stage, by the stage that was reached.
    package var stages: [BootStage: Int]
    /// The last hour, minute by minute.
    package var minutes: [Minute]
    /// At most fifty.
    package var troubles: [Trouble]
    /// Who asks for more than one peer may have, now; empty for those who may not read the whole site.
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

package import Fleet
package import Wire

/// Boot figures of all machines, and current problems.
package struct FiguresAnswer: Codable, Sendable {
    package struct Trouble: Codable, Sendable {
        /// What is wrong, for programs.
        package enum Kind: String, Codable, Sendable {
            /// It does not get its version after failed boots.
            case held
            /// It has nothing to boot next.
            case lack
            case failed, stuck, lost
            /// It showed another TPM, or none.
            case tpm
            /// A step of its configuration failed.
            case step
            /// People could not log in there.
            case refusedPerson = "refused-person"
        }

        package var kind: Kind
        /// The first of them.
        package var machine: NodeName
        package var isKnown: Bool
        /// Machines with the same trouble, in natural order; at most a hundred.
        package var machines: [NodeName]
        /// How many have it.
        package var count: Int
        /// The group that all of them are in; nil for machines that are not nodes.
        package var group: GroupPath?
        /// Milliseconds since 1970 when it began; nil: not known.
        @MillisecondTimestamp package var since: Int?
        package var text: String
        package var fix: String

        /// - Parameter machines: one at least.
        package init(
            _ kind: Kind = .failed, machine: NodeName, isKnown: Bool, machines: [NodeName]? = nil,
            group: GroupPath? = nil,
            since: Int? = nil, text: String, fix: String
        ) {
            self.kind = kind
            self.machine = machine
            self.isKnown = isKnown
            self.machines = machines.map { Array($0.prefix(100)) } ?? [machine]
            count = machines?.count ?? 1
            self.group = group
            self.since = since
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

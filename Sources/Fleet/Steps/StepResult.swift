package import Wire

/// How one step of a node's configuration ended, as the node tells it.
package struct StepResult: Equatable, Sendable, Codable {
    /// The name of a ``NodeStep``.
    @MachineText package var name: String
    package var outcome: StepOutcome
    @MachineCount package var attempts: Int
    @MachineCount package var milliseconds: Int
    /// The last lines of its output; those of a failed step begin with the reason.
    @MachineTexts package var output: [String]
    /// The mark that the server gave it; nil: it gave none.
    package var mark: String?

    /// Bytes of a name and of a line, and lines of one step.
    private static let (nameLimit, lineLimit, lineCount) = (128, 400, 24)
    private static let markLimit = 32

    package init(
        name: String, outcome: StepOutcome, attempts: Int = 1, milliseconds: Int = 0, output: [String] = [],
        mark: String? = nil
    ) {
        self.name = name
        self.outcome = outcome
        self.attempts = attempts
        self.milliseconds = milliseconds
        self.output = output
        self.mark = mark
    }

    /// Whether it is something to be looked into.
    package var isFailure: Bool { outcome == .failed || outcome == .timedOut }

    /// ‘command 20-join failed: it ended with status 1’
    package var sentence: String {
        let reason = output.first.map { ": \($0)" } ?? ""
        return "step ‘\(name)’ \(outcome == .timedOut ? "took too long" : "failed")\(reason)"
    }

    private static func isMark(_ text: String) -> Bool {
        (1...markLimit).contains(text.utf8.count) && text.allSatisfy(\.isHexDigit)
    }

    fileprivate var limited: StepResult {
        StepResult(
            name: name.beginning(byteCount: Self.nameLimit), outcome: outcome, attempts: attempts,
            milliseconds: milliseconds,
            output: output.prefix(Self.lineCount).map { $0.beginning(byteCount: Self.lineLimit) },
            mark: mark.flatMap { Self.isMark($0) ? $0 : nil })
    }
}

/// The results of one phase in one boot.
package struct PhaseResults: Equatable, Sendable {
    package var machine: MACAddress
    package var boot: String
    package var phase: StepPhase
    package var results: [StepResult]
    /// Steps that the node carried out while it ran: its other results of the phase stay.
    package var isAddition = false

    /// Steps of one phase that are kept, and bytes of their output.
    private static let (stepLimit, outputLimit) = (256, 32 << 10)

    /// - Parameters:
    ///   - told: what the node says. Of too much of it, the beginning is kept.
    ///   - isAddition: its other results of the phase stay.
    package init(
        machine: MACAddress, boot: String, phase: StepPhase, told: [StepResult], isAddition: Bool = false
    ) {
        self.isAddition = isAddition
        (self.machine, self.boot, self.phase) = (machine, boot, phase)
        var byteCount = 0
        results = told.prefix(Self.stepLimit).map { told in
            var result = told.limited
            byteCount += result.output.reduce(0) { $0 + $1.utf8.count }
            if byteCount > Self.outputLimit { result.output = [] }
            return result
        }
    }

    /// The whole phase, when these are added to earlier results: each in place of the one of its name, or behind all.
    package func added(to earlier: [StepResult]) -> PhaseResults {
        guard isAddition else { return self }
        var all = earlier
        for result in results {
            if let index = all.firstIndex(where: { $0.name == result.name }) {
                all[index] = result
            } else {
                all.append(result)
            }
        }
        return PhaseResults(machine: machine, boot: boot, phase: phase, told: all)
    }

    package var failures: [StepResult] { results.filter(\.isFailure) }
}

import Glibc
import Linux
package import Wire

/// A phase of steps that was carried out.
package struct PhaseRun: Equatable, Sendable {
    /// Of each step, with its mark.
    package let results: [StepRun.Result]
    /// Why nothing behind this phase may go on: a step failed whose policy is to stop. Nil: it may.
    package let stopReason: String?

    /// Carries out the steps of a phase.
    package init(_ steps: [StepWork], _ marks: StepMarks, _ run: StepRun) {
        var (results, stop) = run.carryOut(steps)
        for index in results.indices { results[index].mark = marks[results[index].name] }
        self.results = results
        stopReason = stop.map { "step \($0.name): \($0.output.first ?? $0.outcome.rawValue)" }
    }
}

extension StepPhase {
    /// Where the steps of the phase are on a node.
    package var listPath: String {
        self == .beforeInit ? "/run/roost/configuration/steps/\(rawValue)" : "/run/roost/steps/\(rawValue)"
    }

    /// Where the marks of those steps are.
    package var marksPath: String {
        self == .beforeInit ? StepMarks.deliveredPath : RunningNode.marksPath
    }

    /// The steps in a file; nil: the node has none of this phase.
    package static func steps(in path: String) throws -> [StepWork]? {
        do {
            let bytes = try WholeFile.read(path)
            var wire = bytes.span
            return try [StepWork](parsing: &wire)
        } catch let error as SystemError where error.number == SystemError.isMissing {
            return nil
        }
    }

    /// Carries out the node's steps of this phase, and reports them.
    ///
    /// - Parameter root: where the node's root is; nil: this program runs in it.
    /// - Throws: when a step failed whose policy is to stop.
    package func run(in root: String?) throws {
        guard let steps = try Self.steps(in: listPath) else { return }
        let server = try? ServerTalk(KernelWords.read())
        let marks = StepMarks(marksPath)
        if let root {
            guard unsafe chroot(root) == 0, unsafe chdir("/") == 0 else { throw SystemError("enter \(root)") }
        }
        let run = PhaseRun(steps, marks, StepRun(self, wait: { sleep(UInt32($0)) }))
        StepRun.sayFailures(run.results)
        let reports = StepReports()
        try? reports.keep(run.results, of: self)
        // A server that cannot be reached now gets them later.
        if let server { try? reports.send(to: server) }
        if let reason = run.stopReason { throw UsageError(text: reason) }
    }
}

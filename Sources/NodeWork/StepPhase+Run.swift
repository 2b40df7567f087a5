import Glibc
import Linux
package import Wire

extension StepPhase {
    /// Where the steps of the phase are on a node.
    private var listPath: String {
        self == .beforeInit ? "/run/roost/configuration/steps/\(rawValue)" : "/run/roost/steps/\(rawValue)"
    }

    /// Carries out the node's steps of this phase, and reports them.
    ///
    /// - Parameter root: where the node's root is; nil: this program runs in it.
    /// - Throws: when a step failed whose policy is to stop.
    package func run(in root: String?) throws {
        var steps: [StepWork] = []
        do {
            let bytes = try WholeFile.read(listPath)
            var wire = bytes.span
            steps = try [StepWork](parsing: &wire)
        } catch let error as SystemError where error.number == SystemError.isMissing {
            // The node has no steps of this phase.
            return
        }
        let server = try? ServerTalk(KernelWords.read())
        let marks = StepMarks(self == .beforeInit ? StepMarks.deliveredPath : RunningNode.marksPath)
        if let root {
            guard unsafe chroot(root) == 0, unsafe chdir("/") == 0 else { throw SystemError("enter \(root)") }
        }
        var (results, stop) = StepRun(self, wait: { sleep(UInt32($0)) }).carryOut(steps)
        for index in results.indices { results[index].mark = marks[results[index].name] }
        StepRun.sayFailures(results)
        let reports = StepReports()
        try? reports.keep(results, of: self)
        // A server that cannot be reached now gets them later.
        if let server { try? reports.send(to: server) }
        if let stop {
            throw UsageError(text: "step \(stop.name): \(stop.output.first ?? stop.outcome.rawValue)")
        }
    }
}

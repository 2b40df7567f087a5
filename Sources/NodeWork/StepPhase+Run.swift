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
        if let root {
            guard unsafe chroot(root) == 0, unsafe chdir("/") == 0 else { throw SystemError("enter \(root)") }
        }
        let (results, stop) = StepRun(self, wait: { sleep(UInt32($0)) }).carryOut(steps)
        for result in results where result.outcome != .done {
            let lines = ([result.outcome.rawValue] + result.output).joined(separator: ": ")
            let text = Array("\(PlainText("roost-node: step \(result.name): \(lines)"))\n".utf8)
            _ = unsafe write(STDERR_FILENO, text, text.count)
        }
        let reports = StepReports()
        try? reports.keep(results, of: self)
        // A server that cannot be reached now gets them later.
        if let server { try? reports.send { try server.sendSteps($0, of: $1) } }
        if let stop {
            throw UsageError(text: "step \(stop.name): \(stop.output.first ?? stop.outcome.rawValue)")
        }
    }
}

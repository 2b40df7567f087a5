import Linux
package import Wire

/// Carries out the steps of one phase, one after the other.
package struct StepRun {
    package struct Result: Equatable, Sendable {
        package var name: String
        package var outcome: StepOutcome
        package var attempts: Int
        package var milliseconds: Int
        /// The last lines of its output; those of a failed step begin with the reason.
        package var output: [String]
        /// The mark that the server gave the step, as it gave it.
        package var mark: String?

        package init(
            name: String, outcome: StepOutcome, attempts: Int, milliseconds: Int, output: [String]
        ) {
            self.name = name
            self.outcome = outcome
            self.attempts = attempts
            self.milliseconds = milliseconds
            self.output = output
        }
    }

    /// Lines of output that are reported, and characters of a line.
    private static let (lineLimit, lineLength) = (20, 200)
    /// Seconds between two attempts.
    private static let pause = 2

    private let acting: StepActing
    private let wait: (Int) -> Void

    /// - Parameters:
    ///   - root: what is put before every path; empty in the root itself.
    ///   - content: the directory of the node's files, below the root.
    ///   - nameServers: a file with those of the network, below the root.
    ///   - wait: waits seconds before another attempt.
    package init(
        _ phase: StepPhase, root: String = "", content: String = "/run/roost/configuration/files",
        nameServers: String = "/run/roost/dns", wait: @escaping (Int) -> Void
    ) {
        acting = StepActing(
            files: RootFiles(root: root), content: content, nameServers: nameServers, phase: phase)
        self.wait = wait
    }

    /// - Returns: a result for each step, and the first one whose failure stopped the others.
    package func carryOut(_ steps: [StepWork]) -> (results: [Result], stop: Result?) {
        var results: [Result] = []
        var stop: Result?
        for step in steps {
            guard stop == nil else {
                results.append(
                    Result(name: step.name, outcome: .skipped, attempts: 0, milliseconds: 0, output: []))
                continue
            }
            let result = carryOut(step)
            results.append(result)
            if result.outcome != .done, step.failure == .stop { stop = result }
        }
        return (results, stop)
    }

    private func carryOut(_ step: StepWork) -> Result {
        let start = SystemClock.boot
        var attempt = 1
        while true {
            var (outcome, output) = attemptOnce(step)
            guard outcome == .done || attempt >= step.attempts else {
                wait(Self.pause)
                attempt += 1
                continue
            }
            output = output.map { String($0.prefix(Self.lineLength)) }
            return Result(
                name: step.name, outcome: outcome, attempts: attempt,
                milliseconds: max(0, SystemClock.boot - start), output: output)
        }
    }

    private func attemptOnce(_ step: StepWork) -> (StepOutcome, [String]) {
        var printed = ""
        var (outcome, reason) = (StepOutcome.done, "")
        for act in step.acts {
            do {
                printed += try acting.carryOut(act, secondLimit: Int(step.secondLimit))
                continue
            } catch let failure as StepActing.Failure {
                (outcome, reason) = (failure.isTimedOut ? .timedOut : .failed, failure.reason)
                printed += failure.output
            } catch {
                (outcome, reason) = (.failed, "\(error)")
            }
            break
        }
        let lines = printed.split(whereSeparator: \.isNewline).suffix(Self.lineLimit).map(String.init)
        return (outcome, (reason.isEmpty ? [] : [reason]) + lines)
    }
}

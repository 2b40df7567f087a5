import Glibc
import Linux
package import Wire

/// A running node that carries out changed steps of its configuration.
package enum RunningNode {
    /// What the configuration of this boot brought for that (``ConfigurationEntry/runKey``); only root can read it.
    static let runKeyPath = "/run/roost/run-key"
    /// The server's public key.
    static let serverKeyPath = "/run/roost/server-key"
    /// ``ConfigurationEntry/marks``, for the phases behind *before init*.
    static let marksPath = "/run/roost/marks"

    /// Fetches the steps that the server has for this node, carries them out in order, and reports how each ended.
    ///
    /// - Parameter order: its number.
    package static func applySteps(order: String) throws {
        let server = try ServerTalk(KernelWords.read())
        let steps = try server.fetchChangedSteps(order: order)
        // The root's init runs by now: they are carried out as late ones are.
        let results = carryOut(steps, StepRun(.late, wait: { sleep(UInt32($0)) }))
        StepRun.sayFailures(results.map(\.result))
        let reports = StepReports()
        for phase in StepPhase.allCases {
            let those = results.filter { $0.phase == phase }.map(\.result)
            if !those.isEmpty { try reports.keep(those, of: phase, isAddition: true) }
        }
        try? reports.send(to: server)
    }

    /// - Returns: a result for each step, with its mark.
    package static func carryOut(
        _ steps: [AppliedStep], _ run: StepRun
    ) -> [(phase: StepPhase, result: StepRun.Result)] {
        zip(steps, run.carryOut(steps.map(\.work)).results).map { step, result in
            var result = result
            result.mark = step.mark
            return (step.phase, result)
        }
    }
}

/// The marks of steps, by name.
package struct StepMarks {
    static let deliveredPath = "/run/roost/configuration/\(ConfigurationEntry.marks.rawValue)"

    private let marks: [String: String]

    /// - Parameter path: a file of ``ConfigurationEntry/marks``; without it the server gave none.
    init(_ path: String) {
        self.init(text: String(decoding: (try? WholeFile.read(path)) ?? [], as: UTF8.self))
    }

    package init(text: String) {
        let lines = text.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 1) }
        marks = Dictionary(
            lines.filter { $0.count == 2 }.map { (String($0[1]), String($0[0])) }, uniquingKeysWith: { $1 })
    }

    package subscript(name: String) -> String? { marks[name] }
}

extension StepRun {
    /// Says on standard error what failed.
    static func sayFailures(_ results: [Result]) {
        for result in results where result.outcome != .done {
            let lines = ([result.outcome.rawValue] + result.output).joined(separator: ": ")
            let text = Array("\(PlainText("roost-node: step \(result.name): \(lines)"))\n".utf8)
            _ = unsafe write(STDERR_FILENO, text, text.count)
        }
    }
}

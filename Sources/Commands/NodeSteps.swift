import API
import ArgumentParser
import Fleet
import Foundation
import Wire

struct NodeSteps: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "steps",
        abstract: "Show the steps of a node's configuration, and how they ended in its last boot.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Node name or hardware address.", completion: .nodes) var node: String
    @OptionGroup var time: TimeOptions

    func run() async throws {
        try await reportingFailure {
            let path = "nodes/\(APIClient.escaped(node))/steps\(time.query)"
            try output.write(try await server.client.get(path, StepsAnswer.self), table: Self.text)
        }
    }

    /// Of steps at shutdown, that of the last shutdown.
    private static func outcome(of step: StepsAnswer.Step) -> String {
        if step.isToCome { return "at shutdown" }
        guard step.formerBoot != nil else { return step.outcome?.rawValue ?? "not reported" }
        return "\(step.outcome?.rawValue ?? "unknown"), last shutdown"
    }

    private static func text(_ answer: StepsAnswer) -> String {
        var table = TextTable(["STEP", "PHASE", "SETTING", "RESULT", "TOOK", "MEDIAN"])
        for step in answer.steps {
            let outcome = Self.outcome(of: step)
            table.add([
                step.name, step.phase.rawValue, step.setting ?? "-",
                step.attempts > 1 ? "\(outcome) (\(step.attempts) attempts)" : outcome,
                step.outcome == nil
                    ? "-" : Shown.seconds(step.milliseconds) + (step.isOutlier ? " (long)" : ""),
                step.median.map { Shown.seconds($0) } ?? "-",
            ])
        }
        let boot = answer.boot.map { boot in
            "boot \(boot)" + (answer.startedAt.map { " of \(Shown.time(second: $0 / 1_000))" } ?? "")
        }
        var text = "\(boot ?? "no boot was seen")\n\(table.text)"
        for step in answer.steps where step.isFailure {
            text += "\n\(step.name):\n" + step.output.map { "  \($0)\n" }.joined()
            guard let setting = step.setting, let origin = step.origin else { continue }
            text +=
                "  It comes from the setting \(setting) (\(origin)). A changed one is carried out by ‘roost node apply’ or the next boot.\n"
        }
        return text
    }
}

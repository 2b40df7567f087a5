import API
import Fleet
import Wire

extension NodeView {
    /// The steps of its configuration.
    struct Steps: View {
        var table: TableView<Step>
    }

    struct Step: View {
        var name: String
        var phase: String
        var setting: String
        var outcome: String
        /// A class of its state: `ready`, `failed`, `unseen`.
        var kind: String
        var took: String
        /// Of the group's last boots.
        var median: String
        /// It took much longer.
        var isOutlier: Bool
        /// More than one.
        var attempts: Int?
        var output: String
    }
}

extension NodeView.Steps {
    init(_ answer: StepsAnswer, _ words: Words) {
        table = TableView(
            words("Steps of the last boot"),
            columns: words.all("Step", "Phase", "Setting", "Result", "Took", "Median", "Output"),
            rows: answer.steps.map { NodeView.Step($0, words) })
    }
}

extension NodeView.Step {
    init(_ step: StepsAnswer.Step, _ words: Words) {
        name = step.name
        phase = step.phase.rawValue
        setting = step.setting ?? ""
        (outcome, kind) =
            switch step.outcome {
            case .done: (words("done"), "ready")
            case .failed: (words("failed"), "failed")
            case .timedOut: (words("took too long"), "failed")
            case .skipped: (words("skipped"), "unseen")
            case nil where step.isToCome: (words("at shutdown"), "unseen")
            case nil where step.formerBoot != nil: (words("unknown"), "unseen")
            case nil: (words("not reported"), "unseen")
            }
        if step.formerBoot != nil { outcome += " (\(words("last shutdown")))" }
        took = step.outcome == nil ? "" : Format.duration(step.milliseconds)
        median = step.median.map { Format.duration($0) } ?? ""
        isOutlier = step.isOutlier
        attempts = step.attempts > 1 ? step.attempts : nil
        // The reason of a failure comes first; the rest is what programs printed.
        let reason = step.outcome == .failed ? step.output.prefix(1).map { words.told($0) } : []
        output = (reason + step.output.dropFirst(reason.count)).joined(separator: "\n")
    }
}

extension NodeView.Warning {
    /// A step of its configuration failed in its last boot.
    init(_ step: StepsAnswer.Step, _ words: Words) {
        text = words(
            "Step %1 (%2) failed in the last boot: %3", step.name, step.phase.rawValue,
            words.told(step.output.first ?? ""))
        guard let setting = step.setting, let origin = step.origin else { return }
        text +=
            ". "
            + words(
                "It comes from the setting %1 (%2): change it there, and the next boot carries it out again.",
                setting, words.told(origin))
    }
}

import API
import Fleet
import Wire

/// What differs between a node's configuration and the running node, and the form by which it carries that out.
struct StepChangesView: TemplateView {
    static let template = PageTemplate("stepchanges", Embedded.stepchanges_mustache)

    var name: String
    /// Nil when nothing differs.
    var table: TableView<Row>?
    /// Nil when all that differs waits for a start.
    var saving: ConfirmView?

    struct Row: View {
        var name: String
        var phase: String
        var setting: String
        var origin: String
        var change: String
        var effect: String
    }

    init(_ changes: StepChangesAnswer, of node: NodeName, _ words: Words) {
        name = node.text
        guard !changes.steps.isEmpty else { return }
        table = TableView(
            words("Changed steps"),
            columns: words.all("Step", "Phase", "Setting", "Change", "Takes effect"),
            rows: changes.steps.map { Row($0, words) })
        guard changes.readyCount > 0 else { return }
        saving = ConfirmView(
            path: "/nodes/\(node)/apply", hidden: [HiddenView("tag", changes.tag)],
            label: words("Carry them out now"),
            back: LinkView(path: "/nodes/\(node)", label: words("Back")))
    }
}

extension StepChangesView.Row {
    init(_ step: StepChangesAnswer.Step, _ words: Words) {
        name = step.name
        phase = step.phase.rawValue
        setting = step.setting ?? ""
        origin = words.told(step.origin ?? "")
        change =
            switch step.change {
            case .new: words("new")
            case .changed: words("changed")
            case .failed: words("not done")
            case .removed: words("removed")
            }
        effect =
            switch step.waits {
            case nil: words("at once")
            case .start: words("at the next start")
            case .inUse: words("at the next start: what it changes may be in use")
            }
    }
}

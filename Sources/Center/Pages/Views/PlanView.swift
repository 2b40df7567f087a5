import API
import Fleet

/// The effects of a change, and the form that saves it.
struct PlanView: TemplateView {
    static let template = PageTemplate("plan", Embedded.plan_mustache)

    /// The list of nodes behind the change.
    var list: List?
    /// The edits in words.
    var edits: [String]
    /// What becomes of networks; nil where nothing does.
    var notes: Notes?
    /// Nodes that would change.
    var count: Int
    var counts: [Count]
    /// Nil when no node would change.
    var nodes: TableView<Row>?
    /// Nodes that are not shown.
    var more: Int?
    /// Nil while it cannot be saved.
    var saving: ConfirmView?
    var back: String

    struct List: View {
        var summary: String
        var encoding: String
        var unused: String?
        var table: TableView<Line>
    }

    struct Line: View {
        var line: Int
        var node: String
        var fate: String
        var isRefused: Bool
        var text: String
    }

    struct Notes: View {
        var lines: [String]
    }

    struct Count: View {
        var name: String
        var count: Int
    }

    struct Row: View {
        var node: String
        var setting: String
        var before = ""
        var after = ""
        var origin = ""
    }

    /// The hidden fields that save it.
    struct Saving {
        /// The change as JSON.
        var change: String
        /// The revision of the configuration that it was compared with.
        var revision: Int
    }

    init(_ plan: ChangePlan, _ saving: Saving, back: String, _ words: Words) {
        self.init(plan, edits: plan.edits, saving, back: back, words)
    }

    /// - Parameter saving: nil while a row is refused, or when there is nothing to save.
    init(of list: ImportAnswer, _ saving: Saving?, back: String, _ words: Words) {
        self.init(
            list.plan, edits: list.groups.map { "group \($0) added" }, saving, back: back, words)
        self.list = List(
            summary: list.summary, encoding: list.encoding.rawValue,
            unused: list.unusedColumns.joined(separator: ", "),
            table: TableView(
                words("Rows of the list"), columns: words.all("Line", "Node", "Result", "Detail"),
                rows: list.rows.map { row in
                    Line(
                        line: row.line, node: row.node, fate: words(row.fate.rawValue),
                        isRefused: row.fate == .refused,
                        text: row.reason.map { words($0) } ?? row.changes.joined(separator: "; "))
                }))
    }

    private init(
        _ plan: ChangePlan?, edits: [String], _ saving: Saving?, back: String, _ words: Words
    ) {
        self.edits = edits.map { words.told($0) }
        notes = plan?.notes.map { Notes(lines: $0.map { words.told($0) }) }
        self.back = back
        count = plan?.nodeCount ?? 0
        counts = (plan?.counts ?? [:]).sorted { $0.key < $1.key }.map {
            Count(name: $0.key, count: $0.value)
        }
        let rows = (plan?.nodes ?? []).flatMap { Self.rows(of: $0, words) }
        if !rows.isEmpty {
            nodes = TableView(
                words("What would change"),
                columns: words.all("Node", "Setting", "Before", "After", "Comes from"), rows: rows)
        }
        if let plan, plan.nodeCount > plan.nodes.count { more = plan.nodeCount - plan.nodes.count }
        self.saving = saving.map { saving in
            ConfirmView(
                path: "/changes",
                hidden: [
                    HiddenView("change", saving.change), HiddenView("revision", String(saving.revision)),
                    HiddenView("back", back),
                ], label: words("Save"), back: LinkView(path: back, label: words("Leave it as it is")))
        }
    }

    private static func rows(of node: ChangePlan.NodeChange, _ words: Words) -> [Row] {
        guard !node.settings.isEmpty else {
            return [Row(node: node.node.text, setting: words(node.kind.rawValue))]
        }
        return node.settings.map { setting in
            Row(
                node: node.node.text, setting: setting.name, before: setting.before?.description ?? "",
                after: setting.after?.description ?? "", origin: words.told(setting.origin))
        }
    }
}

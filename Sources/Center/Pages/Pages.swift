import API
import Fleet
import Foundation
import Hummingbird
import Wire

/// What all pages that show the fleet have in common.
struct Pages {
    let renderer: PageRenderer

    func add(to routes: Routes) {
        DashboardPage(pages: self).add(to: routes)
        NodesPage(pages: self).add(to: routes)
        NodePage(pages: self).add(to: routes)
        MachinesPage(pages: self).add(to: routes)
        GroupsPage(pages: self).add(to: routes)
        RulesPage(pages: self).add(to: routes)
        NetworksPage(pages: self).add(to: routes)
        ImagesPage(pages: self).add(to: routes)
        BuildsPage(pages: self).add(to: routes)
        VersionsPage(pages: self).add(to: routes)
        RolloutsPage(pages: self).add(to: routes)
        VolumesPage(pages: self).add(to: routes)
        HistoryPages(pages: self).add(to: routes)
        AccessPages(pages: self).add(to: routes)
        WizardPage(pages: self).add(to: routes)
        HooksPage(pages: self).add(to: routes)
        routes.post("changes", .enrol) { _, context, acts in try await self.save(context, acts)
        }
    }

    func show(
        _ template: String, _ title: String, section: String, _ fields: [String: Any], _ request: Request,
        _ context: CenterContext, status: HTTPResponse.Status = .ok
    ) throws -> Response {
        try renderer.page(
            template, PageRenderer.Frame(title: title, section: section), fields, request: request,
            context: context, status: status)
    }

    func redirect(_ path: String) -> Response { Response(status: .seeOther, headers: [.location: path]) }

    func form(_ context: CenterContext) throws -> Form {
        guard let form = context.form else { throw Problem(400, "Unreadable request", "this is not a form") }
        return form
    }

    /// How far a boot has come, in the words of the page.
    func shown(_ stage: BootStage?, failure: String, _ words: Words) -> String {
        switch stage {
        case nil: words("no boot seen")
        case .ready: words("ready")
        case .failed: "\(words("failed")): \(failure)"
        case let stage?: words("at %1", stage.rawValue)
        }
    }

    func shown(_ boot: BootTimeline?, _ words: Words) -> String {
        shown(boot?.entries.last?.stage, failure: boot?.entries.last?.detail ?? "", words)
    }

    func shown(_ machine: MachineAnswer, _ words: Words) -> String {
        shown(machine.stage, failure: machine.failure ?? "", words)
    }

    /// The class in the style sheet.
    func kind(_ stage: BootStage?) -> String {
        switch stage {
        case nil: "unseen"
        case .ready: "ready"
        case .failed: "failed"
        default: "booting"
        }
    }

    // MARK: What if

    /// Shows what a change would do; its form saves it.
    func plan(
        _ planned: Acts.PlannedChange, back: String, section: String, _ request: Request,
        _ context: CenterContext
    ) throws -> Response {
        var fields = planFields(planned.plan, context)
        try addSaving(planned.change, at: planned.revision, back: back, to: &fields)
        return try show("plan", "What would change", section: section, fields, request, context)
    }

    /// Shows what becomes of each row of a list of nodes; while one is refused, nothing can be saved.
    func plan(of preview: Acts.ImportPreview, _ request: Request, _ context: CenterContext) throws -> Response
    {
        let (list, back) = (preview.answer, "/nodes")
        let words = renderer.words(context)
        var fields = list.plan.map { planFields($0, context) } ?? ["count": 0]
        fields["edits"] = list.groups.map { "group \($0) added" }
        fields["back"] = back
        fields["list"] = [
            "summary": list.summary, "encoding": list.encoding.rawValue,
            "unused": list.unusedColumns.joined(separator: ", "), "hasUnused": !list.unusedColumns.isEmpty,
            "rows": list.rows.map { row in
                [
                    "line": row.line, "node": row.node, "fate": words(row.fate.rawValue),
                    "isRefused": row.fate == .refused,
                    "text": row.reason ?? row.changes.joined(separator: "; "),
                ] as [String: Any]
            },
        ]
        if let change = preview.change {
            try addSaving(change, at: preview.revision, back: back, to: &fields)
        }
        return try show("plan", "What would change", section: back, fields, request, context)
    }

    private func planFields(_ plan: ChangePlan, _ context: CenterContext) -> [String: Any] {
        let words = renderer.words(context)
        let rows = plan.nodes.flatMap { node -> [[String: Any]] in
            guard !node.settings.isEmpty else {
                return [["node": node.node.text, "setting": words(node.kind.rawValue)]]
            }
            return node.settings.map { setting in
                [
                    "node": node.node.text, "setting": setting.name,
                    "before": setting.before?.description ?? "", "after": setting.after?.description ?? "",
                    "origin": setting.origin,
                ]
            }
        }
        return [
            "edits": plan.edits, "notes": plan.notes ?? [], "hasNotes": plan.notes != nil,
            "count": plan.nodeCount, "nodes": rows, "hasNodes": !rows.isEmpty,
            "more": plan.nodeCount > plan.nodes.count ? plan.nodeCount - plan.nodes.count : 0,
            "counts": plan.counts.sorted { $0.key < $1.key }.map {
                ["name": $0.key, "count": $0.value] as [String: Any]
            },
        ]
    }

    /// What the form of a plan brings along to save it.
    private func addSaving(
        _ change: ChangeRequest, at revision: Int, back: String, to fields: inout [String: Any]
    ) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        fields["saving"] =
            [
                "change": PlainText(json: try encoder.encode(change)).description, "revision": revision,
            ] as [String: Any]
        fields["back"] = back
    }

    /// Saves what a plan showed, unless one of its records has changed since.
    private func save(_ context: CenterContext, _ acts: Acts) async throws -> Response {
        let form = try form(context)
        let change = try JSONDecoder().decode(ChangeRequest.self, from: Data(form["change"].utf8))
        let revision = try await acts.make(change, planned: Int(form["revision"]))
        return redirect(Back.done(Back.path(form["back"]), revision))
    }
}

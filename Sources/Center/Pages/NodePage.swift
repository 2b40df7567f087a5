import API
import Fleet
import Foundation
import Hummingbird
import Wire

/// One node: its settings with their origin, its boots, its hardware, and who changed it.
struct NodePage {
    let pages: Pages

    func add(to routes: Routes) {
        routes.get("nodes/:name", .read) { request, context, acts in
            try await show(request, context, acts)
        }
        routes.post("nodes/:name/edit", .configure) { request, context, acts in
            try await edit(request, context, acts)
        }
        routes.post("nodes/:name/restart", .enrol) { _, context, acts in
            let name = try context.parameter("name")
            try await acts.restart(name)
            return pages.redirect("/nodes/\(Escape.component(name))")
        }
        routes.get("nodes/:name/apply", .read) { request, context, acts in
            let changes = try await acts.stepChanges(context.parameter("name"))
            let name = try NodeName(context.parameter("name"))
            let view = StepChangesView(changes, of: name, pages.renderer.words(context))
            return try pages.show(view, name.text, section: "/nodes", request, context)
        }
        routes.post("nodes/:name/apply", .enrol) { _, context, acts in
            let name = try context.parameter("name")
            let tag = try pages.form(context)["tag"]
            _ = try await acts.applySteps(name, tag: tag.isEmpty ? nil : tag)
            return pages.redirect("/nodes/\(Escape.component(name))")
        }
        routes.post("nodes/:name/dismiss", .enrol) { _, context, acts in
            let name = try context.parameter("name")
            try await acts.dismissAlarm(of: name)
            return pages.redirect("/nodes/\(Escape.component(name))")
        }
        routes.post("nodes/:name/tpm/accept", .configure) { _, context, acts in
            let name = try context.parameter("name")
            _ = try await acts.acceptTPM(
                of: name, AcceptTPMRequest(tpm: try pages.form(context)["tpm"]))
            return pages.redirect("/nodes/\(Escape.component(name))")
        }
        routes.post("nodes/:name/tpm/forget", .configure) { _, context, acts in
            let name = try context.parameter("name")
            try await acts.forgetTPM(of: name)
            return pages.redirect("/nodes/\(Escape.component(name))")
        }
        routes.post("nodes/:name/release", .configure) { _, context, acts in
            let name = try context.parameter("name")
            try await acts.release(name)
            return pages.redirect("/nodes/\(Escape.component(name))")
        }
    }

    private func show(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws -> Response {
        let views = try acts.at(request)
        let words = pages.renderer.words(context)
        let details = try await views.nodeDetails(context.parameter("name"))
        let answer = details.answer
        let node = answer.node
        var view = NodeView(answer, at: views.at, medians: details.medians, words)
        if let alarm = answer.alarm {
            view.warnings.append(
                NodeView.Warning(alarm, of: node.name, mayDismiss: details.mayDismiss, words))
        }
        if let tpm = answer.tpm {
            let mayDecide = details.editable != nil
            if let refused = tpm.refused {
                view.warnings.append(
                    NodeView.Warning(refusedTPM: refused, of: node.name, mayAccept: mayDecide, words))
            }
            view.tpm = tpm.bound.map { NodeView.TPM($0, mayForget: mayDecide, words) }
        }
        if let trouble = details.trouble {
            view.warnings.append(
                NodeView.Warning(trouble, of: node.name, mayRelease: details.editable != nil, words))
        }
        view.steps = NodeView.Steps(details.steps, words)
        if !details.receipts.isEmpty { view.receipts = SecretReceiptRow.table(details.receipts, words) }
        if views.at == nil {
            view.warnings += details.steps.steps.filter(\.isFailure).map { NodeView.Warning($0, words) }
        }
        if let hardware = answer.hardware {
            let changes = try await views.hardware(node.name.text).changes
            view.hardware = NodeView.HardwareView(hardware, changes: changes)
        }
        if details.showsSessions { view.sessions = NodeView.Sessions(answer.sessions, words) }
        if views.at == nil {
            let log = try await views.log(node.name.text, lineCount: 100)
            view.log = log.lines.joined(separator: "\n")
            view.crashes = log.crashes.map {
                NodeView.Crash(at: Format.time(second: $0.at), text: $0.text)
            }
        }
        if details.mayRestart {
            view.restart = ActionView(
                path: "/nodes/\(node.name)/restart", label: words("Restart"), style: "quiet")
            view.applying = "/nodes/\(node.name)/apply"
            view.later = "/schedules?act=restart&on=\(node.name)"
        }
        if let editable = details.editable {
            view.edit = NodeView.Edit(
                node, own: editable.own, tag: editable.tag,
                groups: acts.groupPaths(.configure).map(\.description), effective: editable.effective, words)
        }
        if details.mayAudit {
            let filter = RevisionFilter(kind: "node", key: node.name.text, limit: 10)
            view.history = NodeView.History(
                changes: try await acts.revisions(filter).0.map(ChangeView.init))
        }
        return try pages.show(view, node.name.text, section: "/nodes", request, context)
    }

    // MARK: Editing

    private func edit(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws -> Response {
        let form = try pages.form(context)
        let name = try NodeName(context.parameter("name"))
        if form.has("remove") {
            let planned = try acts.plan(ChangeRequest(edits: [ChangeRequest.Edit(.node(name, nil))]))
            return try pages.plan(planned, back: "/nodes", section: "/nodes", request, context)
        }
        let planned = try acts.planNode(name, ifMatch: form["tag"]) { stored in
            let own = try SettingFields.change(form, target: name.text, own: stored.settings)
            return try NodeFields.node(form, settings: own.applied(to: stored.settings))
        }
        let target = try NodeName(form["name"])
        return try pages.plan(planned, back: "/nodes/\(target)", section: "/nodes", request, context)
    }
}

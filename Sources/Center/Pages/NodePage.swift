import API
import Fleet
import Foundation
import Hummingbird
import Wire

/// One node: what is wrong with it, what it would boot, and in tabs its boots, settings, hardware, log and history.
struct NodePage: FleetPage {
    static let views: [any TemplateView.Type] = [NodeView.self, StepChangesView.self]

    let pages: Pages

    func add(to routes: Routes) {
        routes.get("nodes/:name", .read) { request, context, acts in
            try await show(request, context, acts)
        }
        routes.post("nodes/:name/edit", .configure) { request, context, acts in
            try await edit(request, context, acts)
        }
        routes.get("nodes/:name/restart", .enrol) { request, context, acts in
            try await askRestart(request, context, acts)
        }
        routes.post("nodes/:name/restart", .enrol) { _, context, acts in
            let name = try context.parameter("name")
            try await acts.restart(name)
            return pages.redirect("/nodes/\(Escape.component(name))")
        }
        routes.post("nodes/:name/power-off", .enrol) { _, context, acts in
            let name = try context.parameter("name")
            try await acts.powerOff(name)
            return pages.redirect("/nodes/\(Escape.component(name))")
        }
        routes.post("nodes/:name/wake", .enrol) { _, context, acts in
            let name = try context.parameter("name")
            try await acts.wake(name)
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
        let tabs = NodeTab.allCases.filter { tab in
            switch tab {
            // A log is that of now.
            case .log: views.at == nil && details.seesTold
            case .history: details.mayAudit
            default: true
            }
        }
        let wish = request.query("tab").flatMap { NodeTab(rawValue: $0) } ?? .overview
        let tab = tabs.contains(wish) ? wish : .overview
        var view = NodeView(answer, tabs: tabs, current: tab, at: views.at, words)
        view.warnings = Self.warnings(details, isNow: views.at == nil, words)
        if details.mayRestart {
            view.offerOrders(isReady: answer.state == .ready, words)
            view.later = "/schedules?act=restart&on=\(answer.node.name)"
        } else if acts.may(.enrol, in: answer.node.group), details.mayBeOff, views.at == nil {
            view.offerWake(words)
        }
        switch tab {
        case .overview: view.overview = try await overview(details, views, words)
        case .boots:
            view.activity = NodeView.Activity(
                sparkline: NodeView.Sparkline(answer.boots, words),
                boots: answer.boots.enumerated().map {
                    NodeView.Boot($1, isFirst: $0 == 0, details.medians, words)
                }, steps: NodeView.Steps(details.steps, words))
        case .settings: view.configuration = configuration(details, acts, words)
        case .hardware:
            view.inventory = NodeView.Inventory()
            if let hardware = answer.hardware {
                let changes = try await views.hardware(answer.node.name.text).changes
                view.inventory = NodeView.Inventory(hardware, changes: changes)
            }
        case .log: view.journal = NodeView.Journal(try await views.log(answer.node.name.text, lineCount: 300))
        case .history:
            let filter = RevisionFilter(kind: "node", key: answer.node.name.text, limit: 50)
            view.history = NodeView.History(
                changes: try await acts.revisions(filter).0.map { ChangeView($0, words) })
        }
        return try pages.show(view, answer.node.name.text, section: "/nodes", request, context)
    }

    private func overview(_ details: Acts.NodeDetails, _ views: Acts, _ words: Words) async throws
        -> NodeView.Overview
    {
        let answer = details.answer
        var overview = NodeView.Overview(answer, at: views.at, medians: details.medians, words)
        overview.tpm = answer.tpm?.bound.map {
            NodeView.TPM($0, mayForget: details.editable != nil, words)
        }
        if details.showsSessions { overview.sessions = NodeView.Sessions(answer.sessions, words) }
        if views.at == nil {
            overview.terminalSessions = NodeView.sessions(
                try await views.terminalSessions(at: answer.node.name),
                mayHelp: { views.may(.enrol, in: $0) }, now: Clock.second, words)
            let machine = answer.isKnown ? answer.node.name.text : answer.node.macAddresses.first?.description
            let next = try await views.explain(
                machine ?? answer.node.name.text, uuid: nil, Explanation.Asked())
            overview.next = NodeView.Next(next, words)
        }
        return overview
    }

    private func configuration(_ details: Acts.NodeDetails, _ acts: Acts, _ words: Words)
        -> NodeView.Configuration
    {
        var configuration = NodeView.Configuration(details.answer.settings, words)
        if !details.receipts.isEmpty {
            configuration.receipts = SecretReceiptRow.table(details.receipts, words)
        }
        if let editable = details.editable {
            configuration.edit = NodeView.Edit(
                details.answer.node, own: editable.own, tag: editable.tag,
                groups: acts.groupPaths(.configure).map(\.description), effective: editable.effective, words)
        }
        return configuration
    }

    /// What is wrong with it, whatever tab is open.
    private static func warnings(_ details: Acts.NodeDetails, isNow: Bool, _ words: Words)
        -> [NodeView.Warning]
    {
        let (answer, name) = (details.answer, details.answer.node.name)
        let mayDecide = details.editable != nil
        var warnings: [NodeView.Warning] = []
        if let alarm = answer.alarm {
            warnings.append(NodeView.Warning(alarm, of: name, mayDismiss: details.mayDismiss, words))
        }
        if let refused = answer.tpm?.refused {
            warnings.append(NodeView.Warning(refusedTPM: refused, of: name, mayAccept: mayDecide, words))
        }
        if let trouble = details.trouble {
            warnings.append(NodeView.Warning(trouble, of: name, mayRelease: mayDecide, words))
        }
        guard isNow else { return warnings }
        if let now = NodeView.Warning(
            answer, alike: details.alike, failure: details.failure, usual: details.usualTime,
            mayRestart: details.mayRestart, words)
        {
            warnings.append(now)
        }
        return warnings + details.steps.steps.filter(\.isFailure).map { NodeView.Warning($0, words) }
    }

    /// Says who is logged in before it restarts, or switches itself off.
    private func askRestart(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws
        -> Response
    {
        let details = try await acts.nodeDetails(context.parameter("name"))
        let view = RestartView(
            details.answer, mayRestart: details.mayRestart, isOff: request.query("act") == "power-off",
            pages.renderer.words(context))
        return try pages.show(view, details.answer.node.name.text, section: "/nodes", request, context)
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

import API
import Fleet
import Foundation
import Hummingbird
import Wire

/// One node: its settings with their origin, its boots, its hardware, and who changed it.
struct NodePage {
    let pages: Pages

    func add(to routes: Routes) {
        routes.get("nodes/:name", .read) { request, context, caller in
            try await show(request, context, caller)
        }
        routes.post("nodes/:name/edit", .configure) { request, context, caller in
            try await edit(request, context, caller)
        }
        let actions = NodeActionRoutes(services: pages.services)
        routes.post("nodes/:name/restart", .enrol) { _, context, caller in
            let name = try context.parameter("name")
            try await actions.restart(name, caller)
            return pages.redirect("/nodes/\(Escape.component(name))")
        }
        routes.post("nodes/:name/dismiss", .enrol) { _, context, caller in
            let name = try context.parameter("name")
            try actions.dismissAlarm(name, caller)
            return pages.redirect("/nodes/\(Escape.component(name))")
        }
        routes.post("nodes/:name/release", .configure) { _, context, caller in
            let name = try context.parameter("name")
            try await actions.release(name, caller)
            return pages.redirect("/nodes/\(Escape.component(name))")
        }
    }

    private func show(_ request: Request, _ context: CenterContext, _ caller: Caller) async throws -> Response
    {
        let views = try pages.views(request, caller)
        let words = pages.renderer.words(context)
        let answer = try await views.node(context.parameter("name"))
        let (node, snapshot) = (answer.node, try await views.snapshot())
        let stored = snapshot.nodes[node.name]
        let isNow = views.at == nil
        var view = NodeView(answer, at: views.at, medians: medians(of: node, in: snapshot), words)
        let mayEdit = isNow && stored != nil && caller.allows(.configure, in: node.group)
        if let alarm = answer.alarm {
            let mayDismiss = caller.allows(.enrol, in: node.group)
            view.warnings.append(NodeView.Warning(alarm, of: node.name, mayDismiss: mayDismiss, words))
        }
        if isNow, let trouble = stored.flatMap({ snapshot.trouble(holding: $0) }) {
            view.warnings.append(NodeView.Warning(trouble, of: node.name, mayRelease: mayEdit, words))
        }
        if let hardware = answer.hardware {
            let changes = try await views.hardware(node.name.text).changes
            view.hardware = NodeView.HardwareView(hardware, changes: changes)
        }
        if isNow {
            let settings = snapshot.settings(of: stored)
            if settings.isOn(.reportSessions) { view.sessions = NodeView.Sessions(answer.sessions, words) }
            let log = try await views.log(node.name.text, lineCount: 100)
            view.log = log.lines.joined(separator: "\n")
            view.crashes = log.crashes.map {
                NodeView.Crash(at: Format.time(second: $0.at), text: $0.text)
            }
            if stored != nil, answer.boots.first?.readyAfter != nil, caller.allows(.enrol, in: node.group) {
                view.restart = ActionView(
                    path: "/nodes/\(node.name)/restart", label: words("Restart"), style: "quiet")
            }
            if let stored, mayEdit {
                view.edit = NodeView.Edit(
                    stored, tag: try RecordTag.of(stored), groups: pages.groups(caller, .configure),
                    effective: settings, words)
            }
        }
        if caller.allows(.audit, in: node.group) {
            let filter = RevisionFilter(kind: "node", key: node.name.text, limit: 10)
            let history = HistoryRoutes(services: pages.services)
            view.history = NodeView.History(
                changes: try await history.revisions(filter, caller).0.map(ChangeView.init))
        }
        return try pages.show(view, node.name.text, section: "/nodes", request, context)
    }

    /// Median milliseconds of each stage over the last boots of the node's group.
    private func medians(of node: Node, in snapshot: FleetSnapshot) -> [BootStage: Int] {
        let boots = pages.fleet.boots
        let neighbours = snapshot.nodes.values.lazy.filter { $0.group == node.group }.prefix(1_000)
        return BootFigures(neighbours.flatMap { snapshot.cards(of: $0).compactMap { boots[$0] } }).stages
    }

    // MARK: Editing

    private func edit(_ request: Request, _ context: CenterContext, _ caller: Caller) async throws -> Response
    {
        let form = try pages.form(context)
        let name = try NodeName(context.parameter("name"))
        guard let stored = pages.fleet.snapshot.nodes[name] else {
            throw StoreError.notFound("there is no node \(name)")
        }
        if form.has("remove") {
            let change = ChangeRequest(edits: [ChangeRequest.Edit(removeNode: name)])
            return try pages.plan(change, back: "/nodes", section: "/nodes", request, context, caller)
        }
        try RecordTag.check(form["tag"], stored)
        let own = try SettingFields.change(form, target: name.text, own: stored.settings)
        var node = try NodeFields.node(form, settings: own.applied(to: stored.settings))
        node.uuid = stored.uuid
        var edits = [ChangeRequest.Edit(node: node)]
        if node.name != name { edits.insert(ChangeRequest.Edit(removeNode: name), at: 0) }
        return try pages.plan(
            ChangeRequest(edits: edits), back: "/nodes/\(node.name)", section: "/nodes", request, context,
            caller)
    }
}

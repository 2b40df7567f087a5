import API
import Fleet
import Foundation
import Hummingbird

/// The tree of groups with the settings of one; the site's own are the page of settings.
struct GroupsPage {
    let pages: Pages

    func add(to routes: Routes) {
        routes.get("groups", .read) { request, context, caller in
            let path = try GroupPath(request.query("path") ?? "/")
            return try await show(path, hasTree: true, request, context, caller)
        }
        routes.get("settings", .read) { request, context, caller in
            try await show(.site, hasTree: false, request, context, caller)
        }
        routes.post("groups/add", .configure) { _, context, caller in
            let form = try pages.form(context)
            let parent = form["parent"] == "/" ? "" : form["parent"]
            let path = try GroupPath("\(parent)/\(form["name"])")
            // Before anything else: which groups there are is not for those who may not see them.
            try caller.require(.configure, in: path)
            let snapshot = try await pages.apply(caller) { current in
                guard current.groups[path] == nil else {
                    throw StoreError.conflict("group \(path) is there already")
                }
                return [.group(path, NodeGroup(path: path))]
            }
            return pages.redirect(
                Back.done("/groups?path=\(Escape.component(path.description))", snapshot.revision))
        }
        routes.post("groups/edit", .configure) { request, context, caller in
            try edit(request, context, caller)
        }
    }

    private func show(
        _ path: GroupPath, hasTree: Bool, _ request: Request, _ context: CenterContext, _ caller: Caller
    ) async throws -> Response {
        let views = try pages.views(request, caller)
        let (snapshot, words) = (try await views.snapshot(), pages.renderer.words(context))
        // Before anything else: which groups there are is not for those who may not see them.
        if !hasTree || path != .site { try caller.require(.read, in: path) }
        guard path == .site || snapshot.groups[path] != nil else {
            throw StoreError.notFound("there is no group \(path)")
        }
        var counts: [GroupPath: Int] = [:]
        for node in snapshot.nodes.values {
            for ancestor in node.group.lineage { counts[ancestor, default: 0] += 1 }
        }
        let paths = Set(snapshot.groups.keys).union([.site])
        let tree = paths.filter { caller.sees($0) || $0 == .site }.sorted().map { group -> [String: Any] in
            [
                "escaped": Escape.component(group.description),
                "label": group == .site ? words("Site") : group.lastPart,
                "depth": min(5, group.parts.count), "count": counts[group] ?? 0, "current": group == path,
            ]
        }
        let mayEdit = caller.allows(.configure, in: path) && views.at == nil
        let definitions = SettingDefinition.all.filter { path == .site || !$0.isSiteWide }
        var fields: [String: Any] = [
            "showTree": hasTree, "tree": tree, "path": path.description,
            "heading": hasTree ? (path == .site ? words("Site") : path.description) : words("Settings"),
            "nodeCount": counts[path] ?? 0, "mayEdit": mayEdit, "mayRemove": path != .site,
            "nodesQuery": Escape.component("group=\(path)"),
            "back": hasTree ? "/groups?path=\(Escape.component(path.description))" : "/settings",
            "fields": caller.allows(.read, in: path)
                ? SettingFields.of(
                    definitions, own: snapshot.groups[path]?.settings ?? [:],
                    effective: snapshot.settings(of: path), words) : [],
        ]
        if mayEdit { fields["wall"] = WallPage.link(path, secret: pages.services.wallSecret) }
        fields["at"] = views.at.map { CalendarTime.text(second: $0) }
        return try pages.show(
            "groups", hasTree ? "Groups" : "Settings", section: hasTree ? "/groups" : "/settings", fields,
            request,
            context)
    }

    private func edit(_ request: Request, _ context: CenterContext, _ caller: Caller) throws -> Response {
        let form = try pages.form(context)
        let path = try GroupPath(form["path"])
        // Before anything else: that a form changes nothing tells what is set, secrets included.
        try caller.require(.configure, in: path)
        let back = Back.path(form["back"], otherwise: "/groups")
        if form.has("remove") {
            let change = ChangeRequest(edits: [ChangeRequest.Edit(removeGroup: path)])
            return try pages.plan(change, back: "/groups", section: "/groups", request, context, caller)
        }
        if !form["new-path"].isEmpty, form["new-path"] != path.description {
            let to = try GroupPath(form["new-path"])
            let change = ChangeRequest(
                edits: [ChangeRequest.Edit(moveGroup: ChangeRequest.GroupMove(from: path, to: to))],
                summary: "group \(path) moved to \(to)")
            let target = "/groups?path=\(Escape.component(to.description))"
            return try pages.plan(change, back: target, section: "/groups", request, context, caller)
        }
        let own = pages.fleet.snapshot.groups[path]?.settings ?? [:]
        let change = try SettingFields.change(form, target: path.description, own: own)
        guard !change.set.isEmpty || !change.unset.isEmpty else { return pages.redirect(back) }
        return try pages.plan(
            ChangeRequest(edits: [ChangeRequest.Edit(settings: change)]), back: back, section: "/groups",
            request,
            context, caller)
    }
}

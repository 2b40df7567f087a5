import API
import Fleet
import Foundation
import Hummingbird

/// The tree of groups with one of them in tabs; the site's own settings are on the settings page.
struct GroupsPage: FleetPage {
    static let views: [any TemplateView.Type] = [GroupsView.self]
    static let menu = [
        MenuEntry("/groups", "Groups", .nodes, .read),
        MenuEntry("/settings", "Settings", .configuration, .read, isSiteWide: true),
    ]

    let pages: Pages

    func add(to routes: Routes) {
        routes.get("groups", .read) { request, context, acts in
            let path = try GroupPath(request.query("path") ?? "/")
            return try await show(path, hasTree: true, request, context, acts)
        }
        routes.get("settings", .read) { request, context, acts in
            try await show(.site, hasTree: false, request, context, acts)
        }
        routes.post("groups/add", .configure) { _, context, acts in
            let form = try pages.form(context)
            let parent = form["parent"] == "/" ? "" : form["parent"]
            let path = try GroupPath("\(parent)/\(form["name"])")
            let revision = try await acts.add(NodeGroup(path: path))
            return pages.redirect(
                Back.done("/groups?path=\(Escape.component(path.description))", revision))
        }
        routes.post("groups/image", .configure) { request, context, acts in
            try await scheduleImage(request, context, acts)
        }
        routes.post("groups/edit", .configure) { request, context, acts in
            try await edit(request, context, acts)
        }
    }

    /// - Parameters:
    ///   - image: the form for another image, as it was refused.
    ///   - settings: the settings, as they were refused.
    private func show(
        _ path: GroupPath, hasTree: Bool, image: GroupsView.ImageForm? = nil,
        settings: SettingFieldsView.Refusal? = nil, _ request: Request, _ context: CenterContext,
        _ acts: Acts
    ) async throws -> Response {
        let (views, words) = (try acts.at(request), pages.renderer.words(context))
        let details = try await views.group(path, isTree: hasTree)
        let tabs = GroupTab.allCases.filter { tab in
            switch tab {
            // Figures are those of now.
            case .overview: views.at == nil
            case .image: details.mayConfigure
            case .settings: details.settings != nil
            case .history: acts.may(.audit, in: path)
            }
        }
        let asked = request.query("tab").flatMap { GroupTab(rawValue: $0) }
        let wish = image != nil ? .image : settings != nil ? .settings : asked
        let tab = hasTree ? tabs.first { $0 == wish } ?? tabs.first ?? .settings : nil
        var view = GroupsView(details, current: tab, tabs: tabs, at: views.at, refusal: settings, words)
        if tab == .overview { view.overview = try await overview(of: path, acts, words) }
        if tab == .image {
            view.image =
                if let image { image } else {
                    GroupsView.ImageForm(try await acts.imageOffer(for: path), words)
                }
        }
        if tab == .history {
            let filter = RevisionFilter(kind: "group", key: path.description, limit: 50)
            view.history = NodeView.History(
                changes: try await acts.revisions(filter).0.map { ChangeView($0, words) })
        }
        return try pages.show(
            view, hasTree ? "Groups" : "Settings", section: hasTree ? "/groups" : "/settings", request,
            context, failure: image?.failure ?? view.configuration?.fields.failure)
    }

    private func scheduleImage(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws
        -> Response
    {
        let (form, words) = (try pages.form(context), pages.renderer.words(context))
        let path = try GroupPath(form["path"])
        let offer = try await acts.imageOffer(for: path)
        do {
            guard let image = ImageReference(form["image"]) else {
                throw InvalidSetting("‘\(form["image"])’ is not NAME, NAME@CHANNEL or NAME@VERSION")
            }
            let revision = try await acts.scheduleImage(
                image, for: path, at: form["when"], windowMinutes: ScheduleForm.windowMinutes(form["window"]),
                unlessInUse: form.has("unless"))
            return pages.redirect(Back.done("/schedules", revision))
        } catch let error where error.isRefusalOfForm {
            let typed = Dictionary(
                uniqueKeysWithValues: GroupsView.ImageForm.fields.map { ($0, form[$0]) })
            let refused = GroupsView.ImageForm(offer, typed: typed, failure: words(error), words)
            return try await show(path, hasTree: true, image: refused, request, context, acts)
        }
    }

    private func overview(of path: GroupPath, _ acts: Acts, _ words: Words) async throws
        -> GroupsView.Overview
    {
        GroupsView.Overview(
            of: path, try await acts.overview(of: path), mayRelease: { acts.may(.configure, in: $0) },
            mayRestart: { acts.may(.enrol, in: $0) }, words)
    }

    private func edit(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws -> Response {
        let form = try pages.form(context)
        let path = try GroupPath(form["path"])
        do { return try plan(form, of: path, request, context, acts) } catch let error
            where error.isRefusalOfForm
        {
            let refusal = SettingFieldsView.Refusal(typed: form, error: error)
            return try await show(
                path, hasTree: form["back"] != "/settings", settings: refusal, request, context, acts)
        }
    }

    /// What the group's form would change.
    private func plan(
        _ form: Form, of path: GroupPath, _ request: Request, _ context: CenterContext, _ acts: Acts
    ) throws -> Response {
        let back = Back.path(form["back"], otherwise: "/groups")
        if form.has("remove") {
            let planned = try acts.plan(ChangeRequest(edits: [ChangeRequest.Edit(.group(path, nil))]))
            return try pages.plan(planned, back: "/groups", section: "/groups", request, context)
        }
        if !form["new-path"].isEmpty, form["new-path"] != path.description {
            let to = try GroupPath(form["new-path"])
            let change = ChangeRequest(
                edits: [ChangeRequest.Edit(moveGroup: ChangeRequest.GroupMove(from: path, to: to))],
                summary: "group \(path) moved to \(to)")
            let target = "/groups?path=\(Escape.component(to.description))"
            return try pages.plan(acts.plan(change), back: target, section: "/groups", request, context)
        }
        let planned = try acts.planSettings(of: path) { own in
            try SettingFields.change(form, target: path.description, own: own)
        }
        guard let planned else { return pages.redirect(back) }
        return try pages.plan(planned, back: back, section: "/groups", request, context)
    }
}

import API
import Fleet
import Hummingbird

/// The links of wall boards.
struct BoardsPage: FleetPage {
    static let views: [any TemplateView.Type] = [BoardLinksView.self]
    static let menu = [MenuEntry("/boards", "Wall boards", .insight, .configure)]

    let pages: Pages

    func add(to routes: Routes) {
        routes.get("boards", .configure) { request, context, acts in
            try await show(
                isNew: request.query("new") != nil || request.query("group") != nil, request, context, acts)
        }
        routes.post("boards", .configure) { request, context, acts in
            let form = try pages.form(context)
            do {
                let wish = BoardLinkRequest(
                    name: form["name"], group: try form.group,
                    days: form["days"].isEmpty ? nil : Int(form["days"]) ?? -1)
                let made = try await acts.makeBoardLink(wish)
                return try await show(isNew: false, link: made.link, request, context, acts)
            } catch let error where error.isRefusalOfForm {
                return try await show(
                    isNew: true, typed: form, failure: pages.renderer.words(context)(error), request,
                    context, acts)
            }
        }
        routes.post("boards/:id/revoke", .configure) { _, context, acts in
            try await acts.revokeBoardLink(context.number("id", of: "link"))
            return pages.redirect("/boards")
        }
    }

    /// - Parameters:
    ///   - isNew: whether the form for a new link is open.
    ///   - typed: what was refused.
    private func show(
        isNew: Bool, typed: Form? = nil, link: String? = nil, failure: String? = nil, _ request: Request,
        _ context: CenterContext, _ acts: Acts
    ) async throws -> Response {
        let groups = acts.groupPaths(.configure).prefix(FormView.suggestionLimit).map(\.description)
        let view = BoardLinksView(
            try await acts.boardLinks(), link: link, failure: failure,
            group: isNew ? request.query("group") ?? groups.first ?? "/" : nil, groups: groups, typed: typed,
            pages.renderer.words(context))
        return try pages.show(
            view, "Wall boards", section: "/boards", request, context,
            failure: failure)
    }
}

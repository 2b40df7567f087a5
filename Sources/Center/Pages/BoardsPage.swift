import API
import Fleet
import Hummingbird

/// The links of wall boards.
struct BoardsPage {
    let pages: Pages

    func add(to routes: Routes) {
        routes.get("boards", .configure) { request, context, acts in try await show(request, context, acts)
        }
        routes.post("boards", .configure) { request, context, acts in
            let form = try pages.form(context)
            let wish = BoardLinkRequest(
                name: form["name"], group: try form.group,
                days: form["days"].isEmpty ? nil : Int(form["days"]) ?? -1)
            do {
                let made = try await acts.makeBoardLink(wish)
                return try await show(link: made.link, request, context, acts)
            } catch let problem as Problem where problem.status == 422 {
                return try await show(failure: pages.renderer.words(context)(problem), request, context, acts)
            }
        }
        routes.post("boards/:id/revoke", .configure) { _, context, acts in
            try await acts.revokeBoardLink(context.number("id", of: "link"))
            return pages.redirect("/boards")
        }
    }

    private func show(
        link: String? = nil, failure: String? = nil, _ request: Request, _ context: CenterContext,
        _ acts: Acts
    ) async throws -> Response {
        let links = try await acts.boardLinks()
        let group = request.query("group") ?? acts.groupPaths(.configure).first?.description
        let view = BoardLinksView(
            links, link: link, failure: failure, group: group ?? "/", pages.renderer.words(context))
        return try pages.show(
            view, "Wall boards", section: "/boards", request, context,
            failure: failure)
    }
}

import API
import Fleet
import Hummingbird

/// Web hooks and how their last delivery went.
struct HooksPage {
    let pages: Pages

    func add(to routes: Routes) {
        routes.get("hooks", .administer) { request, context, acts in try await show(request, context, acts)
        }
        routes.post("hooks", .administer) { request, context, acts in
            let form = try pages.form(context)
            let kinds = form["kinds"].split { $0.isWhitespace || $0 == "," }.map(String.init)
            let wish = WebHookRequest(
                url: form["url"], kinds: kinds,
                group: try form.group)
            do {
                let made = try await acts.makeWebHook(wish)
                return try await show(secret: made.secret, request, context, acts)
            } catch let problem as Problem where problem.status == 422 {
                return try await show(failure: pages.renderer.words(context)(problem), request, context, acts)
            }
        }
        routes.post("hooks/:id/remove", .administer) { _, context, acts in
            try await acts.removeWebHook(named: context.parameter("id"))
            return pages.redirect("/hooks")
        }
    }

    private func show(
        secret: String? = nil, failure: String? = nil, _ request: Request, _ context: CenterContext,
        _ acts: Acts
    ) async throws -> Response {
        let view = HooksView(
            try await acts.webHooks(), secret: secret, failure: failure, pages.renderer.words(context))
        return try pages.show(
            view, "Web hooks", section: "/hooks", request, context,
            failure: failure)
    }
}

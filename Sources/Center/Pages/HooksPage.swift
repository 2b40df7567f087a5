import API
import Fleet
import Hummingbird

/// Web hooks and how their last delivery went.
struct HooksPage {
    let pages: Pages

    private var hooks: WebHookRoutes { WebHookRoutes(services: pages.services) }

    func add(to routes: Routes) {
        routes.get("hooks", .administer) { request, context, caller in
            try caller.require(.administer, in: .site)
            return try await show(request, context)
        }
        routes.post("hooks", .administer) { request, context, caller in
            let form = try pages.form(context)
            let kinds = form["kinds"].split { $0.isWhitespace || $0 == "," }.map(String.init)
            let wish = WebHookRequest(
                url: form["url"], kinds: kinds,
                group: try GroupPath(form["group"].isEmpty ? "/" : form["group"]))
            do {
                let made = try await hooks.make(wish, caller)
                return try await show(secret: made.secret, request, context)
            } catch let problem as Problem where problem.status == 422 {
                return try await show(failure: problem.detail, request, context)
            }
        }
        routes.post("hooks/:id/remove", .administer) { _, context, caller in
            guard let id = Int(try context.parameter("id")) else {
                throw Problem(404, "Not found", "there is no such web hook")
            }
            try await hooks.remove(id, caller)
            return pages.redirect("/hooks")
        }
    }

    private func show(
        secret: String? = nil, failure: String? = nil, _ request: Request, _ context: CenterContext
    ) async throws -> Response {
        let view = HooksView(
            try await hooks.list(), secret: secret, failure: failure, pages.renderer.words(context))
        return try pages.show(view, "Web hooks", section: "/hooks", request, context)
    }
}

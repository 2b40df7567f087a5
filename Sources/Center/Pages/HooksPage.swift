import API
import Fleet
import Hummingbird

/// Web hooks and how their last delivery went.
struct HooksPage {
    let pages: Pages

    func add(to routes: Routes) {
        routes.get("hooks", .administer) { request, context, acts in
            try await show(isNew: request.query("new") != nil, request, context, acts)
        }
        routes.post("hooks", .administer) { request, context, acts in
            let form = try pages.form(context)
            do {
                let wish = WebHookRequest(
                    label: form["label"], url: form["url"], kinds: try HooksView.kinds(form),
                    group: try form.group)
                let made = try await acts.makeWebHook(wish)
                return try await show(isNew: false, secret: made.secret, request, context, acts)
            } catch let error where error.isRefusalOfForm {
                return try await show(
                    isNew: true, typed: form, failure: pages.renderer.words(context)(error), request,
                    context, acts)
            }
        }
        routes.post("hooks/:id/test", .administer) { request, context, acts in
            let tested = try await acts.testWebHook(named: context.parameter("id"))
            return try await show(isNew: false, test: tested, request, context, acts)
        }
        routes.post("hooks/:id/remove", .administer) { _, context, acts in
            try await acts.removeWebHook(named: context.parameter("id"))
            return pages.redirect("/hooks")
        }
    }

    /// - Parameters:
    ///   - isNew: whether the form for a new one is open.
    ///   - typed: what was refused.
    ///   - test: the hook that a test was sent to.
    private func show(
        isNew: Bool, typed: Form? = nil, secret: String? = nil, test: WebHookAnswer? = nil,
        failure: String? = nil, _ request: Request, _ context: CenterContext, _ acts: Acts
    ) async throws -> Response {
        let groups = acts.groupPaths(.administer).prefix(FormView.suggestionLimit).map(\.description)
        let view = HooksView(
            try await acts.webHooks(), secret: secret, test: test, failure: failure,
            groups: isNew ? groups : nil, typed: typed, pages.renderer.words(context))
        return try pages.show(
            view, "Web hooks", section: "/hooks", request, context,
            failure: failure)
    }
}

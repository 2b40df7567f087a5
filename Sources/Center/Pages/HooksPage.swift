import API
import Fleet
import Hummingbird

/// Web hooks and how their last delivery went.
struct HooksPage: FleetPage {
    static let views: [any TemplateView.Type] = [HooksView.self]
    static let menu = [MenuEntry("/hooks", "Web hooks", .administration, .administer, isSiteWide: true)]

    let pages: Pages

    func add(to routes: Routes) {
        routes.get("hooks", .administer) { request, context, acts in
            try await show(isNew: request.query("new") != nil, request, context, acts)
        }
        routes.post("hooks", .administer) { request, context, acts in
            let form = try pages.form(context)
            do {
                let key = form[HooksView.key]
                let wish = WebHookRequest(
                    label: form["label"], url: form["url"], kinds: try HooksView.kinds(form),
                    group: try form.group, secret: key.isEmpty ? nil : key)
                let made = HooksView.Made(try await acts.makeWebHook(wish))
                return try await show(isNew: false, made: made, request, context, acts)
            } catch let error where error.isRefusalOfForm {
                return try await show(
                    isNew: true, typed: form, failure: pages.renderer.words(context)(error), request,
                    context, acts)
            }
        }
        routes.post("hooks/:id/test", .administer) { request, context, acts in
            let shown = try pages.form(context)[HooksView.shown]
            let tested = try await acts.testWebHook(named: context.parameter("id"))
            // It was shown once, and the answer of its test is no reason to lose it.
            let made = shown.isEmpty ? nil : HooksView.Made(tested, secret: shown)
            return try await show(isNew: false, made: made, test: tested, request, context, acts)
        }
        routes.post("hooks/:id/remove", .administer) { _, context, acts in
            try await acts.removeWebHook(named: context.parameter("id"))
            return pages.redirect("/hooks")
        }
    }

    /// - Parameters:
    ///   - isNew: whether the form for a new one is open.
    ///   - typed: what was refused.
    ///   - made: the hook just created.
    ///   - test: the hook that a test was sent to.
    private func show(
        isNew: Bool, typed: Form? = nil, made: HooksView.Made? = nil, test: WebHookAnswer? = nil,
        failure: String? = nil, _ request: Request, _ context: CenterContext, _ acts: Acts
    ) async throws -> Response {
        let groups = acts.groupPaths(.administer).prefix(FormView.suggestionLimit).map(\.description)
        let view = HooksView(
            try await acts.webHooks(), made: made, test: test, failure: failure,
            groups: isNew ? groups : nil, typed: typed, pages.renderer.words(context))
        return try pages.show(
            view, "Web hooks", section: "/hooks", request, context,
            failure: failure)
    }
}

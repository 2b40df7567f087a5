import API
import Fleet
import Hummingbird

/// Versions on trial: start, watch, pause, abort.
struct RolloutsPage: FleetPage {
    static let views: [any TemplateView.Type] = [RolloutsView.self, RolloutView.self, TrialView.self]
    static let menu = [MenuEntry("/rollouts", "Roll-outs", .images, .read)]

    let pages: Pages

    func add(to routes: Routes) {
        routes.get("rollouts", .read) { request, context, acts in
            let (rollouts, next) = try await acts.rollouts(before: RolloutRoutes.before(request))
            let view = RolloutsView(
                rollouts, next: next, mayStart: acts.may(.publish, in: .site), pages.renderer.words(context))
            return try pages.show(view, "Roll-outs", section: "/rollouts", request, context)
        }
        routes.get("rollouts/:id", .read) { request, context, acts in
            let view = RolloutView(
                try await acts.rollout(context.number("id", of: "roll-out")),
                maySteer: acts.may(.publish, in: .site), pages.renderer.words(context))
            return try pages.show(view, "Roll-out", section: "/rollouts", request, context)
        }
        routes.post("rollouts/:id/:act", .publish) { _, context, acts in
            let rollout = try await acts.steerRollout(
                context.number("id", of: "roll-out"), context.parameter("act"))
            return pages.redirect("/rollouts/\(rollout.id)")
        }
        routes.get("images/:name/trial", .publish) { request, context, acts in
            try acts.requireStartingRollouts()
            let terms = Rollout.Terms()
            let view = TrialView(
                image: try context.parameter("name"),
                [
                    "version": request.query("version") ?? "", "channel": "stable", "share": "5%",
                    "ready": String(terms.readyWithin), "minutes": String(terms.trialSeconds / 60),
                    "failures": String(terms.allowedFailures),
                ], pages.renderer.words(context))
            return try pages.show(view, "New roll-out", section: "/images", request, context)
        }
        routes.post("images/:name/trial", .publish) { request, context, acts in
            try await begin(request, context, acts)
        }
    }

    private func begin(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws
        -> Response
    {
        let form = try pages.form(context)
        let name = try ImageName(context.parameter("name"))
        do {
            guard let channel = ChannelName(form["channel"]) else {
                throw StoreError.notFound("there is no channel \(name)@\(form["channel"])")
            }
            let wish = RolloutRequest(
                version: form["version"], share: form["share"], readyWithinSeconds: Int(form["ready"]),
                trialSeconds: Int(form["minutes"]).map { $0.multipliedReportingOverflow(by: 60) }.map {
                    $0.overflow ? .max : $0.partialValue
                }, allowedFailures: Int(form["failures"]))
            let rollout = try await acts.startRollout(wish, of: name, to: channel)
            return pages.redirect("/rollouts/\(rollout.id)")
        } catch let error where error.isRefusalOfForm {
            let words = pages.renderer.words(context)
            let typed = Dictionary(uniqueKeysWithValues: TrialView.names.map { ($0, form[$0]) })
            let view = TrialView(image: name.text, typed, failure: words(error), words)
            return try pages.show(
                view, "New roll-out", section: "/images", request, context, status: .unprocessableContent)
        }
    }
}

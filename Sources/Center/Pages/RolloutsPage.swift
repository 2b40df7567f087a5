import API
import Fleet
import Hummingbird

/// Versions on trial: begin, watch, pause, abort.
struct RolloutsPage {
    let pages: Pages

    private var acts: RolloutRoutes { RolloutRoutes(services: pages.services) }

    func add(to routes: Routes) {
        routes.get("rollouts", .read) { request, context, _ in
            let before = try request.query("before", 1...Int(Int32.max), default: Int(Int32.max))
            let rollouts = try await pages.fleet.rollouts(before: before, limit: RolloutRoutes.pageLimit)
            let words = pages.renderer.words(context)
            let view = RolloutsView(rollouts, limit: RolloutRoutes.pageLimit, words)
            return try pages.show(view, "Roll-outs", section: "/images", request, context)
        }
        routes.get("rollouts/:id", .read) { request, context, caller in
            let rollout = try await pages.fleet.rollout(RolloutRoutes.id(context))
            let view = RolloutView(
                rollout, acts.canaries(of: rollout, caller),
                maySteer: caller.allows(.publish, in: .site), pages.renderer.words(context))
            return try pages.show(view, "Roll-out", section: "/images", request, context)
        }
        routes.post("rollouts/:id/:act", .publish) { _, context, caller in
            let rollout = try await acts.steer(
                RolloutRoutes.id(context), context.parameter("act"), caller)
            return pages.redirect("/rollouts/\(rollout.id)")
        }
        routes.get("images/:name/trial", .publish) { request, context, caller in
            try caller.require(.publish, in: .site)
            let terms = Rollout.Terms()
            let view = TrialView(
                image: try context.parameter("name"),
                [
                    "version": request.query("version") ?? "", "channel": "stable", "share": "5%",
                    "ready": String(terms.readyWithin), "minutes": String(terms.trialSeconds / 60),
                    "failures": String(terms.allowedFailures),
                ], pages.renderer.words(context))
            return try pages.show(view, "Try it first", section: "/images", request, context)
        }
        routes.post("images/:name/trial", .publish) { request, context, caller in
            try await begin(request, context, caller)
        }
    }

    private func begin(_ request: Request, _ context: CenterContext, _ caller: Caller) async throws
        -> Response
    {
        let form = try pages.form(context)
        let name = try ImageName(context.parameter("name"))
        do {
            guard let image = pages.fleet.snapshot.images[name], let channel = ChannelName(form["channel"])
            else { throw StoreError.notFound("there is no channel \(name)@\(form["channel"])") }
            let wish = RolloutRequest(
                version: form["version"], share: form["share"], readyWithinSeconds: Int(form["ready"]),
                trialSeconds: Int(form["minutes"]).map { $0.multipliedReportingOverflow(by: 60) }.map {
                    $0.overflow ? .max : $0.partialValue
                }, allowedFailures: Int(form["failures"]))
            let rollout = try await acts.start(wish, of: image, to: channel, caller)
            return pages.redirect("/rollouts/\(rollout.id)")
        } catch let error as any CustomStringConvertible & Error
            where error is StoreError || error is InvalidSetting
        {
            let typed = Dictionary(uniqueKeysWithValues: TrialView.names.map { ($0, form[$0]) })
            let view = TrialView(
                image: name.text, typed, failure: error.description, pages.renderer.words(context))
            return try pages.show(
                view, "Try it first", section: "/images", request, context, status: .unprocessableContent)
        }
    }
}

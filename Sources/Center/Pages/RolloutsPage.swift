import API
import Fleet
import Hummingbird

/// Versions on trial: begin, watch, pause, abort.
struct RolloutsPage {
    /// Canaries that the page lists.
    private static let canaryLimit = 500

    let pages: Pages

    private var acts: RolloutRoutes { RolloutRoutes(services: pages.services) }

    func add(to routes: Routes) {
        routes.get("rollouts", .read) { request, context, _ in
            let before = try request.query("before", 1...Int(Int32.max), default: Int(Int32.max))
            let rollouts = try await pages.fleet.rollouts(before: before, limit: RolloutRoutes.pageLimit)
            let words = pages.renderer.words(context)
            var fields: [String: Any] = [
                "rows": rollouts.map { Self.fields(of: $0, words) }, "hasRows": !rollouts.isEmpty,
            ]
            if rollouts.count == RolloutRoutes.pageLimit { fields["next"] = rollouts.last?.id }
            return try pages.show("rollouts", "Roll-outs", section: "/images", fields, request, context)
        }
        routes.get("rollouts/:id", .read) { request, context, caller in
            let rollout = try await pages.fleet.rollout(RolloutRoutes.id(context))
            let words = pages.renderer.words(context)
            var fields = Self.fields(of: rollout, words)
            fields.merge(story(of: rollout, acts.canaries(of: rollout, caller), words)) { $1 }
            fields["maySteer"] = !rollout.state.isOver && caller.allows(.publish, in: .site)
            return try pages.show(
                "rollout", "Roll-out", section: "/images", fields, request, context)
        }
        routes.post("rollouts/:id/:act", .publish) { _, context, caller in
            let rollout = try await acts.steer(
                RolloutRoutes.id(context), context.parameter("act"), caller)
            return pages.redirect("/rollouts/\(rollout.id)")
        }
        routes.get("images/:name/trial", .publish) { request, context, caller in
            try caller.require(.publish, in: .site)
            let terms = Rollout.Terms()
            return try pages.show(
                "trial", "Try it first", section: "/images",
                [
                    "image": try context.parameter("name"), "version": request.query("version") ?? "",
                    "channel": "stable", "share": "5%", "ready": terms.readyWithin,
                    "minutes": terms.trialSeconds / 60, "failures": terms.allowedFailures,
                ], request, context)
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
            var fields: [String: Any] = ["image": name.text, "failure": error.description]
            for field in ["version", "channel", "share", "ready", "minutes", "failures"] {
                fields[field] = form[field]
            }
            return try pages.show(
                "trial", "Try it first", section: "/images", fields, request, context,
                status: .unprocessableContent)
        }
    }

    static func fields(of rollout: Rollout, _ words: Words) -> [String: Any] {
        [
            "id": rollout.id, "image": rollout.image.text, "candidate": rollout.candidate,
            "former": rollout.former, "channel": rollout.channel.text, "share": rollout.share,
            "state": words(rollout.state.rawValue), "kind": kind(of: rollout.state),
            "isRunning": rollout.state == .running, "isPaused": rollout.state == .paused,
            "ready": rollout.count(.ready), "failed": rollout.count(.failed), "count": rollout.canaries.count,
            "started": Format.time(second: rollout.startedAt), "by": rollout.startedBy,
            "ended": Format.time(second: rollout.endedAt), "reason": rollout.reason,
        ]
    }

    private static func kind(of state: Rollout.State) -> String {
        switch state {
        case .running: "booting"
        case .succeeded: "ready"
        case .failed: "failed"
        case .paused, .aborted: "unseen"
        }
    }

    private func story(of rollout: Rollout, _ canaries: [Rollout.Canary], _ words: Words) -> [String: Any] {
        var (x, bar): (Int, [[String: Any]]) = (0, [])
        for outcome in Rollout.Canary.Outcome.allCases {
            let count = rollout.count(outcome)
            let width = count * 1_000 / max(1, rollout.canaries.count)
            bar.append([
                "outcome": outcome.rawValue, "label": words(outcome.rawValue), "count": count, "x": x,
                "width": width,
            ])
            x += width
        }
        let terms = rollout.terms
        // Whoever failed is what people look for.
        let sorted = canaries.sorted {
            ($0.outcome == .failed ? 0 : 1, $0.node.text) < ($1.outcome == .failed ? 0 : 1, $1.node.text)
        }
        return [
            "bar": bar,
            "barLabel": bar.map { "\($0["label"] ?? ""): \($0["count"] ?? 0)" }.joined(separator: ", "),
            "terms": words(
                "ready within %1 s, at most %2 failures, for %3 min", String(terms.readyWithin),
                String(terms.allowedFailures), String(terms.trialSeconds / 60)),
            "more": max(0, canaries.count - Self.canaryLimit),
            "canaries": sorted.prefix(Self.canaryLimit).map { canary in
                [
                    "node": canary.node.text, "outcome": words(canary.outcome.rawValue),
                    "kind": canary.outcome == .waiting ? "unseen" : canary.outcome.rawValue,
                    "started": Format.time(millisecond: canary.startedAt),
                    "readyAfter": Format.duration(canary.readyAfter), "detail": canary.detail,
                ]
            },
        ]
    }
}

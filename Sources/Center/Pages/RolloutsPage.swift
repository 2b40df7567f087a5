import API
import Fleet
import Hummingbird

/// Versions on trial: begin, watch, pause, abort.
struct RolloutsPage {
    /// Canaries that the page lists.
    private static let canaryLimit = 500

    let pages: Pages

    func add(to routes: Routes) {
        routes.get("rollouts", .read) { request, context, acts in
            let (rollouts, next) = try await acts.rollouts(before: RolloutRoutes.before(request))
            let words = pages.renderer.words(context)
            var fields: [String: Any] = [
                "rows": rollouts.map { Self.fields(of: $0, words) }, "hasRows": !rollouts.isEmpty,
            ]
            fields["next"] = next
            return try pages.show("rollouts", "Roll-outs", section: "/images", fields, request, context)
        }
        routes.get("rollouts/:id", .read) { request, context, acts in
            let rollout = try await acts.rollout(RolloutRoutes.id(context))
            let words = pages.renderer.words(context)
            var fields = Self.fields(of: rollout, words)
            fields.merge(story(of: rollout, words)) { $1 }
            fields["maySteer"] = !rollout.state.isOver && acts.may(.publish, in: .site)
            return try pages.show(
                "rollout", "Roll-out", section: "/images", fields, request, context)
        }
        routes.post("rollouts/:id/:act", .publish) { _, context, acts in
            let rollout = try await acts.steerRollout(
                RolloutRoutes.id(context), context.parameter("act"))
            return pages.redirect("/rollouts/\(rollout.id)")
        }
        routes.get("images/:name/trial", .publish) { request, context, acts in
            try acts.requireStartingRollouts()
            let terms = Rollout.Terms()
            return try pages.show(
                "trial", "Try it first", section: "/images",
                [
                    "image": try context.parameter("name"), "version": request.query("version") ?? "",
                    "channel": "stable", "share": "5%", "ready": terms.readyWithin,
                    "minutes": terms.trialSeconds / 60, "failures": terms.allowedFailures,
                ], request, context)
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

    static func fields(of rollout: RolloutAnswer, _ words: Words) -> [String: Any] {
        [
            "id": rollout.id, "image": rollout.image.text, "candidate": rollout.candidate,
            "former": rollout.former, "channel": rollout.channel, "share": rollout.share,
            "state": words(rollout.state.rawValue), "kind": kind(of: rollout.state),
            "isRunning": rollout.state == .running, "isPaused": rollout.state == .paused,
            "ready": rollout.count(.ready), "failed": rollout.count(.failed), "count": rollout.canaryCount,
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

    private func story(of rollout: RolloutAnswer, _ words: Words) -> [String: Any] {
        let canaries = rollout.canaries ?? []
        var (x, bar): (Int, [[String: Any]]) = (0, [])
        for outcome in Rollout.Canary.Outcome.allCases {
            let count = rollout.count(outcome)
            let width = count * 1_000 / max(1, rollout.canaryCount)
            bar.append([
                "outcome": outcome.rawValue, "label": words(outcome.rawValue), "count": count, "x": x,
                "width": width,
            ])
            x += width
        }
        // Whoever failed is what people look for.
        let sorted = canaries.sorted {
            ($0.outcome == .failed ? 0 : 1, $0.node.text) < ($1.outcome == .failed ? 0 : 1, $1.node.text)
        }
        return [
            "bar": bar,
            "barLabel": bar.map { "\($0["label"] ?? ""): \($0["count"] ?? 0)" }.joined(separator: ", "),
            "terms": words(
                "ready within %1 s, at most %2 failures, for %3 min", String(rollout.readyWithinSeconds),
                String(rollout.allowedFailures), String(rollout.trialSeconds / 60)),
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

import API
import Fleet
import Hummingbird

/// Versions on trial.
struct RolloutRoutes {
    func add(to api: Routes) {
        api.post("images/:name/channels/:channel/rollouts", .publish) { request, context, acts in
            let wish = try await request.decoded(RolloutRequest.self)
            let rollout = try await acts.startRollout(
                wish, of: context.imageName(), to: context.channelName())
            return try JSONAnswer(rollout, status: .created)
        }
        api.get("rollouts", .read) { request, _, acts in
            let (rollouts, next) = try await acts.rollouts(before: Self.before(request))
            return try JSONAnswer(rollouts, next: next.map { "/api/v1/rollouts?before=\($0)" })
        }
        api.get("rollouts/:id", .read) { _, context, acts in
            try await JSONAnswer(acts.rollout(context.number("id", of: "roll-out")))
        }
        api.post("rollouts/:id/:act", .publish) { _, context, acts in
            try await JSONAnswer(
                acts.steerRollout(context.number("id", of: "roll-out"), context.parameter("act")))
        }
    }

    /// Where the list continues.
    static func before(_ request: Request) throws -> Int {
        try request.query("before", 1...Int(Int32.max), default: Int(Int32.max))
    }
}

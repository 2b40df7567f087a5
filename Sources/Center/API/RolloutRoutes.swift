import API
import Fleet
import Foundation
import Hummingbird

/// Versions on trial.
struct RolloutRoutes {
    /// Roll-outs of one answer.
    static let pageLimit = 100

    let services: CenterServices

    func add(to api: Routes) {
        api.post("images/:name/channels/:channel/rollouts", .publish) { request, context, caller in
            let wish = try await request.decoded(RolloutRequest.self)
            let routes = ImageRoutes(services: services)
            let image = try routes.image(context, in: services.fleet.snapshot)
            let rollout = try await start(wish, of: image, to: routes.channel(context), caller)
            return try JSONAnswer(answer(rollout, caller), status: .created)
        }
        api.get("rollouts", .read) { request, _, _ in
            let before = try request.query("before", 1...Int(Int32.max), default: Int(Int32.max))
            let rollouts = try await services.fleet.rollouts(before: before, limit: Self.pageLimit)
            return try JSONAnswer(
                rollouts.map { RolloutAnswer($0) },
                next: rollouts.count == Self.pageLimit
                    ? "/api/v1/rollouts?before=\(rollouts[Self.pageLimit - 1].id)" : nil)
        }
        api.get("rollouts/:id", .read) { _, context, caller in
            try await JSONAnswer(answer(services.fleet.rollout(Self.id(context)), caller))
        }
        api.post("rollouts/:id/:act", .publish) { _, context, caller in
            let rollout = try await steer(Self.id(context), context.parameter("act"), caller)
            return try JSONAnswer(answer(rollout, caller))
        }
    }

    private func answer(_ rollout: Rollout, _ caller: Caller) -> RolloutAnswer {
        var answer = RolloutAnswer(rollout)
        answer.canaries = canaries(of: rollout, caller)
        return answer
    }

    /// Those in groups that the caller sees.
    func canaries(of rollout: Rollout, _ caller: Caller) -> [Rollout.Canary] {
        let nodes = services.fleet.snapshot.nodes
        return rollout.canaries.filter { caller.sees(nodes[$0.node]?.group ?? .site) }
    }

    static func id(_ context: CenterContext) throws -> Int {
        let text = try context.parameter("id")
        guard let id = Int(text) else {
            throw Problem(422, "Invalid number", "‘\(text)’ is not the number of a roll-out")
        }
        return id
    }

    // MARK: Acts

    func start(
        _ wish: RolloutRequest, of image: ImageCatalogue, to channel: ChannelName, _ caller: Caller
    ) async throws -> Rollout {
        try caller.require(.publish, in: .site)
        let version = try ImageRoutes(services: services).version(wish.version, of: image)
        var terms = Rollout.Terms()
        if let seconds = wish.readyWithinSeconds { terms.readyWithin = seconds }
        if let seconds = wish.trialSeconds { terms.trialSeconds = seconds }
        if let count = wish.allowedFailures { terms.allowedFailures = count }
        guard (10...86_400).contains(terms.readyWithin), (0...2_592_000).contains(terms.trialSeconds),
            (0...100_000).contains(terms.allowedFailures)
        else {
            throw Problem(
                422, "Invalid number",
                "readyWithinSeconds: 10 to 86400; trialSeconds: at most 2592000 (30 days); allowedFailures: at most 100000"
            )
        }
        return try await services.fleet.startRollout(
            of: image.name, candidate: version.number, to: channel, share: wish.share, terms: terms,
            by: caller.name)
    }

    func steer(_ id: Int, _ act: String, _ caller: Caller) async throws -> Rollout {
        try caller.require(.publish, in: .site)
        let now = Clock.second
        return switch act {
        case "pause": try await services.fleet.steer(id, by: caller.name) { $0.pause() }
        case "resume": try await services.fleet.steer(id, by: caller.name) { $0.resume() }
        case "abort":
            try await services.fleet.steer(id, by: caller.name) { [name = caller.name] in
                $0.abort(because: "by \(name)", at: now)
            }
        default:
            throw StoreError.notFound("a roll-out can be told to pause, resume or abort, not ‘\(act)’")
        }
    }
}

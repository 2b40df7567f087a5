import API
import Fleet

/// Versions on trial.
extension Acts {
    /// Roll-outs per answer.
    static let rolloutLimit = 100

    /// Roll-outs with numbers below `before`, newest first, and where the list continues.
    func rollouts(before: Int) async throws -> (rows: [RolloutAnswer], next: Int?) {
        try require(.read)
        let rollouts = try await fleet.rollouts(before: before, limit: Self.rolloutLimit)
        return (
            rollouts.map { RolloutAnswer($0) },
            rollouts.count == Self.rolloutLimit ? rollouts.last?.id : nil
        )
    }

    /// Roll-outs that are not finished.
    func rolloutsUnderWay() async throws -> [RolloutAnswer] {
        try require(.read)
        return try await configuration().rollouts.values.sorted { $0.id < $1.id }
            .map { RolloutAnswer($0) }
    }

    func rollout(_ id: Int) async throws -> RolloutAnswer {
        try require(.read)
        return answer(try await fleet.rollout(id))
    }

    /// With the canaries in groups that the caller may see.
    private func answer(_ rollout: Rollout) -> RolloutAnswer {
        let nodes = fleet.snapshot.nodes
        var answer = RolloutAnswer(rollout)
        answer.canaries = rollout.canaries.filter { caller.sees(nodes[$0.node]?.group ?? .site) }
        return answer
    }

    /// Throws unless the caller may start one, before the form is shown.
    func requireStartingRollouts() throws { try require(.publish, in: .site) }

    func startRollout(_ wish: RolloutRequest, of name: ImageName, to channel: ChannelName) async throws
        -> RolloutAnswer
    {
        try require(.publish, in: .site)
        let leave = try maker()?.leave
        let version = try Self.version(wish.version, of: image(name))
        var terms = Rollout.Terms()
        if let seconds = wish.readyWithinSeconds { terms.readyWithin = seconds }
        if let seconds = wish.trialSeconds { terms.trialSeconds = seconds }
        if let count = wish.allowedFailures { terms.allowedFailures = count }
        try terms.check()
        return answer(
            try await fleet.startRollout(
                of: name, candidate: version.number, to: channel, share: wish.share, terms: terms,
                by: caller.name, leave))
    }

    func steerRollout(_ id: Int, _ act: String) async throws -> RolloutAnswer {
        try require(.publish, in: .site)
        let now = Clock.second
        // Those who resume it answer for it from now on.
        let leave = act == "resume" ? try maker()?.leave : nil
        let rollout =
            switch act {
            case "pause": try await fleet.steer(id, by: caller.name) { $0.pause() }
            case "resume": try await fleet.steer(id, by: caller.name) { $0.resume(by: leave) }
            case "abort":
                try await fleet.steer(id, by: caller.name) { [name = caller.name] in
                    $0.abort(because: "by \(name)", at: now)
                }
            default:
                throw StoreError.notFound("a roll-out can be told to pause, resume or abort, not ‘\(act)’")
            }
        return answer(rollout)
    }
}

extension RolloutAnswer {
    /// The number of canaries with this outcome so far.
    func count(_ outcome: Rollout.Canary.Outcome) -> Int { counts[outcome.rawValue] ?? 0 }
}

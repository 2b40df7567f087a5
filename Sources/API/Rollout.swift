package import Fleet
package import Wire

/// A roll-out to begin: a share of the nodes tries a version before the channel moves there.
package struct RolloutRequest: Codable, Sendable {
    /// Number, channel or digest.
    package var version: String
    /// `5%`, or a group's path.
    package var share: String
    /// Left out: 300.
    package var readyWithinSeconds: Int?
    /// Left out: 1800.
    package var trialSeconds: Int?
    /// Left out: none.
    package var allowedFailures: Int?

    package init(
        version: String, share: String, readyWithinSeconds: Int? = nil, trialSeconds: Int? = nil,
        allowedFailures: Int? = nil
    ) {
        self.version = version
        self.share = share
        self.readyWithinSeconds = readyWithinSeconds
        self.trialSeconds = trialSeconds
        self.allowedFailures = allowedFailures
    }
}

/// A roll-out and its progress.
package struct RolloutAnswer: Codable, Sendable {
    package var id: Int
    package var image: ImageName
    package var channel: String
    /// The version on trial.
    package var candidate: Int
    /// The version that the channel points to meanwhile.
    package var former: Int
    package var share: String
    package var readyWithinSeconds: Int
    package var trialSeconds: Int
    package var allowedFailures: Int
    @SecondTimestamp package var startedAt: Int
    package var startedBy: String
    package var state: Rollout.State
    @SecondTimestamp package var endedAt: Int?
    package var reason: String
    package var canaryCount: Int
    /// The number of canaries that are `waiting`, `booting`, `ready`, `failed`.
    package var counts: [String: Int]
    /// Only when one roll-out is requested.
    package var canaries: [Rollout.Canary]?

    package init(_ rollout: Rollout) {
        (id, image, channel) = (rollout.id, rollout.image, rollout.channel.text)
        (candidate, former, share) = (rollout.candidate, rollout.former, rollout.share)
        readyWithinSeconds = rollout.terms.readyWithin
        trialSeconds = rollout.terms.trialSeconds
        allowedFailures = rollout.terms.allowedFailures
        (startedAt, startedBy) = (rollout.startedAt, rollout.startedBy)
        (state, endedAt, reason) = (rollout.state, rollout.endedAt, rollout.reason)
        canaryCount = rollout.canaries.count
        counts = Dictionary(
            uniqueKeysWithValues: Rollout.Canary.Outcome.allCases.map { ($0.rawValue, rollout.count($0)) })
    }
}

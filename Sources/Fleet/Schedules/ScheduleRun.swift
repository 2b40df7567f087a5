package import Wire

/// One run of a schedule: what came of it on each target.
package struct ScheduleRun: Equatable, Sendable, Codable {
    package enum State: String, Sendable, Codable, CaseIterable {
        case running
        case done
        /// Something was not done, although it was tried.
        case failed
        /// Its time passed without the server, or with a clock that was set past it: it is not made up for.
        case missed
        /// Its owner may not do that any more, or there is nothing that it could act on.
        case refused
    }

    package enum Outcome: String, Sendable, Codable, CaseIterable {
        case waiting
        /// It is told, and has not answered yet.
        case begun
        case done
        case failed
        /// People use it, and it is spared.
        case inUse = "in-use"
        /// It does not run: there is nothing to restart.
        case off
        /// The window ended before its turn.
        case late
        /// The server stopped while it was told: whether it did it is not known, and it is not told again.
        case unknown

        /// For people.
        package var words: String { rawValue.replacing("-", with: " ") }
    }

    /// One node or server, or the one thing that changes.
    package struct Target: Equatable, Sendable, Codable {
        package var name: String
        package var outcome: Outcome
        /// Why.
        @MachineText package var detail: String

        package init(_ name: String, _ outcome: Outcome = .waiting, detail: String = "") {
            (self.name, self.outcome, self.detail) = (name, outcome, detail)
        }
    }

    /// Seconds since 1970: its time, by which it is known; of one that was begun by hand, when that was.
    @SecondTimestamp package var dueAt: Int
    @SecondTimestamp package var beganAt: Int
    @SecondTimestamp package var endedAt: Int?
    package var state: State
    /// Why it was not done; empty where its targets tell.
    package var detail: String
    package var isByHand: Bool
    /// While it runs, all targets; later, those that were not done, at most ``targetLimit``.
    package var targets: [Target]
    /// How many targets ended in each way, by ``Outcome``.
    package var counts: [String: Int]

    package static let targetLimit = 100

    package init(
        dueAt: Int, beganAt: Int, endedAt: Int? = nil, state: State, detail: String = "",
        isByHand: Bool = false, targets: [Target] = []
    ) {
        (self.beganAt, self.state, self.detail) = (beganAt, state, detail)
        (self.isByHand, self.targets, counts) = (isByHand, targets, [:])
        self.dueAt = dueAt
        self.endedAt = endedAt
        counts = counted
    }

    /// How many targets are in each state.
    package var counted: [String: Int] {
        targets.reduce(into: [:]) { $0[$1.outcome.rawValue, default: 0] += 1 }
    }

    /// Whether it has begun to act: such a run never begins again.
    var hasActed: Bool { state != .missed }

    /// One line for people: `38 done, 2 in use`.
    package var summary: String {
        if !detail.isEmpty { return detail }
        let words = Outcome.allCases.compactMap { outcome in
            counts[outcome.rawValue].map { "\($0) \(outcome.words)" }
        }
        return words.joined(separator: ", ") + (telling.map { ": \($0.name): \($0.detail)" } ?? "")
    }

    /// The first target that tells what went wrong.
    package var telling: Target? {
        targets.first { [.failed, .unknown].contains($0.outcome) && !$0.detail.isEmpty }
    }

    /// The same for lists: of its targets only the one that its summary names.
    package var brief: Self {
        var run = self
        run.targets = telling.map { [$0] } ?? []
        return run
    }

    /// Ends it, with what is left as it is.
    mutating func end(at second: Int) {
        counts = counted
        endedAt = second
        let isBad = targets.contains { [.failed, .late, .unknown].contains($0.outcome) }
        state = isBad ? .failed : .done
        targets = Array(targets.filter { $0.outcome != .done }.prefix(Self.targetLimit))
    }
}

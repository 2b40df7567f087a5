import API
import Fleet
import Wire

/// Figures of the whole fleet, as far as the caller sees it.
extension Acts {
    func figures() async throws -> FiguresAnswer { try await overview().figures }

    /// Figures with what only pages show.
    struct Overview: Sendable {
        var figures: FiguresAnswer
        /// The state of each node, by its group; in natural order.
        var rooms: [GroupPath: [NodeState]] = [:]
        /// The troubles of the figures, with their sentences.
        var troubles: [TroubleLine] = []
        /// What the nodes have.
        var counts = NodeCounts()
    }

    /// The same with each node's state, by its group.
    ///
    /// - Parameter place: the group whose nodes count, with all below it; the site's figures have machines that are no nodes, too.
    func overview(of place: GroupPath = .site) async throws -> Overview {
        try await counted(in: place).overview
    }

    /// What is wrong with machines, of each by itself, as far as no event of another kind tells it.
    func standingTroubles() async throws -> [StandingTrouble] {
        try await counted(in: .site).troubles.standing
    }

    private func counted(in place: GroupPath) async throws -> (overview: Overview, troubles: TroubleList) {
        try require(.read)
        let (snapshot, now) = (fleet.snapshot, Clock.millisecond)
        // Figures are those of now.
        let live = try await LiveFacts(services, in: snapshot, addressesOf: [], at: nil)
        var states = Dictionary(uniqueKeysWithValues: MachineState.allCases.map { ($0, 0) })
        var troubles = TroubleList(
            live, now: now, advice: FailureAdvice(live, in: snapshot, for: caller))
        let (failedSteps, refusedTPMs) = (fleet.failedSteps, fleet.refusedTPMs)
        var rooms: [GroupPath: [NodeState]] = [:]
        var shares = NodeShares()
        var (boots, minutes) = (BootTally(), MinuteTally(now: now))
        func count(_ boot: BootTimeline) {
            let readyAfter = boot.readyAfter
            boots.add(boot, readyAfter: readyAfter)
            minutes.add(startedAt: boot.startedAt, readyAfter: readyAfter)
        }
        for name in snapshot.nodeOrder {
            guard let node = snapshot.nodes[name], place.contains(node.group), caller.sees(node.group) else {
                continue
            }
            let boot = live.boot(of: node, in: snapshot)
            let state = live.state(of: boot)
            states[state, default: 0] += 1
            rooms[node.group, default: []].append(NodeState(name: name, state: state))
            if let boot { count(boot) }
            let next = live.next(ofRecord: node)
            troubles.look(at: node, state, boot, lack: next.lack, in: snapshot)
            shares.add(
                next.lack == nil ? next.version?.digest : nil, booted: boot?.version,
                snapshot.sharedHardware(of: node))
            if let boot {
                troubles.add(node, failedSteps[boot.macAddress], refusedTPMs[boot.macAddress], in: boot)
            }
        }
        var unknownCount = 0
        for (mac, boot) in live.boots where place == .site && !snapshot.knows(mac) {
            unknownCount += 1
            count(boot)
            if live.state(of: boot) == .failed { troubles.addStranger(boot) }
        }
        for failure in services.logIns.failures()
        where place.contains(failure.group) && caller.sees(failure.group) {
            troubles.add(failure)
        }
        let rows = await troubles.rows(
            addresses: { await services.addresses(of: $0) }, activity: { await services.rootActivity() })
        let figures = BootFigures(boots)
        let answer = FiguresAnswer(
            states: states, unknownCount: unknownCount, bootCount: figures.count, median: figures.median,
            percentile95: figures.percentile95, stages: figures.stages,
            minutes: minutes.minutes,
            troubles: rows.map(\.trouble), limited: await limited())
        let overview = Overview(
            figures: answer, rooms: rooms, troubles: rows, counts: shares.counts(in: snapshot))
        return (overview, troubles)
    }

    /// Peers over their limit, on the whole site.
    func limited() async -> [LimitLedger.Line] {
        caller.allows(.read, in: .site) ? Array(await services.limited().current.prefix(50)) : []
    }

}

/// The boots of each minute of the last hour.
private struct MinuteTally {
    private(set) var minutes: [FiguresAnswer.Minute]
    private let first: Int

    /// - Parameter now: milliseconds since 1970.
    init(now: Int) {
        let first = now / 60_000 - 59
        self.first = first
        minutes = (0..<60).map { FiguresAnswer.Minute(at: (first + $0) * 60_000, started: 0, ready: 0) }
    }

    mutating func add(startedAt: Int, readyAfter: Int?) {
        let started = startedAt / 60_000 - first
        if minutes.indices.contains(started) { minutes[started].started += 1 }
        guard let readyAfter else { return }
        let ready = (startedAt + readyAfter) / 60_000 - first
        if minutes.indices.contains(ready) { minutes[ready].ready += 1 }
    }
}

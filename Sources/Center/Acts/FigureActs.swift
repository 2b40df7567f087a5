import API
import Fleet
import Wire

/// Figures of the whole fleet, as far as the caller sees it.
extension Acts {
    func figures() async throws -> FiguresAnswer { try await overview().figures }

    /// Figures with what only pages show.
    struct Overview: Sendable {
        var figures: FiguresAnswer
        /// The state of each node, by its group.
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
        var boots: [BootTimeline] = []
        boots.reserveCapacity(live.boots.count)
        for node in snapshot.nodes.values
        where place.contains(node.group) && caller.sees(node.group) {
            let boot = live.boot(of: node, in: snapshot)
            let state = live.state(of: boot)
            states[state, default: 0] += 1
            rooms[node.group, default: []].append(NodeState(name: node.name, state: state))
            if let boot { boots.append(boot) }
            let next = live.next(of: node)
            troubles.look(at: node, state, boot, lack: next.lack, in: snapshot)
            shares.add(
                next.lack == nil ? next.version : nil, booted: boot?.version, snapshot.hardware(of: node))
            if let boot {
                troubles.add(node, failedSteps[boot.macAddress], refusedTPMs[boot.macAddress], in: boot)
            }
        }
        var unknownCount = 0
        for (mac, boot) in live.boots where place == .site && !snapshot.knows(mac) {
            unknownCount += 1
            boots.append(boot)
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
            minutes: Self.minutes(of: boots, now: now),
            troubles: rows.map(\.trouble), limited: await limited())
        return Overview(figures: answer, rooms: rooms, troubles: rows, counts: shares.counts(in: snapshot))
    }

    /// Peers over their limit, on the whole site.
    func limited() async -> [LimitLedger.Line] {
        caller.allows(.read, in: .site) ? Array(await services.limited().current.prefix(50)) : []
    }

    private static func minutes(of boots: [BootTimeline], now: Int) -> [FiguresAnswer.Minute] {
        let first = now / 60_000 - 59
        var minutes = (0..<60).map { FiguresAnswer.Minute(at: (first + $0) * 60_000, started: 0, ready: 0) }
        for boot in boots {
            let started = boot.startedAt / 60_000 - first
            if minutes.indices.contains(started) { minutes[started].started += 1 }
            guard let after = boot.readyAfter else { continue }
            let ready = (boot.startedAt + after) / 60_000 - first
            if minutes.indices.contains(ready) { minutes[ready].ready += 1 }
        }
        return minutes
    }
}
